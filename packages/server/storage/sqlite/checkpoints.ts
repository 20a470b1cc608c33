// Moves what the WAL holds into the database: in quiet moments where they come, and by force before the WAL grows long.
// Never as part of a commit, whose answer it would make ambiguous.
import { type Database, PAGE_BYTES, type Statement } from './database.ts';
import { type Gate, READERS_MS } from './gate.ts';

/** Pages that are moved at once under constant load: commits wait meanwhile, so it is a few milliseconds' worth. */
const MOST_PAGES = 256;
/** Of these, what a quiet moment is used for. */
const QUIET_PART = 1 / 8;
/** A WAL so many times as long as the room that is kept for it: readers are kept out and those inside waited for, briefly, as it begins anew only when none of them is in it. */
const LONG_TIMES = 4;
const QUIET_MS = 25;
/** A look at the WAL costs 3 % of a small commit: one for each part of what may wait, where a commit counts as this much more than its units, for the pages that it touches. */
const LOOK_PART = 1 / 4;
const COMMIT_BYTES = 1 << 16;

export class Checkpoints {
  readonly #database: Database;
  readonly #look: Statement;
  readonly #passive: Statement;
  readonly #most: number;
  /** How many pages there is room for in any case. */
  readonly #room: number;
  readonly #gate: Gate;
  readonly #failed: (error: unknown) => void;
  #commits = 0;
  #seen = 0;
  /** Bytes since the last look. */
  #unseen = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Pages held at the last look: fewer now means that the WAL began anew. */
  #held = 0;
  #notBefore = 0;
  /** How many were made. */
  made = 0;

  constructor(database: Database, room: number, gate: Gate, failed: (error: unknown) => void) {
    this.#database = database;
    this.#most = Math.min(MOST_PAGES, room);
    this.#room = room;
    this.#gate = gate;
    this.#failed = failed;
    this.#look = database.prepare('PRAGMA wal_checkpoint(NOOP)');
    this.#passive = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** Pages in the WAL, and how many of them are not in the database yet. */
  pages(): { readonly held: number; readonly waiting: number } {
    const { log, checkpointed } = this.#look.get() as { log: number; checkpointed: number };
    return { held: log, waiting: log - checkpointed };
  }

  /** To be called behind every commit and its answer, with what it was given. */
  committed(bytes: number): void {
    this.#commits++;
    this.#timer ??= setTimeout(this.#quiet, QUIET_MS);
    this.#unseen += bytes + COMMIT_BYTES;
    if (this.#unseen < this.#most * PAGE_BYTES * LOOK_PART) return;
    this.#unseen = 0;
    const { held } = this.pages();
    if (held < this.#held) this.#notBefore = 0;
    this.#held = held;
    if (held >= Math.max(this.#most, this.#notBefore)) this.run(held);
  }

  readonly #quiet = (): void => {
    this.#timer = undefined;
    if (this.#seen !== this.#commits) {
      this.#seen = this.#commits;
      this.#timer = setTimeout(this.#quiet, QUIET_MS);
      return;
    }
    const { held, waiting } = this.pages();
    if (waiting >= this.#most * QUIET_PART) this.run(held);
  };

  /** Makes one now. A reader may keep the end of the WAL from it; the next one gets that. False where it failed. */
  run(held = 0): boolean {
    const isLong = held >= this.#room * LONG_TIMES;
    try {
      if (isLong) this.#restart();
      else this.#passive.get();
      this.made++;
      // Where a reader kept the WAL from beginning anew it is let grow for a while, longer where it was waited for in vain.
      this.#notBefore = held + (isLong ? this.#room : this.#most);
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  #restart(): void {
    this.#gate.close();
    try {
      this.#database.exec(`PRAGMA busy_timeout = ${READERS_MS}; PRAGMA wal_checkpoint(RESTART); PRAGMA busy_timeout = 5000`);
    } finally {
      this.#gate.open();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
