// One stretch of remembered requests, as a hash table in shared memory: the fingerprint of a name and the place of its row,
// 8 bytes a slot. The writer fills it, the main thread reads along; a hit is only a hint, the row decides.

/** A generation as it crosses to the other thread: memory that both see. */
export interface SharedGeneration {
  readonly id: number;
  readonly base: number;
  readonly slots: SharedArrayBuffer;
}

/** The most slots of one generation: 8 MB. */
export const MOST_SLOTS = 1 << 20;
const FEWEST_SLOTS = 1 << 10;
// Linear probing stays short up to here.
const FILL = 0.625;

/** How many slots hold so many entries. */
export const slotsFor = (entries: number): number => {
  let slots = FEWEST_SLOTS;
  while (slots < MOST_SLOTS && slots * FILL < entries) slots *= 2;
  return slots;
};

export class Generation {
  readonly id: number;
  /** Places are kept as what they are above this. */
  readonly base: number;
  readonly slots: number;
  readonly shared: SharedArrayBuffer;
  /** The newest place and the newest time in it. */
  last = 0;
  newest = 0;
  entries = 0;
  readonly #table: Uint32Array;
  readonly #mask: number;

  constructor(id: number, base: number, memory: number | SharedArrayBuffer) {
    this.id = id;
    this.base = base;
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
    if (time > this.newest) this.newest = time;
  }

  /** The first answer of `verify` over the places whose fingerprint is this one. */
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
}

/** The fingerprint of (client, requestId): 32 bits, under a secret of the store so that nobody can aim at one slot. */
export type Fingerprint = (client: string, requestId: string) => number;

export const fingerprinter = (salt: string): Fingerprint => {
  const seed = Number.parseInt(salt.slice(0, 8), 16) | 0;
  const factor = Number.parseInt(salt.slice(8, 16), 16) | 1;
  const stir = (from: number, text: string): number => {
    let hash = from;
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), factor);
      hash ^= hash >>> 15;
    }
    return hash;
  };
  return (client, requestId) => {
    // The length of the client keeps ('ab', 'c') from being ('a', 'bc').
    let hash = stir(stir(seed ^ client.length, client), requestId);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
};
