// A generation whose slots lie in the store: in memory only one byte a slot, enough to pass over nearly all requests that
// are not in it. So what is remembered costs 1.6 bytes of memory each beyond the newest millions, and a start reads those
// bytes rather than the log.
import { type Database, firstRow, prepareRows, rows, type Statement, type Value } from './database.ts';
import type { Findable, Generation } from './generation.ts';

/** Slots in one row: 4,000 bytes, so that two rows fill a page. */
const PART_SLOTS = 500;
/** Bytes of the filter in one row. Their parts are numbered downwards from -1. */
const FILTER_BYTES = 65_536;

const markOf = (fingerprint: number): number => fingerprint >>> 24 || 1;

export class StoredGeneration implements Findable {
  readonly id: number;
  readonly base: number;
  readonly last: number;
  readonly newest: number;
  readonly filter: SharedArrayBuffer;
  readonly #marks: Uint8Array;
  readonly #part: Statement;

  constructor(id: number, base: number, last: number, newest: number, filter: SharedArrayBuffer, part: Statement) {
    this.id = id;
    this.base = base;
    this.last = last;
    this.newest = newest;
    this.filter = filter;
    this.#marks = new Uint8Array(filter);
    this.#part = part;
  }

  find<Found>(fingerprint: number, verify: (place: number) => Found | undefined): Found | undefined {
    const marks = this.#marks;
    const mask = marks.length - 1;
    const wanted = markOf(fingerprint);
    for (let slot = fingerprint & mask; marks[slot] !== 0; slot = (slot + 1) & mask) {
      if (marks[slot] !== wanted) continue;
      const offset = this.#offset(slot, fingerprint);
      const found = offset === 0 ? undefined : verify(this.base + offset);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What stands in a slot, 0 where that is of another request. */
  #offset(slot: number, fingerprint: number): number {
    const bytes = firstRow(this.#part, this.id, Math.floor(slot / PART_SLOTS))?.[0];
    if (!(bytes instanceof Uint8Array)) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset + (slot % PART_SLOTS) * 8);
    return view.getUint32(0, true) === fingerprint ? view.getUint32(4, true) : 0;
  }
}

/** The statement that a stored generation reads its parts with. */
export const preparePart = (database: Database): Statement => prepareRows(database, 'SELECT bytes FROM generation_parts WHERE generation = ? AND part = ?');

const filterOf = (generation: Generation): SharedArrayBuffer => {
  const filter = new SharedArrayBuffer(generation.slots);
  const marks = new Uint8Array(filter);
  const table = new Uint32Array(generation.shared);
  for (let slot = 0; slot < marks.length; slot++) if (table[slot * 2 + 1] !== 0) marks[slot] = markOf(table[slot * 2] as number);
  return filter;
};

/** Stores one generation in steps, each within somebody else's transaction. */
export class Storing {
  readonly generation: Generation;
  readonly filter: SharedArrayBuffer;
  readonly #kind: string;
  readonly #put: Statement;
  readonly #finish: Statement;
  readonly #parts: number;
  #next = 0;
  #reached = 0;

  constructor(database: Database, kind: string, generation: Generation) {
    this.generation = generation;
    this.filter = filterOf(generation);
    this.#kind = kind;
    this.#put = database.prepare('INSERT OR REPLACE INTO generation_parts (generation, part, bytes) VALUES (?, ?, ?)');
    this.#finish = database.prepare('INSERT INTO generations (id, kind, base, last, newest, slots) VALUES (?, ?, ?, ?, ?, ?)');
    this.#parts = Math.ceil(generation.slots / PART_SLOTS);
  }

  /** Writes some parts. */
  step(count: number): void {
    const { generation, filter } = this;
    const filters = Math.ceil(filter.byteLength / FILTER_BYTES);
    this.#reached = Math.min(this.#next + count, this.#parts + 1);
    for (let part = this.#next; part < Math.min(this.#reached, this.#parts); part++) {
      this.#put.run(generation.id, part, generation.slice(part * PART_SLOTS, (part + 1) * PART_SLOTS));
    }
    if (this.#reached <= this.#parts) return;
    for (let part = 0; part < filters; part++) {
      const bytes = new Uint8Array(filter, part * FILTER_BYTES, Math.min(FILTER_BYTES, filter.byteLength - part * FILTER_BYTES));
      this.#put.run(generation.id, -1 - part, bytes.slice());
    }
    this.#finish.run(generation.id, this.#kind, generation.base, generation.last, generation.newest, generation.slots);
  }

  /** The transaction stands; true where the generation is stored whole by it. */
  committed(): boolean {
    this.#next = this.#reached;
    return this.#next > this.#parts;
  }
}

/** The stored generations of a kind, the oldest first. */
export const readStored = (database: Database, kind: string): StoredGeneration[] => {
  const part = preparePart(database);
  const filters = prepareRows(database, 'SELECT part, bytes FROM generation_parts WHERE generation = ? AND part < 0');
  return rows(prepareRows(database, 'SELECT id, base, last, newest, slots FROM generations WHERE kind = ? ORDER BY base'), kind).map((row) => {
    const [id, base, last, newest, slots] = row.map(Number) as [number, number, number, number, number];
    const filter = new SharedArrayBuffer(slots);
    for (const [at, bytes] of rows(filters, id)) new Uint8Array(filter).set(bytes as Uint8Array, (-1 - Number(at)) * FILTER_BYTES);
    return new StoredGeneration(id, base, last, newest, filter, part);
  });
};

/** Generations that parts lie around of but that are not, or not yet, stored whole: left by a crash or a removal. */
export const readOrphans = (database: Database): number[] => {
  const next = prepareRows(database, 'SELECT min(generation) FROM generation_parts WHERE generation > ?');
  const whole = prepareRows(database, 'SELECT 1 FROM generations WHERE id = ?');
  const orphans: number[] = [];
  for (let id: Value | undefined = 0; ; ) {
    id = firstRow(next, id)?.[0];
    if (typeof id !== 'number') return orphans;
    if (firstRow(whole, id) === undefined) orphans.push(id);
  }
};
