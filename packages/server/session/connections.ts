// Everyone who is connected (7.1.2, 11.5): counted by client, found by key and instance, kept alive by one shared timer (5.1.3, 7.2.3).
import { ProtocolError, type Settings } from '@godwit/protocol';
import type { Identity } from '../core/call.ts';
import type { Collections } from '../core/collections.ts';
import type { Durables } from '../core/durables.ts';
import type { Encoder, Feed, Outlets } from '../core/feed.ts';
import type { Keys } from '../core/keys.ts';
import { wireTime } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { Connection, type Link } from './connection.ts';
import { tokenExpired, unauthenticated } from './identify.ts';
import { noticeText } from './notice.ts';

export interface ConnectionsOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly feed: Feed;
  readonly durables: Durables;
  readonly collections: Collections;
  readonly keys: Keys;
}

/** So many connections that wait make a fan-out. */
const MANY = 64;
const MOST_GATHERING_MS = 2;
/** What is written in one turn of the event loop; whoever has to wait for the next gathers meanwhile. */
const FLUSH_MS = 8;
/** Each connection is visited in one of so many slices, so that ten thousand heartbeats do not fall on one moment. */
const SLICES = 16;
/** An event stream hears something at every visit, and proxies want that every 15 s (6.3.3). */
const LONGEST_ROUND_MS = 12_000;
const SHORTEST_ROUND_MS = 32;
const SILENT_INTERVALS = 2;
const WARNING_MS = 60_000;
const LIFETIME_SPREAD = 0.1;
const RECONNECT_SPREAD_MS = 1000;

/** A poll that waits. */
interface Poll {
  readonly keyId: string;
  readonly end: (reason: ProtocolError) => void;
}

const REVOKED = 'The credentials were revoked.';

export class Connections implements Outlets {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly feed: Feed;
  readonly durables: Durables;
  readonly collections: Collections;
  readonly #slices: Set<Connection>[] = Array.from({ length: SLICES }, () => new Set());
  readonly #byId = new Map<string, Connection>();
  readonly #counts = new Map<string, number>();
  readonly #instances = new Map<string, Connection>();
  #gathered: Connection[] = [];
  #next = 0;
  #slice = 0;
  #stop: () => void = () => {};
  readonly #polls = new Set<Poll>();
  readonly #keys: Keys;

  constructor(options: ConnectionsOptions) {
    this.settings = options.settings;
    this.clock = options.clock;
    this.ids = options.ids;
    this.feed = options.feed;
    this.durables = options.durables;
    this.collections = options.collections;
    this.feed.outlets = this;
    this.#keys = options.keys;
    options.keys.onRemoved((keyId) => {
      for (const poll of [...this.#polls]) if (poll.keyId === keyId) poll.end(unauthenticated(REVOKED));
      for (const connection of this.all()) if (connection.identity.keyId === keyId) connection.close(4300, 'credentials revoked');
    });
    const { heartbeatInterval, connectionLifetime } = this.settings;
    const visits = Math.max(2, Math.ceil(heartbeatInterval / LONGEST_ROUND_MS));
    this.#round = Math.min(heartbeatInterval / visits, Math.max(SHORTEST_ROUND_MS, connectionLifetime / 20));
    this.#mostSilentVisits = Math.ceil((SILENT_INTERVALS * heartbeatInterval) / this.#round);
    this.#tick();
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): Connection[] {
    return [...this.#byId.values()];
  }

  get(id: string): Connection | undefined {
    return this.#byId.get(id);
  }

  count(transport: Link['transport']): number {
    return this.all().filter(({ link }) => link.transport === transport).length;
  }

  #limit(identity: Identity): number {
    return identity.limits.connectionsPerClient ?? this.settings.connectionsPerClient;
  }

  /** Throws `TOO_MANY_CONNECTIONS` where the client has as many as it may; one that replaces another counts for it (5.5). */
  checkRoom(identity: Identity, instance?: string): void {
    const replaces = instance !== undefined && this.#instances.has(instanceKey(identity, instance));
    const limit = this.#limit(identity);
    if ((this.#counts.get(identity.client) ?? 0) - (replaces ? 1 : 0) < limit) return;
    throw new ProtocolError(
      'TOO_MANY_CONNECTIONS',
      'This client has as many connections as it may.',
      { limit, retryAfterMs: 1000 },
      { headers: { 'retry-after': '1' } },
    );
  }

  /** Takes a connection in, after `checkRoom`. One of the same client and instance is replaced (5.5). */
  open(identity: Identity, link: Link, encoder: Encoder, instance?: string): Connection {
    if (instance !== undefined) this.#instances.get(instanceKey(identity, instance))?.close(4301, 'replaced by a newer connection');
    const { connectionLifetime } = this.settings;
    // Long lives are shortened at random, in few steps, so that what began together does not end together.
    const closesAt = this.clock.now() + connectionLifetime * (1 - (Math.floor(Math.random() * 32) / 32) * LIFETIME_SPREAD);
    const connection = new Connection(this, identity, link, encoder, instance, closesAt);
    this.#byId.set(connection.connectionId, connection);
    (this.#slices[this.#next++ % SLICES] as Set<Connection>).add(connection);
    if (instance !== undefined) this.#instances.set(instanceKey(identity, instance), connection);
    this.#enter(identity.client);
    this.watchExpiry(connection);
    return connection;
  }

  removed(connection: Connection): void {
    this.#byId.delete(connection.connectionId);
    for (const slice of this.#slices) if (slice.delete(connection)) break;
    const { identity, instance } = connection;
    if (instance !== undefined && this.#instances.get(instanceKey(identity, instance)) === connection) this.#instances.delete(instanceKey(identity, instance));
    this.#leave(identity.client);
  }

  #enter(client: string): void {
    this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1);
  }

  #leave(client: string): void {
    const count = this.#counts.get(client) ?? 0;
    if (count <= 1) this.#counts.delete(client);
    else this.#counts.set(client, count - 1);
  }

  /**
   * Counts a parked poll in; the returned function counts it out. `end` is told when its credentials end before that (11.1). Throws `TOO_MANY_CONNECTIONS`, and
   * `UNAUTHENTICATED` where they ended while the poll was on its way here.
   */
  park(identity: Identity, end: (reason: ProtocolError) => void): () => void {
    this.checkRoom(identity);
    if (this.#keys.get(identity.keyId) === undefined) throw unauthenticated(REVOKED);
    const { expiresAt, keyId } = identity;
    const poll: Poll = { keyId, end };
    const stop = expiresAt === null ? undefined : this.clock.after(Math.max(0, expiresAt - this.clock.now()), () => end(tokenExpired()));
    this.#enter(identity.client);
    this.#polls.add(poll);
    return () => {
      stop?.();
      this.#leave(identity.client);
      this.#polls.delete(poll);
    };
  }

  get parked(): number {
    return this.#polls.size;
  }

  /** Something waits for a connection: it leaves when this turn of the event loop is over. */
  gathered(connection: Connection): void {
    if (this.#gathered.push(connection) === 1) setImmediate(this.#turnOver);
  }

  /**
   * A write per connection is what a fan-out costs, whatever is in it. So where many wait and another commit is on its way, they wait for that one too, but not
   * longer than is noticed; publishes that go on side by side so fall into step.
   */
  readonly #turnOver = (): void => {
    if (this.#gathered.length < MANY || !this.feed.storage.isWriting) this.#flush();
    else this.#overdue ??= setTimeout(this.#flush, MOST_GATHERING_MS);
  };

  get areEmpty(): boolean {
    return this.#gathered.length === 0;
  }

  delivered(): void {
    if (this.#overdue !== undefined) setImmediate(this.#turnOver);
  }

  #overdue: NodeJS.Timeout | undefined;

  readonly #flush = (): void => {
    clearTimeout(this.#overdue);
    this.#overdue = undefined;
    const gathered = this.#gathered;
    const end = performance.now() + FLUSH_MS;
    let done = 0;
    // The clock is asked now and then only: most writes take microseconds, those of five thousand that catch up at once not.
    while (done < gathered.length && (done % 32 !== 0 || done === 0 || performance.now() < end)) (gathered[done++] as Connection).flush();
    this.#gathered = gathered.slice(done);
    if (this.#gathered.length > 0) setImmediate(this.#flush);
  };

  /** Warns a minute before the credentials of a connection expire, and ends it when they do (5.4). */
  watchExpiry(connection: Connection): void {
    connection.stopExpiry?.();
    const { expiresAt } = connection.identity;
    if (expiresAt === null) return;
    const left = expiresAt - this.clock.now();
    const expire = (): void => connection.close(4200, 'credentials expired');
    const warn = (): void => {
      connection.notice('expiring', { expiresAt: wireTime(expiresAt) });
      connection.stopExpiry = this.clock.after(Math.max(0, expiresAt - this.clock.now()), expire);
    };
    // A stream without notices only ends.
    if (connection.link.transport === 'sse') connection.stopExpiry = this.clock.after(Math.max(0, left), expire);
    else connection.stopExpiry = this.clock.after(Math.max(0, left - WARNING_MS), warn);
  }

  /** How often every connection is visited: some times an interval, and often enough for its lifetime. */
  readonly #round: number;
  /**
   * After which a connection counts as dead (5.1.3). Visits, not the time between them: where this process stood still (stopped, a machine that slept), what came meanwhile
   * has yet to be read, and nobody has been silent.
   */
  readonly #mostSilentVisits: number;

  #tick(): void {
    this.#stop = this.clock.after(this.#round / SLICES, () => {
      this.#visit();
      this.#tick();
    });
  }

  #visit(): void {
    const now = this.clock.now();
    const slice = this.#slices[this.#slice] as Set<Connection>;
    let beat: { readonly place: number; readonly cursor: string; readonly text: string } | undefined;
    const { heartbeatInterval } = this.settings;
    for (const connection of slice) {
      // An event stream says nothing back: what it takes is all that shows that it lives.
      const isSilent = !connection.stirred() && (connection.link.transport === 'websocket' || connection.link.queued > 0);
      connection.silentVisits = isSilent ? connection.silentVisits + 1 : 0;
      if (connection.silentVisits >= this.#mostSilentVisits) {
        connection.close(4001, 'heartbeat missed');
        continue;
      }
      if (now >= connection.closesAt) {
        connection.close(4000, 'lifetime reached');
        continue;
      }
      if (!connection.warned && now >= connection.closesAt - this.#round * 2) {
        connection.warned = true;
        if (connection.link.transport === 'websocket')
          connection.notice('goaway', {
            reason: 'lifetime',
            closesAt: wireTime(connection.closesAt),
            reconnectAfterMs: Math.floor(Math.random() * RECONNECT_SPREAD_MS),
          });
      }
      if (connection.link.transport === 'sse' || now - connection.lastBeat >= heartbeatInterval - this.#round / 2) {
        connection.lastBeat = now;
        // The cursor says what has been sent, so it must not overtake what still gathers.
        connection.flush();
        const place = connection.position;
        if (beat?.place !== place) {
          const cursor = this.feed.cursors.format(place);
          beat = { place, cursor, text: noticeText(this.clock, this.ids, 'heartbeat', { cursor }) };
        }
        connection.link.beat(beat.text, beat.cursor);
      }
    }
    this.#slice = (this.#slice + 1) % SLICES;
  }

  /** Tells everyone to go elsewhere, spread over `spreadMs`, and lets the polls go (12.2). */
  announceEnd(spreadMs: number): void {
    this.#stop();
    this.feed.wakeAll();
    for (const connection of this.all()) {
      connection.notice('goaway', { reason: 'restart', closesAt: wireTime(this.clock.now()), reconnectAfterMs: Math.floor(Math.random() * spreadMs) });
    }
  }

  /** Ends every connection in order, a few in each turn of the event loop; the function that it resolves with does not wait for those that say nothing back. */
  async end(): Promise<() => void> {
    const connections = this.all();
    for (const connection of connections) this.feed.turns.push(() => connection.close(1012, 'restart'));
    await new Promise<void>((resolve) => this.feed.turns.push(resolve));
    return () => {
      for (const { link } of connections) link.terminate();
    };
  }
}

const instanceKey = (identity: Identity, instance: string): string => `${identity.client}\0${instance}`;
