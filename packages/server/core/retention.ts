// Letting go, in the background and in small steps: messages by age and bytes, requests past their window (6.2.9, 4.1.3).
import type { TidyPolicy } from '../ports/storage.ts';
import type { Core } from './core.ts';
import { Passing } from './passing.ts';

const SHORTEST_MS = 50;
const LONGEST_MS = 30_000;
/** How often the size of the log is looked at: it may grow by a lot in the time that its age takes to matter. */
const SIZE_MS = 500;
/** Between two steps while there is more to do, so that writers have the store to themselves most of the time. */
const BREATH_MS = 10;

/** Starts tidying; the returned function stops it. */
export const startRetention = ({ storage, clock, settings, durables }: Pick<Core, 'storage' | 'clock' | 'settings' | 'durables'>): (() => void) => {
  const passing = new Passing(storage, durables);
  const { retentionAge, retentionBytes, publishWindow, idempotencyWindow } = settings;
  const interval = Math.max(SHORTEST_MS, Math.min(LONGEST_MS, Math.min(retentionAge, publishWindow, idempotencyWindow) / 20));
  let cancel = (): void => {};
  let stopped = false;
  let dueAt: number;
  const schedule = (ms: number): void => {
    if (!stopped) cancel = clock.after(ms, look);
  };
  const look = (): void => {
    if (clock.now() >= dueAt || storage.log.bytes > retentionBytes) step();
    else schedule(Math.min(SIZE_MS, interval));
  };
  const rest = (): void => {
    dueAt = clock.now() + interval;
    schedule(Math.min(SIZE_MS, interval));
  };
  const step = (): void => {
    const now = clock.now();
    const policy: TidyPolicy = {
      messagesBefore: now - retentionAge,
      // One that outgrows its bound while this is on its way is for the next step: nobody has passed over anything for it.
      maxLogBytes: storage.log.bytes > retentionBytes ? retentionBytes : Number.POSITIVE_INFINITY,
      publishesBefore: now - publishWindow,
      requestsBefore: now - idempotencyWindow,
    };
    passing
      .before(policy)
      .then(() => storage.tidy(policy))
      // A store that cannot tidy now says so to its writers; this tries again.
      .then(({ done }) => {
        if (done) return rest();
        dueAt = clock.now();
        schedule(BREATH_MS);
      }, rest);
  };
  rest();
  return () => {
    stopped = true;
    cancel();
  };
};
