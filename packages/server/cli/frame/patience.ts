// Long work goes on where a person would wait: a budget that is spent, a server that is full or restarting. What is refused for good fails at once.
import { setTimeout } from 'node:timers/promises';
import { GodwitError } from '@godwit/client';

/** Waited out without end: they say that there is only too much at once. */
const BUDGETS: ReadonlySet<string> = new Set(['RATE_LIMITED', 'TOO_MANY_CONNECTIONS']);
/** Tried again for a while, on top of the client's own attempts (8.2.1). */
const ABSENT: ReadonlySet<string> = new Set(['UNAVAILABLE', 'NETWORK', 'CLIENT_TIMEOUT', 'TIMEOUT', 'INTERNAL', 'REQUEST_IN_PROGRESS']);
const ABSENT_ATTEMPTS = 5;
const WAIT_MS = 2_000;

/** What is said where a limit is waited for. */
export const limitText = (seconds: number): string => `waiting ${Math.ceil(seconds)} s for the limit of this key`;

/** Waits; ends at once, with its reason, when the signal is aborted. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, { signal }).catch(() => {
    throw signal.reason;
  });

/** Carries out `attempt` until it succeeds or fails for good; each attempt must be the same request, by its requestId. */
export const patiently = async <T>(attempt: () => Promise<T>, signal: AbortSignal, waiting: (why: string) => void = () => {}, wait = pause): Promise<T> => {
  for (let absences = 0; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof GodwitError) || signal.aborted) throw error;
      const isBudget = BUDGETS.has(error.code);
      if (!isBudget && !(ABSENT.has(error.code) && ++absences <= ABSENT_ATTEMPTS)) throw error;
      const ms = Math.max(error.details.retryAfterMs ?? 0, WAIT_MS);
      waiting(isBudget ? limitText(ms / 1000) : `waiting for the server (${error.code})`);
      await wait(ms, signal);
    }
  }
};
