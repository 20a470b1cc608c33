// The newest messages, in memory: who is only a little behind never asks the store (6.2.10). Bounded in number and in bytes.
import type { StoredMessage } from '../ports/storage.ts';

const MOST_MESSAGES = 8192;
const MOST_BYTES = 8 * 1024 * 1024;
/** What a message costs beside its texts. */
const OVERHEAD = 200;

const sizeOf = (message: StoredMessage): number => message.topic.length + message.data.length + OVERHEAD;

export class RecentMessages {
  /** Before `#head` is nothing: what was let go of must not be kept from being collected. */
  #messages: (StoredMessage | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  /** Everything after this place and up to the newest is here. */
  #after: number;

  constructor(after: number) {
    this.#after = after;
  }

  add(messages: readonly StoredMessage[]): void {
    for (const message of messages) {
      this.#messages.push(message);
      this.#bytes += sizeOf(message);
    }
    while (this.#messages.length - this.#head > MOST_MESSAGES || (this.#bytes > MOST_BYTES && this.#head < this.#messages.length)) {
      const oldest = this.#messages[this.#head] as StoredMessage;
      this.#messages[this.#head++] = undefined;
      this.#bytes -= sizeOf(oldest);
      this.#after = oldest.seq;
    }
    if (this.#head > MOST_MESSAGES) {
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
