// One connection that lasts: who it is, what it follows, and a bounded outbox. What gathers for it within one turn of the event loop leaves in one write; past the
// high-water mark its subscriptions leave the feed and go on from the log when it has drained (6.2.10).
import { hash } from 'node:crypto';
import { BOUNDS, ProtocolError, UNNAMED } from '@godwit/protocol';
import { readableCollections, stillCovered } from '../core/access.ts';
import type { Identity, Parking } from '../core/call.ts';
import type { Durable } from '../core/durables.ts';
import type { Encoder, Group, Sink } from '../core/feed.ts';
import { Follower, type Outlet } from '../core/follower.ts';
import type { Session } from '../core/session.ts';
import type { LogFilter } from '../ports/storage.ts';
import { Attachment } from './attachment.ts';
import type { Connections } from './connections.ts';
import { tooManyInProgress } from './in-progress.ts';
import { MessageRate } from './message-rate.ts';
import type { NoticeTopic } from './notice.ts';

/** What leaves together: bytes as they are, texts as a message each. */
export type Outgoing = Buffer | string | (Buffer | string)[];

/** What carries a connection: bytes as they are, text as one message. */
export interface Link {
  readonly transport: 'websocket' | 'sse';
  readonly address: string;
  /** Takes shared bytes as they are; missing where something has to be done with them. */
  readonly sink?: Sink;
  /** One write for all of it. Whether it has all been taken: if not, look at `queued`, and hear of it when it has drained. */
  write(out: Outgoing): boolean;
  /** Bytes that wait in it. */
  readonly queued: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Proves that this side lives, and how far it is (5.1.3): `text` is the notice that says so. */
  beat(text: string, cursor: string): void;
  /** Ends it in order, with a close code where the medium has them. */
  close(code: number, reason: string): void;
  /** Ends it at once. */
  terminate(): void;
}

/** Responses that nobody reads: past so many times the high-water mark the connection is ended (1013). */
const HOPELESS = 8;

/** The id of an unnamed subscription: its patterns, or a hash of them (6.2.3). */
export const unnamedId = (patterns: readonly string[]): string => {
  const id = `${UNNAMED}${patterns.join(',')}`;
  return id.length <= 128 ? id : `${UNNAMED}${hash('sha256', patterns.join(','), 'base64url')}`;
};

export class Connection implements Outlet, Session, Parking {
  readonly connectionId: string;
  identity: Identity;
  readonly instance: string | undefined;
  readonly link: Link;
  readonly encoder: Encoder;
  readonly openedAt: number;
  readonly closesAt: number;
  #rate: MessageRate | undefined;
  received = 0;
  silentVisits = 0;
  lastBeat: number;
  seenRead = 0;
  seenDrained = 0;
  warned = false;
  isClosed = false;
  stopExpiry: (() => void) | undefined;
  readonly #home: Connections;
  #followers: Map<string, Follower> | undefined;
  #waiting: Set<() => void> | undefined;
  #out: Outgoing | undefined;
  #outBytes = 0;
  /** Somebody was told to wait for what only gathers here, so no socket will tell them to go on. */
  #held = false;
  #wasCongested = false;

  constructor(home: Connections, identity: Identity, link: Link, encoder: Encoder, instance: string | undefined, closesAt: number) {
    const now = home.clock.now();
    this.#home = home;
    this.connectionId = home.ids.uuid();
    this.identity = identity;
    this.link = link;
    this.encoder = encoder;
    this.instance = instance;
    this.openedAt = now;
    this.lastBeat = now;
    this.closesAt = closesAt;
  }

  /** Made with the first message: most connections only listen. */
  get rate(): MessageRate {
    this.#rate ??= new MessageRate(this.messagesPerSecond, this.#home.clock.now());
    return this.#rate;
  }

  get messagesPerSecond(): number {
    return this.identity.limits.messagesPerSecond ?? this.#home.settings.messagesPerSecond;
  }

  get subscriptions(): number {
    return this.#followers?.size ?? 0;
  }

  get queued(): number {
    return this.link.queued + this.#outBytes;
  }

  get congested(): boolean {
    if (this.#wasCongested) return true;
    // What the link took, however much, is no reason to wait: it will not say when it has drained.
    if (this.#out === undefined || this.queued <= this.#home.settings.maxQueuedBytes) return false;
    this.#held = true;
    return true;
  }

  /** Takes bytes that others may share. */
  send(bytes: Buffer): void {
    this.#push(bytes, bytes.length);
  }

  get sink(): Sink | undefined {
    return this.link.sink;
  }

  /** Takes one message of this connection's own. */
  sendText(text: string): void {
    this.#push(text, text.length);
  }

  #push(item: Buffer | string, size: number): void {
    if (this.isClosed) return;
    this.#outBytes += size;
    const out = this.#out;
    if (out === undefined) {
      this.#out = item;
      this.#home.gathered(this);
    } else if (Array.isArray(out)) out.push(item);
    else this.#out = [out, item];
  }

  /** What gathered leaves in one write. */
  flush(): void {
    const out = this.#out;
    const held = this.#held && !this.#wasCongested;
    this.#out = undefined;
    this.#outBytes = 0;
    this.#held = false;
    if (!this.isClosed && out !== undefined) this.#write(out, held);
  }

  #write(out: Outgoing, held: boolean): void {
    // What the link took at once needs no second look: a look at its queue is most of what a delivery costs.
    if (!this.link.write(out)) this.filled();
    if (held && !this.#wasCongested && !this.isClosed) this.drained();
  }

  filled(): void {
    const { queued } = this.link;
    const mark = this.#home.settings.maxQueuedBytes;
    if (queued <= mark) return;
    if (queued > mark * HOPELESS + this.#home.settings.maxBatchBytes) return this.close(1013, 'too slow');
    this.#wasCongested = true;
    if (this.#followers !== undefined) for (const follower of this.#followers.values()) follower.fallBehind();
  }

  /** The link has drained: whoever fell behind goes on. */
  drained(): void {
    this.#wasCongested = false;
    if (this.#followers !== undefined) for (const follower of this.#followers.values()) follower.resume();
  }

  notice(topic: NoticeTopic, data: unknown): void {
    const text = this.encoder.notice(topic, data);
    if (text !== undefined) this.sendText(text);
  }

  gap(subscription: string, from: string, to: string): void {
    this.notice('gap', { subscription, from, to });
  }

  subscribe(filter: LogFilter, place: number): { id: string; start: () => void } {
    const id = unnamedId(filter.patterns);
    this.#makeRoom(id);
    const { feed } = this.#home;
    const follower = new Follower(feed, feed.hold(id, filter.patterns, filter.collections, this.encoder), this, place);
    this.#keep(id, follower);
    return { id, start: () => follower.start() };
  }

  /** Ends the one of this id; throws `CONFLICT` where the connection has as many others as it may (6.2.3). */
  #makeRoom(id: string): void {
    if (this.#end(id) || this.subscriptions < BOUNDS.subscriptionsPerConnection) return;
    throw new ProtocolError('CONFLICT', `A connection has at most ${BOUNDS.subscriptionsPerConnection} subscriptions.`, {
      limit: BOUNDS.subscriptionsPerConnection,
    });
  }

  #keep(id: string, follower: Follower): void {
    this.#followers ??= new Map();
    this.#followers.set(id, follower);
    // It may have closed while the operation was on its way.
    if (this.isClosed) this.#end(id);
  }

  #end(id: string): boolean {
    const follower = this.#followers?.get(id);
    if (follower === undefined) return false;
    this.#followers?.delete(id);
    follower.end();
    return true;
  }

  unsubscribe(id: string): boolean {
    return id.startsWith(UNNAMED) && this.#end(id);
  }

  attach(durable: Durable, filter: LogFilter): { start: () => void } {
    this.#makeRoom(durable.name);
    const { feed, durables, clock, settings } = this.#home;
    const hold = (patterns: readonly string[], collections: LogFilter['collections']): Group => feed.hold(durable.name, patterns, collections, this.encoder);
    const attachment = new Attachment(
      {
        feed,
        durables,
        clock,
        maxOutstanding: settings.maxOutstanding,
        onDetached: ({ name }, reason) => {
          this.#followers?.delete(name);
          this.notice('detached', { subscription: name, reason });
        },
        groupFor: ({ topics }) => (topics.every((pattern) => this.#covers(pattern)) ? hold(topics, readableCollections(this.identity)) : undefined),
      },
      hold(filter.patterns, filter.collections),
      this,
      durable,
    );
    this.#keep(durable.name, attachment);
    return { start: () => attachment.start() };
  }

  detach(durable: Durable): boolean {
    const follower: unknown = this.#followers?.get(durable.name);
    return follower !== undefined && follower === durable.attachment && this.#end(durable.name);
  }

  #covers(pattern: string): boolean {
    return stillCovered(this.identity, this.#home.collections, pattern);
  }

  renew(identity: Identity): void {
    const before = JSON.stringify(readableCollections(this.identity));
    this.identity = identity;
    this.#home.watchExpiry(this);
    // They wait for what the former credentials might read; asked again, it is what these may.
    this.#endWaits();
    const collections = readableCollections(identity);
    const changed = JSON.stringify(collections) !== before;
    for (const [id, follower] of this.#followers ?? []) {
      if (!follower.group.patterns.every((pattern) => this.#covers(pattern))) {
        this.#end(id);
        this.notice('detached', { subscription: id, reason: 'forbidden' });
      } else if (changed) follower.changeRights(this.#home.feed.hold(follower.group.subscription, follower.group.patterns, collections, this.encoder));
    }
  }

  /** The place up to which all that its subscriptions match has been sent (5.1.3). */
  get position(): number {
    let place = this.#home.feed.delivered;
    if (this.#followers !== undefined) for (const follower of this.#followers.values()) place = Math.min(place, follower.position);
    return place;
  }

  /** Whether something came, or left, since it was asked last. */
  stirred(): boolean {
    const { bytesRead, bytesWritten, queued } = this.link;
    const drained = bytesWritten - queued;
    const stirred = bytesRead !== this.seenRead || (queued > 0 && drained !== this.seenDrained);
    this.seenRead = bytesRead;
    this.seenDrained = drained;
    return stirred;
  }

  /** A request of its that waits for a message ends with it (6.3.1). Throws `TOO_MANY_CONNECTIONS` beyond 100 of them. */
  async park(wait: () => Promise<void>, gone: () => void): Promise<void> {
    this.#waiting ??= new Set();
    if (this.#waiting.size >= BOUNDS.inProgressPerClient) throw tooManyInProgress('Too many requests of this connection wait for a message.');
    this.#waiting.add(gone);
    // It may have closed while the operation was on its way.
    if (this.isClosed) gone();
    try {
      await wait();
    } finally {
      this.#waiting.delete(gone);
    }
  }

  /** Whoever waits for a message is answered, or not, at once. */
  #endWaits(): void {
    if (this.#waiting !== undefined) for (const gone of this.#waiting) gone();
  }

  /** Says goodbye and ends it. */
  close(code: number, reason: string): void {
    if (this.isClosed) return;
    this.flush();
    if (this.isClosed) return;
    this.ended();
    this.link.close(code, reason);
  }

  /** It is over, whoever ended it. */
  ended(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#out = undefined;
    this.#outBytes = 0;
    this.stopExpiry?.();
    if (this.#followers !== undefined) for (const follower of this.#followers.values()) follower.end();
    this.#followers = undefined;
    this.#endWaits();
    this.#home.removed(this);
  }
}
