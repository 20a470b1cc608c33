// Group commit: many units, one transaction, one sync. Where the joint transaction fails its units are done again one by
// one, so that the failure of one is not the failure of its neighbours; where a commit itself fails nobody is answered
// 'written' and nothing more is written (12.3).
import type { Statement } from './database.ts';
import { type Fault, faultOf, isBroken, isFull } from './faults.ts';
import type { Outcome, Store } from './store.ts';
import type { UnitToWrite } from './units.ts';

/** What became of a unit: written, refused, or not done. */
export type Result = Outcome | { readonly status: 'fault'; readonly fault: Fault };

class CommitFailed extends Error {}

export class Transactions {
  readonly #store: Store;
  readonly #begin: Statement;
  readonly #commit: Statement;
  /** Set after a failed sync: every later write is refused with it. */
  broken: Fault | undefined;
  /** Counts of what was done. */
  commits = 0;
  collectionsChanged = false;

  constructor(store: Store) {
    this.#store = store;
    this.#begin = store.database.prepare('BEGIN IMMEDIATE');
    this.#commit = store.database.prepare('COMMIT');
  }

  /** Does all units; the results are in their order, and what is written is on stable storage. */
  write(units: readonly UnitToWrite[], now: number): Result[] {
    const joint = this.run(() => units.map((unit): Result => this.#store.apply(unit, now)));
    if (!isFault(joint)) return joint;
    if (units.length === 1 || this.broken !== undefined) return units.map(() => joint);
    return units.flatMap((unit) => {
      const single = this.run(() => [this.#store.apply(unit, now)] as Result[]);
      return isFault(single) ? [single] : single;
    });
  }

  /** Runs `work` as one transaction: its result stands on stable storage, or a fault does and nothing else. */
  run<T>(work: () => T, forgottenBefore = this.#store.forgottenBefore): T | FaultResult {
    if (this.broken !== undefined) return { status: 'fault', fault: this.broken };
    const { database, forgottenBefore: forgottenUntilNow } = this.#store;
    try {
      this.#store.forgottenBefore = forgottenBefore;
      this.#begin.run();
      const result = work();
      this.#store.finish();
      this.#syncAndStand();
      if (this.#store.committed()) this.collectionsChanged = true;
      this.commits++;
      return result;
    } catch (error) {
      if (database.isTransaction) {
        try {
          database.exec('ROLLBACK');
        } catch (cause) {
          this.broken = faultOf(cause);
        }
      }
      this.#store.rolledBack();
      this.#store.forgottenBefore = forgottenUntilNow;
      const cause = error instanceof CommitFailed ? error.cause : error;
      const fault = faultOf(cause);
      // A commit that failed for anything but room may or may not stand: nobody hears of it, and nothing is built on it.
      if (isBroken(cause) || (error instanceof CommitFailed && !isFull(cause))) this.broken = fault;
      return { status: 'fault', fault };
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
