// A page that is left alone: Playwright has the browser tell it of every frame of every WebSocket, which costs more than a flood costs the page. Here the
// browser's debugging protocol is spoken plainly, and only what is asked for is told.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserCommand } from '../../server/testing/browser.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers of the debugging protocol, looked into where they are asked for.
type Answer = any;

export interface PlainPage {
  /** Asks the page's debugger. Rejects with what it refuses. */
  ask(method: string, params?: object): Promise<Answer>;
  /** The value of an expression in the page. */
  value<T>(expression: string): Promise<T>;
  /** Resolves when an expression is true, looked at four times a second. */
  until(expression: string, patienceMs: number): Promise<void>;
  /** Notes every task of the page's thread from now on; ended by the returned function, which tells them. Asking what takes long makes tasks, too. */
  recordTasks(): Promise<() => Promise<readonly Task[]>>;
  close(): Promise<void>;
}

/** A task of the page's thread. */
export interface Task {
  /** From its beginning to its end, in milliseconds: on a busy machine, also what others did meanwhile. */
  readonly took: number;
  /** What the thread itself computed, in milliseconds. */
  readonly computed: number;
}

/** What the browser's tracing says of an event; times in microseconds, `tdur` by the clock of the thread. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

const START_MS = 60_000;
const LOOK_MS = 250;

/** Starts a browser with one page at `url`, in which `script` runs before anything else. */
export const openPlainPage = async (url: string, script: string): Promise<PlainPage> => {
  const profile = mkdtempSync(join(tmpdir(), 'godwit-page-'));
  const [program, ...flags] = await browserCommand();
  const child = spawn(program, [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--window-size=1440,900', 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const address = await new Promise<string>((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`the browser did not start: ${said}`)), START_MS);
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found === undefined) return;
      clearTimeout(late);
      resolve(found);
    });
  });
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  const traced: TraceEvent[] = [];
  let traceEnded = Promise.withResolvers<{ readonly dataLossOccurred: boolean }>();
  let sent = 0;
  let sessionId: string | undefined;
  socket.onmessage = ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(String(data));
    if (method === 'Tracing.dataCollected') for (const event of params.value) traced.push(event);
    else if (method === 'Tracing.tracingComplete') traceEnded.resolve(params);
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error.message));
  };
  const ask = (method: string, params: object = {}): Promise<Answer> => {
    const asked = Promise.withResolvers<Answer>();
    waiting.set(++sent, asked);
    socket.send(JSON.stringify({ id: sent, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    return asked.promise;
  };
  const value = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await ask('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as T;
  };
  const until = async (expression: string, patienceMs: number): Promise<void> => {
    for (let waited = 0; waited < patienceMs; waited += LOOK_MS) {
      if (await value<boolean>(expression)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error(`not true in ${patienceMs} ms: ${expression}`);
  };
  const recordTasks: PlainPage['recordTasks'] = async () => {
    traced.length = 0;
    traceEnded = Promise.withResolvers();
    const traceConfig = { includedCategories: ['disabled-by-default-devtools.timeline'], excludedCategories: ['*'] };
    await ask('Tracing.start', { traceConfig, transferMode: 'ReportEvents' });
    return async () => {
      await ask('Tracing.end');
      if ((await traceEnded.promise).dataLossOccurred) throw new Error('the browser did not keep all that it traced');
      const pages = new Set(traced.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ tid }) => tid));
      // What was under way when tracing began or ended has no length, and now and then the clock of the thread is not told: then the other one counts.
      const tasks = traced.filter(({ name, tid, dur }) => name === 'RunTask' && pages.has(tid) && dur !== undefined);
      return tasks.map(({ dur = Number.NaN, tdur = dur }) => ({ took: dur / 1e3, computed: tdur / 1e3 }));
    };
  };
  const close = async (): Promise<void> => {
    socket.close();
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  const { targetInfos } = await ask('Target.getTargets');
  const { targetId } = targetInfos.find(({ type }: { type: string }) => type === 'page');
  ({ sessionId } = await ask('Target.attachToTarget', { targetId, flatten: true }));
  // Only where the page is enabled are scripts put in; it tells little, and nothing of frames of sockets.
  await ask('Page.enable');
  await ask('Page.addScriptToEvaluateOnNewDocument', { source: script });
  await ask('Page.navigate', { url });
  return { ask, value, until, recordTasks, close };
};
