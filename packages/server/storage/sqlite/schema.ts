// The tables, as a list of migrations that only grows: a store of any older version is brought forward at the start, one
// of a newer version is refused. The tables of documents are made with their collections (`tables.ts`).
import { StorageError } from '../../ports/storage.ts';
import type { Database } from './database.ts';
import { isFull } from './faults.ts';
import { rowsToBlocks } from './rows-to-blocks.ts';
import { addTags } from './tables.ts';

/** SQL, or what takes more than that; it runs within a transaction. */
export type Migration = string | ((database: Database) => void);

/** Each brings a store from the version of its place to the next one. Never edit one that was released: add one. */
export const MIGRATIONS: readonly Migration[] = [
  `
  -- One row. 'last' is the newest place ever given out: the log may be empty and still go on from there. Requests named
  -- in rows up to publishes_from and changes_from are in stored generations; segments_through says as much of 'segments'.
  CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    last_request INTEGER NOT NULL,
    forgotten_before INTEGER NOT NULL,
    publishes_from INTEGER NOT NULL,
    changes_from INTEGER NOT NULL,
    segments_through INTEGER NOT NULL,
    salt TEXT NOT NULL,
    probes INTEGER NOT NULL
  ) STRICT;

  -- client and request_id name the publish that a row is remembered as; no index in SQL holds them (requests.ts).
  CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    timestamp INTEGER NOT NULL,
    change INTEGER NOT NULL,
    topic TEXT NOT NULL,
    message_id TEXT NOT NULL,
    client TEXT,
    request_id TEXT,
    data TEXT NOT NULL
  ) STRICT;

  CREATE TABLE epochs (first INTEGER NOT NULL, tag TEXT NOT NULL) STRICT;

  -- age: the order in which they were remembered, never given twice.
  CREATE TABLE requests (
    age INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    client TEXT NOT NULL,
    request_id TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL
  ) STRICT;

  -- Closed generations of the index over both of the above (generation.ts): what, and the slots in pieces.
  CREATE TABLE generations (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    base INTEGER NOT NULL,
    last INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    slots INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE generation_parts (
    generation INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (generation, part)
  ) STRICT;

  -- For each first segment the newest message of a client's below it, as of state.segments_through.
  CREATE TABLE segments (segment TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX segments_last ON segments (last);

  CREATE TABLE records (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;

  -- AUTOINCREMENT: the number of a removed collection never names the table of another.
  CREATE TABLE collections (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    schema TEXT,
    indexes TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
  ) STRICT;
  `,
  // The log in blocks, a row for many messages; the row of the state is as of the last time that it was written.
  rowsToBlocks,
  // Each state of a document has a name of its own (decision 0019); those of older stores keep the one that they had.
  addTags,
];

const versionOf = (database: Database): number => Number(database.prepare('PRAGMA user_version').get()?.user_version);

const checkpoint = (database: Database): void => {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    if (!isFull(error)) throw error;
  }
};

/** Brings the store to the newest version, or refuses it. Each step stands or falls as a whole. */
export const migrate = (database: Database, salt: () => string, migrations: readonly Migration[] = MIGRATIONS): void => {
  const found = versionOf(database);
  if (found > migrations.length) {
    throw new StorageError(
      'unusable',
      `The store was written by a newer version (its schema is ${found}, this version knows ${migrations.length}); start that version, or restore a backup made before it.`,
    );
  }
  for (let version = found; version < migrations.length; version++) {
    database.exec('BEGIN IMMEDIATE');
    try {
      const migration = migrations[version] as Migration;
      if (typeof migration === 'string') database.exec(migration);
      else migration(database);
      if (version === 0) {
        database.prepare('INSERT INTO state VALUES (1, 0, 0, 0, 0, 0, 0, 0, ?, 0)').run(salt());
      }
      database.exec(`PRAGMA user_version = ${version + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
  // What moved much lies in the WAL: into the database with it while nobody waits. Where there is no room, it waits for later checkpoints.
  if (found > 0 && found < migrations.length) checkpoint(database);
};
