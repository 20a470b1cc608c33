// The writer's index of remembered requests of one kind: generations of fingerprints, the newest last. A B-tree over random
// ids would cost a page read and a page written per message; this costs one cache line. Only the newest generation takes
// entries; those that are closed are stored piece by piece along with commits, and beyond the newest two only their filters
// stay in memory: at most 40 MB, and 1.6 bytes per request remembered beyond some two millions.
import type { Database, Statement } from './database.ts';
import { Generation, MOST_SLOTS, type SharedGeneration } from './generation.ts';
import { findIn, type Kind } from './remembered.ts';
import { preparePart, readStored, StoredGeneration, Storing } from './stored-generation.ts';

// 64 KB along with one commit.
const PARTS_AT_ONCE = 16;
const MOST_RESIDENT = 2;
/** The most places that one generation spans, however few are in it: what a start has to read again. */
export const MOST_SPAN = 1 << 20;

/** Numbers for generations, shared by both kinds. */
export interface Numbering {
  next: number;
}

export class RequestIndex {
  readonly #database: Database;
  readonly #kind: Kind;
  readonly #numbering: Numbering;
  readonly #part: Statement;
  #stored: StoredGeneration[];
  #resident: Generation[] = [];
  #storing: Storing | undefined;
  /** Parts of these are to be removed. */
  readonly #removed: number[] = [];
  /** Counts up whenever the list of generations is another one. */
  revision = 0;

  constructor(database: Database, kind: Kind, numbering: Numbering) {
    this.#database = database;
    this.#kind = kind;
    this.#numbering = numbering;
    this.#part = preparePart(database);
    this.#stored = readStored(database, kind);
  }

  /** Everything up to here is in generations that are stored: a start reads on from it. */
  storedThrough(last: number): number {
    return Math.min(last, ...this.#resident.filter((generation) => !generation.stored).map((generation) => generation.base));
  }

  /** Nothing that is remembered is older; infinite where nothing is. */
  get oldest(): number {
    if (this.#stored.length > 0) return 0;
    return Math.min(...this.#resident.map((generation) => generation.oldest));
  }

  add(fingerprint: number, place: number, time: number): void {
    let generation = this.#resident.at(-1);
    if (generation === undefined || generation.full || generation.closed || place <= generation.base) generation = this.#next(place);
    generation.add(fingerprint, place, time);
  }

  /** Room for this place: the newest generation grown, or, where that is as large as they get, another. */
  #next(place: number): Generation {
    this.revision++;
    let newest = this.#resident.at(-1);
    // A transaction that was rolled back gives its places again; a generation that it began holds nothing else.
    while (newest !== undefined && place <= newest.base) {
      this.#discard(newest);
      newest = this.#resident.at(-1);
    }
    let next: Generation;
    if (newest !== undefined && !newest.closed && newest.slots < MOST_SLOTS) {
      next = newest.full ? newest.grown(this.#numbering.next++) : newest;
      this.#resident.pop();
    } else {
      if (newest !== undefined) newest.closed = true;
      next = new Generation(this.#numbering.next++, place - 1);
    }
    this.#resident.push(next);
    return next;
  }

  #discard(generation: Generation): void {
    this.#resident = this.#resident.filter((other) => other !== generation);
    if (!generation.stored && this.#storing?.generation !== generation) return;
    this.#removed.push(generation.id);
    if (this.#storing?.generation === generation) this.#storing = undefined;
  }

  find<Found>(fingerprint: number, verify: (place: number) => Found | undefined): Found | undefined {
    return findIn(this.#resident, fingerprint, verify) ?? findIn(this.#stored, fingerprint, verify);
  }

  /** A step of storing, within a transaction whose last place is this. */
  step(last: number): void {
    const newest = this.#resident.at(-1);
    if (newest !== undefined && last - newest.base > MOST_SPAN) newest.closed = true;
    if (this.#storing === undefined) {
      const next = this.#resident.find((generation) => generation.closed && !generation.stored);
      if (next !== undefined) this.#storing = new Storing(this.#database, this.#kind, next);
    }
    this.#storing?.step(PARTS_AT_ONCE);
  }

  /** The transaction of the last step stands. */
  committed(): void {
    const storing = this.#storing;
    if (storing === undefined || !storing.committed()) return;
    this.#storing = undefined;
    storing.generation.stored = true;
    if (this.#resident.length <= MOST_RESIDENT) return;
    this.#resident = this.#resident.filter((generation) => {
      if (!generation.stored) return true;
      const { id, base, last, newest } = generation;
      const filter = generation === storing.generation ? storing.filter : new Storing(this.#database, this.#kind, generation).filter;
      this.#stored.push(new StoredGeneration(id, base, last, newest, filter, this.#part));
      return false;
    });
    this.revision++;
  }

  /** Drops the generations in which nothing is remembered any more. Their rows are left to `sweep`. */
  forget(isGone: (generation: { readonly last: number; readonly newest: number }) => boolean): void {
    const gone = [...this.#stored, ...this.#resident].filter(isGone);
    if (gone.length === 0) return;
    this.#stored = this.#stored.filter((generation) => !isGone(generation));
    for (const generation of gone) {
      if (generation instanceof StoredGeneration) this.#removed.push(generation.id);
      else this.#discard(generation);
    }
    this.revision++;
  }

  /** The generations whose rows are to go. */
  get removed(): number[] {
    return this.#removed;
  }

  share(): readonly SharedGeneration[] {
    return [
      ...this.#stored.map(({ id, base, filter }) => ({ id, base, filter })),
      ...this.#resident.map(({ id, base, shared }) => ({ id, base, slots: shared })),
    ];
  }
}
