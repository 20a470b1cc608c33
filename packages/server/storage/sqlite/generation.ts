// One stretch of remembered requests, as a hash table in shared memory: the fingerprint of a name and the place of what it
// named, 8 bytes a slot. The writer fills it, the main thread reads along; a hit is only a hint, what lies at the place decides.

/** The most slots of one generation: 8 MB, some 650,000 requests. */
export const MOST_SLOTS = 1 << 20;
const FEWEST_SLOTS = 1 << 12;
const GROWTH = 4;
// Linear probing stays short up to here.
const FILL = 0.625;

/** A generation as it crosses to the other thread: memory that both see. Of a stored one that is its filter. */
export interface SharedGeneration {
  readonly id: number;
  readonly base: number;
  readonly slots?: SharedArrayBuffer;
  readonly filter?: SharedArrayBuffer;
}

/** What can be asked for the places under a fingerprint. */
export interface Findable {
  /** The first answer of `verify` over the places whose fingerprint is this one. */
  find<Found>(fingerprint: number, verify: (place: number) => Found | undefined): Found | undefined;
}

export class Generation implements Findable {
  readonly id: number;
  /** Places are kept as what they are above this. */
  readonly base: number;
  readonly slots: number;
  readonly shared: SharedArrayBuffer;
  /** The newest place in it, and the oldest and newest time. */
  last = 0;
  oldest = Number.POSITIVE_INFINITY;
  newest = 0;
  entries = 0;
  /** Takes no more. */
  closed = false;
  /** Written to the store whole. */
  stored = false;
  readonly #table: Uint32Array;
  readonly #mask: number;

  constructor(id: number, base: number, memory: number | SharedArrayBuffer = FEWEST_SLOTS) {
    this.id = id;
    this.base = base;
    this.last = base;
    this.shared = typeof memory === 'number' ? new SharedArrayBuffer(memory * 8) : memory;
    this.#table = new Uint32Array(this.shared);
    this.slots = this.#table.length / 2;
    this.#mask = this.slots - 1;
  }

  get full(): boolean {
    return this.entries >= this.slots * FILL;
  }

  add(fingerprint: number, place: number, time: number): void {
    const table = this.#table;
    let slot = fingerprint & this.#mask;
    while (table[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask;
    table[slot * 2] = fingerprint;
    table[slot * 2 + 1] = place - this.base;
    this.entries++;
    this.last = place;
    if (time < this.oldest) this.oldest = time;
    if (time > this.newest) this.newest = time;
  }

  /** The same entries in a larger table. */
  grown(id: number): Generation {
    const wider = new Generation(id, this.base, Math.min(this.slots * GROWTH, MOST_SLOTS));
    const table = this.#table;
    for (let slot = 0; slot < this.slots; slot++) {
      const offset = table[slot * 2 + 1] as number;
      if (offset !== 0) wider.add(table[slot * 2] as number, this.base + offset, this.oldest);
    }
    wider.last = this.last;
    wider.newest = this.newest;
    return wider;
  }

  find<Found>(fingerprint: number, verify: (place: number) => Found | undefined): Found | undefined {
    const table = this.#table;
    for (let slot = fingerprint & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const offset = table[slot * 2 + 1] as number;
      if (offset === 0) return undefined;
      if (table[slot * 2] === fingerprint) {
        const found = verify(this.base + offset);
        if (found !== undefined) return found;
      }
    }
  }

  /** Some of the slots as bytes, to be stored; a copy. */
  slice(from: number, to: number): Uint8Array {
    return new Uint8Array(this.shared, from * 8, (Math.min(to, this.slots) - from) * 8).slice();
  }
}
