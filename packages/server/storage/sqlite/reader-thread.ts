// The main thread's side of a reader thread: started at its first query, asked by number and few at a time, never left waiting when it dies.
import { Worker } from 'node:worker_threads';
import type { Asker, CountQuery, ListQuery, LogQuery } from '../../ports/storage.ts';
import { StorageError } from '../../ports/storage.ts';
import { errorOf } from './faults.ts';
import type { Gate } from './gate.ts';
import { type Packed, Unpacker } from './packing.ts';
import type { FromReader, ToReader } from './reader.ts';
import { threadFile } from './thread-file.ts';
import { type Waiter, Waiting } from './waiting.ts';

interface Asked extends Waiter {
  readonly message: ToReader & { readonly id: number };
  readonly resolve: (page: Unpacker) => void;
}

export interface ReaderOptions {
  readonly reads: 'log' | 'list';
  /** How many questions the thread is handed at a time: what it was handed is read, whoever still waits for it. */
  readonly ahead: number;
  /** How many of one client may wait behind them. */
  readonly mostWaiting?: number;
}

export class ReaderThread {
  readonly #path: string;
  readonly #options: ReaderOptions;
  readonly #gate: Gate;
  readonly #waiting: Waiting<Asked>;
  /** What the thread was handed. */
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #next = 1;

  constructor(path: string, gate: Gate, options: ReaderOptions) {
    this.#path = path;
    this.#gate = gate;
    this.#options = options;
    this.#waiting = new Waiting(options.mostWaiting ?? Infinity);
  }

  #start(): Worker {
    const worker = new Worker(threadFile('reader'), { workerData: { path: this.#path, reads: this.#options.reads, gate: this.#gate.memory } });
    worker.on('message', (answer: FromReader) => {
      const asked = this.#asked.get(answer.id);
      this.#asked.delete(answer.id);
      this.#hand(worker, this.#options.ahead);
      if (this.#asked.size === 0) worker.unref();
      if ('fault' in answer) asked?.reject(errorOf(answer.fault));
      else asked?.resolve(new Unpacker(answer.page as Packed));
    });
    const lose = (error: Error): void => {
      // It has been lost before, and what is asked now is another's.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const lost = [...this.#asked.values()];
      this.#asked.clear();
      for (const { reject } of lost) reject(error);
      this.#waiting.fail(error);
    };
    worker.on('error', (cause) => lose(new StorageError('failed', 'A reader of the store ended unexpectedly.', { cause })));
    worker.on('exit', () => lose(new StorageError('closed', 'The store is closed.')));
    return worker;
  }

  /** Hands the thread what is next, up to so many in its hands. */
  #hand(worker: Worker, most: number): void {
    while (this.#asked.size < most) {
      const next = this.#waiting.take();
      if (next === undefined) return;
      this.#asked.set(next.message.id, next);
      worker.postMessage(next.message);
    }
  }

  #ask(asker: Asker | undefined, message: (id: number) => Asked['message']): Promise<Unpacker> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#waiting.add({ asker, message: message(this.#next++), resolve, reject });
      this.#hand(worker, this.#options.ahead);
      if (this.#asked.size > 0) worker.ref();
    });
  }

  /** Who asks stays on this side. */
  list(number: number, { asker, ...query }: ListQuery): Promise<Unpacker> {
    return this.#ask(asker, (id) => ({ kind: 'list', id, number, query }));
  }

  log({ asker, ...query }: LogQuery): Promise<Unpacker> {
    return this.#ask(asker, (id) => ({ kind: 'log', id, query }));
  }

  count(query: CountQuery): Promise<Unpacker> {
    return this.#ask(undefined, (id) => ({ kind: 'count', id, query }));
  }

  /** Ends the thread behind what it was asked and somebody still waits for. */
  close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.resolve();
    worker.ref();
    this.#hand(worker, Infinity);
    return new Promise((resolve) => {
      worker.once('exit', () => resolve());
      worker.postMessage({ kind: 'close' } satisfies ToReader);
    });
  }
}
