// How much of a durable subscription is ahead (6.2.4), counted up to 10,000.
import { BOUNDS } from '@godwit/protocol';
import type { LogFilter } from '../ports/storage.ts';
import type { Core } from './core.ts';
import type { Durable } from './durables.ts';

const MOST = 10_000;
const PAGE = 1000;
/** Stretches in which nothing matched. */
const MOST_EMPTY = 200;

/** The messages after the acknowledged place that match, at most 10,000. */
export const countPending = async (core: Core, durable: Durable, filter: LogFilter): Promise<number> => {
  const known = durable.attachment?.outstandingIsAll;
  if (known !== undefined) return Math.min(known, MOST);
  let after = Math.max(durable.acknowledged, core.cursors.earliest);
  let count = 0;
  for (let empty = 0; empty < MOST_EMPTY && count < MOST && after < core.storage.log.last; ) {
    // They are only counted, but come whole: a page of the largest ones must not fill the memory.
    const page = await core.storage.readLog({ after, filter, limit: Math.min(PAGE, MOST - count), maxBytes: BOUNDS.pageBytes });
    if (page.messages.length === 0) empty++;
    count += page.messages.length;
    after = page.cursor;
    if (!page.more) break;
  }
  return count;
};
