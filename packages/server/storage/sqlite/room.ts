// Room on the disk, and what happens without it (12.3). A file of nothing is kept as a reserve, as large as the WAL may grow
// before a checkpoint. When the disk is full it is given up: then the WAL can be moved into the database and begin anew, so
// that letting go still works. Until the reserve can be made again, or letting go has freed as much inside the database, only
// units that let go are written: otherwise the last room would be used up and the store could not help itself any more.

import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Database, firstRow, PAGE_BYTES, prepareRows, type Statement } from './database.ts';
import type { UnitToWrite } from './units.ts';

const MOST_BYTES = 8 << 20;
/** Of a small disk the reserve takes one part in so many. */
const SHARE = 8;
const CHUNK_BYTES = 1 << 18;
const PRIVATE_FILE = 0o600;

/** Whether a unit only lets go: removals, with the messages and the request that say so. */
export const letsGo = (unit: UnitToWrite): boolean => {
  if (unit.request?.kind === 'publish' || unit.probe) return false;
  if (unit.documents.length + unit.records.length + unit.collections.length === 0) return false;
  return (
    unit.documents.every(({ to }) => to === null) && unit.records.every(({ body }) => body === null) && unit.collections.every(({ kind }) => kind === 'remove')
  );
};

export class Room {
  readonly #path: string;
  readonly #freePages: Statement;
  /** The size of the reserve. */
  readonly bytes: number;
  /** The reserve is given up. */
  tight = false;

  constructor(database: Database, path: string) {
    this.#path = path;
    this.#freePages = prepareRows(database, 'PRAGMA freelist_count');
    const disk = statfsSync(dirname(path));
    const share = Math.floor((disk.blocks * disk.bsize) / SHARE);
    this.bytes = Math.max(Math.min(MOST_BYTES, share - (share % CHUNK_BYTES)), CHUNK_BYTES);
    this.tight = !this.#isThere() && !this.#make();
  }

  /** How many pages the WAL may hold before a checkpoint: what the reserve makes room for. */
  get pages(): number {
    return Math.floor(this.bytes / PAGE_BYTES);
  }

  #isThere(): boolean {
    const found = statSync(this.#path, { throwIfNoEntry: false });
    return found !== undefined && found.size === this.bytes;
  }

  /** Makes the reserve where there is room for it and as much again. */
  #make(): boolean {
    const disk = statfsSync(dirname(this.#path));
    if (disk.bavail * disk.bsize < this.bytes * 2) return false;
    try {
      const file = openSync(this.#path, 'w', PRIVATE_FILE);
      try {
        // Not zeros: some file systems keep those in no room at all.
        const chunk = randomFillSync(Buffer.alloc(CHUNK_BYTES));
        for (let made = 0; made < this.bytes; made += CHUNK_BYTES) writeSync(file, chunk);
      } finally {
        closeSync(file);
      }
      return true;
    } catch {
      this.#remove();
      return false;
    }
  }

  #remove(): void {
    rmSync(this.#path, { force: true });
  }

  /** The disk is full: gives up the reserve. False where it was given up before. */
  giveUp(): boolean {
    if (this.tight) return false;
    this.tight = true;
    this.#remove();
    return true;
  }

  /** Whether units may be written that take room. */
  isEnough(): boolean {
    if (!this.tight) return true;
    if (this.#make()) this.tight = false;
    return !this.tight || Number(firstRow(this.#freePages)?.[0]) >= this.pages;
  }
}
