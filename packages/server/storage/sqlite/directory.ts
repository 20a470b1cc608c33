// The data directory: made private when missing, and held by one process at a time with a lock that dies with it (12.4).
import { closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StorageError } from '../../ports/storage.ts';
import { type Database, openPlain } from './database.ts';
import { codeOf } from './faults.ts';

const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;
const SQLITE_BUSY = 5;

/** The file that holds everything. */
export const databasePath = (directory: string): string => join(directory, 'godwit.db');

const sync = (path: string): void => {
  const handle = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};

/**
 * Makes what is missing of a path; returns the first that it made. Node's own recursive way goes round for ever where a file system makes no directories and says
 * that there is no such file, as /proc does.
 */
const makeDirectory = (directory: string): string | undefined => {
  if (existsSync(directory)) return undefined;
  const above = makeDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: PRIVATE_DIRECTORY });
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return above ?? directory;
};

/** A directory that this process holds. */
export interface HeldDirectory {
  readonly database: string;
  release(): void;
}

const lock = (directory: string): Database => {
  const path = join(directory, 'lock.db');
  closeSync(openSync(path, 'a', PRIVATE_FILE));
  const database = openPlain(path);
  try {
    // The lock is the system's, on the open file: it goes with the process, however that ends. Nothing is ever written.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (codeOf(error) === SQLITE_BUSY) {
      throw new StorageError(
        'unusable',
        `The data directory ${directory} is in use by another process; stop that one or give this one a directory of its own.`,
      );
    }
    throw error;
  }
};

/** Makes the directory where it is missing and takes it for this process. */
export const holdDirectory = (directory: string): HeldDirectory => {
  try {
    const made = makeDirectory(directory);
    const held = lock(directory);
    // SQLite gives its WAL the mode of the database: made private here, all of them are.
    closeSync(openSync(databasePath(directory), 'a', PRIVATE_FILE));
    sync(directory);
    if (made !== undefined) sync(join(made, '..'));
    return { database: databasePath(directory), release: () => held.close() };
  } catch (error) {
    if (error instanceof StorageError) throw error;
    throw new StorageError('unusable', `The data directory ${directory} cannot be used: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
};
