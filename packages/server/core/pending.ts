// How much of a durable subscription is ahead (6.2.4), counted up to 10,000.
import type { LogFilter } from '../ports/storage.ts';
import type { Core } from './core.ts';
import type { Durable } from './durables.ts';

const MOST = 10_000;
const PAGE = 1000;
const MOST_STRETCHES = 200;

/** The messages after the acknowledged place that match, at most 10,000. */
export const countPending = async (core: Core, durable: Durable, filter: LogFilter): Promise<number> => {
  const known = durable.attachment?.outstandingIsAll;
  if (known !== undefined) return Math.min(known, MOST);
  let after = Math.max(durable.acknowledged, core.cursors.earliest);
  let count = 0;
  for (let stretch = 0; stretch < MOST_STRETCHES && count < MOST && after < core.storage.log.last; stretch++) {
    const page = await core.storage.readLog({ after, filter, limit: Math.min(PAGE, MOST - count), maxBytes: Number.MAX_SAFE_INTEGER });
    count += page.messages.length;
    after = page.cursor;
    if (!page.more) break;
  }
  return count;
};
