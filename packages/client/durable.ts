// A durable subscription (6.2.4 to 6.2.7): made once, then attached over a WebSocket or pulled without one; what its handler finished is acknowledged, gathered.
// The place that counts after a crash is the server's; within this process the delivery's own place keeps what comes again from being handed over twice.
import type { Environment } from './api.ts';
import type { Call } from './calls.ts';
import type { Arrival, Delivery } from './delivery.ts';
import { asError, type GodwitError, isOfTheWay } from './errors.ts';
import type { Socket } from './transports/websocket.ts';
import { Alarm, pause, retryWait } from './waits.ts';

/** How long acknowledgements are gathered; a redelivery comes after 30 s, and a crash repeats about this much. */
const GATHER_MS = 100;

export interface DurableOptions {
  readonly environment: Environment;
  readonly call: Call;
  readonly delivery: Delivery;
  readonly name: string;
  readonly after: string | undefined;
  readonly ackWait: string | undefined;
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
  #attachedTo: Socket | undefined;
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

  /** Makes sure that it exists; false where it was refused. Rejects where the server was not reached. */
  create(): Promise<boolean> {
    this.#created ??= this.#create();
    return this.#created;
  }

  async #create(): Promise<boolean> {
    const { call, name, after, ackWait, delivery } = this.#options;
    try {
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
        if (!(await this.create())) return;
        await socket.ask('POST', `${this.path}/attach`, undefined, ({ data }) => {
          this.#attachedTo = socket;
          this.#begin((data as { cursor: string }).cursor);
        });
        this.finished();
        return;
      } catch (error) {
        if (!socket.isOpen) return;
        const failure = asError(error);
        if (failure.code === 'NOT_FOUND') return delivery.outcome.ended('deleted');
        if (!failure.retryable && !isOfTheWay(failure)) return delivery.outcome.failed(failure);
        await pause(environment.clock, retryWait(attempt, environment.random, failure.details.retryAfterMs));
      }
    }
  }

  event(arrival: Arrival, bytes: number): void {
    const { finished } = this.delivery;
    // It came again although it was done: the acknowledgement was lost.
    if (finished !== undefined && arrival.cursor <= finished && this.#acknowledged < finished) this.finished();
    this.delivery.offer(arrival, bytes);
  }

  /** With nothing to do up to `cursor`, its place moves on, so that it does not age (5.1.3). */
  heartbeat(cursor: string): void {
    if (this.delivery.isIdle && this.#attachedTo?.isOpen) this.delivery.advance(cursor);
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
        await call('POST', `${this.path}/ack`, { data: { cursor } });
        this.acknowledged(cursor);
      } catch (error) {
        if ((error as GodwitError).code === 'NOT_FOUND') delivery.outcome.ended('deleted');
        else if (!(error as GodwitError).retryable) report(error);
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
