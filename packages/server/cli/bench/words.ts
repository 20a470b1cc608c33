// What the measuring process and its workers say to each other.
import type { Whom } from '../frame/connection.ts';
import type { Counted } from './histogram.ts';

export interface Task {
  readonly kind: 'publish' | 'subscribe';
  readonly whom: Whom;
  /** Clients of this worker. */
  readonly clients: number;
  /** Of this worker among all. */
  readonly number: number;
  readonly topic: string;
  readonly size: number;
  readonly inFlight: number;
}

/** To a worker: open your clients; count from now on; stop and tell. */
export type Order = { readonly do: 'open'; readonly task: Task } | { readonly do: 'measure' } | { readonly do: 'finish' };

export interface Result {
  readonly latencies: Counted;
  readonly failed: number;
  /** What one of the failures was. */
  readonly failure: string | undefined;
  /** Part of one processor that this worker used, from 0 to 1 and, with its garbage collection, over it. */
  readonly cpu: number;
  readonly seconds: number;
}

/** From a worker. */
export type Word =
  | { readonly said: 'open' }
  | { readonly said: 'count'; readonly count: number }
  | { readonly said: 'result'; readonly result: Result }
  | { readonly said: 'failed'; readonly sentence: string; readonly code: string };

/** Wall-clock milliseconds with the resolution of the monotonic clock: processes of one machine agree on it. */
export const wallClock = (): number => performance.timeOrigin + performance.now();

/** Data of about `size` bytes that tells when it was sent. */
export const payload = (at: number, padding: string): { readonly at: number; readonly padding: string } => ({ at, padding });
export const paddingFor = (size: number): string => 'x'.repeat(Math.max(0, size - 40));
