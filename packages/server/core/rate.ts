// Budgets over a sliding window (7.1.1): never more than the limit over any 60 s, whoever asks how.

/** What is counted is kept in slots of this length: a slot counts until all of it has left the window, so the limit holds over any 60 s. */
const SLOT_MS = 100;

export interface RateState {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the oldest operation counted leaves the window. */
  readonly reset: number;
  /** Seconds after which what was refused would be allowed; 0 where it was. */
  readonly retryAfter: number;
}

class Window {
  /** Slot numbers and what was counted in each, oldest first, from `head` on. */
  readonly #slots: number[] = [];
  readonly #counts: number[] = [];
  #head = 0;
  used = 0;

  drop(before: number): void {
    while (this.#head < this.#slots.length && (this.#slots[this.#head] as number) <= before) this.used -= this.#counts[this.#head++] as number;
    if (this.#head === this.#slots.length) this.#slots.length = this.#counts.length = this.#head = 0;
    else if (this.#head > 64) {
      this.#slots.splice(0, this.#head);
      this.#counts.splice(0, this.#head);
      this.#head = 0;
    }
  }

  add(slot: number, cost: number): void {
    const last = this.#slots.length - 1;
    if (last >= this.#head && this.#slots[last] === slot) this.#counts[last] = (this.#counts[last] as number) + cost;
    else {
      this.#slots.push(slot);
      this.#counts.push(cost);
    }
    this.used += cost;
  }

  /** The slot with which `cost` has been given back. */
  slotFreeing(cost: number): number {
    let freed = 0;
    for (let index = this.#head; index < this.#slots.length; index++) {
      freed += this.#counts[index] as number;
      if (freed >= cost) return this.#slots[index] as number;
    }
    return this.#slots.at(-1) ?? 0;
  }
}

/** Budgets by name, each forgotten when its window is empty. */
export class RateLimiter {
  readonly #windows = new Map<string, Window>();
  readonly #windowSlots: number;
  #sweepAt = 0;

  /** `windowMs`: how long what was counted counts. */
  constructor(windowMs: number) {
    this.#windowSlots = windowMs / SLOT_MS;
  }

  get size(): number {
    return this.#windows.size;
  }

  /** Takes `cost` from the budget called `name` where that leaves it within `limit`; a refusal costs nothing. `now` in milliseconds. */
  take(name: string, cost: number, limit: number, now: number): RateState {
    const slot = Math.floor(now / SLOT_MS);
    this.#sweep(slot);
    let window = this.#windows.get(name);
    if (window === undefined) this.#windows.set(name, (window = new Window()));
    window.drop(slot - this.#windowSlots - 1);
    const allowed = window.used + cost <= limit;
    if (allowed) window.add(slot, cost);
    // A slot is given back a little after the window's length: that little is not shown as a second more.
    const reset = window.used === 0 ? 0 : Math.min((this.#windowSlots * SLOT_MS) / 1000, this.#seconds(window.slotFreeing(1), now));
    const retryAfter = allowed ? 0 : this.#seconds(window.slotFreeing(Math.min(window.used, window.used + cost - limit)), now);
    return { allowed, limit, remaining: Math.max(0, limit - window.used), reset, retryAfter };
  }

  #seconds(slot: number, now: number): number {
    return Math.max(1, Math.ceil(((slot + this.#windowSlots + 1) * SLOT_MS - now) / 1000));
  }

  /** Once a window's length: names that were not heard of since are let go, so that strangers cannot grow the map without end. */
  #sweep(slot: number): void {
    if (slot < this.#sweepAt) return;
    this.#sweepAt = slot + this.#windowSlots;
    for (const [name, window] of this.#windows) {
      window.drop(slot - this.#windowSlots - 1);
      if (window.used === 0) this.#windows.delete(name);
    }
  }
}
