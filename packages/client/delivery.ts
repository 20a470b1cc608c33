// One subscription's way from the wire to its handler: what is taken in is in log order and never twice, what is finished is known by its cursor. It does not know
// where messages come from: two streams that each are complete and in order may both feed it, and the cursor keeps their seam.
import { matches } from '@godwit/protocol';
import type { Environment, Gap, Message } from './api.ts';
import { HANDLER_RETRY_MAX_MS, MOST_BYTES, MOST_WAITING } from './figures.ts';
import { backoff, pause } from './waits.ts';

/** A message as it arrives. */
export interface Arrival {
  readonly messageId: string;
  readonly topic: string;
  readonly cursor: string;
  readonly timestamp: string;
  readonly data: unknown;
  readonly redelivered: boolean;
}

type Item = { readonly message: Arrival; readonly bytes: number } | { readonly gap: Gap };

/** What a handler answers that did not finish a message and will not: the subscription has ended with it in hand. */
export const UNFINISHED: unique symbol = Symbol('unfinished');

/** What becomes of a subscription, as its holder hears of it. */
export interface Outcome {
  /** It is confirmed by the server. */
  ready(): void;
  /** The server ended it. */
  ended(reason: string): void;
  failed(error: unknown): void;
}

export interface DeliveryOptions {
  readonly outcome: Outcome;
  readonly environment: Environment;
  readonly topics: readonly string[];
  readonly handler: (message: Message) => unknown;
  /** Whether a message that the handler failed on is handed over again instead of passed. What waits of such a stream is bounded by the server (6.2.6), and only there. */
  readonly insists: boolean;
  readonly onGap: (gap: Gap) => void;
  /** What the handler failed with. */
  readonly onError: (error: unknown, message: Message) => void;
  /** Everything up to here is finished. */
  readonly onFinished: (cursor: string) => void;
  /** There is room again after `offer` said that there is none. */
  readonly onRoom: () => void;
}

let made = 0;

export class Delivery {
  /** Tells one from another. */
  readonly number = ++made;
  /** Sorted, each once. */
  readonly topics: readonly string[];
  /** That of a lane which brings just these topics. */
  readonly key: string;
  readonly matches: (topic: string) => boolean;
  /** Up to here everything was taken in; empty before the first message of the log, undefined before a place is known. */
  received: string | undefined;
  /** Up to here everything was handed over and finished. */
  finished: string | undefined;
  /** The place that it was begun at was named by the application, or may be of another log by now: the server has still to say that it is of this one (clause 1). */
  isUnproven = false;
  /** Where it wants to begin: a cursor, `earliest`, `latest`. */
  start = 'latest';
  /** It was refused together with others: it is tried by itself, so that one does not stop the others. */
  isAlone = false;
  readonly outcome: Outcome;
  /** It left its stream because too much waits. */
  isBehind = false;
  readonly #options: DeliveryOptions;
  readonly #ending = new AbortController();
  #items: Item[] = [];
  #bytes = 0;
  #running: Promise<void> | undefined;
  #restarts = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.outcome = options.outcome;
    this.topics = options.topics;
    this.key = options.topics.join();
    this.matches = (topic) => this.topics.some((pattern) => matches(pattern, topic));
  }

  get isIdle(): boolean {
    return !this.#running;
  }

  /** No place of it is known yet. */
  get isFresh(): boolean {
    return this.received === undefined;
  }

  get hasEnded(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Begins at a place: everything up to it counts as received and finished. */
  begin(cursor: string): void {
    if (this.received) return;
    this.received = cursor;
    if (this.#items.length === 0 && cursor !== '') this.finished = cursor;
  }

  /** Its place is of another log: what waits is not of this one, and it takes in whatever it is sent. What the handler has in hand counts for nothing here. */
  restart(): void {
    this.#restarts++;
    this.received = '';
    this.finished = undefined;
    this.#drop();
  }

  /** The server has confirmed it. */
  confirmed(): void {
    this.isAlone = false;
    this.outcome.ready();
  }

  /** Takes a message in, or drops it where it was taken in before, or where there is no room for it. */
  offer(message: Arrival, bytes: number): void {
    if (this.isBehind || !this.#lacks(message.cursor)) return;
    if (!this.#options.insists && (this.#items.length >= MOST_WAITING || this.#bytes >= MOST_BYTES)) {
      this.isBehind = true;
      return;
    }
    this.received = message.cursor;
    this.#bytes += bytes;
    this.#put({ message, bytes });
  }

  /** Messages after its place and up to `to` are no longer kept. */
  gap(from: string, to: string): void {
    if (!this.#lacks(to)) return;
    const gap = { from: this.received || from, to };
    this.received = to;
    this.#put({ gap });
  }

  /** There was nothing for it up to `cursor`. */
  advance(cursor: string): void {
    if (this.isBehind || !this.#lacks(cursor)) return;
    this.received = cursor;
    if (this.isIdle) this.#finish(cursor);
  }

  /** Whether what goes up to `cursor` is wanted, and not taken in yet. */
  #lacks(cursor: string): boolean {
    return !this.hasEnded && this.received !== undefined && cursor > this.received;
  }

  /** Resolves when nothing waits for the handler. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Nothing more is handed over; resolves when the handler has finished what it has in hand. */
  end(): Promise<void> {
    this.#ending.abort();
    this.#drop();
    return this.#running ?? Promise.resolve();
  }

  #drop(): void {
    this.#items = [];
    this.#bytes = 0;
  }

  #put(item: Item): void {
    this.#items.push(item);
    this.#running ??= this.#run();
  }

  #finish(cursor: string): void {
    this.finished = cursor;
    this.#options.onFinished(cursor);
  }

  async #run(): Promise<void> {
    // What arrives together is handed over after all of it was taken in, and never from within `subscribe`.
    await undefined;
    for (let item = this.#items.shift(); item; item = this.#items.shift()) {
      if ('gap' in item) {
        this.#options.onGap(item.gap);
        this.#finish(item.gap.to);
      } else {
        this.#bytes -= item.bytes;
        const restarts = this.#restarts;
        if (!(await this.#hand(item.message))) break;
        if (restarts === this.#restarts) this.#finish(item.message.cursor);
      }
      this.#makeRoom();
    }
    this.#running = undefined;
    if (this.hasEnded) return;
    this.#drop();
    // What was passed over behind the last message is finished with it.
    if (this.received && !this.isBehind && this.received !== this.finished) this.#finish(this.received);
  }

  #makeRoom(): void {
    if (!this.isBehind || this.hasEnded || this.#items.length > MOST_WAITING / 2 || this.#bytes > MOST_BYTES / 2) return;
    this.isBehind = false;
    this.#options.onRoom();
  }

  /** Whether it is finished; false where the subscription ended meanwhile. */
  async #hand(arrival: Arrival): Promise<boolean> {
    const { handler, insists, onError, environment } = this.#options;
    let message: Message = arrival;
    for (let failures = 1; !this.hasEnded; failures++) {
      try {
        let done = handler(message);
        if (typeof (done as PromiseLike<unknown> | undefined)?.then === 'function') done = await done;
        return done !== UNFINISHED;
      } catch (error) {
        onError(error, message);
        if (!insists) return true;
        message = { ...arrival, redelivered: true };
        await pause(environment.clock, backoff(failures, HANDLER_RETRY_MAX_MS), this.#ending.signal).catch(() => {});
      }
    }
    return false;
  }
}
