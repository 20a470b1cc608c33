// What a server tells of itself at `/metrics` (12.1), as numbers: the fault tests prove by counters what a clock could only suggest.
import assert from 'node:assert/strict';

/** By name with its labels, as they are written: `godwit_connections{transport="poll"}`. */
export type Sample = (name: string) => number;

/** One scrape. The function throws for a name that is not there, so that a metric that was renamed proves nothing by its absence. */
export const scrape = async (url: string): Promise<Sample> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const values = new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
  return (name) => {
    const value = values.get(name);
    assert(value !== undefined, `/metrics has no ${name}`);
    return value;
  };
};

export const RESIDENT = 'godwit_process_resident_memory_bytes';
const STATS = ['p50', 'p99', 'max'] as const;

/** The delay of the event loop since the scrape before, for people. */
export const loopDelay = (sample: Sample): string =>
  STATS.map((stat) => `${stat} ${(sample(`godwit_event_loop_delay_seconds{stat="${stat}"}`) * 1000).toFixed(1)} ms`).join(', ');

export interface MemoryWatch {
  /** The most that was resident since the last call, in bytes. */
  peak(): number;
  stop(): Promise<void>;
}

const WATCH_MS = 50;

/** Looks at the memory of a server again and again. */
export const watchMemory = (url: string): MemoryWatch => {
  let peak = 0;
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      peak = Math.max(peak, (await scrape(url))(RESIDENT));
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    }
  })();
  return {
    peak: () => {
      const most = peak;
      peak = 0;
      return most;
    },
    stop: () => {
      stopped = true;
      return watching;
    },
  };
};

/** A share of numbers from below: 0.99 is the p99. Not a number where there are none. */
export const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
