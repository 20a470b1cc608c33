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
import { gathered } from './waits.ts';

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

/** What brings a subscription its messages, and hears what the server says of it. Those that are made for one subscription need no id of it. */
interface Stream {
  event(arrival: Arrival, bytes: number, id: string): void;
  /** Everything that matches was sent up to here (5.1.3). */
  heartbeat(cursor: string): void;
  gap(from: string, to: string, id: string): void;
  detached(reason: string, id: string): void;
}

export class Feed implements Flow {
  /** All that have not let go: those whose place is still looked up and those that finish what they have in hand too. */
  readonly #subscribers = new Set<Subscriber>();
  /** Those that are brought their messages. */
  readonly #unnamed = new Set<Delivery>();
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
    this.#polls = new Polls({ ...options, wait: options.pollWait, deliveries: this.#unnamed, durables: () => this.#durables.values() });
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
  begin({ delivery, durable }: Subscriber): void {
    if (durable) {
      this.#durables.set(durable.name, durable);
      if (this.#socket) void durable.attach(this.#socket);
    } else {
      this.#unnamed.add(delivery);
      this.#added.push(delivery);
      this.#open();
    }
    this.#polls.changed();
  }

  /** Brings it nothing more. `left`: when it has let go. */
  remove(subscriber: Subscriber, left: Promise<void>): void {
    const { delivery, durable } = subscriber;
    void left.then(() => this.#subscribers.delete(subscriber));
    if (this.#unnamed.delete(delivery)) this.#lanes?.remove(delivery);
    else if (durable && this.#durables.get(durable.name) === durable) this.#durables.delete(durable.name);
    this.#polls.changed();
  }

  /** A delivery that had left its stream has room again. */
  rejoin(delivery: Delivery): void {
    if (!this.#unnamed.has(delivery)) return;
    this.#lanes?.add([delivery]);
    this.#polls.changed();
  }

  overSocket(socket: Socket): void {
    this.#socket = socket;
    this.#lanes = new SocketLanes(socket, this.#environment);
    this.#added = [];
    this.#doubt();
    this.#lanes.add([...this.#unnamed].filter(({ isBehind }) => !isBehind));
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
    const { subscription, topic, cursor, data, redelivered = false } = payload;
    this.#streamOf(subscription)?.event({ messageId, topic, cursor, timestamp, data, redelivered }, bytes, subscription);
  }

  notice(name: string, data: Record<string, unknown>): void {
    const { subscription, cursor, from, to, reason } = data as Record<'subscription' | 'cursor' | 'from' | 'to' | 'reason', string>;
    if (name === 'heartbeat') for (const stream of [this.#lanes, ...this.#durables.values()]) stream?.heartbeat(cursor);
    else if (name === 'gap') this.#streamOf(subscription)?.gap(from, to, subscription);
    else if (name === 'detached') this.#streamOf(subscription)?.detached(reason, subscription);
  }

  #streamOf(subscription: string): Stream | undefined {
    return this.#durables.get(subscription) ?? this.#lanes;
  }

  /**
   * The store may be another by now, or one that was restored and lacks what these have seen (clause 1). Lanes begin at places that it knows, and would hide those that
   * it does not: so the furthest is asked after, and all are where that is none of its own.
   */
  #doubt(): void {
    let furthest: Delivery | undefined;
    let nearest: string | undefined;
    for (const delivery of this.#unnamed) {
      const { received, isBehind } = delivery;
      if (!received) continue;
      if (isBehind) delivery.isUnproven = true;
      else if (received > (furthest?.received ?? '')) furthest = delivery;
      if (!(nearest && nearest < received)) nearest = received;
    }
    this.#furthest = furthest?.received === nearest ? undefined : furthest;
    if (this.#furthest) this.#furthest.isUnproven = true;
  }

  /** A delivery has failed. */
  failed(delivery: Delivery, error: unknown): void {
    if (delivery !== this.#furthest || (error as GodwitError).code !== 'INVALID_CURSOR') return;
    this.#furthest = undefined;
    const others = [...this.#unnamed].filter(({ received }) => received);
    for (const other of others) other.isUnproven = true;
    this.#lanes?.add(others.filter(({ isBehind }) => !isBehind));
    this.#polls.changed();
  }

  readonly #open = gathered(() => {
    this.#lanes?.add(this.#added.filter((delivery) => this.#unnamed.has(delivery)));
    this.#added = [];
  });
}
