// Work in pieces: what may be much at once (five thousand that catch up) is done a little in each turn of the event loop, so that nobody waits long.

const BUDGET_MS = 8;
/**
 * What a piece sets going (a promise that it resolves, a request that it lets in) is done behind all of them, in the same turn, and no clock tells of it beforehand. Well
 * below the 100 requests of a client that may be in progress (7.1.2): those of one client that arrive at once must not refuse each other.
 */
const MOST_PIECES = 32;

export class Turns {
  readonly #queue: (() => void)[] = [];
  #scheduled = false;
  /** When this turn of the event loop was asked first whether it has been long. */
  #since: number | undefined;

  /** Whether this turn of the event loop has been at what comes in for so long that more of it should wait for a coming one. */
  get isLong(): boolean {
    const now = performance.now();
    if (this.#since !== undefined) return now - this.#since > BUDGET_MS;
    this.#since = now;
    setImmediate(this.#isOver);
    return false;
  }

  readonly #isOver = (): void => {
    this.#since = undefined;
  };

  /** Runs `work` in a coming turn, after what was pushed before. */
  push(work: () => void): void {
    this.#queue.push(work);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  readonly #run = (): void => {
    const end = performance.now() + BUDGET_MS;
    let done = 0;
    try {
      // The clock is asked now and then only: most pieces take microseconds.
      while (done < Math.min(this.#queue.length, MOST_PIECES) && (done % 4 !== 0 || done === 0 || performance.now() < end))
        (this.#queue[done++] as () => void)();
    } finally {
      // One that throws must not keep the others from their turn.
      this.#queue.splice(0, done);
      this.#scheduled = this.#queue.length > 0;
      if (this.#scheduled) setImmediate(this.#run);
    }
  };
}
