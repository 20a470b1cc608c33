// Places in the log as cursors, and cursors as places: what is of this log, what is gone, what was never there (clause 1, 6.2.9).
import { formatCursor, ProtocolError, parseCursor } from '@godwit/protocol';
import type { Epoch, Storage } from '../ports/storage.ts';

export class LogCursors {
  readonly #storage: Pick<Storage, 'log'>;

  /** `log` is asked anew each time: a store may give another object after each commit. */
  constructor(storage: Pick<Storage, 'log'>) {
    this.#storage = storage;
  }

  #epochOf(place: number): Epoch {
    const { epochs } = this.#storage.log;
    let low = 0;
    let high = epochs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((epochs[middle] as Epoch).first <= place) low = middle;
      else high = middle - 1;
    }
    return epochs[low] as Epoch;
  }

  /** The cursor of the place just after message `place`. */
  format(place: number): string {
    return formatCursor(place, this.#epochOf(place).tag);
  }

  /** The place from which everything kept is ahead. */
  get earliest(): number {
    return this.#storage.log.first - 1;
  }

  get latest(): number {
    return this.#storage.log.last;
  }

  /**
   * The place that a cursor of this log names. Throws `INVALID_CURSOR` for one of another log, past the end, or that is none. A place
   * that retention has passed is returned all the same: see `checkKept`.
   */
  place(cursor: string, field: string): number {
    const parsed = parseCursor(cursor);
    if (parsed === undefined || parsed.place > this.#storage.log.last || this.#epochOf(parsed.place).tag !== parsed.tag) {
      throw new ProtocolError('INVALID_CURSOR', undefined, { field });
    }
    return parsed.place;
  }

  /** As `place`, but also takes `earliest` and `latest` (6.2.2). */
  start(after: string | undefined, field: string): number {
    if (after === undefined || after === 'latest') return this.latest;
    if (after === 'earliest') return this.earliest;
    return this.place(after, field);
  }

  /** Throws `CURSOR_EXPIRED` with `details.earliest` where messages after `place` are no longer kept (6.2.9). */
  checkKept(place: number, field: string): void {
    if (place < this.earliest) throw this.expired(field);
  }

  expired(field: string): ProtocolError {
    return new ProtocolError('CURSOR_EXPIRED', undefined, { field, earliest: this.format(this.earliest) });
  }
}
