// The main thread's side of a reader thread: started at its first query, asked by number, never left waiting when it dies.
import { Worker } from 'node:worker_threads';
import type { CountQuery, ListQuery, LogQuery } from '../../ports/storage.ts';
import { StorageError } from '../../ports/storage.ts';
import { errorOf } from './faults.ts';
import type { Gate } from './gate.ts';
import { type Packed, Unpacker } from './packing.ts';
import type { FromReader, ToReader } from './reader.ts';
import { threadFile } from './thread-file.ts';

interface Asked {
  readonly resolve: (page: Unpacker) => void;
  readonly reject: (error: Error) => void;
}

export class ReaderThread {
  readonly #path: string;
  readonly #reads: 'log' | 'list';
  readonly #gate: Gate;
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #next = 1;

  constructor(path: string, reads: 'log' | 'list', gate: Gate) {
    this.#path = path;
    this.#reads = reads;
    this.#gate = gate;
  }

  #start(): Worker {
    const worker = new Worker(threadFile('reader'), { workerData: { path: this.#path, reads: this.#reads, gate: this.#gate.memory } });
    worker.on('message', (answer: FromReader) => {
      const asked = this.#asked.get(answer.id);
      this.#asked.delete(answer.id);
      if (this.#asked.size === 0) worker.unref();
      if ('fault' in answer) asked?.reject(errorOf(answer.fault));
      else asked?.resolve(new Unpacker(answer.page as Packed));
    });
    const lose = (error: Error): void => {
      if (this.#worker === worker) this.#worker = undefined;
      const lost = [...this.#asked.values()];
      this.#asked.clear();
      for (const { reject } of lost) reject(error);
    };
    worker.on('error', (cause) => lose(new StorageError('failed', 'A reader of the store ended unexpectedly.', { cause })));
    worker.on('exit', () => lose(new StorageError('closed', 'The store is closed.')));
    return worker;
  }

  #ask(message: (id: number) => ToReader): Promise<Unpacker> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    worker.ref();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      worker.postMessage(message(id));
    });
  }

  list(number: number, query: ListQuery): Promise<Unpacker> {
    return this.#ask((id) => ({ kind: 'list', id, number, query }));
  }

  log(query: LogQuery): Promise<Unpacker> {
    return this.#ask((id) => ({ kind: 'log', id, query }));
  }

  count(query: CountQuery): Promise<Unpacker> {
    return this.#ask((id) => ({ kind: 'count', id, query }));
  }

  /** Ends the thread behind what it was asked. */
  close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.resolve();
    worker.ref();
    return new Promise((resolve) => {
      worker.once('exit', () => resolve());
      worker.postMessage({ kind: 'close' } satisfies ToReader);
    });
  }
}
