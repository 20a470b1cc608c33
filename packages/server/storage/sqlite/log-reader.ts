// Reads a page of the log, in a reader thread: a bounded stretch of places at a time, so that a filter that matches
// nothing holds up nobody, and no snapshot stands in the way of a checkpoint for long.
import { firstSegment, matcher } from '@godwit/protocol';
import type { CountQuery, LogFilter, LogQuery } from '../../ports/storage.ts';
import { BLOCK_SQL, Block, FACTS_SQL, NEWEST_SQL } from './block.ts';
import { type Database, eachRow, firstRow, prepareRows, type Statement } from './database.ts';
import type { Packer } from './packing.ts';
import { packStored } from './units.ts';

/** The most places that one page looks at, and how long it may look. */
const MOST_PLACES = 20_000;
const MOST_MS = 20;
/** Places between looks at the clock: on a busy machine, too, a page holds what is asked for where that is near. */
const STEP_PLACES = 1_000;

/** Which messages of a block are wanted: each of its topics is judged once. */
type Wanted = (topic: string) => { readonly asMessage: boolean; readonly asChange: boolean };

const wantedBy = ({ patterns, collections }: LogFilter): Wanted => {
  const matches = matcher(patterns);
  const readable = collections === '*' ? undefined : new Set(collections);
  return (topic) => {
    const asMessage = matches(topic);
    return { asMessage, asChange: asMessage && (readable?.has(firstSegment(topic)) ?? true) };
  };
};

/** What a walk does with a message that is wanted: whether it goes on behind it, ends with it or before it. */
type Step = 'on' | 'last' | 'not';

export class LogReader {
  readonly #database: Database;
  readonly #bounds: Statement;
  readonly #facts: Statement;
  readonly #blocks: Statement;
  readonly #bytes: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#bounds = prepareRows(database, `SELECT (${NEWEST_SQL}), (SELECT first FROM log ORDER BY last LIMIT 1)`);
    const from = 'FROM log WHERE last > ? ORDER BY last';
    this.#facts = prepareRows(database, `SELECT ${FACTS_SQL} ${from}`);
    this.#blocks = prepareRows(database, `SELECT ${BLOCK_SQL} ${from}`);
    this.#bytes = prepareRows(database, 'SELECT bytes FROM log WHERE last = ?');
  }

  /** Packs the messages, each behind a 1, then a 0, cursor, more, first and how many places were looked at. */
  read({ after, filter, limit, maxBytes }: LogQuery, packer: Packer): void {
    this.#database.exec('BEGIN');
    try {
      const { first, last } = this.#ends();
      const from = Math.max(after, first - 1);
      let count = 0;
      let bytes = 0;
      // Where all is wanted the bytes come with the facts; else only those of blocks in which something is.
      const statement = filter.collections === '*' && filter.patterns.includes('**') ? this.#blocks : this.#facts;
      const stop = this.#walk(statement, filter, from, Math.min(last, from + MOST_PLACES), (block, index) => {
        bytes += block.size(index);
        if (count > 0 && bytes > maxBytes) return 'not';
        count++;
        if (!block.hasBytes) block.bring(firstRow(this.#bytes, block.last)?.[0]);
        packStored(packer, block.message(index));
        return count === limit ? 'last' : 'on';
      });
      const cursor = Math.max(after, stop);
      packer.number(0);
      packer.number(cursor);
      packer.number(last > cursor ? 1 : 0);
      packer.number(first);
      packer.number(Math.max(0, stop - from));
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  /** Packs how many are wanted, the place that was reached, first and how many places were looked at. */
  count({ after, through, filter, most }: CountQuery, packer: Packer): void {
    this.#database.exec('BEGIN');
    try {
      const { first, last } = this.#ends();
      const from = Math.max(after, first - 1);
      const to = most > 0 ? Math.min(last, through, from + MOST_PLACES) : from;
      let count = 0;
      const reached = this.#walk(this.#facts, filter, from, to, () => (++count === most ? 'last' : 'on'));
      for (const number of [count, Math.max(after, reached), first, reached - from]) packer.number(number);
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  #ends(): { readonly first: number; readonly last: number } {
    const [last, first] = firstRow(this.#bounds) as [number, number | null];
    return { last, first: first ?? last + 1 };
  }

  /** Shows each message that is wanted, up to a place or until time is up; the place up to which all was looked at. */
  #walk(statement: Statement, filter: LogFilter, from: number, to: number, show: (block: Block, index: number) => Step): number {
    if (from >= to) return from;
    const wanted = wantedBy(filter);
    const until = performance.now() + MOST_MS;
    let reached = from;
    let look = from + STEP_PLACES;
    for (const row of eachRow(statement, from)) {
      const block = new Block(row);
      const topics = block.topics.map(wanted);
      const end = Math.min(block.count, block.indexOf(to) + 1);
      for (let index = Math.max(0, block.indexOf(from + 1)); index < end; index++) {
        const topic = topics[block.topicAt(index)] as (typeof topics)[number];
        if (!(block.isChange(index) ? topic.asChange : topic.asMessage)) continue;
        const step = show(block, index);
        // The place before this one, not that of the last match: what lies between was looked at.
        if (step === 'not') return block.first + index - 1;
        if (step === 'last') return block.first + index;
      }
      reached = Math.min(block.last, to);
      if (reached === to) return reached;
      if (reached < look) continue;
      if (performance.now() >= until) return reached;
      look = reached + STEP_PLACES;
    }
    return to;
  }
}
