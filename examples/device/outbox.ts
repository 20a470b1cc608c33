// What waits to be published, on the device's own storage: a journal of what was put in and of how far it was sent. What `put` has returned from is not lost by a
// power cut; half a line at its end was never put in. It sends nothing itself.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

export interface Entry<D> {
  /** From 1. */
  readonly n: number;
  /** Made once, with the entry: every attempt to send it has the same. */
  readonly requestId: string;
  readonly data: D;
}

type Line<D> = Entry<D> | { readonly sent: number };

/** The journal is written anew when nothing waits and it has grown to so many lines. */
const MOST_LINES = 1000;

export class Outbox<D> {
  readonly #file: string;
  #journal: number;
  #lines = 0;
  #waiting: Entry<D>[] = [];
  #last = 0;
  #sent = 0;

  constructor(file: string) {
    this.#file = file;
    for (const line of this.#read()) {
      if ('sent' in line) this.#sent = line.sent;
      else this.#waiting.push(line);
    }
    this.#last = Math.max(this.#sent, this.#waiting.at(-1)?.n ?? 0);
    this.#waiting = this.#waiting.filter(({ n }) => n > this.#sent);
    this.#journal = this.#begin();
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** What is to be sent next. */
  get first(): Entry<D> | undefined {
    return this.#waiting[0];
  }

  /** `data` is told its number. */
  put(data: (n: number) => D): Entry<D> {
    const n = this.#last + 1;
    const entry = { n, requestId: crypto.randomUUID(), data: data(n) };
    this.#write(this.#journal, [entry]);
    this.#last = n;
    this.#waiting.push(entry);
    return entry;
  }

  /** The first of what waits was sent. Told after it was confirmed: where that is lost it is sent again, with the same requestId. */
  shift(): void {
    const entry = this.#waiting.shift();
    if (entry === undefined) return;
    this.#sent = entry.n;
    if (this.#waiting.length === 0 && this.#lines > MOST_LINES) {
      closeSync(this.#journal);
      this.#journal = this.#begin();
    } else this.#write(this.#journal, [{ sent: entry.n }]);
  }

  #read(): Line<D>[] {
    try {
      const lines = readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Line<D>);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Writes what counts into a new journal, which then takes the old one's place as a whole. */
  #begin(): number {
    const journal = openSync(`${this.#file}.new`, 'w');
    this.#lines = 0;
    this.#write(journal, [{ sent: this.#sent }, ...this.#waiting]);
    renameSync(`${this.#file}.new`, this.#file);
    return journal;
  }

  #write(journal: number, lines: readonly Line<D>[]): void {
    writeSync(journal, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    fsyncSync(journal);
    this.#lines += lines.length;
  }
}
