// What an error of SQLite or of the system means for a unit: no room, or a disk that fails (12.3).
import { StorageError, type StorageProblem } from '../../ports/storage.ts';

const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;
const SQLITE_IOERR_SHMSIZE = SQLITE_IOERR | (19 << 8);

/** The result code of SQLite that an error carries, or 0. */
export const codeOf = (error: unknown): number => {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code : 0;
};

/** No room: SQLite says so of its files, and with a code of its own of the index of its WAL. */
export const isFull = (error: unknown): boolean => {
  const code = codeOf(error);
  return (code & 0xff) === SQLITE_FULL || code === SQLITE_IOERR_SHMSIZE || (error as { code?: unknown } | null)?.code === 'ENOSPC';
};

/** The disk fails, or the file is damaged: what was written may not be there, so nothing more must be (12.3). */
export const isBroken = (error: unknown): boolean => {
  const code = codeOf(error);
  const kind = code & 0xff;
  return (kind === SQLITE_IOERR && code !== SQLITE_IOERR_SHMSIZE) || kind === SQLITE_CORRUPT || kind === SQLITE_NOTADB;
};

/** A statement of a collection that was removed meanwhile. */
export const isTableGone = (error: unknown): boolean => codeOf(error) === 1 && /no such table/.test(String((error as Error).message));

const SENTENCES: Record<'full' | 'failed' | 'closed', string> = {
  full: 'There is no room on the disk of the data directory.',
  failed: 'The disk of the data directory fails, or its store is damaged; nothing more is written until a restart.',
  closed: 'The store is closed.',
};

/** What crosses between threads for an error. */
export interface Fault {
  readonly problem: StorageProblem;
  readonly message: string;
}

export const faultOf = (error: unknown): Fault => {
  if (error instanceof StorageError) return { problem: error.problem, message: error.message };
  const said = error instanceof Error ? error.message : String(error);
  if (isFull(error)) return { problem: 'full', message: `${SENTENCES.full} (${said})` };
  if (isBroken(error)) return { problem: 'failed', message: `${SENTENCES.failed} (${said})` };
  return { problem: 'failed', message: `The store could not do this: ${said}` };
};

export const FULL: Fault = { problem: 'full', message: SENTENCES.full };
export const errorOf = (fault: Fault): StorageError => new StorageError(fault.problem, fault.message);
export const closedError = (): StorageError => new StorageError('closed', SENTENCES.closed);
