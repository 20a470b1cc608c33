// Time, as the core is given it, so that no rule of the protocol needs a sleeping test.

export interface Clock {
  /** Milliseconds since the epoch, never going back within one process. */
  now(): number;
  /** Calls back once after `ms`; the returned function calls it off. The timer does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock = (): Clock => {
  let last = 0;
  return {
    now() {
      const now = Date.now();
      if (now > last) last = now;
      return last;
    },
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
};
