// One subscription on its way through the log (6.2.8): live in the feed while its outlet keeps up, behind it in pages while not, and joined again
// without a gap or a repeat at the seam, because it joins only where its place is the feed's own.
import type { StoredMessage } from '../ports/storage.ts';
import type { Feed, Group, Member, Sink, Stretch } from './feed.ts';

/** Where the messages of a follower go. */
export interface Outlet {
  /** Too much waits in it: nothing more until it calls `resume`. */
  readonly congested: boolean;
  send(bytes: Buffer): void;
  /** Where bytes may go at once while nothing gathers in it. */
  readonly sink: Sink | undefined;
  /** Bytes wait in its sink: it may be congested by them. */
  filled(): void;
  /** Messages after `from`, up to and with `to`, are no longer kept (6.2.9). */
  gap(subscription: string, from: string, to: string): void;
}

const RETRY_MS = 100;

export class Follower implements Member {
  readonly feed: Feed;
  readonly outlet: Outlet;
  slot = -1;
  #group: Group;
  /** Everything that matches has been sent up to here; while live the feed's own place counts. */
  protected place: number;
  #state: 'behind' | 'live' | 'ended' = 'behind';
  /** What announces it has left: nothing may come before that, whatever else would make it go on (6.2.3). */
  #started = false;
  /** A step is queued, or the store is reading for it. */
  #busy = false;
  /** It was sent to another place while the store was reading. */
  #moved = false;

  constructor(feed: Feed, group: Group, outlet: Outlet, place: number) {
    this.feed = feed;
    this.#group = group;
    this.outlet = outlet;
    this.place = place;
  }

  get group(): Group {
    return this.#group;
  }

  /** Goes on with another group, which is held for it; the caller says from where. */
  protected regroup(group: Group): void {
    if (this.#state === 'live') this.feed.leave(this.#group, this);
    if (this.#state !== 'ended') this.#state = 'behind';
    this.feed.release(this.#group);
    this.#group = group;
  }

  /** Goes on from where it is, with what its holder may read now. */
  changeRights(group: Group): void {
    const { position } = this;
    this.regroup(group);
    this.moveTo(position);
  }

  /** The place up to which everything that matches has been sent. */
  get position(): number {
    return this.#state === 'live' ? this.feed.delivered : this.place;
  }

  get isLive(): boolean {
    return this.#state === 'live';
  }

  /** How many messages may be sent now; those of durable subscriptions are bounded (6.2.6). */
  protected get room(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Told of what was sent. */
  protected sent(_messages: readonly StoredMessage[]): void {}

  /** Whether what is read now was sent before, up to which place (6.2.6). */
  protected get redeliverUntil(): number {
    return 0;
  }

  /** Begins. */
  start(): void {
    this.#started = true;
    this.resume();
  }

  /** Goes on once there is room again. */
  resume(): void {
    if (this.#state !== 'behind' || this.#busy || !this.#started) return;
    this.#busy = true;
    this.feed.turns.push(() => this.#step());
  }

  /** Leaves the feed: its outlet is congested. */
  fallBehind(): void {
    if (this.#state === 'live') this.leaveAt(this.feed.delivered);
  }

  protected leaveAt(place: number): void {
    this.feed.leave(this.group, this);
    this.feed.counters.droppedToLog++;
    this.place = place;
    this.#state = 'behind';
  }

  /** Goes back, or on, to another place. */
  protected moveTo(place: number): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'live') this.feed.leave(this.group, this);
    this.#state = 'behind';
    this.place = place;
    this.#moved = true;
    this.resume();
  }

  end(): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'live') this.feed.leave(this.group, this);
    this.#state = 'ended';
    this.feed.release(this.group);
  }

  get sink(): Sink | undefined {
    return this.outlet.sink;
  }

  deliver(bytes: Buffer, _messages: readonly StoredMessage[]): void {
    this.outlet.send(bytes);
  }

  filled(): void {
    this.outlet.filled();
  }

  #step(): void {
    this.#busy = false;
    this.#moved = false;
    if (this.#state !== 'behind' || this.outlet.congested || this.room <= 0) return;
    const { feed, group } = this;
    if (this.place >= feed.delivered) {
      this.place = feed.delivered;
      this.#state = 'live';
      feed.join(group, this);
      return;
    }
    if (feed.remembers(this.place)) {
      if (this.room === Number.POSITIVE_INFINITY) {
        const page = group.page(this.place, feed.delivered, () => feed.recall(this.place, group));
        this.place = page.cursor;
        if (page.bytes !== undefined) this.outlet.send(page.bytes);
      } else this.#take(feed.recall(this.place, group, Math.min(this.room, WINDOW_PAGE)));
      this.resume();
      return;
    }
    this.#read();
  }

  #read(): void {
    this.#busy = true;
    const { feed, group } = this;
    const asked = this.place;
    const limit = this.room === Number.POSITIVE_INFINITY ? undefined : Math.min(this.room, WINDOW_PAGE);
    feed.read(asked, group, limit).then(
      (page) => {
        this.#busy = false;
        if (this.#state !== 'behind') return;
        // It was moved while the store was reading: what was read is not what comes next.
        if (!this.#moved) {
          // The store may have let go of what the feed is about to be told of, which then comes live.
          const gone = Math.min(page.first - 1, feed.delivered);
          if (gone > asked) this.#skip(asked, gone);
          this.#take(page);
        }
        this.resume();
      },
      () => {
        // The store does not answer now; what it holds is not lost.
        setTimeout(() => {
          this.#busy = false;
          this.resume();
        }, RETRY_MS).unref();
      },
    );
  }

  #skip(from: number, to: number): void {
    this.outlet.gap(this.group.subscription, this.feed.cursors.format(from), this.feed.cursors.format(to));
    this.skipped(to);
  }

  /** Told that messages up to `to` are gone. */
  protected skipped(_to: number): void {}

  #take({ messages, cursor }: Stretch): void {
    this.place = Math.max(cursor, this.place);
    if (messages.length === 0) return;
    const { group, redeliverUntil } = this;
    const again = messages.filter((message) => message.seq <= redeliverUntil);
    const fresh = again.length === 0 ? messages : messages.slice(again.length);
    if (again.length > 0) this.outlet.send(group.encode(again, true));
    if (fresh.length > 0) this.outlet.send(group.encode(fresh, false));
    this.sent(messages);
  }
}

/** A durable subscription's page: small enough that its window is not overrun by much in bytes. */
const WINDOW_PAGE = 128;
