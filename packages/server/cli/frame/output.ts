// What a command prints: results on standard output, for a person or, with --json, as one JSON value a line; notes on standard error. What came from a server is
// text to show, never orders to the terminal: control characters are written out.
import type { Writable } from 'node:stream';

/** Whoever read standard output has closed it: nothing is wrong, and nothing more is to be done. */
export class OutputClosed extends Error {
  constructor() {
    super('Standard output was closed.');
    this.name = 'OutputClosed';
  }
}

type Stream = Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };

export interface OutputOptions {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly json: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const STYLES = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;
export type Style = keyof typeof STYLES;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A text with its control characters written out. */
export const plain = (text: string): string => text.replace(CONTROL, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A value as one line for a person: texts as they are, everything else as JSON. */
export const shown = (value: unknown): string =>
  value === undefined || value === null ? '-' : plain(typeof value === 'string' ? value : JSON.stringify(value));

const clipped = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

const MOST_COLUMN = 60;

export class Output {
  readonly json: boolean;
  readonly #stdout: Stream;
  readonly #stderr: Stream;
  readonly #colour: { readonly out: boolean; readonly err: boolean };
  /** Why nothing can be written any more. */
  #closed: Error | undefined;
  #onClosed: ((why: Error) => void) | undefined;

  constructor({ stdout, stderr, json, env }: OutputOptions) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
    const wanted = (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb' && !json;
    this.#colour = { out: wanted && stdout.isTTY === true, err: wanted && stderr.isTTY === true };
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      this.#closed ??= closing(error);
      this.#onClosed?.(this.#closed);
    });
    stderr.on('error', () => {});
  }

  /** Hears when nothing can be written to standard output any more: `OutputClosed` where whoever reads it has gone, else what went wrong, as on a full disk. */
  onClosed(listener: (why: Error) => void): void {
    this.#onClosed = listener;
    if (this.#closed !== undefined) listener(this.#closed);
  }

  /** Whether a line that is written over may be shown on standard error. */
  get live(): boolean {
    return this.#stderr.isTTY === true && !this.json;
  }

  get columns(): number {
    // A terminal that does not know its width says 0.
    return this.#stderr.columns || 80;
  }

  style(style: Style, text: string): string {
    return this.#colour.out ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  }

  /** Writes to standard output; resolves when it was taken, rejects with `OutputClosed` where nobody reads, or with what went wrong. */
  write(text: string): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#stdout.write(text, (error) => (error === null || error === undefined ? resolve() : reject(this.#closed ?? closing(error))));
    });
  }

  /** A line for a person; nothing with --json. */
  async line(text: string): Promise<void> {
    if (!this.json) await this.write(`${text}\n`);
  }

  /** A value for a program; nothing without --json. */
  async value(value: unknown): Promise<void> {
    if (this.json) await this.write(`${JSON.stringify(value)}\n`);
  }

  /** The one or the other. */
  async show(value: unknown, line: string | (() => string)): Promise<void> {
    if (this.json) await this.value(value);
    else await this.line(typeof line === 'string' ? line : line());
  }

  /** To a person, beside the result; nothing with --json. */
  note(text: string): void {
    if (!this.json) this.error(text);
  }

  /** On standard error, as it is. */
  error(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  /** Writes over the last line on standard error; an empty text removes it. */
  over(text: string): void {
    this.#stderr.write(`\r\u001b[K${text}`);
  }

  /** Items as an aligned table, or a line of JSON each. */
  async table(columns: readonly string[], items: readonly Readonly<Record<string, unknown>>[], none = 'There are none.'): Promise<void> {
    if (this.json) {
      for (const item of items) await this.value(item);
      return;
    }
    if (items.length === 0) return this.note(none);
    const cells = items.map((item) => columns.map((column) => clipped(shown(item[column]), MOST_COLUMN)));
    const numbers = columns.map((column) => items.every((item) => typeof item[column] === 'number' || item[column] === undefined || item[column] === null));
    const widths = columns.map((column, index) => Math.max(column.length, ...cells.map((row) => (row[index] as string).length)));
    const line = (row: readonly string[]): string =>
      row
        .map((cell, index) => (numbers[index] === true ? cell.padStart(widths[index] as number) : cell.padEnd(widths[index] as number)))
        .join('  ')
        .trimEnd();
    await this.line(this.style('bold', line(columns)));
    for (const row of cells) await this.line(line(row));
  }

  /** One thing, a member a line, or a line of JSON. */
  async record(value: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.json) return this.value(value);
    const width = Math.max(...Object.keys(value).map((name) => name.length));
    for (const [name, member] of Object.entries(value)) await this.line(`${this.style('dim', plain(name).padEnd(width))}  ${shown(member)}`);
  }
}

const closing = (error: NodeJS.ErrnoException): Error => (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' ? new OutputClosed() : error);
