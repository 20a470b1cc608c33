// How long to wait before something is tried again, by the contract's own figures (5.3, 6.3.2, 8.2.1), and a wait that an abort ends.
import type { Clock } from './api.ts';

type Random = () => number;

/** How often a request is tried again (8.2.1). */
export const RETRIES = 3;
const RETRY_MS = 1000;
const RETRY_SPREAD = 0.2;

/** Before the `attempt`th retry, from 1: 1 s, 2 s, 4 s, each spread by up to 20 % (8.2.1); longer where the server named a time. */
export const retryWait = (attempt: number, random: Random, retryAfterMs = 0): number =>
  Math.max(RETRY_MS * 2 ** (attempt - 1) * (1 + RETRY_SPREAD * (2 * random() - 1)), retryAfterMs);

/** Every reconnect is spread by up to 1 s (5.3). */
const SPREAD_MS = 1000;
/** A lost connection is tried without end, backing off to 30 s (8.2.1). */
export const RECONNECT_MAX_MS = 30_000;
/** While messages flow by long-polling the WebSocket is tried less and less, down to once in 60 s (6.3.2). */
export const UPGRADE_MAX_MS = 60_000;

/** Before a connection is tried again after `failures` in a row: at once after none, then 1 s, 2 s, 4 s up to `max`, each spread by up to 1 s. */
export const reconnectWait = (failures: number, random: Random, max: number = RECONNECT_MAX_MS): number => {
  const wait = failures === 0 ? 0 : Math.min(1000 * 2 ** Math.min(failures - 1, 20), max);
  return Math.min(wait + random() * SPREAD_MS, max);
};

/** One timer at most: set anew it forgets what it was set for before. */
export class Alarm {
  readonly #clock: Clock;
  #timer: unknown;
  isSet = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(ms: number, callback: () => void): void {
    this.clear();
    this.isSet = true;
    this.#timer = this.#clock.setTimeout(() => {
      this.isSet = false;
      callback();
    }, ms);
  }

  clear(): void {
    this.isSet = false;
    this.#clock.clearTimeout(this.#timer);
  }
}

/**
 * Does `work` for no longer than `ms`, nor than until `signal` is aborted: then it rejects with what `late` makes, or the signal's reason, whatever the work still does. The work
 * hears of that by a signal of its own.
 */
export const within = async <T>(
  clock: Clock,
  ms: number,
  late: () => unknown,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  if (signal?.aborted) throw signal.reason;
  const ending = new AbortController();
  const over = Promise.withResolvers<never>();
  ending.signal.addEventListener('abort', () => over.reject(ending.signal.reason));
  const aborted = (): void => ending.abort(signal?.reason);
  signal?.addEventListener('abort', aborted, { once: true });
  const timer = clock.setTimeout(() => ending.abort(late()), ms);
  try {
    return await Promise.race([work(ending.signal), over.promise]);
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
  }
};

/** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
export const pause = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const aborted = (): void => {
      clock.clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    signal?.addEventListener('abort', aborted, { once: true });
  });
