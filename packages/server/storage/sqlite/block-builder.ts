// The block that grows at the end of the log, in memory that is used again for the next one. Publishes come as bytes and are copied as they lie, a run of them at a time;
// messages of units are encoded behind them. What it holds is in no table before `write`.
import type { NewMessage } from '../../ports/storage.ts';
import { END, FINGERPRINT, LENGTHS, lengthsWord, NAMES, namesWord, TIME, WORDS } from './block.ts';
import type { Database, Statement } from './database.ts';

/** Who reads one message reads a block, and who filters reads its facts: four pages, of which the facts take one. */
const MOST_MESSAGES = 128;
const MOST_BYTES = 32_768;
/** Times in a block are told in 32 bits, before and behind that of the first. */
const MOST_APART = 2 ** 31 - 1;
/** Memory that a large message took is not kept. */
const MOST_KEPT = 1 << 20;

/** The names that occur in a block, each with the place that it was given. */
class Names {
  list: string[] = [];
  readonly #places = new Map<string, number>();
  #last = '';
  #lastPlace = -1;

  place(name: string): number {
    // Mostly the very same text as that of the message before.
    if (name === this.#last && this.#lastPlace !== -1) return this.#lastPlace;
    let place = this.#places.get(name);
    if (place === undefined) {
      place = this.list.push(name) - 1;
      this.#places.set(name, place);
    }
    this.#last = name;
    this.#lastPlace = place;
    return place;
  }

  clear(): void {
    this.list = [];
    this.#places.clear();
    this.#lastPlace = -1;
  }
}

/** A publish as bytes: its id, requestId and data lie one behind the other. */
export interface PublishAsBytes {
  readonly source: Buffer;
  readonly at: number;
  readonly size: number;
  readonly idLength: number;
  readonly requestIdLength: number;
  readonly topic: string;
  readonly client: string;
  readonly timestamp: number;
}

export class BlockBuilder {
  readonly #insert: Statement;
  readonly #facts = new Uint32Array(MOST_MESSAGES * WORDS);
  readonly #topics = new Names();
  readonly #clients = new Names();
  #topicSizes: number[] = [];
  /** Of each topic the newest message of a client's, 0 where there is none. */
  #newest: number[] = [];
  #bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
  #used = 0;
  #time = 0;
  count = 0;
  /** The place of the first message, where there is one. */
  first = 0;
  /** Bytes that lie one behind the other in their source and are not copied yet. */
  #source: Buffer | undefined;
  #from = 0;
  #to = 0;

  constructor(database: Database) {
    this.#insert = database.prepare('INSERT INTO log (last, first, time, names, facts, bytes) VALUES (?, ?, ?, ?, ?, ?)');
  }

  get last(): number {
    return this.first + this.count - 1;
  }

  /** Each topic in it with the newest message of a client's. */
  *newest(): Iterable<readonly [topic: string, seq: number]> {
    for (const [place, seq] of this.#newest.entries()) if (seq > 0) yield [this.#topics.list[place] as string, seq];
  }

  /** Whether one more message belongs in it. Everything does in an empty one. */
  takes(seq: number, timestamp: number, size: number): boolean {
    if (this.count === 0) return true;
    return this.count < MOST_MESSAGES && this.#used + size <= MOST_BYTES && seq === this.first + this.count && Math.abs(timestamp - this.#time) <= MOST_APART;
  }

  /** Appends a message given as texts, of which `size` are the bytes; what its topic and data take. */
  add(seq: number, message: NewMessage, client: string | null, requestId: string | null, fingerprint: number, size: number): number {
    this.#settle();
    this.#begin(seq, message.timestamp, size);
    const start = this.#used;
    const bytes = this.#bytes;
    const idLength = bytes.write(message.messageId, start);
    const requestIdLength = requestId === null ? 0 : bytes.write(requestId, start + idLength);
    const data = start + idLength + requestIdLength;
    const end = data + bytes.write(message.data, data);
    const lengths = lengthsWord(idLength, requestIdLength, message.change);
    return this.#note(seq, message.timestamp, message.topic, client, lengths, fingerprint, end) + end - data;
  }

  /** Appends a publish as bytes; what its topic and data take. */
  addPublish(seq: number, publish: PublishAsBytes, fingerprint: number): number {
    const { source, at, size, idLength, requestIdLength } = publish;
    if (source !== this.#source || at !== this.#to) {
      this.#settle();
      this.#source = source;
      this.#from = at;
    }
    this.#begin(seq, publish.timestamp, size);
    this.#to = at + size;
    const lengths = lengthsWord(idLength, requestIdLength, false);
    const topicSize = this.#note(seq, publish.timestamp, publish.topic, publish.client, lengths, fingerprint, this.#used + size);
    return topicSize + size - idLength - requestIdLength;
  }

  #begin(seq: number, timestamp: number, size: number): void {
    if (this.count > 0) return;
    this.first = seq;
    this.#time = timestamp;
    if (this.#bytes.length < size) this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  #note(seq: number, timestamp: number, topic: string, client: string | null, lengths: number, fingerprint: number, end: number): number {
    const place = this.#topics.place(topic);
    if (place === this.#topicSizes.length) {
      this.#topicSizes.push(Buffer.byteLength(topic));
      this.#newest.push(0);
    }
    // As a number of 32 bits: a change has the highest.
    if (lengths >= 0) this.#newest[place] = seq;
    const facts = this.#facts;
    const at = this.count * WORDS;
    facts[at + END] = end;
    facts[at + TIME] = timestamp - this.#time;
    facts[at + NAMES] = namesWord(place, client === null ? 0 : this.#clients.place(client) + 1);
    facts[at + LENGTHS] = lengths;
    facts[at + FINGERPRINT] = fingerprint;
    this.count++;
    this.#used = end;
    return this.#topicSizes[place] as number;
  }

  /** Copies the run of bytes that is not copied yet to where it ends. */
  #settle(): void {
    const source = this.#source;
    if (source === undefined) return;
    source.copy(this.#bytes, this.#used - (this.#to - this.#from), this.#from, this.#to);
    this.#source = undefined;
  }

  /** Inserts what it holds, if anything, and is empty afterwards. */
  write(): void {
    if (this.count === 0) return;
    this.#settle();
    const facts = new Uint8Array(this.#facts.buffer, 0, this.count * WORDS * 4);
    const names = JSON.stringify([this.#topics.list, this.#clients.list]);
    this.#insert.run(this.last, this.first, this.#time, names, facts, this.#bytes.subarray(0, this.#used));
    this.clear();
  }

  /** Forgets what it holds. */
  clear(): void {
    this.#source = undefined;
    this.#topics.clear();
    this.#clients.clear();
    this.#topicSizes = [];
    this.#newest = [];
    this.count = 0;
    this.#used = 0;
    if (this.#bytes.length > MOST_KEPT) this.#bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
  }
}
