// The end of a client, as what is under way hears of it: requests over HTTP, waits, tokens that are got. Not one signal for all: a signal looks through its
// listeners for each that is added or goes.
import type { Clock } from './api.ts';

export class Ending {
  readonly #clock: Clock;
  readonly #underWay = new Set<AbortController>();
  /** Why it has come; undefined before. */
  reason: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Does `work` until the client ends or `signal` is aborted, and with `late` for no longer than `ms`: then it rejects with the reason, or with what `late` makes, whatever the work still
   * does. The work hears of that by a signal of its own.
   */
  async during<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>, ms = 0, late?: () => Error): Promise<T> {
    if (this.reason) throw this.reason;
    signal?.throwIfAborted();
    const ending = new AbortController();
    const over = Promise.withResolvers<never>();
    const refuse = (): void => over.reject(ending.signal.reason);
    ending.signal.addEventListener('abort', refuse);
    const aborted = (): void => ending.abort(signal?.reason);
    signal?.addEventListener('abort', aborted);
    const timer = late && this.#clock.setTimeout(() => ending.abort(late()), ms);
    this.#underWay.add(ending);
    try {
      return await Promise.race([work(ending.signal), over.promise]);
    } finally {
      this.#clock.clearTimeout(timer);
      this.#underWay.delete(ending);
      signal?.removeEventListener('abort', aborted);
      // The runtime keeps signals for a while, and with this one it would keep what came.
      ending.signal.removeEventListener('abort', refuse);
    }
  }

  /** Ends all that is under way, with why. */
  come(reason: Error): void {
    this.reason = reason;
    for (const ending of this.#underWay) ending.abort(reason);
  }
}
