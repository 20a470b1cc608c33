// The one door to `node:sqlite`, so that its coming rename touches one file. Opens the database the way durability needs
// it (WAL, synchronous=FULL) and refuses an SQLite that can lose committed data.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { StorageError } from '../../ports/storage.ts';

export type Database = DatabaseSync;
export type Statement = StatementSync;

/** What a statement takes and gives. */
export type Value = null | number | bigint | string | Uint8Array;

// SQLite 3.7.0 to 3.51.2 can lose commits when two connections write and checkpoint at once.
const OLDEST: readonly [number, number, number] = [3, 51, 3];

/** 8 KB: a message alone is a row of about 300 bytes, a block of the log four pages, and a commit writes each page that it touched whole. */
export const PAGE_BYTES = 8192;

/** Whether an SQLite of this version is sound for what this store does. */
export const isSound = (version: string): boolean => {
  const numbers = version.split('.').map(Number);
  for (const [index, least] of OLDEST.entries()) {
    const found = numbers[index] ?? 0;
    if (found !== least) return found > least;
  }
  return true;
};

const refuseUnsound = (database: Database): void => {
  const version = String(database.prepare('SELECT sqlite_version() AS version').get()?.version);
  if (!isSound(version)) {
    throw new StorageError(
      'unusable',
      `This Node.js carries SQLite ${version}, which can lose committed data; use one with SQLite ${OLDEST.join('.')} or later (Node.js 24.15 or later, or 26).`,
    );
  }
};

/** The one connection that writes. */
export const openForWriting = (path: string): Database => {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  refuseUnsound(database);
  database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  // Checkpoints are ours: an automatic one that fails would make a commit that stands look like one that failed.
  database.exec('PRAGMA wal_autocheckpoint = 0');
  // A WAL that a slow reader let grow gives its room back when it begins anew.
  database.exec('PRAGMA journal_size_limit = 33554432');
  database.exec('PRAGMA cache_size = -16384');
  database.exec('PRAGMA temp_store = MEMORY');
  return database;
};

/**
 * A connection that only reads, beside the writer. Not through a memory map: beside a writer that is mapped anew so often that a read costs
 * twice as much (30 against 15 us at random among 300,000), and a file that is cut short would end the process.
 */
export const openForReading = (path: string): Database => {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  database.exec('PRAGMA cache_size = -8192');
  return database;
};

/** A database of its own beside the store's: the lock of the directory. */
export const openPlain = (path: string): Database => new DatabaseSync(path);

/** A statement whose rows come as arrays: no object per row. */
export const prepareRows = (database: Database, sql: string): Statement => {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
};

/** The rows of a statement of `prepareRows`. */
export const rows = (statement: Statement, ...values: Value[]): Value[][] => statement.all(...values) as unknown as Value[][];

/** The first row of a statement of `prepareRows`. */
export const firstRow = (statement: Statement, ...values: Value[]): Value[] | undefined => statement.get(...values) as unknown as Value[] | undefined;

/** The rows of a statement of `prepareRows`, one by one. */
export const eachRow = (statement: Statement, ...values: Value[]): Iterable<Value[]> => statement.iterate(...values) as Iterable<unknown> as Iterable<Value[]>;
