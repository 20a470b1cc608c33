// Group commit: many units, one transaction, one sync. Where the joint transaction fails its units are done again one by
// one, so that the failure of one is not the failure of its neighbours; where a commit itself fails nobody is answered
// 'written' and nothing more is written (12.3).
import type { Statement } from './database.ts';
import { type Fault, faultOf, isBroken, isFull } from './faults.ts';
import type { Incoming } from './incoming.ts';
import type { Outcome, Store } from './store.ts';

/** What became of a unit: written, refused, or not done. */
export type Result = Outcome | { readonly status: 'fault'; readonly fault: Fault };

/** Units in a row that find no room, after which the rest of a batch is not tried. */
const MOST_FULL = 8;

class CommitFailed extends Error {}

/** What a transaction needs of the disk beside the store. */
export interface Disk {
  /** The disk is full: whether something was done about it, so that trying again is worth it. */
  onFull(): boolean;
  /** A commit failed: takes back what of it may lie in the WAL, so that no later start finds it. Throws where it cannot. */
  withdraw(): void;
}

export class Transactions {
  readonly #store: Store;
  readonly #disk: Disk;
  readonly #begin: Statement;
  readonly #commit: Statement;
  /** Set after a failed sync: every later write is refused with it. */
  broken: Fault | undefined;
  /** Counts of what was done. */
  commits = 0;
  collectionsChanged = false;

  constructor(store: Store, disk: Disk) {
    this.#store = store;
    this.#disk = disk;
    this.#begin = store.database.prepare('BEGIN IMMEDIATE');
    this.#commit = store.database.prepare('COMMIT');
  }

  /** Does all units; the results are in their order, and what is written is on stable storage. */
  write(incoming: Incoming, now: number): readonly Result[] {
    const { count } = incoming;
    const joint = this.run(() => this.#all(incoming, now));
    if (!isFault(joint)) return joint;
    if (count === 1 || this.broken !== undefined) return new Array<Result>(count).fill(joint);
    let full = 0;
    return Array.from({ length: count }, (_, index): Result => {
      // A large unit may find no room where a small one does, but not for ever: each try may move the whole WAL.
      if (full >= MOST_FULL) return joint;
      const single = this.one(incoming, index, now);
      full = isFault(single) && single.fault.problem === 'full' ? full + 1 : 0;
      return single;
    });
  }

  /** Does one unit by itself. */
  one(incoming: Incoming, index: number, now: number): Result {
    return this.run((): Result => this.#store.apply(incoming, index, now));
  }

  #all(incoming: Incoming, now: number): Result[] {
    const results: Result[] = [];
    for (let index = 0; index < incoming.count; index++) results.push(this.#store.apply(incoming, index, now));
    return results;
  }

  /** Runs `work` as one transaction: its result stands on stable storage, or a fault does and nothing else. */
  run<T>(work: () => T, forgottenBefore = this.#store.forgottenBefore): T | FaultResult {
    const result = this.#once(work, forgottenBefore);
    return isFault(result) && result.fault.problem === 'full' && this.#disk.onFull() ? this.#once(work, forgottenBefore) : result;
  }

  #once<T>(work: () => T, forgottenBefore: number): T | FaultResult {
    if (this.broken !== undefined) return { status: 'fault', fault: this.broken };
    const store = this.#store;
    const forgottenUntilNow = store.forgottenBefore;
    try {
      store.forgottenBefore = forgottenBefore;
      this.#begin.run();
      const result = work();
      store.finish();
      this.#syncAndStand();
      if (store.committed()) this.collectionsChanged = true;
      this.commits++;
      return result;
    } catch (error) {
      this.#rollBack(error instanceof CommitFailed);
      store.rolledBack();
      store.forgottenBefore = forgottenUntilNow;
      const cause = error instanceof CommitFailed ? error.cause : error;
      const fault = faultOf(cause);
      // A commit that failed for anything but room may or may not stand: nobody hears of it, and nothing is built on it.
      if (isBroken(cause) || (error instanceof CommitFailed && !isFull(cause))) this.broken = fault;
      return { status: 'fault', fault };
    }
  }

  #rollBack(commitFailed: boolean): void {
    try {
      if (this.#store.database.isTransaction) this.#store.database.exec('ROLLBACK');
      if (commitFailed) this.#disk.withdraw();
    } catch (cause) {
      this.broken = { ...faultOf(cause), problem: 'failed' };
    }
  }

  #syncAndStand(): void {
    try {
      this.#commit.run();
    } catch (cause) {
      throw new CommitFailed('commit', { cause });
    }
  }
}

export interface FaultResult {
  readonly status: 'fault';
  readonly fault: Fault;
}

export const isFault = (result: unknown): result is FaultResult =>
  typeof result === 'object' && result !== null && (result as { status?: unknown }).status === 'fault';
