// Long-polling (6.3.1): all subscriptions in as few polls as can be, each going on from its cursor. It holds no more connections than its share, and where there are
// more polls than that, they take turns with shorter waits.
import type { Answer, Environment } from './api.ts';
import type { Call } from './calls.ts';
import type { Arrival, Delivery } from './delivery.ts';
import type { Durable } from './durable.ts';
import { asError, earliestOf, GodwitError, isOfTheWay } from './errors.ts';
import { beginNamed, culpritsOf, gapTo, type Lane, pack, placeOf, prove, proveAll, textsOf } from './lanes.ts';
import { pause, retryWait } from './waits.ts';

/** Polls at once: a client may have 10 connections (7.1.2), and other tabs want some. */
const SLOTS = 4;
const LIMIT = 500;
/** How long an answer may be late before the poll counts as stuck behind something that is dead. */
const LATE_MS = 10_000;
/** The wait of polls that take turns. */
const TURN_MS = 1000;

interface Page {
  readonly items: readonly Omit<Arrival, 'redelivered'>[];
  readonly cursor: string;
}

export interface PollsOptions {
  readonly environment: Environment;
  /** Asks over HTTP, once. */
  readonly ask: Call;
  /** Milliseconds. */
  readonly wait: number;
  readonly deliveries: () => Iterable<Delivery>;
  readonly durables: () => Iterable<Durable>;
  /** The server does not answer any more. */
  readonly lost: (error: unknown) => void;
}

interface Loop {
  readonly ending: AbortController;
}

interface Work {
  /** What it waits for without holding a connection. */
  readonly before?: () => Promise<void>;
  /** One poll. */
  readonly turn: (signal: AbortSignal) => Promise<void>;
}

/** Pages from one place as one: up to where all of them reach, in log order, each message once. What is beyond is read again. */
const merged = (pages: readonly Page[]): Page => {
  const cursor = pages.map((page) => page.cursor).sort()[0] as string;
  const items = new Map(pages.flatMap((page) => page.items.filter((item) => item.cursor <= cursor).map((item) => [item.cursor, item])));
  return { items: [...items.values()].sort((one, other) => (one.cursor < other.cursor ? -1 : 1)), cursor };
};

const nameOf = ({ members }: Lane): string => [...members].map(({ number }) => number).join();

export class Polls {
  readonly #options: PollsOptions;
  readonly #loops = new Map<string, Loop>();
  readonly #queue: (() => void)[] = [];
  #free = SLOTS;
  #wait: number;
  #isOn = false;
  #isRefreshing = false;

  constructor(options: PollsOptions) {
    this.#options = options;
    this.#wait = options.wait;
  }

  start(): void {
    this.#isOn = true;
    this.#refresh();
  }

  stop(): void {
    this.#isOn = false;
    for (const { ending } of this.#loops.values()) ending.abort();
    this.#loops.clear();
  }

  /** What is to be polled for has changed. */
  changed(): void {
    if (!this.#isOn || this.#isRefreshing) return;
    this.#isRefreshing = true;
    queueMicrotask(() => {
      this.#isRefreshing = false;
      if (this.#isOn) this.#refresh();
    });
  }

  #refresh(): void {
    const { deliveries, durables } = this.#options;
    const open = [...deliveries()].filter(({ isBehind, hasEnded }) => !isBehind && !hasEnded);
    beginNamed(open);
    const wanted = new Map<string, Work>();
    // Those that want only what is new find their places by a turn of their own, and then join the others.
    for (const isPlaced of [true, false])
      for (const lane of pack(open.filter(({ received }) => (received !== undefined) === isPlaced)))
        wanted.set(`${isPlaced} ${nameOf(lane)}`, { turn: (signal) => this.#poll(lane, signal) });
    for (const durable of durables())
      wanted.set(`durable ${durable.delivery.number}`, { before: () => durable.idle(), turn: (signal) => this.#pull(durable, signal) });
    const takeTurns = wanted.size > SLOTS;
    for (const [key, loop] of this.#loops) {
      if (wanted.has(key) && !takeTurns) continue;
      loop.ending.abort();
      this.#loops.delete(key);
    }
    for (const [key, work] of wanted) {
      if (this.#loops.has(key)) continue;
      const loop = { ending: new AbortController() };
      this.#loops.set(key, loop);
      void this.#run(work, loop.ending.signal);
    }
  }

  async #run({ before, turn }: Work, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options.environment;
    for (let failures = 0; !signal.aborted; ) {
      await before?.();
      await this.#slot();
      try {
        if (!signal.aborted) await turn(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const failure = asError(error);
        if (isOfTheWay(failure)) {
          this.#options.lost(failure);
          return;
        }
        if (!failure.retryable) return;
        failures = Math.min(failures + 1, 5);
        await pause(clock, retryWait(failures, random, failure.details.retryAfterMs), signal).catch(() => {});
      } finally {
        this.#release();
      }
    }
  }

  #slot(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  #release(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  get #waitNow(): number {
    return this.#loops.size > SLOTS ? Math.min(TURN_MS, this.#wait) : this.#wait;
  }

  /** Asks for a page; what stands in the way of all polls is seen to here. */
  async #read(ask: (wait: number) => Promise<Answer>): Promise<Page> {
    try {
      return (await ask(this.#waitNow)).data as Page;
    } catch (error) {
      if (error instanceof GodwitError && error.code === 'VALIDATION_FAILED' && error.details.field?.endsWith('/wait') && this.#wait > 0) {
        this.#wait = this.#wait < TURN_MS ? 0 : this.#wait / 2;
        return this.#read(ask);
      }
      throw error;
    }
  }

  /**
   * A page of a lane. One subscription may have more patterns than a URL takes (6.2.3): then it is read in parts, of which the first is waited for, in turns, and the others are
   * asked what there is by then.
   */
  async #page(lane: Lane, after: string, signal: AbortSignal, longest: number): Promise<Page> {
    const [first = '', ...others] = textsOf(lane.key.split(','));
    if (others.length === 0) return this.#messages(first, after, signal, longest);
    const pages = [await this.#messages(first, after, signal, Math.min(longest, TURN_MS))];
    for (const text of others) pages.push(await this.#messages(text, after, signal, 0));
    return merged(pages);
  }

  #messages(topics: string, after: string, signal: AbortSignal, longest: number): Promise<Page> {
    return this.#read((wait) => {
      const ms = Math.min(wait, longest);
      const path = `/messages?topics=${encodeURIComponent(topics)}&after=${encodeURIComponent(after)}&limit=${LIMIT}&wait=${ms / 1000}`;
      return this.#options.ask('GET', path, { signal, timeout: ms + LATE_MS });
    });
  }

  async #poll(lane: Lane, signal: AbortSignal): Promise<void> {
    await proveAll(lane.members, (path) => this.#options.ask('GET', path, { signal })).catch((error: unknown) => this.#refused(lane, error, signal));
    for (const member of lane.members) if (member.hasEnded) lane.members.delete(member);
    if (lane.members.size === 0) return;
    const isFresh = [...lane.members].some(({ received }) => received === undefined);
    const after = placeOf(lane.members);
    const from = isFresh ? 'latest' : after || 'earliest';
    const page = await this.#page(lane, from, signal, isFresh ? 0 : Number.POSITIVE_INFINITY).catch((error: unknown) => this.#refused(lane, error, signal));
    const { items, cursor } = page;
    prove(lane.members, after);
    for (const item of items) for (const member of lane.members) if (member.matches(item.topic)) member.offer({ ...item, redelivered: false }, sizeOf(item));
    for (const member of lane.members) {
      member.begin(cursor);
      member.advance(cursor);
      member.confirmed();
      if (member.isBehind) lane.members.delete(member);
      if (member.isBehind || isFresh) this.changed();
    }
  }

  #refused(lane: Lane, error: unknown, signal: AbortSignal): Page {
    if (signal.aborted || !(error instanceof GodwitError) || error.retryable || isOfTheWay(error)) throw error;
    const earliest = earliestOf(error);
    if (earliest !== undefined) {
      gapTo(lane.members, earliest);
      return { items: [], cursor: placeOf(lane.members) };
    }
    const members = [...lane.members];
    const culprits = culpritsOf(members, error, placeOf(members));
    for (const member of culprits) member.outcome.failed(error);
    if (culprits.length === 0) for (const member of members) member.isAlone = true;
    // What is left of it may well be called the same, and begins anew.
    for (const [key, { ending }] of this.#loops) if (ending.signal === signal) this.#loops.delete(key);
    this.changed();
    throw error;
  }

  async #pull(durable: Durable, signal: AbortSignal): Promise<void> {
    const { delivery } = durable;
    if (!(await durable.create()) || signal.aborted) return;
    const ack = delivery.finished;
    durable.carry(ack);
    const page = await this.#read((wait) =>
      this.#options.ask('POST', `${durable.path}/pull`, {
        data: { limit: LIMIT, wait: wait / 1000, ack },
        signal,
        timeout: wait + LATE_MS,
      }),
    ).catch((error: unknown) => {
      durable.carry(undefined);
      const failure = asError(error);
      const earliest = earliestOf(failure);
      if (signal.aborted || failure.retryable || isOfTheWay(failure)) throw error;
      if (earliest !== undefined) delivery.gap(delivery.received ?? '', earliest);
      else if (failure.code === 'INVALID_CURSOR' && ack !== undefined) durable.restart(failure);
      else if (failure.code === 'NOT_FOUND') delivery.outcome.ended('deleted');
      else delivery.outcome.failed(error);
      return undefined;
    });
    if (page === undefined) return;
    if (ack !== undefined) durable.acknowledged(ack);
    for (const item of page.items) delivery.offer({ ...item, redelivered: false }, sizeOf(item));
    delivery.advance(page.cursor);
  }
}

/** About what a message weighs. */
const sizeOf = ({ data }: { readonly data: unknown }): number => JSON.stringify(data).length;
