// A block: a row of the log that holds the messages of one commit, or of a part of it (decision 0016). `names` are the topics and clients that occur in it, each once; `facts`
// are five numbers a message, enough to filter, to count, to let go and to remember its publish; `bytes` are what came: id, requestId and data of each message, one behind the
// other. SQLite reads the columns of a row from the left, so `bytes` cost nothing where nobody asks for them.
import { StorageError, type StoredMessage } from '../../ports/storage.ts';
import type { Value } from './database.ts';

/** The numbers of a message: where its bytes end, milliseconds above the time of the block, names, lengths and fingerprint. */
export const WORDS = 5;
export const END = 0;
export const TIME = 1;
/** Below, the topic; above, the client that published it from 1 on, 0 where it is remembered as no publish. */
export const NAMES = 2;
/** Below, the length of the id; above it that of the requestId; the highest bit tells a change of a document. */
export const LENGTHS = 3;
export const FINGERPRINT = 4;
const HALF = 16;
const LOWER = 0xffff;
const CHANGE = 0x8000_0000;
/** The longest id and requestId of which the lengths can be told. */
const MOST_ID = LOWER;
const MOST_REQUEST_ID = 0x7fff;
/** What a message costs beside its topic and data, as retention counts it: ids, times, the row, its part of the pages. */
export const OVERHEAD_BYTES = 128;

export const namesWord = (topic: number, client: number): number => topic | (client << HALF);

export const lengthsWord = (id: number, requestId: number, change: boolean): number => {
  if (id > MOST_ID || requestId > MOST_REQUEST_ID) throw new StorageError('failed', 'A message has an id or a requestId that is too long for the log.');
  return id | (requestId << HALF) | (change ? CHANGE : 0);
};

/** The columns of a block in the order in which it reads them; the bytes may be left out. */
export const FACTS_SQL = 'last, first, time, names, facts';
export const BLOCK_SQL = `${FACTS_SQL}, bytes`;

/** The newest place ever given out: the row of the state may be behind the log, and the log may be empty. */
export const NEWEST_SQL = 'SELECT max(state.last, coalesce((SELECT max(last) FROM log), 0)) FROM state WHERE id = 1';

const damaged = (place: unknown): StorageError => new StorageError('failed', `The log of the store is damaged at place ${String(place)}; restore a backup.`);

const isNames = (names: unknown): names is readonly [readonly string[], readonly string[]] =>
  Array.isArray(names) && names.length === 2 && names.every((list) => Array.isArray(list) && list.every((name) => typeof name === 'string'));

const parse = (names: string): unknown => {
  try {
    return JSON.parse(names);
  } catch {
    return undefined;
  }
};

export class Block {
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly topics: readonly string[];
  readonly #clients: readonly string[];
  readonly #time: number;
  readonly #facts: Uint32Array;
  #bytes: Buffer | undefined;
  #topicSizes: number[] | undefined;

  /** Throws where the row is not what was written. */
  constructor([last, first, time, names, facts, bytes]: readonly Value[]) {
    const found = parse(String(names));
    this.first = Number(first);
    this.last = Number(last);
    this.count = this.last - this.first + 1;
    this.#time = Number(time);
    if (!(facts instanceof Uint8Array) || this.count < 1 || facts.length !== this.count * WORDS * 4 || !isNames(found)) throw damaged(last);
    this.#facts = new Uint32Array(facts.buffer, facts.byteOffset, this.count * WORDS);
    [this.topics, this.#clients] = found;
    if (bytes !== undefined) this.bring(bytes);
  }

  /** Adds the bytes, where they were not asked for at first. */
  bring(bytes: Value | undefined): void {
    if (!(bytes instanceof Uint8Array) || bytes.length !== this.#word(this.count - 1, END)) throw damaged(this.last);
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get hasBytes(): boolean {
    return this.#bytes !== undefined;
  }

  #word(index: number, which: number): number {
    return this.#facts[index * WORDS + which] as number;
  }

  /** The place of a message within the block. */
  indexOf(seq: number): number {
    return seq - this.first;
  }

  /** Where its topic stands among `topics`. */
  topicAt(index: number): number {
    const topic = this.#word(index, NAMES) & LOWER;
    if (topic >= this.topics.length) throw damaged(this.first + index);
    return topic;
  }

  topic(index: number): string {
    return this.topics[this.topicAt(index)] as string;
  }

  isChange(index: number): boolean {
    return this.#word(index, LENGTHS) >= CHANGE;
  }

  timestamp(index: number): number {
    return this.#time + (this.#word(index, TIME) | 0);
  }

  /** Whether it is remembered as a publish. */
  isPublish(index: number): boolean {
    return this.#word(index, NAMES) >>> HALF > 0;
  }

  fingerprint(index: number): number {
    return this.#word(index, FINGERPRINT);
  }

  client(index: number): string | undefined {
    return this.#clients[(this.#word(index, NAMES) >>> HALF) - 1];
  }

  #start(index: number): number {
    return index === 0 ? 0 : this.#word(index - 1, END);
  }

  #idEnd(index: number): number {
    return this.#start(index) + (this.#word(index, LENGTHS) & LOWER);
  }

  #dataStart(index: number): number {
    return this.#idEnd(index) + ((this.#word(index, LENGTHS) >>> HALF) & MOST_REQUEST_ID);
  }

  /** Bytes of its topic and data. */
  size(index: number): number {
    this.#topicSizes ??= this.topics.map((topic) => Buffer.byteLength(topic));
    const data = this.#word(index, END) - this.#dataStart(index);
    if (data < 0) throw damaged(this.first + index);
    return (this.#topicSizes[this.topicAt(index)] as number) + data;
  }

  /** What retention counts of the messages from one up to another. */
  weight(from = 0, to = this.count): number {
    let weight = 0;
    for (let index = from; index < to; index++) weight += this.size(index) + OVERHEAD_BYTES;
    return weight;
  }

  #text(from: number, to: number): string {
    const bytes = this.#bytes as Buffer;
    if (from > to || to > bytes.length) throw damaged(this.last);
    return bytes.toString('utf8', from, to);
  }

  messageId(index: number): string {
    return this.#text(this.#start(index), this.#idEnd(index));
  }

  requestId(index: number): string {
    return this.#text(this.#idEnd(index), this.#dataStart(index));
  }

  data(index: number): string {
    return this.#text(this.#dataStart(index), this.#word(index, END));
  }

  message(index: number): StoredMessage {
    return {
      seq: this.first + index,
      messageId: this.messageId(index),
      topic: this.topic(index),
      timestamp: this.timestamp(index),
      data: this.data(index),
      change: this.isChange(index),
    };
  }

  /** The facts and bytes of what lies behind the first so many. */
  without(gone: number): { readonly facts: Uint8Array; readonly bytes: Uint8Array } {
    const from = this.#start(gone);
    const facts = this.#facts.slice(gone * WORDS);
    for (let at = END; at < facts.length; at += WORDS) facts[at] = (facts[at] as number) - from;
    return { facts: new Uint8Array(facts.buffer), bytes: (this.#bytes as Buffer).subarray(from) };
  }
}
