// The writer's index of remembered requests of one kind: generations of fingerprints, the newest last (generation.ts). A
// B-tree over random ids would cost a page read and a page written per message; this costs one cache line.
import { Generation, type SharedGeneration, slotsFor } from './generation.ts';

export class RequestIndex {
  #generations: Generation[] = [];
  #nextId: number;
  /** Counts up whenever the list of generations is another one. */
  revision = 0;

  constructor(nextId: number) {
    this.#nextId = nextId;
  }

  get entries(): number {
    return this.#generations.reduce((sum, generation) => sum + generation.entries, 0);
  }

  add(fingerprint: number, place: number, time: number): void {
    let generation = this.#generations.at(-1);
    // A transaction that was rolled back gives its places again: a generation that it began lies above them.
    if (generation === undefined || generation.full || place <= generation.base) {
      // As large as all that is remembered now: it doubles while requests come faster than they are forgotten.
      generation = new Generation(this.#nextId++, place - 1, slotsFor(this.entries));
      this.#generations.push(generation);
      this.revision++;
    }
    generation.add(fingerprint, place, time);
  }

  find<Found>(fingerprint: number, verify: (place: number) => Found | undefined): Found | undefined {
    for (let index = this.#generations.length - 1; index >= 0; index--) {
      const found = (this.#generations[index] as Generation).find(fingerprint, verify);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Drops the generations in which nothing is remembered any more. */
  forget(isGone: (generation: Generation) => boolean): void {
    const kept = this.#generations.filter((generation) => !isGone(generation));
    if (kept.length === this.#generations.length) return;
    this.#generations = kept;
    this.revision++;
  }

  share(): readonly SharedGeneration[] {
    return this.#generations.map(({ id, base, shared }) => ({ id, base, slots: shared }));
  }
}
