// The main thread's side of the writer thread: its start, its answers, its end, expected or not.
import { Worker } from 'node:worker_threads';
import { StorageError, type TidyPolicy } from '../../ports/storage.ts';
import { closedError, errorOf } from './faults.ts';
import type { FromWriter, Standing, ToWriter } from './messages.ts';
import { threadFile } from './thread-file.ts';

/** What the writer found when it opened the store. */
export type Opened = Extract<FromWriter, { kind: 'ready' }>;
type Committed = Extract<FromWriter, { kind: 'committed' }>;

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

  constructor(path: string) {
    this.#worker = new Worker(threadFile('writer'), { workerData: { path } });
    this.opened = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWriter) => {
        if (message.kind === 'ready') resolve(message);
        else if (message.kind === 'refused') reject(errorOf(message.fault));
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
    switch (message.kind) {
      case 'committed':
        this.#committed(message);
        break;
      case 'tidied':
        this.#standing(message.standing);
        this.#tidying.shift()?.resolve(message.done);
        break;
      case 'fault':
        this.#standing(message.standing);
        this.#tidying.shift()?.reject(errorOf(message.fault));
        break;
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
      this.send({ kind: 'tidy', policy });
    });
  }

  /** Ends the thread when it has done what it was given. */
  close(): Promise<void> {
    if (this.#gone !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#closed = resolve;
      this.send({ kind: 'close' });
    });
  }
}
