// One measurement: workers are started, open their clients, are counted for a while, and tell. Ends every process that it started, however it ends itself.
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../frame/failure.ts';
import { Histogram } from './histogram.ts';
import type { Order, Result, Task, Word } from './words.ts';

const WORKER = fileURLToPath(new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
/** Connections settle and code is compiled before it is counted. */
const WARM_UP_MS = 1000;
const LOOK_MS = 250;

export interface Measured {
  readonly latencies: Histogram;
  readonly failed: number;
  readonly failure: string | undefined;
  readonly seconds: number;
  /** The busiest worker's part of one processor. */
  readonly busiest: number;
}

export interface MeasureOptions {
  readonly tasks: readonly Task[];
  readonly durationMs: number;
  readonly signal: AbortSignal;
  /** Every now and then: what was counted so far, and how far it is from 0 to 1. */
  readonly onCount: (count: number, part: number) => void;
  /** Runs beside the workers from their warm-up to their end. */
  readonly beside?: (over: AbortSignal) => Promise<void>;
}

class Worker {
  readonly child: ChildProcess;
  readonly open: Promise<void>;
  readonly result: Promise<Result>;
  count = 0;

  constructor(task: Task) {
    this.child = fork(WORKER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
    const opened = Promise.withResolvers<void>();
    const told = Promise.withResolvers<Result>();
    this.open = opened.promise;
    this.result = told.promise;
    this.result.catch(() => {});
    const fail = (error: Error): void => {
      opened.reject(error);
      told.reject(error);
    };
    this.child.on('message', (word: Word) => {
      if (word.said === 'open') opened.resolve();
      else if (word.said === 'count') this.count = word.count;
      else if (word.said === 'result') told.resolve(word.result);
      else fail(new CommandError(word.sentence, { code: word.code }));
    });
    this.child.once('error', fail);
    this.child.once('exit', (code, signal) => fail(new CommandError(`A process of the measurement ended with ${code ?? signal}`)));
    this.order({ do: 'open', task });
  }

  order(order: Order): void {
    if (this.child.connected) this.child.send(order);
  }
}

export const measure = async ({ tasks, durationMs, signal, onCount, beside }: MeasureOptions): Promise<Measured> => {
  const workers = tasks.map((task) => new Worker(task));
  const over = new AbortController();
  try {
    await Promise.all(workers.map(({ open }) => open));
    const running = beside?.(AbortSignal.any([over.signal, signal]));
    running?.catch(() => over.abort());
    await pause(WARM_UP_MS, undefined, { signal });
    for (const worker of workers) worker.order({ do: 'measure' });
    const began = performance.now();
    for (let passed = 0; passed < durationMs && !over.signal.aborted; passed = performance.now() - began) {
      await pause(Math.min(LOOK_MS, durationMs - passed), undefined, { signal });
      const count = workers.reduce((sum, worker) => sum + worker.count, 0);
      onCount(count, Math.min(1, (performance.now() - began) / durationMs));
    }
    for (const worker of workers) worker.order({ do: 'finish' });
    const results = await Promise.all(workers.map(({ result }) => result));
    over.abort();
    await running;
    const latencies = new Histogram();
    for (const result of results) latencies.merge(result.latencies);
    return {
      latencies,
      failed: results.reduce((sum, result) => sum + result.failed, 0),
      failure: results.find((result) => result.failure !== undefined)?.failure,
      seconds: results.reduce((sum, result) => sum + result.seconds, 0) / results.length,
      busiest: Math.max(...results.map(({ cpu }) => cpu)),
    };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error;
  } finally {
    over.abort();
    for (const { child } of workers) if (child.exitCode === null && signal.aborted) child.kill('SIGKILL');
    for (const { child } of workers) if (child.connected) child.disconnect();
  }
};
