// The growing end of the log, in the writer: places, bytes, the newest client message below each first segment. Rows are
// gathered and inserted several at a time; whoever reads the log in the writer flushes first.
import type { NewMessage } from '../../ports/storage.ts';
import { type Database, firstRow, prepareRows, rows, type Statement, type Value } from './database.ts';

const ROWS_AT_ONCE = 16;
const COLUMNS = 8;
/** What a message costs beside its topic and data, as retention counts it: ids, times, the row, its part of the pages. */
export const OVERHEAD_BYTES = 128;
// How far the table of segments may lag: what a start has to read again.
const MOST_SEGMENTS = 1024;
const MOST_LAG = 65_536;

/** The state of the log and the places given out, as it crosses to the main thread. */
export interface LogNumbers {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  /** NaN where the log is empty. */
  readonly oldest: number;
}

export const firstSegmentOf = (topic: string): string => {
  const dot = topic.indexOf('.');
  return dot === -1 ? topic : topic.slice(0, dot);
};

/** A copy that does not keep alive the larger string that it was cut from. */
const detached = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

const insertSql = (count: number): string =>
  `INSERT INTO log (seq, timestamp, change, topic, message_id, client, request_id, data) VALUES ${Array<string>(count).fill('(?,?,?,?,?,?,?,?)').join(',')}`;

export class LogTail {
  readonly #one: Statement;
  readonly #many: Statement;
  readonly #segmentAt: Statement;
  readonly #keepSegment: Statement;
  readonly #oldest: Statement;

  #pending: Value[] = [];
  /** Since the table of segments was written. */
  #segments = new Map<string, number>();
  /** Of the open transaction. */
  #fresh = new Map<string, number>();
  #segmentsThrough: number;
  #segmentsWritten = false;
  #committed: LogNumbers & { readonly lastRequest: number };

  first: number;
  last: number;
  bytes: number;
  oldest: number;
  lastRequest: number;
  /** Every character of the batch is one byte: bytes need no counting. */
  isPlain = false;

  constructor(database: Database) {
    this.#one = database.prepare(insertSql(1));
    this.#many = database.prepare(insertSql(ROWS_AT_ONCE));
    this.#segmentAt = prepareRows(database, 'SELECT last FROM segments WHERE segment = ?');
    this.#keepSegment = database.prepare('INSERT INTO segments (segment, last) VALUES (?, ?) ON CONFLICT DO UPDATE SET last = excluded.last');
    this.#oldest = prepareRows(database, 'SELECT seq, timestamp FROM log ORDER BY seq LIMIT 1');

    const state = firstRow(prepareRows(database, 'SELECT last, bytes, last_request, segments_through FROM state WHERE id = 1')) as Value[];
    this.last = Number(state[0]);
    this.bytes = Number(state[1]);
    this.lastRequest = Number(state[2]);
    this.#segmentsThrough = Number(state[3]);
    this.first = 0;
    this.oldest = Number.NaN;
    this.readOldest();
    this.#committed = { ...this.numbers, lastRequest: this.lastRequest };
    for (const [seq, topic] of rows(prepareRows(database, 'SELECT seq, topic FROM log WHERE seq > ? AND change = 0'), this.#segmentsThrough)) {
      this.#note(this.#segments, firstSegmentOf(String(topic)), Number(seq));
    }
  }

  get numbers(): LogNumbers {
    return { first: this.first, last: this.last, bytes: this.bytes, oldest: this.oldest };
  }

  /** Reads where the log begins: at the start and after a trim. */
  readOldest(): void {
    const row = firstRow(this.#oldest);
    this.first = row === undefined ? this.last + 1 : Number(row[0]);
    this.oldest = row === undefined ? Number.NaN : Number(row[1]);
  }

  #note(segments: Map<string, number>, segment: string, seq: number): void {
    // V8 cuts strings of 13 and more without copying: as a key, one would keep its whole batch alive.
    if (segment.length < 13 || segments.has(segment)) segments.set(segment, seq);
    else segments.set(detached(segment), seq);
  }

  append(message: NewMessage, client: string | null, requestId: string | null): number {
    const seq = ++this.last;
    const { topic, data, timestamp } = message;
    this.#pending.push(seq, timestamp, message.change ? 1 : 0, topic, message.messageId, client, requestId, data);
    this.bytes += (this.isPlain ? topic.length + data.length : Buffer.byteLength(topic) + Buffer.byteLength(data)) + OVERHEAD_BYTES;
    if (!message.change) this.#note(this.#fresh, firstSegmentOf(topic), seq);
    if (Number.isNaN(this.oldest)) {
      this.first = seq;
      this.oldest = timestamp;
    }
    if (this.#pending.length === ROWS_AT_ONCE * COLUMNS) {
      this.#many.run(...this.#pending);
      this.#pending.length = 0;
    }
    return seq;
  }

  /** Inserts what was gathered. */
  flush(): void {
    const pending = this.#pending;
    for (let index = 0; index < pending.length; index += COLUMNS) this.#one.run(...pending.slice(index, index + COLUMNS));
    pending.length = 0;
  }

  /** Whether the log holds a client's message below this first segment (3.2.5). */
  holdsClientMessage(segment: string): boolean {
    const candidates = [this.#fresh.get(segment), this.#segments.get(segment), firstRow(this.#segmentAt, segment)?.[0]];
    return candidates.some((seq) => typeof seq === 'number' && seq >= this.first);
  }

  /** The table of segments stands for everything up to here, once the transaction does. */
  get segmentsThrough(): number {
    return this.#segmentsWritten ? this.#committed.last : this.#segmentsThrough;
  }

  /** The last steps of a transaction: everything gathered. */
  finish(): void {
    this.flush();
    const behind = this.#committed.last - this.#segmentsThrough;
    if (this.#segments.size > MOST_SEGMENTS || (this.#segments.size > 0 && behind > MOST_LAG)) {
      for (const [segment, seq] of this.#segments) this.#keepSegment.run(segment, seq);
      this.#segmentsWritten = true;
    }
  }

  /** What the transaction did stands. */
  committed(): void {
    if (this.#segmentsWritten) {
      this.#segments.clear();
      this.#segmentsThrough = this.#committed.last;
      this.#segmentsWritten = false;
    }
    for (const [segment, seq] of this.#fresh) this.#segments.set(segment, seq);
    this.#fresh.clear();
    this.#committed = { ...this.numbers, lastRequest: this.lastRequest };
  }

  /** Nothing of the transaction stands. */
  rolledBack(): void {
    this.#pending.length = 0;
    this.#fresh.clear();
    this.#segmentsWritten = false;
    ({ first: this.first, last: this.last, bytes: this.bytes, oldest: this.oldest, lastRequest: this.lastRequest } = this.#committed);
  }
}
