// The newest messages, in memory: who is only a little behind never asks the store (6.2.10). Bounded in number and in bytes.
import type { StoredMessage } from '../ports/storage.ts';

export interface RecentBounds {
  readonly messages: number;
  readonly bytes: number;
}

export const RECENT: RecentBounds = { messages: 8192, bytes: 8 * 1024 * 1024 };
/** What a message costs beside its texts. */
const OVERHEAD = 200;

const sizeOf = (message: StoredMessage): number => message.topic.length + message.data.length + OVERHEAD;

export class RecentMessages {
  /** Before `#head` is nothing: what was let go of must not be kept from being collected. */
  #messages: (StoredMessage | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  readonly #most: RecentBounds;
  /** Everything after this place and up to the newest is here. */
  #after: number;

  constructor(after: number, most = RECENT) {
    this.#after = after;
    this.#most = most;
  }

  add(messages: readonly StoredMessage[]): void {
    for (const message of messages) {
      this.#messages.push(message);
      this.#bytes += sizeOf(message);
    }
    const most = this.#most;
    while (this.#messages.length - this.#head > most.messages || (this.#bytes > most.bytes && this.#head < this.#messages.length)) {
      const oldest = this.#messages[this.#head] as StoredMessage;
      this.#messages[this.#head++] = undefined;
      this.#bytes -= sizeOf(oldest);
      this.#after = oldest.seq;
    }
    if (this.#head > most.messages) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Whether all that was confirmed after `place` is here. */
  covers(place: number): boolean {
    return place >= this.#after;
  }

  /** Calls `visit` with each message after `place`, oldest first, until it returns false. */
  each(place: number, visit: (message: StoredMessage) => boolean): void {
    let low = this.#head;
    let high = this.#messages.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#messages[middle] as StoredMessage).seq <= place) low = middle + 1;
      else high = middle;
    }
    for (let index = low; index < this.#messages.length; index++) if (!visit(this.#messages[index] as StoredMessage)) return;
  }
}
