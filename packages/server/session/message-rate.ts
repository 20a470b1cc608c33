// Messages from one WebSocket (7.2.1): a token bucket of one second; who is refused in each of ten seconds in a row is ended.

const STUBBORN_SECONDS = 10;

export class MessageRate {
  #tokens: number;
  #at: number;
  /** The last second with a refusal, and how many in a row there were up to it. */
  #refusedSecond = -1;
  #refusedInARow = 0;

  constructor(limit: number, now: number) {
    this.#tokens = limit;
    this.#at = now;
  }

  /** Takes `cost` tokens where there are so many. */
  take(cost: number, limit: number, now: number): boolean {
    // Made for the first message, it may be a moment younger than the time that the message was taken in at.
    this.#tokens = Math.min(limit, this.#tokens + (Math.max(0, now - this.#at) * limit) / 1000);
    this.#at = Math.max(now, this.#at);
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }

  /** Whether not one token is left. */
  isEmpty(limit: number, now: number): boolean {
    this.take(0, limit, now);
    return this.#tokens < 1;
  }

  /** Milliseconds until `cost` would be allowed. */
  retryAfter(cost: number, limit: number): number {
    return Math.max(1, Math.ceil(((Math.min(cost, limit) - this.#tokens) * 1000) / limit));
  }

  /** Counts a refusal; true where it was the tenth second in a row with one. */
  refused(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#refusedSecond) {
      this.#refusedInARow = second === this.#refusedSecond + 1 ? this.#refusedInARow + 1 : 1;
      this.#refusedSecond = second;
    }
    return this.#refusedInARow >= STUBBORN_SECONDS;
  }
}
