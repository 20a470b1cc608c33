// A clock that moves only when told to, so that tests of rules that speak of time need not sleep.
import type { Clock } from '../ports/clock.ts';

export interface ManualClock extends Clock {
  /** Moves on, calling back what became due in its order; between two of them whatever they set in motion runs as far as it can. */
  advance(ms: number): Promise<void>;
  /** Moves on while nothing runs, as where the process or its machine stands still. */
  standStill(ms: number): void;
  /** Callbacks that wait. */
  readonly waiting: number;
}

/** Lets everything run that does not wait for time or for the disk. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const manualClock = (start = Date.parse('2026-11-22T10:00:00.000Z')): ManualClock => {
  let time = start;
  let timers: { readonly at: number; readonly callback: () => void }[] = [];
  return {
    now: () => time,
    after(ms, callback) {
      const timer = { at: time + ms, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async advance(ms) {
      const end = time + ms;
      for (;;) {
        const due = timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
        if (due === undefined) break;
        timers = timers.filter((timer) => timer !== due);
        time = Math.max(time, due.at);
        due.callback();
        await settled();
      }
      time = end;
    },
    standStill(ms) {
      time += ms;
    },
    get waiting() {
      return timers.length;
    },
  };
};
