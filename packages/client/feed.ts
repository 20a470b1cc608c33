// All subscriptions of a client, and what brings them their messages: the lanes and attachments of a socket, or polls. Moving between the two loses and repeats
// nothing, because each delivery goes on from its own cursor (6.2.8, 6.3.2).
import type { Environment } from './api.ts';
import type { Call } from './calls.ts';
import type { Flow } from './connection.ts';
import type { Arrival, Delivery } from './delivery.ts';
import type { Durable } from './durable.ts';
import type { GodwitError } from './errors.ts';
import { Polls } from './polls.ts';
import { SocketLanes } from './socket-lanes.ts';
import type { Socket, SocketEvent } from './transports/websocket.ts';

/** A subscription, as the feed and the client hold it. */
export interface Subscriber {
  readonly delivery: Delivery;
  readonly durable: Durable | undefined;
  /** Ends it as its holder would. */
  close(): Promise<void>;
}

export interface FeedOptions {
  readonly environment: Environment;
  /** Asks over HTTP, once. */
  readonly ask: Call;
  readonly pollWait: number;
  /** The server does not answer polls any more. */
  readonly lost: (error: unknown) => void;
}

export class Feed implements Flow {
  /** All that have not let go: those whose place is still looked up and those that finish what they have in hand too. */
  readonly #subscribers = new Set<Subscriber>();
  readonly #byDelivery = new Map<Delivery, Subscriber>();
  readonly #durables = new Map<string, Durable>();
  readonly #polls: Polls;
  readonly #environment: Environment;
  #socket: Socket | undefined;
  #lanes: SocketLanes | undefined;
  #added: Delivery[] = [];
  /** Stands furthest where this transport began, and speaks for all: is its place of this log, then theirs are. */
  #furthest: Delivery | undefined;

  constructor(options: FeedOptions) {
    this.#environment = options.environment;
    this.#polls = new Polls({ ...options, wait: options.pollWait, deliveries: () => this.#unnamed(), durables: () => this.#durables.values() });
  }

  subscribers(): Subscriber[] {
    return [...this.#subscribers];
  }

  hasDurable(name: string): boolean {
    return this.#durables.has(name);
  }

  /** Resolves when those of this name that have ended have let go of it; undefined where there are none. */
  leaving(name: string): Promise<unknown> | undefined {
    const leaving = this.subscribers().filter(({ durable }) => durable?.name === name);
    return leaving.length === 0 ? undefined : Promise.all(leaving.map((subscriber) => subscriber.close()));
  }

  /** Keeps a subscription until it has left. */
  enter(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  /** Brings a subscription its messages; those of one turn of the event loop are opened together. */
  begin(subscriber: Subscriber): void {
    const { delivery, durable } = subscriber;
    this.#byDelivery.set(delivery, subscriber);
    if (durable !== undefined) {
      this.#durables.set(durable.name, durable);
      if (this.#socket !== undefined) void durable.attach(this.#socket);
    } else {
      if (this.#added.length === 0) queueMicrotask(() => this.#open());
      this.#added.push(delivery);
    }
    this.#polls.changed();
  }

  /** Brings it nothing more. `left`: when it has let go. */
  remove(subscriber: Subscriber, left: Promise<void>): void {
    const { delivery, durable } = subscriber;
    void left.then(() => this.#subscribers.delete(subscriber));
    if (!this.#byDelivery.delete(delivery)) return;
    if (durable !== undefined) this.#durables.delete(durable.name);
    else this.#lanes?.remove(delivery);
    this.#polls.changed();
  }

  /** A delivery that had left its stream has room again. */
  rejoin(delivery: Delivery): void {
    if (!this.#byDelivery.has(delivery) || this.#byDelivery.get(delivery)?.durable !== undefined) return;
    this.#lanes?.add([delivery]);
    this.#polls.changed();
  }

  overSocket(socket: Socket): void {
    this.#socket = socket;
    this.#lanes = new SocketLanes(socket, this.#environment);
    this.#added = [];
    this.#doubt();
    const open = [...this.#unnamed()].filter(({ isBehind }) => !isBehind);
    if (open.length > 0) this.#lanes.add(open);
    for (const durable of this.#durables.values()) void durable.attach(socket);
  }

  overPolls(): void {
    this.#doubt();
    this.#polls.start();
  }

  stop(): void {
    this.#socket = undefined;
    this.#lanes = undefined;
    this.#polls.stop();
  }

  event({ messageId, timestamp, payload }: SocketEvent, bytes: number): void {
    const { subscription, topic, cursor, data } = payload;
    const arrival: Arrival = { messageId, topic, cursor, timestamp, data, redelivered: payload.redelivered === true };
    const durable = this.#durables.get(subscription);
    if (durable === undefined) this.#lanes?.event(subscription, arrival, bytes);
    else durable.event(arrival, bytes);
  }

  notice(name: string, data: Record<string, unknown>): void {
    const subscription = String(data['subscription']);
    const durable = this.#durables.get(subscription);
    if (name === 'heartbeat') {
      const cursor = String(data['cursor']);
      this.#lanes?.heartbeat(cursor);
      for (const each of this.#durables.values()) each.heartbeat(cursor);
    } else if (name === 'gap') {
      const { from, to } = data as { from: string; to: string };
      if (durable === undefined) this.#lanes?.gap(subscription, from, to);
      else durable.delivery.gap(from, to);
    } else if (name === 'detached') {
      const reason = String(data['reason']);
      if (durable === undefined) this.#lanes?.detached(subscription, reason);
      else durable.detached(reason);
    }
  }

  /**
   * The store may be another by now, or one that was restored and lacks what these have seen (clause 1). Lanes begin at places that it knows, and would hide those that
   * it does not: so the furthest is asked after, and all are where that is none of its own.
   */
  #doubt(): void {
    let furthest: Delivery | undefined;
    let nearest: string | undefined;
    for (const delivery of this.#unnamed()) {
      const { received, isBehind } = delivery;
      if (received === undefined || received === '') continue;
      if (isBehind) delivery.isUnproven = true;
      else if (furthest === undefined || received > (furthest.received ?? '')) furthest = delivery;
      if (nearest === undefined || received < nearest) nearest = received;
    }
    this.#furthest = furthest?.received === nearest ? undefined : furthest;
    if (this.#furthest !== undefined) this.#furthest.isUnproven = true;
  }

  /** A delivery has failed. */
  failed(delivery: Delivery, error: unknown): void {
    if (delivery !== this.#furthest || (error as GodwitError).code !== 'INVALID_CURSOR') return;
    this.#furthest = undefined;
    const others = [...this.#unnamed()].filter(({ received }) => received !== undefined && received !== '');
    for (const other of others) other.isUnproven = true;
    this.#lanes?.add(others.filter(({ isBehind }) => !isBehind));
    this.#polls.changed();
  }

  *#unnamed(): Iterable<Delivery> {
    for (const { delivery, durable } of this.#byDelivery.values()) if (durable === undefined) yield delivery;
  }

  #open(): void {
    const added = this.#added.filter((delivery) => this.#byDelivery.has(delivery));
    this.#added = [];
    if (added.length > 0) this.#lanes?.add(added);
  }
}
