// A durable subscription that is attached (6.2.5, 6.2.6): a follower whose window is bounded and whose messages are sent again where nobody
// acknowledged them in time.
import { BOUNDS } from '@godwit/protocol';
import type { Durable, DurableAttachment, Durables } from '../core/durables.ts';
import type { Feed, Group } from '../core/feed.ts';
import { Follower, type Outlet } from '../core/follower.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogFilter, StoredMessage } from '../ports/storage.ts';

export interface AttachmentOptions {
  readonly feed: Feed;
  readonly durables: Durables;
  readonly clock: Clock;
  readonly maxOutstanding: number;
  /** Told when it ends other than by its own connection. */
  readonly onDetached: (durable: Durable, reason: string) => void;
  /** The group for the topics as they are now; undefined where they are no longer allowed. */
  readonly groupFor: (durable: Durable) => Group | undefined;
}

export class Attachment extends Follower implements DurableAttachment {
  readonly durable: Durable;
  readonly #options: AttachmentOptions;
  /** What is sent and not acknowledged: places and sizes, oldest first, from `#head` on. */
  #places: number[] = [];
  #sizes: number[] = [];
  #head = 0;
  #bytes = 0;
  /** When the wait for an acknowledgement began. */
  #since = 0;
  #stopTimer: (() => void) | undefined;

  constructor(options: AttachmentOptions, group: Group, outlet: Outlet, durable: Durable) {
    super(options.feed, group, outlet, durable.acknowledged);
    this.#options = options;
    this.durable = durable;
    durable.attachment?.detach('taken-over');
    durable.attachment = this;
  }

  get #count(): number {
    return this.#places.length - this.#head;
  }

  protected override get room(): number {
    return this.#bytes >= BOUNDS.outstandingBytes ? 0 : Math.max(0, this.#options.maxOutstanding - this.#count);
  }

  protected override get redeliverUntil(): number {
    return this.durable.sent;
  }

  get outstandingIsAll(): number | undefined {
    return this.isLive ? this.#count : undefined;
  }

  get doneUntil(): number | undefined {
    if (!this.isLive) return undefined;
    return this.#count === 0 ? this.position : (this.#places[this.#head] as number) - 1;
  }

  get collections(): LogFilter['collections'] {
    const { collections } = this.group;
    return collections === '*' ? '*' : [...collections];
  }

  protected override sent(messages: readonly StoredMessage[]): void {
    if (this.#count === 0) this.#since = this.#options.clock.now();
    for (const message of messages) {
      const size = message.topic.length + message.data.length;
      this.#places.push(message.seq);
      this.#sizes.push(size);
      this.#bytes += size;
    }
    const last = (messages[messages.length - 1] as StoredMessage).seq;
    if (last > this.durable.sent) {
      this.durable.sent = last;
      this.#options.durables.touch(this.durable);
    }
    this.#arm();
  }

  /** Each message is counted into the window. */
  override get sink(): undefined {
    return undefined;
  }

  override deliver(bytes: Buffer, messages: readonly StoredMessage[]): void {
    if (messages.length > this.room || (messages[0] as StoredMessage).seq <= this.durable.sent) {
      // The window holds only a part of them, so they are read on from the log.
      this.leaveAt((messages[0] as StoredMessage).seq - 1);
      this.resume();
      return;
    }
    this.outlet.send(bytes);
    this.sent(messages);
    if (this.room <= 0) this.leaveAt(this.feed.delivered);
  }

  protected override skipped(to: number): void {
    this.#drop(to);
  }

  #drop(to: number): void {
    while (this.#head < this.#places.length && (this.#places[this.#head] as number) <= to) this.#bytes -= this.#sizes[this.#head++] as number;
    if (this.#head === this.#places.length) this.#clear();
    else if (this.#head > 1024) {
      this.#places = this.#places.slice(this.#head);
      this.#sizes = this.#sizes.slice(this.#head);
      this.#head = 0;
    }
  }

  #clear(): void {
    this.#places = [];
    this.#sizes = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  acknowledged(): void {
    this.#since = this.#options.clock.now();
    this.#drop(this.durable.acknowledged);
    // It may acknowledge what it knows from elsewhere and was not sent here.
    this.passedOver();
    this.resume();
  }

  passedOver(): void {
    if (this.durable.acknowledged > this.position) this.moveTo(this.durable.acknowledged);
  }

  restart(): void {
    const group = this.#options.groupFor(this.durable);
    if (group === undefined) return this.detach('forbidden');
    this.regroup(group);
    this.#clear();
    this.moveTo(this.durable.acknowledged);
  }

  #arm(): void {
    if (this.#stopTimer !== undefined) return;
    const { clock } = this.#options;
    const due = this.#since + this.durable.ackWait;
    this.#stopTimer = clock.after(Math.max(1, due - clock.now()), () => {
      this.#stopTimer = undefined;
      this.#check();
    });
  }

  #check(): void {
    if (this.#count === 0) return;
    const now = this.#options.clock.now();
    // What waits in the outlet has not left the server.
    if (this.outlet.congested) this.#since = now;
    if (now - this.#since < this.durable.ackWait) return this.#arm();
    this.durable.redeliveries += this.#count;
    this.#clear();
    this.moveTo(this.durable.acknowledged);
  }

  detach(reason: 'taken-over' | 'deleted' | 'forbidden'): void {
    this.end();
    this.#options.onDetached(this.durable, reason);
  }

  override end(): void {
    this.#clear();
    if (this.durable.attachment === this) this.durable.attachment = undefined;
    super.end();
  }
}
