// The main thread's side of the writer thread: its start, its answers, its end, expected or not.
import { Worker } from 'node:worker_threads';
import { StorageError, type TidyPolicy } from '../../ports/storage.ts';
import { closedError, errorOf } from './faults.ts';
import type { Gate } from './gate.ts';
import { type FromWriter, type Standing, standingOf, type ToWriter } from './messages.ts';
import { threadFile } from './thread-file.ts';

/** What the writer found when it opened the store. */
export interface Opened {
  readonly salt: string;
  readonly standing: Standing;
}

/** The answer to a batch. */
export type Committed = Extract<FromWriter, { 0: 'committed' }>;

interface Tidying {
  readonly resolve: (done: boolean) => void;
  readonly reject: (error: Error) => void;
}

export class WriterThread {
  readonly opened: Promise<Opened>;
  readonly #worker: Worker;
  readonly #tidying: Tidying[] = [];
  #committed: (answer: Committed) => void = () => {};
  #standing: (standing: Standing) => void = () => {};
  #lost: (error: Error) => void = () => {};
  #gone: Error | undefined;
  #closed: (() => void) | undefined;

  constructor(path: string, gate: Gate) {
    this.#worker = new Worker(threadFile('writer'), { workerData: { path, gate: gate.memory } });
    this.opened = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWriter) => {
        if (message[0] === 'ready') resolve({ salt: message[3], standing: standingOf(message[1], message[2]) });
        else if (message[0] === 'refused') reject(errorOf(message[1]));
        else this.#hear(message);
      });
      const lose = (error: Error): void => {
        this.#gone ??= error;
        reject(error);
        for (const tidying of this.#tidying.splice(0)) tidying.reject(error);
        this.#lost(error);
        this.#closed?.();
      };
      this.#worker.on('error', (cause) => lose(new StorageError('failed', 'The writer of the store ended unexpectedly; restart.', { cause })));
      this.#worker.on('exit', () => lose(this.#closed === undefined ? new StorageError('failed', 'The writer of the store ended; restart.') : closedError()));
    });
  }

  #hear(message: FromWriter): void {
    if (message[0] === 'committed') this.#committed(message);
    else if (message[0] === 'tidied') {
      this.#standing(standingOf(message[1], message[2]));
      const tidying = this.#tidying.shift();
      if (typeof message[3] === 'boolean') tidying?.resolve(message[3]);
      else tidying?.reject(errorOf(message[3]));
    }
  }

  onCommitted(listener: (answer: Committed) => void): void {
    this.#committed = listener;
  }

  onStanding(listener: (standing: Standing) => void): void {
    this.#standing = listener;
  }

  onLost(listener: (error: Error) => void): void {
    this.#lost = listener;
  }

  send(message: ToWriter): void {
    this.#worker.postMessage(message);
  }

  tidy(policy: TidyPolicy): Promise<boolean> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      this.#tidying.push({ resolve, reject });
      this.send(['tidy', policy]);
    });
  }

  /** Ends the thread when it has done what it was given. */
  close(): Promise<void> {
    if (this.#gone !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#closed = resolve;
      this.send(['close']);
    });
  }
}
