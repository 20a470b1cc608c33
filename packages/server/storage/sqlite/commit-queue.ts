// The main thread's side of the writer: units wait here while a commit runs and go out together as the next one. Keeps the
// units in flight, so that the writer's answer need not repeat them.
import type { StorageCounters, StoredMessage, WriteOutcome, WriteUnit } from '../../ports/storage.ts';
import { closedError, errorOf } from './faults.ts';
import { placeAt, type ToWriter } from './messages.ts';
import { type Numbers, Packer } from './packing.ts';
import { packProbe, packUnit } from './units.ts';
import type { Committed } from './writer-thread.ts';

const MOST_UNITS = 4096;
const MOST_CHARACTERS = 1 << 20;

interface Waiting {
  /** undefined: a probe. */
  readonly unit: WriteUnit | undefined;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: Error) => void;
}

export class CommitQueue {
  readonly #send: (message: ToWriter) => void;
  readonly #now: () => number;
  readonly #counters: StorageCounters;
  readonly #packer = new Packer();
  #waiting: Waiting[] = [];
  #flying: Waiting[] = [];
  #scheduled = false;
  #refusal: (() => Error) | undefined;
  #listener: ((messages: readonly StoredMessage[]) => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(send: (message: ToWriter) => void, now: () => number, counters: StorageCounters) {
    this.#send = send;
    this.#now = now;
    this.#counters = counters;
  }

  get isWriting(): boolean {
    return this.#flying.length > 0;
  }

  listen(listener: (messages: readonly StoredMessage[]) => void): void {
    this.#listener = listener;
  }

  write(unit: WriteUnit | undefined): Promise<WriteOutcome> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ unit, resolve, reject });
      this.#schedule();
    });
  }

  /** Takes nothing more; resolves when everything that was taken is answered. */
  close(): Promise<void> {
    this.#refusal ??= closedError;
    if (this.#flying.length === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  /** The writer is gone: what was on its way may or may not stand, so it failed. */
  fail(error: Error): void {
    this.#refusal = () => error;
    const lost = [...this.#flying, ...this.#waiting];
    this.#flying = [];
    this.#waiting = [];
    for (const { reject } of lost) reject(error);
    this.#drained?.();
  }

  #schedule(): void {
    if (this.#scheduled || this.#flying.length > 0) return;
    this.#scheduled = true;
    // Not at once: everything that arrives within this turn of the event loop goes into one commit.
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    const waiting = this.#waiting;
    if (this.#flying.length > 0 || waiting.length === 0) return;
    const packer = this.#packer;
    let count = 0;
    while (count < waiting.length && count < MOST_UNITS && (count === 0 || packer.characters < MOST_CHARACTERS)) {
      const { unit } = waiting[count++] as Waiting;
      if (unit === undefined) packProbe(packer);
      else packUnit(packer, unit);
    }
    if (count === waiting.length) {
      this.#flying = waiting;
      this.#waiting = [];
    } else {
      this.#flying = waiting.slice(0, count);
      this.#waiting = waiting.slice(count);
    }
    const { text, numbers } = packer.finish();
    this.#send(['commit', this.#now(), text, numbers]);
  };

  /** Answers the batch in flight; the caller has brought the state of the log up to date. */
  settle([, numbers, , exceptions]: Committed): void {
    const flying = this.#flying;
    this.#flying = [];
    this.#flush();
    const refused = exceptions === undefined ? undefined : new Map(exceptions);
    this.#count(flying.filter(({ unit }) => unit !== undefined).length - (refused?.size ?? 0));
    const written = committedMessages(flying, numbers, refused);
    this.#counters.messagesWritten += written.length;
    if (written.length > 0) this.#listener?.(written);
    for (let index = 0; index < flying.length; index++) {
      const { resolve, reject } = flying[index] as Waiting;
      const exception = refused?.get(index);
      if (exception === undefined) resolve({ status: 'written', firstSeq: numbers[placeAt(index)] as number });
      else if (exception.status === 'fault') reject(errorOf(exception.fault));
      else resolve(exception);
    }
    if (this.#flying.length === 0 && this.#waiting.length === 0) this.#drained?.();
  }

  #count(written: number): void {
    const counters = this.#counters;
    counters.units += written;
    if (written > counters.largestCommit) counters.largestCommit = written;
  }
}

const committedMessages = (flying: readonly Waiting[], numbers: Numbers, refused: ReadonlyMap<number, unknown> | undefined): StoredMessage[] => {
  const messages: StoredMessage[] = [];
  for (let index = 0; index < flying.length; index++) {
    const given = flying[index]?.unit?.messages;
    if (given === undefined || refused?.has(index)) continue;
    let seq = numbers[placeAt(index)] as number;
    for (const { messageId, topic, timestamp, data, change } of given) messages.push({ seq: seq++, messageId, topic, timestamp, data, change });
  }
  return messages;
};
