// A batch in the writer: units as objects where they came so; of each publish that came as bytes only where it lies, in columns that are used again for the next batch.
// Units can be asked for more than once: where a joint transaction fails they are done again one by one.
import { UUID_LENGTH } from '../../ports/ids.ts';
import type { PublishAsBytes } from './block-builder.ts';
import type { Fingerprints } from './fingerprint.ts';
import { type Packed, Unpacker } from './packing.ts';
import { CLIENT, PUBLISHED, type UnitToWrite, unpackUnit } from './units.ts';

const WIDTH = 6;
const AT = 0;
const REQUEST_ID_LENGTH = 1;
const DATA_LENGTH = 2;
const TOPIC = 3;
const CLIENT_NAME = 4;
const TIMESTAMP = 5;

const FEWEST = 256;
const NO_BYTES = Buffer.alloc(0);

/** One of the publishes of a batch. There is one object, which is each of them in turn. */
class Publish implements PublishAsBytes {
  source: Buffer = NO_BYTES;
  at = 0;
  size = 0;
  readonly idLength = UUID_LENGTH;
  requestIdLength = 0;
  topic = '';
  client = '';
  timestamp = 0;
  fingerprint = 0;

  get requestId(): string {
    const from = this.at + UUID_LENGTH;
    return this.source.toString('latin1', from, from + this.requestIdLength);
  }

  get data(): string {
    return this.source.toString('utf8', this.at + UUID_LENGTH + this.requestIdLength, this.at + this.size);
  }
}

export type { Publish };

export class Incoming {
  readonly #fingerprints: Fingerprints;
  readonly #publish = new Publish();
  #columns = new Float64Array(FEWEST * WIDTH);
  /** By its place in the batch each unit that came as an object. */
  readonly #units = new Map<number, UnitToWrite>();
  #names: readonly string[] = [];
  #client = '';
  #clientHash: number | undefined;
  count = 0;
  /** Of all publishes that came as bytes. */
  bytes = 0;

  constructor(fingerprints: Fingerprints) {
    this.#fingerprints = fingerprints;
  }

  /** Takes a batch in place of the one before. */
  read(packed: Packed, bytes: Buffer | undefined, start: number): void {
    const unpacker = new Unpacker(packed);
    this.#units.clear();
    this.#publish.source = bytes ?? NO_BYTES;
    this.#names = unpacker.names;
    this.count = 0;
    let client = 0;
    let at = start;
    while (!unpacker.done) {
      let tag = unpacker.number();
      if (tag === CLIENT) {
        client = unpacker.nameAt();
        tag = unpacker.number();
      }
      if (tag !== PUBLISHED) this.#units.set(this.count++, unpackUnit(unpacker, tag));
      else at = this.#note(unpacker, at, client);
    }
    this.bytes = at - start;
  }

  /** Notes a publish; where the next one begins. */
  #note(unpacker: Unpacker, at: number, client: number): number {
    // Units that came as objects have lines too, which stay empty: many may lie before this one.
    if (this.count * WIDTH >= this.#columns.length) {
      const wider = new Float64Array(Math.max(this.#columns.length, this.count * WIDTH) * 2);
      wider.set(this.#columns);
      this.#columns = wider;
    }
    const columns = this.#columns;
    const line = this.count++ * WIDTH;
    const requestIdLength = unpacker.number();
    columns[line + TOPIC] = unpacker.nameAt();
    const dataLength = unpacker.number();
    columns[line + TIMESTAMP] = unpacker.number();
    columns[line + AT] = at;
    columns[line + REQUEST_ID_LENGTH] = requestIdLength;
    columns[line + DATA_LENGTH] = dataLength;
    columns[line + CLIENT_NAME] = client;
    return at + UUID_LENGTH + requestIdLength + dataLength;
  }

  /** A unit that came as an object; undefined where it is a publish as bytes. */
  unit(index: number): UnitToWrite | undefined {
    return this.#units.size === 0 ? undefined : this.#units.get(index);
  }

  /** A publish that came as bytes. It is this one until another is asked for. */
  publish(index: number): Publish {
    const columns = this.#columns;
    const line = index * WIDTH;
    const publish = this.#publish;
    const requestIdLength = columns[line + REQUEST_ID_LENGTH] as number;
    publish.at = columns[line + AT] as number;
    publish.size = UUID_LENGTH + requestIdLength + (columns[line + DATA_LENGTH] as number);
    publish.requestIdLength = requestIdLength;
    publish.topic = this.#names[columns[line + TOPIC] as number] as string;
    publish.timestamp = columns[line + TIMESTAMP] as number;
    const client = this.#names[columns[line + CLIENT_NAME] as number] as string;
    publish.client = client;
    if (client !== this.#client || this.#clientHash === undefined) {
      this.#client = client;
      this.#clientHash = this.#fingerprints.ofClient(client);
    }
    const from = publish.at + UUID_LENGTH;
    publish.fingerprint = this.#fingerprints.ofBytes(this.#clientHash, publish.source, from, from + requestIdLength);
    return publish;
  }
}
