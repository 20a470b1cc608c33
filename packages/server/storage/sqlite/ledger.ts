// What is known of the units of a batch beside their bytes: a line of numbers and a topic each. Ledgers are used again: thousands of lines a second that grow in arrays, live
// on among the newest messages and then die old are what a collector of garbage stops the world for.

const WIDTH = 6;
const FEWEST_LINES = 16;
/** Free ledgers that are kept, of each size. */
const MOST_FREE = 64;

/** The numbers of a line. */
export const AT = 0;
export const REQUEST_ID_LENGTH = 1;
export const DATA_LENGTH = 2;
export const TIMESTAMP = 3;
export const STARTED_AT = 4;
export const SEQ = 5;

export class Ledger {
  readonly lines: number;
  readonly numbers: Float64Array;
  readonly topics: string[];

  constructor(lines: number) {
    this.lines = lines;
    this.numbers = new Float64Array(lines * WIDTH);
    this.topics = new Array<string>(lines).fill('');
  }

  /** A number of a line. */
  get(line: number, which: number): number {
    return this.numbers[line * WIDTH + which] as number;
  }

  set(line: number, which: number, value: number): void {
    this.numbers[line * WIDTH + which] = value;
  }

  /** Writes a line but for its place in the log, which only a commit knows. */
  write(line: number, at: number, requestId: number, data: number, timestamp: number, startedAt: number, topic: string): void {
    const { numbers } = this;
    const first = line * WIDTH;
    numbers[first + AT] = at;
    numbers[first + REQUEST_ID_LENGTH] = requestId;
    numbers[first + DATA_LENGTH] = data;
    numbers[first + TIMESTAMP] = timestamp;
    numbers[first + STARTED_AT] = startedAt;
    this.topics[line] = topic;
  }
}

export class Ledgers {
  /** Those that nobody uses, by their size: each is twice the one before. */
  readonly #free: Ledger[][] = [];

  #size(lines: number): number {
    return Math.max(0, Math.ceil(Math.log2(lines / FEWEST_LINES)));
  }

  /** One with room for at least so many lines. */
  take(lines = FEWEST_LINES): Ledger {
    const size = this.#size(lines);
    return this.#free[size]?.pop() ?? new Ledger(FEWEST_LINES * 2 ** size);
  }

  /** One of twice the size, with the same lines. */
  widen(ledger: Ledger): Ledger {
    const wider = this.take(ledger.lines * 2);
    wider.numbers.set(ledger.numbers);
    for (let line = 0; line < ledger.lines; line++) wider.topics[line] = ledger.topics[line] as string;
    this.give(ledger);
    return wider;
  }

  /** Nobody looks into it any more. */
  give(ledger: Ledger): void {
    const free = (this.#free[this.#size(ledger.lines)] ??= []);
    if (free.length < MOST_FREE) free.push(ledger);
  }
}
