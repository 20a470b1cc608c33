// Reads a page of a list, in a reader thread. One read transaction per page: its segments are of one state.
import type { ListQuery } from '../../ports/storage.ts';
import { type Database, eachRow, firstRow, prepareRows, type Statement, type Value } from './database.ts';
import { planList, writePosition } from './list-plan.ts';
import type { Packer } from './packing.ts';

const MOST_STATEMENTS = 200;

/** Statements by their SQL, those used longest ago let go of. */
export class StatementCache {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  get(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const statement = prepareRows(this.#database, sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > MOST_STATEMENTS) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return statement;
  }
}

export class ListReader {
  readonly #database: Database;
  readonly #cache: StatementCache;

  constructor(database: Database) {
    this.#database = database;
    this.#cache = new StatementCache(database);
  }

  /** Packs a page: the documents, each behind a 1, then a 0 and the position behind the last one or its absence. */
  read(number: number, query: ListQuery, packer: Packer): void {
    const plan = planList(number, query);
    this.#database.exec('BEGIN');
    try {
      let count = 0;
      let bytes = 0;
      let last: Value = null;
      let more = false;
      pages: for (const { sql, values } of plan.segments) {
        const wanted = query.limit - count + 1;
        for (const row of eachRow(this.#cache.get(sql), ...values, wanted)) {
          const body = row[7] as string;
          bytes += Buffer.byteLength(body);
          if (count === query.limit || (count > 0 && bytes > query.maxBytes)) {
            more = true;
            break pages;
          }
          packer.number(1);
          packer.text(row[1] as string);
          packer.number(row[2] as number);
          packer.number(row[3] as number);
          packer.number(row[4] as number);
          packer.text(row[5] as string);
          packer.optionalText(row[6] as string | null);
          packer.text(body);
          count++;
          last = row[0] as number;
        }
      }
      packer.number(0);
      packer.optionalText(more ? writePosition(plan.mark, firstRow(this.#cache.get(plan.keys), last) as Value[]) : null);
    } finally {
      this.#database.exec('COMMIT');
    }
  }
}
