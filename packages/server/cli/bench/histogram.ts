// Latencies counted in buckets of a 32nd of their size, so that millions of them take a few kilobytes, and those of several processes add up.

/** Buckets to each doubling. */
const STEPS = 32;
const LEAST_US = 1;

const bucketOf = (us: number): number => Math.max(0, Math.ceil(Math.log2(Math.max(us, LEAST_US)) * STEPS));

export interface Counted {
  /** Pairs of bucket and count. */
  readonly buckets: readonly (readonly [number, number])[];
  readonly max: number;
}

export class Histogram {
  readonly #counts = new Map<number, number>();
  #max = 0;
  count = 0;

  /** Counts one latency, in milliseconds. */
  add(ms: number): void {
    const bucket = bucketOf(ms * 1000);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.#max = Math.max(this.#max, ms);
    this.count++;
  }

  merge({ buckets, max }: Counted): void {
    for (const [bucket, count] of buckets) {
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
      this.count += count;
    }
    this.#max = Math.max(this.#max, max);
  }

  counted(): Counted {
    return { buckets: [...this.#counts], max: this.#max };
  }

  /** Milliseconds that this part of all stays within, `0.99`; at most a 32nd too high, and never over the largest. */
  percentile(part: number): number {
    let left = Math.ceil(part * this.count);
    for (const [bucket, count] of [...this.#counts].sort(([one], [other]) => one - other)) {
      left -= count;
      if (left <= 0) return Math.min(this.#max, 2 ** (bucket / STEPS) / 1000);
    }
    return this.#max;
  }

  get max(): number {
    return this.#max;
  }
}
