// The tables of documents: one per collection, named by the collection's number, never by its name. `place` is the
// tie-break of lists: given at creation, never changed, never that of another document at the same time.
import { createHash } from 'node:crypto';
import type { StoredCollection } from '../../ports/storage.ts';
import { type Database, prepareRows, rows } from './database.ts';
import { keyExpression, pathOf } from './paths.ts';

/** The tag of a row: none is stored before the first change, as that is the incarnation then. */
export const TAG_SQL = 'coalesce(tag, incarnation)';

export const tableName = (number: number): string => `documents_${number}`;

const indexName = (number: number, index: readonly string[]): string =>
  `documents_${number}_by_${createHash('sha256').update(JSON.stringify(index)).digest('hex').slice(0, 16)}`;

const indexSql = (number: number, index: readonly string[]): string => {
  const keys = index.map((dotted) => keyExpression(pathOf(dotted)).sql);
  // Creation behind the keys: what has equal keys is in the order of creation, and `place` ends every index.
  return `CREATE INDEX ${indexName(number, index)} ON ${tableName(number)} (${[...new Set([...keys, 'created'])].join(', ')})`;
};

const named = (number: number, indexes: StoredCollection['indexes']): Map<string, readonly string[]> =>
  new Map(indexes.filter((index) => index.length > 0).map((index) => [indexName(number, index), index]));

export const createTable = (database: Database, number: number, indexes: StoredCollection['indexes']): void => {
  const table = tableName(number);
  database.exec(`
    CREATE TABLE ${table} (
      place INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      version INTEGER NOT NULL,
      created INTEGER NOT NULL,
      updated INTEGER NOT NULL,
      incarnation TEXT NOT NULL,
      body TEXT NOT NULL,
      tag TEXT
    ) STRICT;
    CREATE INDEX ${table}_created ON ${table} (created);
  `);
  replaceIndexes(database, number, [], indexes);
};

/** Makes the indexes that are new and drops those that are no longer named. */
export const replaceIndexes = (database: Database, number: number, before: StoredCollection['indexes'], after: StoredCollection['indexes']): void => {
  const old = named(number, before);
  const wanted = named(number, after);
  for (const name of old.keys()) if (!wanted.has(name)) database.exec(`DROP INDEX ${name}`);
  for (const [name, index] of wanted) if (!old.has(name)) database.exec(indexSql(number, index));
};

/** A migration: the tables of an older store get the column of the tag. */
export const addTags = (database: Database): void => {
  for (const [number] of rows(prepareRows(database, 'SELECT number FROM collections')))
    database.exec(`ALTER TABLE ${tableName(Number(number))} ADD COLUMN tag TEXT`);
};

export const dropTable = (database: Database, number: number): void => {
  database.exec(`DROP TABLE ${tableName(number)}`);
};
