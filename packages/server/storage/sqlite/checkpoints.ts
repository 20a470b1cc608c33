// Moves what the WAL holds into the database: in quiet moments where they come, and by force before the WAL grows long.
// Never as part of a commit, whose answer it would make ambiguous.
import type { Database, Statement } from './database.ts';

/** Pages in the WAL that a quiet moment is used for, and that are not waited with under constant load (8 KB each). */
const QUIET_PAGES = 256;
const BUSY_PAGES = 2048;
/** Pages at which readers are waited for, briefly: a WAL begins anew only when none of them is in it. */
const LONG_PAGES = 16_384;
const QUIET_MS = 25;
const LOOK_EVERY = 16;
const READERS_MS = 100;

export class Checkpoints {
  readonly #database: Database;
  readonly #look: Statement;
  readonly #passive: Statement;
  readonly #failed: (error: unknown) => void;
  #commits = 0;
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;
  #notBefore = 0;
  /** How many were made. */
  made = 0;

  constructor(database: Database, failed: (error: unknown) => void) {
    this.#database = database;
    this.#failed = failed;
    this.#look = database.prepare('PRAGMA wal_checkpoint(NOOP)');
    this.#passive = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** Pages in the WAL, and how many of them are not in the database yet. */
  pages(): { readonly held: number; readonly waiting: number } {
    const { log, checkpointed } = this.#look.get() as { log: number; checkpointed: number };
    return { held: log, waiting: log - checkpointed };
  }

  /** To be called behind every commit and its answer. */
  committed(): void {
    this.#commits++;
    if (this.#commits % LOOK_EVERY === 0) {
      const { held } = this.pages();
      if (held < this.#notBefore) this.#notBefore = 0;
      if (held >= Math.max(BUSY_PAGES, this.#notBefore)) this.run(held);
    }
    this.#timer ??= setTimeout(this.#quiet, QUIET_MS);
  }

  readonly #quiet = (): void => {
    this.#timer = undefined;
    if (this.#seen !== this.#commits) {
      this.#seen = this.#commits;
      this.#timer = setTimeout(this.#quiet, QUIET_MS);
      return;
    }
    const { held, waiting } = this.pages();
    if (waiting >= QUIET_PAGES) this.run(held);
  };

  /** Makes one now. A reader may keep the end of the WAL from it; the next one gets that. */
  run(held = 0): void {
    try {
      if (held >= LONG_PAGES) {
        this.#database.exec(`PRAGMA busy_timeout = ${READERS_MS}; PRAGMA wal_checkpoint(RESTART); PRAGMA busy_timeout = 5000`);
      } else this.#passive.get();
      this.made++;
      // What this one could not begin anew is let grow for a while before the next.
      this.#notBefore = held + QUIET_PAGES;
    } catch (error) {
      this.#failed(error);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
