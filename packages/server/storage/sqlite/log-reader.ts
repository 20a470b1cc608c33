// Reads a page of the log, in a reader thread: a bounded stretch of places at a time, so that a filter that matches
// nothing holds up nobody, and no snapshot stands in the way of a checkpoint for long.
import { firstSegment, matcher } from '@godwit/protocol';
import type { CountQuery, LogFilter, LogQuery } from '../../ports/storage.ts';
import { type Database, eachRow, firstRow, prepareRows, type Statement } from './database.ts';
import type { Packer } from './packing.ts';

/** The most places that one page looks at, and how long it may look. */
const MOST_PLACES = 20_000;
const MOST_MS = 20;
/** Places between looks at the clock. */
const STEP_PLACES = 1_000;

type Row = [seq: number, timestamp: number, change: number, topic: string, messageId: string, data: string];
type Wanted = (topic: string, change: number) => boolean;

const wantedBy = ({ patterns, collections }: LogFilter): Wanted => {
  const matches = matcher(patterns);
  if (collections === '*') return matches;
  const readable = new Set(collections);
  return (topic, change) => matches(topic) && (change === 0 || readable.has(firstSegment(topic)));
};

export class LogReader {
  readonly #database: Database;
  readonly #bounds: Statement;
  readonly #all: Statement;
  readonly #some: Statement;
  readonly #countAll: Statement;
  readonly #countSome: Statement;
  #wanted: Wanted = () => false;

  constructor(database: Database) {
    this.#database = database;
    // Asked within the walk, before a row's data is read: what does not match costs its topic and no more.
    database.function('wanted', (topic, change) => (this.#wanted(String(topic), Number(change)) ? 1 : 0));
    const columns = 'seq, timestamp, change, topic, message_id, data';
    this.#bounds = prepareRows(database, 'SELECT last, (SELECT min(seq) FROM log) FROM state WHERE id = 1');
    this.#all = prepareRows(database, `SELECT ${columns} FROM log WHERE seq > ? AND seq <= ? AND topic NOT GLOB '$*' ORDER BY seq`);
    this.#some = prepareRows(database, `SELECT ${columns} FROM log WHERE seq > ? AND seq <= ? AND wanted(topic, change) ORDER BY seq`);
    const counted = (which: string): string =>
      `SELECT count(*), max(seq) FROM (SELECT seq FROM log WHERE seq > ? AND seq <= ? AND ${which} ORDER BY seq LIMIT ?)`;
    this.#countAll = prepareRows(database, counted("topic NOT GLOB '$*'"));
    this.#countSome = prepareRows(database, counted('wanted(topic, change)'));
  }

  /** Packs the messages, each behind a 1, then a 0, cursor, more, first and how many places were looked at. */
  read(query: LogQuery, packer: Packer): void {
    this.#database.exec('BEGIN');
    try {
      const [last, oldest] = firstRow(this.#bounds) as [number, number | null];
      const first = oldest ?? last + 1;
      const from = Math.max(query.after, first - 1);
      const stop = this.#pack(query, from, Math.min(last, from + MOST_PLACES), packer);
      const cursor = Math.max(query.after, stop);
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
      const [last, oldest] = firstRow(this.#bounds) as [number, number | null];
      const first = oldest ?? last + 1;
      const from = Math.max(after, first - 1);
      const to = Math.min(last, through, from + MOST_PLACES);
      const statement = this.#select(filter) ? this.#countAll : this.#countSome;
      const until = performance.now() + MOST_MS;
      let count = 0;
      let reached = from;
      while (reached < to && count < most && (reached === from || performance.now() < until)) {
        const end = Math.min(to, reached + STEP_PLACES);
        const [found, newest] = firstRow(statement, reached, end, most - count) as [number, number];
        count += found;
        // Where there are enough, nobody has looked beyond the last of them.
        reached = count === most ? newest : end;
      }
      for (const number of [count, Math.max(after, reached), first, reached - from]) packer.number(number);
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  /** Sets what is wanted; whether that is all. */
  #select(filter: LogFilter): boolean {
    const isAll = filter.collections === '*' && filter.patterns.includes('**');
    if (!isAll) this.#wanted = wantedBy(filter);
    return isAll;
  }

  /** Packs what is wanted up to a place; the place that was reached. */
  #pack({ filter, limit, maxBytes }: LogQuery, from: number, to: number, packer: Packer): number {
    const statement = this.#select(filter) ? this.#all : this.#some;
    const until = performance.now() + MOST_MS;
    let count = 0;
    let bytes = 0;
    let reached = from;
    while (reached < to && (reached === from || performance.now() < until)) {
      const end = Math.min(to, reached + STEP_PLACES);
      for (const row of eachRow(statement, reached, end)) {
        const [seq, timestamp, change, topic, messageId, data] = row as unknown as Row;
        bytes += Buffer.byteLength(topic) + Buffer.byteLength(data);
        // The place before this one, not that of the last match: what lies between was looked at.
        if (count > 0 && bytes > maxBytes) return seq - 1;
        count++;
        packer.number(1);
        packer.number(seq);
        packer.text(messageId);
        packer.text(topic);
        packer.number(timestamp);
        packer.text(data);
        packer.number(change);
        if (count === limit) return seq;
      }
      reached = end;
    }
    return reached;
  }
}
