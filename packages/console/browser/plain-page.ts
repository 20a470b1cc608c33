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
  close(): Promise<void>;
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
  let sent = 0;
  let sessionId: string | undefined;
  socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(String(data));
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
  return { ask, value, until, close };
};
