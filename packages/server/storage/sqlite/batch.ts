// Units on their way to the writer, packed as they come, and afterwards the commit that they became. A publish that came as bytes is copied into shared memory
// and is no object here: its numbers are a line of a ledger, and texts are made of it only where somebody asks.
import { UUID_LENGTH } from '../../ports/ids.ts';
import type { Commit, Flight, PublishedBytes, PublishListener, StoredMessage, WriteOutcome, WriteUnit } from '../../ports/storage.ts';
import { AT, DATA_LENGTH, type Ledger, type Ledgers, REQUEST_ID_LENGTH, SEQ, STARTED_AT, TIMESTAMP } from './ledger.ts';
import { placeAt } from './messages.ts';
import type { Numbers, Packer } from './packing.ts';
import { SEGMENT_BYTES, type Segment, type Segments } from './segments.ts';
import { packClient, packProbe, packPublished, packUnit } from './units.ts';

const MOST_UNITS = 4096;
const MOST_CHARACTERS = 1 << 20;

/** Who waits for a unit that was given as an object. */
export interface Waiting {
  /** undefined: a probe. */
  readonly unit: WriteUnit | undefined;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** Who was told that it takes too long. */
const NOBODY: PublishListener = { confirmed: () => {}, refused: () => {}, failed: () => {} };

const isWaiting = (owner: Waiting | PublishListener): owner is Waiting => 'resolve' in owner;

export class Batch implements Flight, Commit {
  /** Its own until it is finished. */
  readonly packer: Packer;
  readonly #segments: Segments;
  /** Of each unit. Those who listen to publishes are many times the same in a row. */
  #owners: (Waiting | PublishListener)[] = [];
  readonly #ledgers: Ledgers;
  /** Of each publish that came as bytes its line; those of other units are empty. Gone once nobody asks. */
  #ledger: Ledger | undefined;
  #units = 0;
  #client: string | undefined;
  #segment: Segment | undefined;
  #holders = 1;
  #start = 0;
  /** All bytes of publishes are ASCII. */
  #isPlain = true;
  /** Units that are no publishes as bytes, and which of them only probe. */
  #objects = 0;
  #probes = 0;

  constructor(packer: Packer, segments: Segments, ledgers: Ledgers) {
    this.packer = packer;
    this.#segments = segments;
    this.#ledgers = ledgers;
    this.#ledger = ledgers.take();
  }

  get units(): number {
    return this.#units;
  }

  /** How many of them are the core's own: probes are not. */
  get written(): number {
    return this.units - this.#probes;
  }

  get isFull(): boolean {
    return this.units >= MOST_UNITS || this.packer.characters >= MOST_CHARACTERS;
  }

  add(waiting: Waiting): void {
    if (waiting.unit === undefined) {
      packProbe(this.packer);
      this.#probes++;
    } else packUnit(this.packer, waiting.unit);
    this.#objects++;
    this.#push(waiting, 0, 0, 0, 0, 0, '');
  }

  #push(owner: Waiting | PublishListener, startedAt: number, at: number, requestId: number, data: number, timestamp: number, topic: string): void {
    this.#owners.push(owner);
    if (this.#units === this.#lines.lines) this.#ledger = this.#ledgers.widen(this.#lines);
    this.#lines.write(this.#units++, at, requestId, data, timestamp, startedAt, topic);
  }

  /** Throws where it was let go of: its lines may be somebody else's. */
  get #lines(): Ledger {
    if (this.#ledger === undefined) throw new Error('A batch was released that is still asked.');
    return this.#ledger;
  }

  /** False where there is no room for it here. */
  publish(client: string, published: PublishedBytes, writeId: (target: Uint8Array, at: number) => void, startedAt: number, listener: PublishListener): boolean {
    const { bytes: source, requestId, requestIdEnd, data, dataEnd, topic, timestamp } = published;
    const idLength = requestIdEnd - requestId;
    const dataLength = dataEnd - data;
    const size = UUID_LENGTH + idLength + dataLength;
    let segment = this.#segment;
    if (segment === undefined) {
      this.#segment = segment = this.#segments.hold(size);
      this.#start = segment.used;
    } else if (segment.used + size > SEGMENT_BYTES) return false;
    const { bytes } = segment;
    const at = segment.used;
    writeId(bytes, at);
    copy(source, requestId, idLength, bytes, at + UUID_LENGTH);
    copy(source, data, dataLength, bytes, at + UUID_LENGTH + idLength);
    segment.used = at + size;
    if (!published.isPlain) this.#isPlain = false;
    if (client !== this.#client) {
      this.#client = client;
      packClient(this.packer, client);
    }
    packPublished(this.packer, idLength, topic, dataLength, timestamp);
    this.#push(listener, startedAt, at, idLength, dataLength, timestamp, topic);
    return true;
  }

  /** What the writer is told. */
  finish(): { readonly text: string; readonly numbers: Numbers; readonly segment: number; readonly start: number } {
    const { text, numbers } = this.packer.finish();
    return { text, numbers, segment: this.#segment?.id ?? 0, start: this.#start };
  }

  /** What it has appended: itself, where it is nothing but publishes as bytes. Afterwards the places of its units are known. */
  committed(numbers: Numbers, refused: ReadonlyMap<number, unknown> | undefined): StoredMessage[] | Commit {
    const lines = this.#lines;
    for (let index = 0; index < this.#units; index++) lines.set(index, SEQ, numbers[placeAt(index)] as number);
    if (this.#objects === 0 && refused === undefined) return this;
    const messages: StoredMessage[] = [];
    for (const [index, owner] of this.#owners.entries()) {
      if (refused?.has(index)) continue;
      if (!isWaiting(owner)) messages.push(this.message(index));
      else {
        let seq = this.seqAt(index);
        for (const { messageId, topic, timestamp, data, change } of owner.unit?.messages ?? [])
          messages.push({ seq: seq++, messageId, topic, timestamp, data, change });
      }
    }
    return messages;
  }

  /** Tells everyone what became of theirs. */
  settle(refused: ReadonlyMap<number, Exclude<WriteOutcome, { readonly status: 'written' }> | Error> | undefined): void {
    const owners = this.#owners;
    for (let index = 0; index < owners.length; ) {
      const owner = owners[index] as Waiting | PublishListener;
      const exception = refused?.get(index);
      if (isWaiting(owner)) {
        if (exception === undefined) owner.resolve({ status: 'written', firstSeq: this.seqAt(index) });
        else if (exception instanceof Error) owner.reject(exception);
        else owner.resolve(exception);
        index++;
      } else if (exception !== undefined) {
        if (exception instanceof Error) owner.failed(this, index, exception);
        else owner.refused(this, index, exception);
        index++;
      } else {
        const from = index++;
        while (index < owners.length && owners[index] === owner && !refused?.has(index)) index++;
        owner.confirmed(this, from, index);
      }
    }
    this.#owners = [];
  }

  /** Publishes that came as bytes before `startedBefore` fail; what becomes of them is nobody's any more. */
  abandon(startedBefore: number, error: Error): void {
    for (const [index, owner] of this.#owners.entries()) {
      if (isWaiting(owner) || owner === NOBODY || this.startedAt(index) >= startedBefore) continue;
      this.#owners[index] = NOBODY;
      owner.failed(this, index, error);
    }
  }

  /** None of it was written. */
  fail(error: Error): void {
    for (const [index, owner] of this.#owners.entries()) {
      if (isWaiting(owner)) owner.reject(error);
      else owner.failed(this, index, error);
    }
    this.#owners = [];
    this.release();
  }

  get bytes(): Uint8Array {
    return (this.#segment as Segment).bytes;
  }

  messageIdAt(index: number): number {
    return this.#lines.get(index, AT);
  }

  requestIdAt(index: number): number {
    return this.#lines.get(index, AT) + UUID_LENGTH;
  }

  requestIdLength(index: number): number {
    return this.#lines.get(index, REQUEST_ID_LENGTH);
  }

  requestId(index: number): string {
    const at = this.requestIdAt(index);
    return (this.#segment as Segment).bytes.toString('latin1', at, at + this.requestIdLength(index));
  }

  topicAt(index: number): string {
    return this.#lines.topics[index] as string;
  }

  timestampAt(index: number): number {
    return this.#lines.get(index, TIMESTAMP);
  }

  startedAt(index: number): number {
    return this.#lines.get(index, STARTED_AT);
  }

  seqAt(index: number): number {
    return this.#lines.get(index, SEQ);
  }

  get count(): number {
    return this.#units;
  }

  get last(): number {
    return this.seqAt(this.count - 1);
  }

  isChangeAt(): boolean {
    return false;
  }

  sizeAt(index: number): number {
    return this.topicAt(index).length + this.#lines.get(index, DATA_LENGTH);
  }

  message(index: number): StoredMessage {
    const { bytes } = this.#segment as Segment;
    const at = this.messageIdAt(index);
    const data = this.requestIdAt(index) + this.requestIdLength(index);
    return {
      seq: this.seqAt(index),
      messageId: bytes.toString('latin1', at, at + UUID_LENGTH),
      topic: this.topicAt(index),
      timestamp: this.timestampAt(index),
      data: bytes.toString(this.#isPlain ? 'latin1' : 'utf8', data, data + this.#lines.get(index, DATA_LENGTH)),
      change: false,
    };
  }

  /** Somebody else asks for its messages too, until they release it. */
  share(): void {
    this.#holders++;
  }

  release(): void {
    if (--this.#holders > 0) return;
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment !== undefined) this.#segments.release(segment);
    this.#ledgers.give(this.#lines);
    this.#ledger = undefined;
  }
}

/** Some hundreds of bytes: a loop is as quick as a call of the runtime's for so few. */
const copy = (source: Uint8Array, from: number, length: number, target: Uint8Array, at: number): void => {
  for (let index = 0; index < length; index++) target[at + index] = source[from + index] as number;
};
