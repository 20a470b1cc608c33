// Reads a page of the log, in a reader thread: a bounded stretch of places at a time, so that a filter that matches
// nothing holds up nobody.
import { firstSegment, matcher } from '@godwit/protocol';
import type { LogQuery } from '../../ports/storage.ts';
import { type Database, eachRow, firstRow, prepareRows, type Statement } from './database.ts';
import type { Packer } from './packing.ts';

/** The most places that one page looks at. */
export const MOST_PLACES = 20_000;

export class LogReader {
  readonly #database: Database;
  readonly #bounds: Statement;
  readonly #stretch: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#bounds = prepareRows(database, 'SELECT last, (SELECT min(seq) FROM log) FROM state WHERE id = 1');
    this.#stretch = prepareRows(database, 'SELECT seq, timestamp, change, topic, message_id, data FROM log WHERE seq > ? AND seq <= ? ORDER BY seq');
  }

  /** Packs cursor, more, first and the places looked at behind the messages, each behind a 1; a 0 ends them. */
  read(query: LogQuery, packer: Packer): void {
    this.#database.exec('BEGIN');
    try {
      const [last, oldest] = firstRow(this.#bounds) as [number, number | null];
      const first = oldest ?? last + 1;
      const from = Math.max(query.after, first - 1);
      const to = Math.min(last, from + MOST_PLACES);
      const stop = this.#pack(query, from, to, packer);
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

  #pack({ filter, limit, maxBytes }: LogQuery, from: number, to: number, packer: Packer): number {
    const isWanted = matcher(filter.patterns);
    const readable = filter.collections === '*' ? undefined : new Set(filter.collections);
    let count = 0;
    let bytes = 0;
    let passed = from;
    for (const row of eachRow(this.#stretch, from, to)) {
      const [seq, timestamp, change, topic, messageId, data] = row as [number, number, number, string, string, string];
      if (isWanted(topic) && (change === 0 || readable === undefined || readable.has(firstSegment(topic)))) {
        bytes += Buffer.byteLength(topic) + Buffer.byteLength(data);
        if (count === limit || (count > 0 && bytes > maxBytes)) return passed;
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
      passed = seq;
    }
    return to;
  }
}
