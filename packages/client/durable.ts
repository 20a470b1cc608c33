// A durable subscription (6.2.4 to 6.2.7): made once, then attached over a WebSocket or pulled without one; what its handler finished is acknowledged, gathered.
// The place that counts after a crash is the server's; within this process the delivery's own place keeps what comes again from being handed over twice.
import type { Environment } from './api.ts';
import type { Call } from './calls.ts';
import type { Arrival, Delivery } from './delivery.ts';
import { asError, type GodwitError, isFinal } from './errors.ts';
import { GATHER_MS, LEAVE_MS } from './figures.ts';
import { messagesPath } from './lanes.ts';
import type { Socket } from './transports/websocket.ts';
import { Alarm, again, pause } from './waits.ts';

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
    return (this.#created ??= this.#create());
  }

  async #create(): Promise<boolean> {
    const { call, name, after, ackWait, before, delivery } = this.#options;
    try {
      await before;
      if (delivery.hasEnded) return false;
      const answer = await call('POST', '/subscriptions', { data: { name, topics: delivery.topics, after, ackWait } });
      this.#begin((answer.data as { cursor: string }).cursor);
      delivery.confirmed();
      return true;
    } catch (error) {
      this.#created = undefined;
      const failure = asError(error);
      if (!isFinal(failure)) throw failure;
      delivery.outcome.failed(failure);
      return false;
    }
  }

  #begin(cursor: string): void {
    if (this.delivery.isFresh) this.delivery.begin(cursor);
    this.acknowledged(cursor);
  }

  /** Takes its messages over a socket, as long as that is open. */
  async attach(socket: Socket): Promise<void> {
    const { environment, delivery } = this.#options;
    for (let attempt = 1; socket.isOpen && !this.delivery.hasEnded; attempt = Math.min(attempt + 1, 3)) {
      try {
        const isNew = !this.#created;
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
        if (isFinal(failure)) {
          this.#attachment = undefined;
          return this.refused(failure);
        }
        await again(environment, attempt, failure);
      }
    }
  }

  /** The store may be another by now, or one that was restored and lacks what came (clause 1): what it is sent must not be taken for what it has seen. */
  async #prove(socket: Socket): Promise<void> {
    const { received = '', topics } = this.delivery;
    if (received === '') return;
    try {
      await socket.ask('GET', messagesPath(topics.join(), received));
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

  /** What the server refused for good ends it. */
  refused(error: GodwitError): void {
    if (error.code === 'NOT_FOUND') this.delivery.outcome.ended('deleted');
    else this.delivery.outcome.failed(error);
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
    await Promise.race([Promise.all([this.acknowledge(), this.#detach()]), pause(this.#options.environment.clock, LEAVE_MS, this.#leaving.signal)]);
    this.#leaving.abort();
  }

  /** Whatever its socket is asked later comes behind it, answered or not. */
  async #detach(): Promise<void> {
    const socket = this.#attachment?.socket;
    this.#attachment = undefined;
    if (socket?.isOpen) await socket.ask('POST', `${this.path}/detach`).catch(() => {});
  }

  event(arrival: Arrival, bytes: number): void {
    const { finished = '' } = this.delivery;
    // It came again although it was done: the acknowledgement was lost.
    if (arrival.cursor <= finished && this.#acknowledged < finished) this.finished();
    this.delivery.offer(arrival, bytes);
  }

  gap(from: string, to: string): void {
    this.delivery.gap(from, to);
  }

  /** With nothing to do up to `cursor`, its place moves on, so that it does not age (5.1.3). */
  heartbeat(cursor: string): void {
    if (this.delivery.isIdle && this.#attachment?.isLive && this.#attachment.socket.isOpen) this.delivery.advance(cursor);
  }

  /** Something is finished: it is acknowledged soon. */
  finished(): void {
    if (this.#alarm.isSet || this.#acking || this.#unacknowledged <= this.#carried) return;
    this.#alarm.set(GATHER_MS, () => void this.acknowledge());
  }

  /** Empty where it is nothing. */
  get #unacknowledged(): string {
    const { finished = '' } = this.delivery;
    return finished > this.#acknowledged ? finished : '';
  }

  /** Acknowledges what is finished now. */
  acknowledge(): Promise<void> {
    this.#alarm.clear();
    return (this.#acking ??= this.#acknowledge().finally(() => (this.#acking = undefined)));
  }

  async #acknowledge(): Promise<void> {
    const { call, delivery, report } = this.#options;
    for (let cursor = this.#unacknowledged; cursor; cursor = this.#unacknowledged) {
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
    if (cursor) this.#alarm.clear();
  }

  acknowledged(cursor: string): void {
    if (cursor > this.#acknowledged) this.#acknowledged = cursor;
  }
}
