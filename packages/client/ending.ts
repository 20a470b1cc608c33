// The end of a client, as what is under way hears of it: requests over HTTP, waits, tokens that are got. Not one signal for all: a signal looks through its
// listeners for each that is added or goes.

export class Ending {
  readonly #underWay = new Set<AbortController>();
  /** Why it has come; undefined before. */
  reason: Error | undefined;

  /** Does `work` with a signal that is aborted when the client ends, or `signal` is. Rejects with the reason where the client has ended. */
  async during<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.reason !== undefined) throw this.reason;
    const ending = new AbortController();
    const aborted = (): void => ending.abort(signal?.reason);
    if (signal?.aborted) aborted();
    signal?.addEventListener('abort', aborted, { once: true });
    this.#underWay.add(ending);
    try {
      return await work(ending.signal);
    } finally {
      this.#underWay.delete(ending);
      signal?.removeEventListener('abort', aborted);
    }
  }

  /** Ends all that is under way, with why. */
  come(reason: Error): void {
    this.reason = reason;
    for (const ending of this.#underWay) ending.abort(reason);
  }
}
