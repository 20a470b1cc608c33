// How things cross between threads: one string and one array of numbers, whatever their count. A clone of many objects or
// strings costs several times what the disk does.

/** A row of numbers and texts. The texts are one string; each one's length stands among the numbers. */
export interface Packed {
  readonly numbers: Numbers;
  readonly text: string;
}

/** Few numbers cross faster as a plain array, many as bytes. */
export type Numbers = Float64Array<ArrayBuffer> | readonly number[];
const FEW = 64;

const ABSENT = -1;
/** Stands before a name that comes for the first time. */
const NEW_NAME = -1;

export class Packer {
  #numbers = new Float64Array(256);
  #count = 0;
  #texts: string[] = [];
  #characters = 0;
  readonly #names = new Map<string, number>();

  /** Characters so far. */
  get characters(): number {
    return this.#characters;
  }

  number(value: number): void {
    if (this.#count === this.#numbers.length) {
      const wider = new Float64Array(this.#count * 2);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[this.#count++] = value;
  }

  text(value: string): void {
    this.number(value.length);
    this.#texts.push(value);
    this.#characters += value.length;
  }

  optionalText(value: string | null): void {
    if (value === null) this.number(ABSENT);
    else this.text(value);
  }

  /** A text that is likely to come again: from the second time on it is a number. */
  name(value: string): void {
    const known = this.#names.get(value);
    if (known !== undefined) return this.number(known);
    this.#names.set(value, this.#names.size);
    this.number(NEW_NAME);
    this.text(value);
  }

  /** What was packed; the packer is empty afterwards and can be used again. */
  finish(): Packed {
    const numbers = this.#count <= FEW ? Array.from(this.#numbers.subarray(0, this.#count)) : this.#numbers.slice(0, this.#count);
    const packed = { numbers, text: this.#texts.join('') };
    this.#count = 0;
    this.#texts = [];
    this.#characters = 0;
    this.#names.clear();
    return packed;
  }
}

export class Unpacker {
  readonly #numbers: Numbers;
  readonly #text: string;
  #next = 0;
  #character = 0;
  /** Those that came so far. */
  readonly names: string[] = [];

  constructor(packed: Packed) {
    this.#numbers = packed.numbers;
    this.#text = packed.text;
  }

  get done(): boolean {
    return this.#next >= this.#numbers.length;
  }

  number(): number {
    return this.#numbers[this.#next++] as number;
  }

  text(): string {
    const start = this.#character;
    this.#character = start + this.number();
    return this.#text.slice(start, this.#character);
  }

  optionalText(): string | null {
    if (this.#numbers[this.#next] === ABSENT) {
      this.#next++;
      return null;
    }
    return this.text();
  }

  /** Where a name stands among `names`. */
  nameAt(): number {
    const known = this.number();
    return known === NEW_NAME ? this.names.push(this.text()) - 1 : known;
  }

  name(): string {
    return this.names[this.nameAt()] as string;
  }
}
