// The feed: what was just committed, to everyone who follows it and is not behind (6.2.8, 6.2.10). Each message is encoded once per subscription id
// and those bytes go to every follower of the group. Who falls behind leaves and reads the log until it has caught up.
import { firstSegment, matcher } from '@godwit/protocol';
import type { Commit, LogFilter, Storage, StoredMessage } from '../ports/storage.ts';
import type { LogCursors } from './log.ts';
import { RECENT, type RecentBounds, RecentMessages } from './recent.ts';
import { RouteTree } from './route-tree.ts';
import { Turns } from './turns.ts';

/** How a medium writes messages down. The bytes may go to many sockets, so nobody may change them. */
export interface Encoder {
  /** Tells media apart. */
  readonly medium: string;
  encode(subscription: string, messages: readonly StoredMessage[], redelivered: boolean): Buffer;
  /** A notice of the server's own (`welcome`, `gap`), undefined where the medium does not know it. */
  notice(topic: string, data: unknown): string | undefined;
}

/** Takes bytes at once, as a socket does; false where they wait in it. */
export interface Sink {
  write(bytes: Buffer): boolean;
}

/** What takes part in a group: a follower of a live subscription. */
export interface Member {
  /** Where it stands in its group; kept by the group. */
  slot: number;
  /** Where bytes may go past it while nothing gathers in any outlet; undefined where it has to see each message. */
  readonly sink: Sink | undefined;
  /** Takes bytes that others get too. */
  deliver(bytes: Buffer, messages: readonly StoredMessage[]): void;
  /** Bytes wait in its sink. */
  filled(): void;
}

/** Where all deliveries gather. */
export interface Outlets {
  /** Nothing gathers in any of them. */
  readonly areEmpty: boolean;
  /** The messages of a commit have been handed to their followers. */
  delivered(): void;
}

const NO_OUTLETS: Outlets = { areEmpty: false, delivered: () => {} };

/** A stretch of the log, matched; `cursor` is how far it goes. */
export interface Stretch {
  readonly messages: readonly StoredMessage[];
  readonly cursor: number;
}

interface Page extends Stretch {
  readonly after: number;
  readonly until: number;
  readonly bytes: Buffer | undefined;
}

/** Followers whose bytes are the same: one id, one medium, one right to read. */
export class Group {
  readonly key: string;
  readonly subscription: string;
  readonly patterns: readonly string[];
  readonly collections: '*' | ReadonlySet<string>;
  readonly encoder: Encoder;
  readonly members: Member[] = [];
  /** Of each member its sink. */
  readonly sinks: (Sink | undefined)[] = [];
  /** Followers that hold it, in the feed or behind it. */
  holders = 0;
  /** What matched of the commit that is being delivered. */
  batch: StoredMessage[] = [];
  #lastPage: Page | undefined;
  #matches: ((topic: string) => boolean) | undefined;

  constructor(key: string, subscription: string, patterns: readonly string[], collections: '*' | ReadonlySet<string>, encoder: Encoder) {
    this.key = key;
    this.subscription = subscription;
    this.patterns = patterns;
    this.collections = collections;
    this.encoder = encoder;
  }

  allows(topic: string, isChange: boolean): boolean {
    return !isChange || this.collections === '*' || this.collections.has(firstSegment(topic));
  }

  encode(messages: readonly StoredMessage[], redelivered: boolean): Buffer {
    return this.encoder.encode(this.subscription, messages, redelivered);
  }

  matches(topic: string): boolean {
    this.#matches ??= matcher(this.patterns);
    return this.#matches(topic);
  }

  /** The bytes of a stretch that many of the group catch up on at once, as they do when all come back together. */
  page(after: number, until: number, read: () => Stretch): Page {
    if (this.#lastPage?.after !== after || this.#lastPage.until !== until) {
      const stretch = read();
      this.#lastPage = { after, until, ...stretch, bytes: stretch.messages.length === 0 ? undefined : this.encode(stretch.messages, false) };
    }
    return this.#lastPage;
  }

  forgetPage(): void {
    this.#lastPage = undefined;
  }
}

/** Waits for one message of a filter: a parked poll. */
interface Waiter {
  readonly collections: '*' | ReadonlySet<string>;
  /** The place just before the first message that matched. */
  before: number | undefined;
  readonly wake: () => void;
}

/** What came of a wait: nothing up to `place` matches, and what comes next does, or nobody knows. */
export interface Waited {
  readonly place: number;
  readonly matched: boolean;
}

export interface FeedCounters {
  /** Messages encoded: once per subscription id, however many follow. */
  encoded: number;
  /** Deliveries handed to outlets live. */
  delivered: number;
  /** Times a follower left the feed for the log. */
  droppedToLog: number;
}

/** Writes at once, of some microseconds each: more of them gather, and leave in slices. */
const MOST_DIRECT = 4096;
const MOST_PAGE_MESSAGES = 512;
const MOST_PAGE_BYTES = 256 * 1024;
/** As many as a poll is behind, and one looks at for it within a fraction of a millisecond. */
const MOST_FEW = 512;

export class Feed {
  readonly storage: Storage;
  readonly cursors: LogCursors;
  readonly turns = new Turns();
  readonly counters: FeedCounters = { encoded: 0, delivered: 0, droppedToLog: 0 };
  readonly #groups = new Map<string, Group>();
  readonly #routes = new RouteTree<Group>();
  readonly #waiting = new RouteTree<Waiter>();
  readonly #waiters = new Set<Waiter>();
  /** Told of each commit that has been handed out. */
  outlets = NO_OUTLETS;
  readonly #recent: RecentMessages;
  /** The newest place that live followers have been given. */
  delivered: number;
  #closed = false;

  constructor(storage: Storage, cursors: LogCursors, recent: RecentBounds = RECENT) {
    this.storage = storage;
    this.cursors = cursors;
    this.delivered = storage.log.last;
    this.#recent = new RecentMessages(this.delivered, recent);
    storage.onCommit((messages) => this.#onCommit(messages));
  }

  /** Whether the server is about to go: nothing waits any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** The group of those whose bytes are the same; give it back with `release`. */
  hold(subscription: string, patterns: readonly string[], collections: '*' | readonly string[], encoder: Encoder): Group {
    const rights = collections === '*' ? '*' : [...collections].sort().join(',');
    const key = `${encoder.medium} ${rights} ${subscription} ${patterns.join(',')}`;
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, (group = new Group(key, subscription, patterns, collections === '*' ? '*' : new Set(collections), encoder)));
    group.holders++;
    return group;
  }

  release(group: Group): void {
    if (--group.holders === 0) this.#groups.delete(group.key);
  }

  /** From now on the member gets what is committed. It must have been given all up to `delivered`. */
  join(group: Group, member: Member): void {
    if (group.members.length === 0) for (const pattern of group.patterns) this.#routes.add(pattern, group);
    member.slot = group.members.push(member) - 1;
    group.sinks.push(member.sink);
  }

  /** The member gets nothing more; it has been given all up to `delivered`. */
  leave(group: Group, member: Member): void {
    const last = group.members.pop();
    const sink = group.sinks.pop();
    if (last !== undefined && last !== member) {
      group.members[member.slot] = last;
      group.sinks[member.slot] = sink;
      last.slot = member.slot;
    }
    member.slot = -1;
    if (group.members.length === 0) for (const pattern of group.patterns) this.#routes.delete(pattern, group);
  }

  #onCommit(commit: Commit): void {
    this.#recent.add(commit);
    const touched = this.#routes.isEmpty ? undefined : this.#route(commit);
    if (this.#waiters.size > 0) for (let index = 0; index < commit.count; index++) this.#wake(commit, index);
    this.delivered = commit.last;
    if (touched !== undefined) {
      // One group has something, and no other commit is on its way: nothing is gained by waiting for more.
      const isAlone = touched.length === 1 && !this.storage.isWriting && this.outlets.areEmpty;
      for (const group of touched) this.#handOut(group, isAlone);
    }
    this.outlets.delivered();
  }

  #handOut(group: Group, isAlone: boolean): void {
    const { batch, members, sinks } = group;
    group.batch = [];
    group.forgetPage();
    const bytes = group.encode(batch, false);
    this.counters.encoded += batch.length;
    this.counters.delivered += batch.length * members.length;
    const direct = isAlone && members.length <= MOST_DIRECT;
    // Backwards: one that leaves while it takes its bytes changes places with one that has them already.
    for (let index = members.length - 1; index >= 0; index--) {
      // Each object visited on the way is one in far memory.
      const sink = direct ? sinks[index] : undefined;
      if (sink === undefined) (members[index] as Member).deliver(bytes, batch);
      else if (!sink.write(bytes)) (members[index] as Member).filled();
    }
  }

  /** The groups that messages of a commit reach, each with its messages as its batch. */
  #route(commit: Commit): readonly Group[] {
    const touched: Group[] = [];
    let index = 0;
    /** Made where the first group wants it. */
    let message: StoredMessage | undefined;
    const take = (group: Group): void => {
      const { batch } = group;
      // A message that two patterns of one subscription match is one message to it.
      if (message !== undefined && batch[batch.length - 1] === message) return;
      if (!group.allows(commit.topicAt(index), commit.isChangeAt(index))) return;
      message ??= commit.message(index);
      if (batch.length === 0) touched.push(group);
      batch.push(message);
    };
    for (; index < commit.count; index++) {
      message = undefined;
      for (const group of this.#routes.match(commit.topicAt(index))) take(group);
    }
    return touched;
  }

  #wake(commit: Commit, index: number): void {
    const topic = commit.topicAt(index);
    const isChange = commit.isChangeAt(index);
    for (const waiter of this.#waiting.match(topic)) {
      if (waiter.before !== undefined || (isChange && waiter.collections !== '*' && !waiter.collections.has(firstSegment(topic)))) continue;
      waiter.before = commit.seqAt(index) - 1;
      // One message may wake ten thousand.
      this.turns.push(waiter.wake);
    }
  }

  /**
   * Resolves when a message of the filter is committed, `ms` are over, everyone is woken, or `gone` was called (which the returned function does). Who waits has seen all
   * that is delivered, and is told how far it has seen then. Costs a timer and a map entry; asks the store nothing (6.3.1).
   */
  wait(
    patterns: readonly string[],
    collections: '*' | readonly string[],
    ms: number,
    after: (ms: number, callback: () => void) => () => void,
  ): { readonly woken: Promise<Waited>; readonly gone: () => void } {
    let wake: () => void = () => {};
    const woken = new Promise<Waited>((resolve) => {
      const waiter: Waiter = {
        collections: collections === '*' ? '*' : new Set(collections),
        before: undefined,
        wake: () => {
          if (!this.#waiters.delete(waiter)) return;
          stop();
          for (const pattern of patterns) this.#waiting.delete(pattern, waiter);
          resolve({ place: waiter.before ?? this.delivered, matched: waiter.before !== undefined });
        },
      };
      const stop = after(ms, waiter.wake);
      wake = waiter.wake;
      this.#waiters.add(waiter);
      for (const pattern of patterns) this.#waiting.add(pattern, waiter);
      if (this.#closed) waiter.wake();
    });
    return { woken, gone: wake };
  }

  /** Wakes every parked poll, now and from now on: the server is about to go (12.2). */
  wakeAll(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.wake();
  }

  /** Whether all after `place` is in memory. */
  remembers(place: number): boolean {
    return this.#recent.covers(place);
  }

  /** What lies after `place` in memory and reaches the group, at most a page. Only where `remembers`. */
  recall(place: number, group: Group, limit = MOST_PAGE_MESSAGES): Stretch {
    const messages: StoredMessage[] = [];
    let cursor = this.delivered;
    let bytes = 0;
    let looked = 0;
    let before = place;
    this.#recent.each(place, (commit, index) => {
      const topic = commit.topicAt(index);
      const matched = group.matches(topic) && group.allows(topic, commit.isChangeAt(index));
      if (matched) bytes += commit.sizeAt(index);
      if (messages.length >= limit || (bytes > MOST_PAGE_BYTES && messages.length > 0) || looked++ >= MOST_LOOKED_AT) {
        cursor = before;
        return false;
      }
      if (matched) messages.push(commit.message(index));
      before = commit.seqAt(index);
      return true;
    });
    return { messages, cursor };
  }

  /** A page of what lies after `place` and matches, where that is little and in memory; undefined where the store has to be asked. */
  recallFew(place: number, { patterns, collections }: LogFilter, limit: number, maxBytes: number): Stretch | undefined {
    if (this.delivered - place > MOST_FEW || !this.remembers(place)) return undefined;
    const matches = matcher(patterns);
    const messages: StoredMessage[] = [];
    let cursor = this.delivered;
    let bytes = 0;
    let before = place;
    this.#recent.each(place, (commit, index) => {
      const topic = commit.topicAt(index);
      if (matches(topic) && (!commit.isChangeAt(index) || collections === '*' || collections.includes(firstSegment(topic)))) {
        const message = commit.message(index);
        bytes += Buffer.byteLength(topic) + Buffer.byteLength(message.data);
        if (messages.length >= limit || (bytes > maxBytes && messages.length > 0)) {
          cursor = before;
          return false;
        }
        messages.push(message);
      }
      before = commit.seqAt(index);
      return true;
    });
    return { messages, cursor };
  }

  /** What lies after `place` in the store and reaches the group, at most a page, and never beyond what live followers have been given. */
  async read(place: number, group: Group, limit = MOST_PAGE_MESSAGES): Promise<Stretch & { readonly first: number }> {
    const collections = group.collections === '*' ? '*' : [...group.collections];
    const page = await this.storage.readLog({ after: place, filter: { patterns: group.patterns, collections }, limit, maxBytes: MOST_PAGE_BYTES });
    // The store may have committed what the feed is about to be told of.
    const { delivered } = this;
    if (page.cursor <= delivered) return page;
    return { messages: page.messages.filter((message) => message.seq <= delivered), cursor: Math.max(place, delivered), first: page.first };
  }
}

/** Messages that one step looks at in memory: some milliseconds at most. */
const MOST_LOOKED_AT = 8192;
