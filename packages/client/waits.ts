// How long to wait before something is tried again, by the contract's own figures (5.3, 6.3.2, 8.2.1), and a wait that an abort ends.
import type { Clock, Environment } from './api.ts';
import type { GodwitError } from './errors.ts';
import { RECONNECT_MAX_MS, RETRY_MAX_MS, RETRY_SPREAD, SPREAD_MS } from './figures.ts';

type Random = () => number;

/** After `failures` in a row, from 1: 1 s, 2 s, 4 s up to `max`. */
export const backoff = (failures: number, max: number): number => Math.min(1000 * 2 ** (failures - 1), max);

/** Before the `attempt`th retry, from 1: 1 s, 2 s, 4 s, each spread by up to 20 % (8.2.1); longer where the server named a time. */
export const retryWait = (attempt: number, random: Random, retryAfterMs = 0): number =>
  Math.max(backoff(attempt, RETRY_MAX_MS) * (1 + RETRY_SPREAD * (2 * random() - 1)), retryAfterMs);

/** Before a connection is tried again after `failures` in a row: at once after none, then 1 s, 2 s, 4 s up to `max`, each spread by up to 1 s. */
export const reconnectWait = (failures: number, random: Random, max: number = RECONNECT_MAX_MS): number =>
  Math.min((failures && backoff(failures, max)) + random() * SPREAD_MS, max);

/** One timer at most: set anew it forgets what it was set for before. */
export class Alarm {
  readonly #clock: Clock;
  #timer: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(ms: number, callback: () => void): void {
    this.clear();
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      callback();
    }, ms);
  }

  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
export const pause = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const aborted = (): void => {
      clock.clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    signal?.addEventListener('abort', aborted);
  });

/** Waits before the `attempt`th retry of what failed with `error` (8.2.1). */
export const again = ({ clock, random }: Environment, attempt: number, error: GodwitError, signal?: AbortSignal): Promise<void> =>
  pause(clock, retryWait(attempt, random, error.details.retryAfterMs), signal);

/** What is called does `run` once in this turn of the event loop, however often it is called. */
export const gathered = (run: () => void): (() => void) => {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      run();
    });
  };
};
