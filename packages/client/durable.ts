// A durable subscription (6.2.4 to 6.2.7): made once, then attached over a WebSocket or pulled without one; what its handler finished is acknowledged, gathered.
// The place that counts after a crash is the server's; within this process the delivery's own place keeps what comes again from being handed over twice.
import type { Environment } from './api.ts';
import type { Call } from './calls.ts';
import type { Arrival, Delivery } from './delivery.ts';
import { asError, type GodwitError, isOfTheWay, tooLate } from './errors.ts';
import { placeQuery } from './lanes.ts';
import type { Socket } from './transports/websocket.ts';
import { Alarm, pause, retryWait, within } from './waits.ts';

/** How long acknowledgements are gathered; a redelivery comes after 30 s, and a crash repeats about this much. */
const GATHER_MS = 100;
/** How long an end waits for the server: what that did not take as acknowledged comes again. */
const LEAVE_MS = 5000;

export interface DurableOptions {
  readonly environment: Environment;
  readonly call: Call;
  readonly delivery: Delivery;
  readonly name: string;
  readonly after: string | undefined;
  readonly ackWait: string | undefined;
  /** When another of its name here has let go: that one finishes what it has in hand, and this one begins behind it. */
  readonly before: Promise<unknown> | undefined;
  readonly report: (error: unknown) => void;
}

export class Durable {
  readonly delivery: Delivery;
  readonly name: string;
  readonly #options: DurableOptions;
  #created: Promise<boolean> | undefined;
  #acknowledged = '';
  /** A pull that is under way says that everything up to here is finished. */
  #carried = '';
  /** Where it was asked for, and whether that was answered: from then on everything is sent to it there. */
  #attachment: { readonly socket: Socket; isLive: boolean } | undefined;
  readonly #leaving = new AbortController();
  readonly #alarm: Alarm;
  #acking: Promise<void> | undefined;

  constructor(options: DurableOptions) {
    this.#options = options;
    this.delivery = options.delivery;
    this.name = options.name;
    this.#alarm = new Alarm(options.environment.clock);
  }

  get path(): string {
    return `/subscriptions/${this.name}`;
  }

  /** Resolves when nothing is in hand, of it or of one before it. */
  async idle(): Promise<void> {
    await this.#options.before;
    await this.delivery.idle();
  }

  /** Makes sure that it exists; false where it was refused, or has ended meanwhile. Rejects where the server was not reached. */
  create(): Promise<boolean> {
    this.#created ??= this.#create();
    return this.#created;
  }

  async #create(): Promise<boolean> {
    const { call, name, after, ackWait, before, delivery } = this.#options;
    try {
      if (before !== undefined) await before;
      if (delivery.hasEnded) return false;
      const answer = await call('POST', '/subscriptions', { data: { name, topics: delivery.topics, after, ackWait } });
      this.#begin((answer.data as { cursor: string }).cursor);
      delivery.confirmed();
      return true;
    } catch (error) {
      this.#created = undefined;
      const failure = asError(error);
      if (failure.retryable || isOfTheWay(failure)) throw failure;
      delivery.outcome.failed(failure);
      return false;
    }
  }

  #begin(cursor: string): void {
    if (this.delivery.received === undefined) this.delivery.begin(cursor);
    if (cursor > this.#acknowledged) this.#acknowledged = cursor;
  }

  /** Takes its messages over a socket, as long as that is open. */
  async attach(socket: Socket): Promise<void> {
    const { environment, delivery } = this.#options;
    for (let attempt = 1; socket.isOpen && !this.delivery.hasEnded; attempt = Math.min(attempt + 1, 3)) {
      try {
        const isNew = this.#created === undefined;
        if (!(await this.create())) return;
        if (!isNew) await this.#prove(socket);
        if (delivery.hasEnded) return;
        const attachment = { socket, isLive: false };
        this.#attachment = attachment;
        await socket.ask('POST', `${this.path}/attach`, undefined, ({ data }) => {
          attachment.isLive = true;
          this.#begin((data as { cursor: string }).cursor);
        });
        this.finished();
        return;
      } catch (error) {
        if (!socket.isOpen) return;
        const failure = asError(error);
        const isFinal = !failure.retryable && !isOfTheWay(failure);
        if (isFinal) this.#attachment = undefined;
        if (failure.code === 'NOT_FOUND') return delivery.outcome.ended('deleted');
        if (isFinal) return delivery.outcome.failed(failure);
        await pause(environment.clock, retryWait(attempt, environment.random, failure.details.retryAfterMs));
      }
    }
  }

  /** The store may be another by now, or one that was restored and lacks what came (clause 1): what it is sent must not be taken for what it has seen. */
  async #prove(socket: Socket): Promise<void> {
    const { received = '', topics } = this.delivery;
    if (received === '') return;
    try {
      await socket.ask('GET', placeQuery(topics.join(), received));
    } catch (error) {
      const { code, retryable } = error as GodwitError;
      if (code === 'INVALID_CURSOR') this.restart(error);
      // Any other refusal says nothing against the place.
      else if (retryable) throw error;
    }
  }

  /** Its place is of another log: it goes on from the server's, as one that begins would. */
  restart(why: unknown): void {
    this.#acknowledged = '';
    this.delivery.restart();
    this.#options.report(why);
  }

  /** The server ended its attachment. */
  detached(reason: string): void {
    // Until it has asked for one it is of the one before.
    if (!this.#attachment?.socket.isOpen) return;
    this.#attachment = undefined;
    this.delivery.outcome.ended(reason);
  }

  /** It has ended: acknowledges what is finished, and lets go at the server. */
  async leave(): Promise<void> {
    const { clock } = this.#options.environment;
    const late = (): GodwitError => tooLate(LEAVE_MS, '');
    await within(clock, LEAVE_MS, late, undefined, () => Promise.all([this.acknowledge(), this.#detach()])).catch(() => {});
    this.#leaving.abort();
  }

  /** Whatever its socket is asked later comes behind it, answered or not. */
  async #detach(): Promise<void> {
    const socket = this.#attachment?.socket;
    this.#attachment = undefined;
    if (socket?.isOpen) await socket.ask('POST', `${this.path}/detach`).catch(() => {});
  }

  event(arrival: Arrival, bytes: number): void {
    const { finished } = this.delivery;
    // It came again although it was done: the acknowledgement was lost.
    if (finished !== undefined && arrival.cursor <= finished && this.#acknowledged < finished) this.finished();
    this.delivery.offer(arrival, bytes);
  }

  /** With nothing to do up to `cursor`, its place moves on, so that it does not age (5.1.3). */
  heartbeat(cursor: string): void {
    if (this.delivery.isIdle && this.#attachment?.isLive && this.#attachment.socket.isOpen) this.delivery.advance(cursor);
  }

  /** Something is finished: it is acknowledged soon. */
  finished(): void {
    if (this.#alarm.isSet || this.#acking !== undefined || this.#unacknowledged === undefined || this.#unacknowledged <= this.#carried) return;
    this.#alarm.set(GATHER_MS, () => void this.acknowledge());
  }

  get #unacknowledged(): string | undefined {
    const { finished } = this.delivery;
    return finished !== undefined && finished > this.#acknowledged ? finished : undefined;
  }

  /** Acknowledges what is finished now. */
  acknowledge(): Promise<void> {
    this.#alarm.clear();
    this.#acking ??= this.#acknowledge().finally(() => {
      this.#acking = undefined;
    });
    return this.#acking;
  }

  async #acknowledge(): Promise<void> {
    const { call, delivery, report } = this.#options;
    for (let cursor = this.#unacknowledged; cursor !== undefined; cursor = this.#unacknowledged) {
      try {
        await call('POST', `${this.path}/ack`, { data: { cursor }, signal: this.#leaving.signal });
        this.acknowledged(cursor);
      } catch (error) {
        const { code, retryable } = error as GodwitError;
        if (code === 'NOT_FOUND') delivery.outcome.ended('deleted');
        // That its place is of another log is found out, and told, where it goes on.
        else if (!retryable && code !== 'INVALID_CURSOR' && !delivery.hasEnded) report(error);
        // Whatever is not acknowledged comes again, and is acknowledged then or with what follows it.
        return;
      }
    }
  }

  /** A pull takes along what is finished, so that it needs no request of its own; undefined: nothing does any more. */
  carry(cursor: string | undefined): void {
    this.#carried = cursor ?? '';
    if (cursor === undefined) return;
    this.#alarm.clear();
  }

  acknowledged(cursor: string): void {
    if (cursor > this.#acknowledged) this.#acknowledged = cursor;
  }
}
