// What waits for a reader thread, on this side of it: clients take turns, so that the many questions of one hold up those of another by one each, and
// what nobody waits for any more is dropped here instead of read.
import { type Asker, StorageError } from '../../ports/storage.ts';

export interface Waiter {
  /** Undefined: a party of its own. */
  readonly asker: Asker | undefined;
  reject(error: Error): void;
}

export class Waiting<One extends Waiter> {
  /** By client, who is next first. */
  readonly #parties = new Map<unknown, One[]>();
  readonly #mostOfOne: number;

  constructor(mostOfOne: number) {
    this.#mostOfOne = mostOfOne;
  }

  /** Rejects it as `crowded` where its client has as many waiting as it may. */
  add(one: One): void {
    const party = one.asker?.client ?? one;
    const ones = this.#parties.get(party);
    if (ones === undefined) this.#parties.set(party, [one]);
    else if (ones.length < this.#mostOfOne) ones.push(one);
    else one.reject(new StorageError('crowded', 'Too many reads of this client wait for their turn.'));
  }

  /** The next that somebody waits for. Those before it whose asker is gone are rejected as `late`. */
  take(): One | undefined {
    for (const [party, ones] of this.#parties) {
      this.#parties.delete(party);
      for (let one = ones.shift(); one !== undefined; one = ones.shift()) {
        if (one.asker?.isGone === true) {
          one.reject(new StorageError('late', 'Nobody waits for this read any more.'));
          continue;
        }
        if (ones.length > 0) this.#parties.set(party, ones);
        return one;
      }
    }
    return undefined;
  }

  /** Rejects all. */
  fail(error: Error): void {
    const all = [...this.#parties.values()].flat();
    this.#parties.clear();
    for (const one of all) one.reject(error);
  }
}
