// The growing end of the log, in the writer: places, bytes, the newest client message below each first segment. Messages are
// gathered in a block and inserted with it; whoever reads the log in the writer flushes first.
import type { NewMessage } from '../../ports/storage.ts';
import { Block, FACTS_SQL, OVERHEAD_BYTES } from './block.ts';
import { BlockBuilder, type PublishAsBytes } from './block-builder.ts';
import { type Database, eachRow, firstRow, prepareRows, type Statement, type Value } from './database.ts';

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

export class LogTail {
  readonly #block: BlockBuilder;
  readonly #segmentAt: Statement;
  readonly #keepSegment: Statement;
  readonly #oldest: Statement;

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

  constructor(database: Database) {
    this.#block = new BlockBuilder(database);
    this.#segmentAt = prepareRows(database, 'SELECT last FROM segments WHERE segment = ?');
    this.#keepSegment = database.prepare('INSERT INTO segments (segment, last) VALUES (?, ?) ON CONFLICT DO UPDATE SET last = excluded.last');
    this.#oldest = prepareRows(database, `SELECT ${FACTS_SQL} FROM log ORDER BY last LIMIT 1`);

    const state = firstRow(prepareRows(database, 'SELECT last, bytes, last_request, segments_through FROM state WHERE id = 1')) as Value[];
    this.last = Number(state[0]);
    this.bytes = Number(state[1]);
    this.lastRequest = Math.max(Number(state[2]), Number(firstRow(prepareRows(database, 'SELECT max(age) FROM requests'))?.[0]));
    this.#segmentsThrough = Number(state[3]);
    this.#readBehind(database);
    this.first = 0;
    this.oldest = Number.NaN;
    this.readOldest();
    this.#committed = { ...this.numbers, lastRequest: this.lastRequest };
  }

  /** Reads what the state and the table of segments do not stand for yet. */
  #readBehind(database: Database): void {
    const behind = prepareRows(database, `SELECT ${FACTS_SQL} FROM log WHERE last > ? ORDER BY last`);
    const counted = this.last;
    for (const row of eachRow(behind, Math.min(counted, this.#segmentsThrough))) {
      const block = new Block(row);
      for (let index = 0; index < block.count; index++) {
        if (!block.isChange(index)) this.#note(this.#segments, firstSegmentOf(block.topic(index)), block.first + index);
      }
      if (block.last <= counted) continue;
      this.bytes += block.weight();
      this.last = block.last;
    }
  }

  get numbers(): LogNumbers {
    return { first: this.first, last: this.last, bytes: this.bytes, oldest: this.oldest };
  }

  /** Reads where the log begins: at the start and after a trim. */
  readOldest(): void {
    const row = firstRow(this.#oldest);
    const block = row === undefined ? undefined : new Block(row);
    this.first = block?.first ?? this.last + 1;
    this.oldest = block?.timestamp(0) ?? Number.NaN;
  }

  #note(segments: Map<string, number>, segment: string, seq: number): void {
    // V8 cuts strings of 13 and more without copying: as a key, one would keep its whole batch alive.
    if (segment.length < 13 || segments.has(segment)) segments.set(segment, seq);
    else segments.set(detached(segment), seq);
  }

  /** Appends a message, of a publish with its name; its place. */
  append(message: NewMessage, client: string | null, requestId: string | null, fingerprint: number): number {
    const { messageId, timestamp, data } = message;
    const size = Buffer.byteLength(messageId) + (requestId === null ? 0 : Buffer.byteLength(requestId)) + Buffer.byteLength(data);
    const seq = this.#next(timestamp, size);
    this.bytes += this.#block.add(seq, message, client, requestId, fingerprint, size) + OVERHEAD_BYTES;
    return seq;
  }

  /** Appends a publish as bytes; its place. */
  appendPublish(publish: PublishAsBytes, fingerprint: number): number {
    const seq = this.#next(publish.timestamp, publish.size);
    this.bytes += this.#block.addPublish(seq, publish, fingerprint) + OVERHEAD_BYTES;
    return seq;
  }

  #next(timestamp: number, size: number): number {
    const seq = ++this.last;
    if (!this.#block.takes(seq, timestamp, size)) this.flush();
    if (Number.isNaN(this.oldest)) {
      this.first = seq;
      this.oldest = timestamp;
    }
    return seq;
  }

  /** Inserts what was gathered. */
  flush(): void {
    for (const [topic, seq] of this.#block.newest()) this.#note(this.#fresh, firstSegmentOf(topic), seq);
    this.#block.write();
  }

  /** Inserts what was gathered where this place is among it. */
  reach(seq: number): void {
    if (this.#block.count > 0 && seq >= this.#block.first) this.flush();
  }

  /** Whether the log holds a client's message below this first segment (3.2.5). */
  holdsClientMessage(segment: string): boolean {
    this.flush();
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
    this.#block.clear();
    this.#fresh.clear();
    this.#segmentsWritten = false;
    ({ first: this.first, last: this.last, bytes: this.bytes, oldest: this.oldest, lastRequest: this.lastRequest } = this.#committed);
  }
}
