// Time, as the core is given it, so that no rule of the protocol needs a sleeping test.

export interface Clock {
  /** Milliseconds since the epoch. Within one process it never goes back, and goes on where the system's clock was set back. */
  now(): number;
  /** Calls back once after `ms`; the returned function calls it off. The timer does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

/** The part of time by which a clock that is ahead goes slower. */
const SLOWER = 16;

export const systemClock = (): Clock => {
  let wall = Date.now();
  let last = wall;
  /** How far this clock is before the system's, since that was set back. */
  let ahead = 0;
  return {
    now() {
      const before = wall;
      wall = Date.now();
      if (wall === before) return last;
      // Set back: time goes on from where it was, as what waits for it must not wait until that is made up; a little slower, so that it is made up.
      ahead = wall < before ? ahead + before - wall : Math.max(0, ahead - (wall - before) / SLOWER);
      last = Math.max(last, Math.floor(wall + ahead));
      return last;
    },
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
};
