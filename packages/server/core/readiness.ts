// Whether the server can store (12.1, 12.3): asked of the store itself, but not by everyone who asks.
import type { Clock } from '../ports/clock.ts';
import type { Storage } from '../ports/storage.ts';

/** An answer is good for so long, so that strangers at `/readyz` cannot make the disk work. */
const FRESH_MS = 1000;

export class Readiness {
  readonly #storage: Storage;
  readonly #clock: Clock;
  #asked: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  #draining = false;

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** From now on it is not ready, whatever the store says (12.2). */
  drain(): void {
    this.#draining = true;
  }

  async ready(): Promise<boolean> {
    if (this.#draining) return false;
    const now = this.#clock.now();
    if (this.#asked === undefined || now - this.#asked.at >= FRESH_MS) {
      const answer = this.#storage.probe().then(
        () => true,
        () => false,
      );
      this.#asked = { at: now, answer };
    }
    return this.#asked.answer;
  }
}
