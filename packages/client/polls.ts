// Long-polling (6.3.1): all subscriptions in as few polls as can be, each going on from its cursor. It holds no more connections than its share, and where there are
// more polls than that, they take turns with shorter waits.
import type { Answer, Environment } from './api.ts';
import type { Call } from './calls.ts';
import type { Arrival, Delivery } from './delivery.ts';
import type { Durable } from './durable.ts';
import { asError, earliestOf, type GodwitError, isFinal, isOfTheWay } from './errors.ts';
import { LATE_MS, PAGE_LIMIT, POLL_SLOTS, TURN_MS } from './figures.ts';
import { beginNamed, blame, type Lane, messagesPath, pack, passGap, placeOf, prove, proveAll } from './lanes.ts';
import { again, gathered } from './waits.ts';

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
  readonly deliveries: Iterable<Delivery>;
  readonly durables: () => Iterable<Durable>;
  /** The server does not answer any more. */
  readonly lost: (error: unknown) => void;
}

interface Work {
  /** What it waits for without holding a connection. */
  readonly before?: () => Promise<void>;
  /** One poll. */
  readonly turn: (signal: AbortSignal) => Promise<void>;
}

export class Polls {
  readonly #options: PollsOptions;
  /** By what they poll for. */
  readonly #loops = new Map<string, AbortController>();
  readonly #queue: (() => void)[] = [];
  #free = POLL_SLOTS;
  #wait: number;
  #isOn = false;
  /** What is to be polled for has changed. */
  readonly changed = gathered(() => {
    if (this.#isOn) this.#refresh();
  });

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
    for (const ending of this.#loops.values()) ending.abort();
    this.#loops.clear();
  }

  #refresh(): void {
    const { deliveries, durables } = this.#options;
    const open = [...deliveries].filter(({ isBehind, hasEnded }) => !isBehind && !hasEnded);
    beginNamed(open);
    const wanted = new Map<string, Work>();
    // Those that want only what is new find their places by a turn of their own, and then join the others.
    for (const isNew of [false, true])
      for (const lane of pack(open.filter(({ isFresh }) => isFresh === isNew)))
        wanted.set(`${isNew} ${[...lane.members].map(({ number }) => number).join()}`, { turn: (signal) => this.#poll(lane, signal) });
    for (const durable of durables())
      wanted.set(`durable ${durable.delivery.number}`, { before: () => durable.idle(), turn: (signal) => this.#pull(durable, signal) });
    const takeTurns = wanted.size > POLL_SLOTS;
    for (const [key, ending] of this.#loops) {
      if (wanted.has(key) && !takeTurns) continue;
      ending.abort();
      this.#loops.delete(key);
    }
    for (const [key, work] of wanted) {
      if (this.#loops.has(key)) continue;
      const ending = new AbortController();
      this.#loops.set(key, ending);
      void this.#run(work, ending.signal);
    }
  }

  async #run({ before, turn }: Work, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      await before?.();
      await this.#slot();
      try {
        if (!signal.aborted) await turn(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const failure = asError(error);
        if (isOfTheWay(failure)) return this.#options.lost(failure);
        if (!failure.retryable) return;
        failures = Math.min(failures + 1, 5);
        await again(this.#options.environment, failures, failure, signal).catch(() => {});
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
    if (next) next();
    else this.#free++;
  }

  get #waitNow(): number {
    return this.#loops.size > POLL_SLOTS ? Math.min(TURN_MS, this.#wait) : this.#wait;
  }

  /** Asks for a page; what stands in the way of all polls is seen to here. */
  async #read(ask: (wait: number) => Promise<Answer>): Promise<Page> {
    try {
      return (await ask(this.#waitNow)).data as Page;
    } catch (error) {
      const { code, details } = asError(error);
      if (code === 'VALIDATION_FAILED' && details.field?.endsWith('/wait') && this.#wait > 0) {
        this.#wait = this.#wait < TURN_MS ? 0 : this.#wait / 2;
        return this.#read(ask);
      }
      throw error;
    }
  }

  async #poll(lane: Lane, signal: AbortSignal): Promise<void> {
    const { members } = lane;
    const refused = (error: unknown): Page => this.#refused(members, refusalOf(error, signal), signal);
    await proveAll(members, (path) => this.#options.ask('GET', path, { signal })).catch(refused);
    for (const member of members) if (member.hasEnded) members.delete(member);
    if (members.size === 0) return;
    const isFresh = [...members].some((member) => member.isFresh);
    const after = placeOf(members);
    const from = isFresh ? 'latest' : after || 'earliest';
    const { items, cursor } = await this.#read((longest) => {
      const wait = isFresh ? 0 : longest;
      return this.#options.ask('GET', `${messagesPath(lane.key, from, PAGE_LIMIT)}&wait=${wait / 1000}`, { signal, timeout: wait + LATE_MS });
    }).catch(refused);
    prove(members, after);
    for (const item of items) for (const member of members) if (member.matches(item.topic)) offer(member, item);
    for (const member of members) {
      member.begin(cursor);
      member.advance(cursor);
      member.confirmed();
      if (member.isBehind) members.delete(member);
      if (member.isBehind || isFresh) this.changed();
    }
  }

  #refused(members: Iterable<Delivery>, error: GodwitError, signal: AbortSignal): Page {
    if (passGap(members, error)) return { items: [], cursor: placeOf(members) };
    blame(members, error, placeOf(members));
    // What is left of it may well be called the same, and begins anew.
    for (const [key, ending] of this.#loops) if (ending.signal === signal) this.#loops.delete(key);
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
        data: { limit: PAGE_LIMIT, wait: wait / 1000, ack },
        signal,
        timeout: wait + LATE_MS,
      }),
    ).catch((error: unknown) => {
      durable.carry(undefined);
      const failure = refusalOf(error, signal);
      const earliest = earliestOf(failure);
      if (earliest) delivery.gap('', earliest);
      else if (failure.code === 'INVALID_CURSOR' && ack) durable.restart(failure);
      else durable.refused(failure);
    });
    if (!page) return;
    if (ack) durable.acknowledged(ack);
    for (const item of page.items) offer(delivery, item);
    delivery.advance(page.cursor);
  }
}

/** Hands over a message of a page, with about what it weighs. */
const offer = (delivery: Delivery, item: Page['items'][number]): void => delivery.offer({ ...item, redelivered: false }, JSON.stringify(item.data).length);

/** What the server refused for good; throws again what may yet be answered, or is of no interest any more. */
const refusalOf = (error: unknown, signal: AbortSignal): GodwitError => {
  const failure = asError(error);
  if (signal.aborted || !isFinal(failure)) throw failure;
  return failure;
};
