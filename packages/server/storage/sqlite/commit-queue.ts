// The main thread's side of the writer: units wait here while a commit runs and go out together as the next one. Keeps the
// units in flight, so that the writer's answer need not repeat them.
import { commitOf } from '../../ports/commit.ts';
import type { Commit, PublishedBytes, PublishListener, StorageCounters, WriteOutcome, WriteUnit } from '../../ports/storage.ts';
import { Batch } from './batch.ts';
import { closedError, errorOf } from './faults.ts';
import { Ledgers } from './ledger.ts';
import type { ToWriter } from './messages.ts';
import { Packer } from './packing.ts';
import { Segments } from './segments.ts';
import type { Committed } from './writer-thread.ts';

export class CommitQueue {
  readonly #send: (message: ToWriter) => void;
  readonly #now: () => number;
  readonly #counters: StorageCounters;
  readonly #segments: Segments;
  readonly #ledgers = new Ledgers();
  /** Of the batch that went last: what it grew to the next one needs too. */
  #spare: Packer | undefined;
  /** Oldest first; the last takes what comes. */
  #waiting: Batch[] = [];
  #flying: Batch | undefined;
  #scheduled = false;
  #refusal: (() => Error) | undefined;
  #listener: ((commit: Commit) => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(send: (message: ToWriter) => void, now: () => number, counters: StorageCounters) {
    this.#send = send;
    this.#now = now;
    this.#counters = counters;
    this.#segments = new Segments(({ id, memory }) => send(['segment', id, memory]));
  }

  get isWriting(): boolean {
    return this.#flying !== undefined;
  }

  listen(listener: (commit: Commit) => void): void {
    this.#listener = listener;
  }

  #open(): Batch {
    const last = this.#waiting.at(-1);
    return last === undefined || last.isFull ? this.#another() : last;
  }

  #another(): Batch {
    const batch = new Batch(this.#spare ?? new Packer(), this.#segments, this.#ledgers);
    this.#spare = undefined;
    this.#waiting.push(batch);
    return batch;
  }

  write(unit: WriteUnit | undefined): Promise<WriteOutcome> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => {
      this.#open().add({ unit, resolve, reject });
      this.#schedule();
    });
  }

  /** Throws where nothing is taken any more. */
  publish(client: string, published: PublishedBytes, writeId: (target: Uint8Array, at: number) => void, startedAt: number, listener: PublishListener): void {
    if (this.#refusal !== undefined) throw this.#refusal();
    if (!this.#open().publish(client, published, writeId, startedAt, listener)) this.#another().publish(client, published, writeId, startedAt, listener);
    this.#schedule();
  }

  abandon(startedBefore: number, error: Error): void {
    for (const batch of this.#underWay()) batch.abandon(startedBefore, error);
  }

  #underWay(): Batch[] {
    return [...(this.#flying === undefined ? [] : [this.#flying]), ...this.#waiting];
  }

  /** Takes nothing more; resolves when everything that was taken is answered. */
  close(): Promise<void> {
    this.#refusal ??= closedError;
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  get #isIdle(): boolean {
    return this.#flying === undefined && this.#waiting.length === 0;
  }

  /** The writer is gone: what was on its way may or may not stand, so it failed. */
  fail(error: Error): void {
    this.#refusal = () => error;
    const lost = this.#underWay();
    this.#flying = undefined;
    this.#waiting = [];
    for (const batch of lost) batch.fail(error);
    this.#drained?.();
  }

  #schedule(): void {
    if (this.#scheduled || this.#flying !== undefined) return;
    this.#scheduled = true;
    // Not at once: everything that arrives within this turn of the event loop goes into one commit.
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#flying !== undefined) return;
    const batch = this.#waiting.shift();
    if (batch === undefined) return;
    this.#flying = batch;
    const { text, numbers, segment, start } = batch.finish();
    this.#spare = batch.packer;
    this.#send(['commit', this.#now(), text, numbers, segment, start]);
  };

  /** Answers the batch in flight; the caller has brought the state of the log up to date. */
  settle([, numbers, , exceptions]: Committed): void {
    const batch = this.#flying as Batch;
    this.#flying = undefined;
    this.#flush();
    const refused =
      exceptions === undefined
        ? undefined
        : new Map(exceptions.map(([index, outcome]) => [index, outcome.status === 'fault' ? errorOf(outcome.fault) : outcome] as const));
    this.#count(batch.written - (refused?.size ?? 0));
    const committed = batch.committed(numbers, refused);
    const commit = Array.isArray(committed) ? commitOf(committed) : committed;
    this.#counters.messagesWritten += commit.count;
    if (commit.count > 0 && this.#listener !== undefined) {
      if (commit === batch) batch.share();
      this.#listener(commit);
    }
    batch.settle(refused);
    batch.release();
    if (this.#isIdle) this.#drained?.();
  }

  #count(written: number): void {
    const counters = this.#counters;
    counters.units += written;
    if (written > counters.largestCommit) counters.largestCommit = written;
  }
}
