// The newest messages, in memory, as the commits that they came in: who is only a little behind never asks the store (6.2.10). Bounded in number and in bytes.
import type { Commit } from '../ports/storage.ts';

export interface RecentBounds {
  readonly messages: number;
  readonly bytes: number;
}

export const RECENT: RecentBounds = { messages: 8192, bytes: 8 * 1024 * 1024 };
/** What a message costs beside its texts. */
const OVERHEAD = 200;

interface Kept {
  readonly commit: Commit;
  readonly bytes: number;
}

export class RecentMessages {
  /** Before `#head` is nothing: what was let go of must not be kept from being collected. */
  #commits: (Kept | undefined)[] = [];
  #head = 0;
  #messages = 0;
  #bytes = 0;
  readonly #most: RecentBounds;
  /** Everything after this place and up to the newest is here. */
  #after: number;

  constructor(after: number, most = RECENT) {
    this.#after = after;
    this.#most = most;
  }

  add(commit: Commit): void {
    let bytes = commit.count * OVERHEAD;
    for (let index = 0; index < commit.count; index++) bytes += commit.sizeAt(index);
    this.#commits.push({ commit, bytes });
    this.#messages += commit.count;
    this.#bytes += bytes;
    const most = this.#most;
    while ((this.#messages > most.messages || this.#bytes > most.bytes) && this.#head < this.#commits.length) this.#drop();
    if (this.#head > most.messages || this.#head * 2 > this.#commits.length + FEW) {
      this.#commits = this.#commits.slice(this.#head);
      this.#head = 0;
    }
  }

  #drop(): void {
    const { commit, bytes } = this.#commits[this.#head] as Kept;
    this.#commits[this.#head++] = undefined;
    this.#messages -= commit.count;
    this.#bytes -= bytes;
    this.#after = commit.last;
    commit.release();
  }

  /** Whether all that was confirmed after `place` is here. */
  covers(place: number): boolean {
    return place >= this.#after;
  }

  /** Calls `visit` with each message after `place`, oldest first, until it returns false. */
  each(place: number, visit: (commit: Commit, index: number) => boolean): void {
    let low = this.#head;
    let high = this.#commits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#commits[middle] as Kept).commit.last <= place) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < this.#commits.length; at++) {
      const { commit } = this.#commits[at] as Kept;
      for (let index = 0; index < commit.count; index++) if (commit.seqAt(index) > place && !visit(commit, index)) return;
    }
  }
}

const FEW = 64;
