// Reads a page of a list, in a reader thread. One read transaction per page: its segments are of one state.
import type { ListQuery } from '../../ports/storage.ts';
import { type Database, eachRow, firstRow, prepareRows, type Statement, type Value } from './database.ts';
import { planList } from './list-plan.ts';
import { type KeysAt, readPosition, writePosition } from './list-position.ts';
import type { Packer } from './packing.ts';
import { type DocumentRow, packRow } from './units.ts';

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

  /** Packs a page, as list-page.ts has it. */
  read(number: number, query: ListQuery, packer: Packer): void {
    const plan = planList(number, query);
    const keysAt: KeysAt = (place) => firstRow(this.#cache.get(plan.keys), place);
    this.#database.exec('BEGIN');
    try {
      const position = query.after === undefined ? undefined : readPosition(query.after, plan, keysAt);
      let count = 0;
      let bytes = 0;
      let last: readonly Value[] = [];
      let next: string | null = null;
      pages: for (const { sql, values } of plan.segments(position)) {
        const wanted = query.limit - count + 1;
        for (const row of eachRow(this.#cache.get(sql), ...values, wanted)) {
          const body = row[7] as string;
          bytes += Buffer.byteLength(body);
          if (count === query.limit || (count > 0 && bytes > query.maxBytes)) {
            const keys = keysAt(last[0] as number) as readonly Value[];
            next = writePosition(plan, last[1] as string, keys, row[0] as number, keysAt);
            break pages;
          }
          packer.number(1);
          packRow(packer, row.slice(1) as unknown as DocumentRow);
          count++;
          last = row;
        }
      }
      packer.number(0);
      packer.optionalText(next);
      packer.optionalText(position === undefined ? null : JSON.stringify(plan.behind(position)));
    } finally {
      this.#database.exec('COMMIT');
    }
  }
}
