// How much of a durable subscription is ahead (6.2.4), counted up to 10,000. Every acknowledgement asks for it, so what was counted is kept: the next count takes off
// what lies before the new place and adds what has come since, instead of walking over the whole backlog again. Counted is what would come: messages of collections
// that may not be read are passed over here too (11.3).
import type { LogCount, LogFilter } from '../ports/storage.ts';
import type { Core } from './core.ts';
import type { Durable } from './durables.ts';

const MOST = 10_000;
/** Stretches of the log for one count. */
const MOST_STRETCHES = 200;

/** Counts of one subscription that are kept, each for other rights: what a client asks with its own is not undone by what an operator asks. */
const MOST_KEPT = 4;

/** So many match after `from`, up to and with `until`. */
interface Counted {
  readonly from: number;
  readonly until: number;
  readonly count: number;
}

const counted = new WeakMap<Durable, Map<string, Counted>>();

/** Puts the newest last. */
const keep = (durable: Durable, filter: string, count: Counted): void => {
  const kept = counted.get(durable) ?? new Map<string, Counted>();
  kept.delete(filter);
  kept.set(filter, count);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string);
  counted.set(durable, kept);
};

/** How many match between two places, at most `most`, and how far was looked; `first` tells what of it is gone. */
const countBetween = async (core: Core, filter: LogFilter, from: number, through: number, most: number): Promise<LogCount> => {
  let cursor = from;
  let count = 0;
  let first = 0;
  for (let stretch = 0; stretch < MOST_STRETCHES && count < most && cursor < through; stretch++) {
    const page = await core.storage.countLog({ after: cursor, through, filter, most: most - count });
    count += page.count;
    ({ cursor, first } = page);
  }
  return { count, cursor, first };
};

/** What is left of an earlier count beyond a later place; undefined where that cannot be told. */
const leftOf = async (core: Core, filter: LogFilter, { from, until, count }: Counted, place: number): Promise<Counted['count'] | undefined> => {
  if (place < from || place > until) return undefined;
  const passed = await countBetween(core, filter, from, place, MOST);
  // What retention took was counted then and is not now.
  return passed.cursor === place && passed.first <= from + 1 ? count - passed.count : undefined;
};

/**
 * The messages after the acknowledged place that match, at most 10,000: those that its attachment gets, and where nobody is attached those that who asks would get, who may
 * read these collections.
 */
export const countPending = async (core: Core, durable: Durable, readable: LogFilter['collections']): Promise<number> => {
  const { attachment, topics } = durable;
  const known = attachment?.outstandingIsAll;
  if (known !== undefined) return Math.min(known, MOST);
  const filter: LogFilter = { patterns: topics, collections: attachment?.collections ?? readable };
  const { last, first } = core.storage.log;
  const from = Math.max(durable.acknowledged, first - 1);
  const name = JSON.stringify(filter);
  const before = counted.get(durable)?.get(name);
  const left = before === undefined ? undefined : await leftOf(core, filter, before, from);
  const added = await countBetween(core, filter, left === undefined ? from : (before as Counted).until, last, MOST - (left ?? 0));
  const count = (left ?? 0) + added.count;
  keep(durable, name, { from, until: added.cursor, count });
  return count;
};
