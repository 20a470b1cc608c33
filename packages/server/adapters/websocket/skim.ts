// A publish, told from the bytes of its message without reading it as JSON (5.2.2): most of the traffic has one form. What has any other is left to the strict way,
// which also says what is wrong with it; nothing is accepted here that is refused there, and nothing means something else.
import { BOUNDS, canonicalEnd, isTimestamp, isTopic, plainStringEnd, standsAt } from '@godwit/protocol';
import type { PublishedBytes } from '../../ports/storage.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OBJECT_END = 0x7d;
const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const BEGINNING = ascii('{"');
const MESSAGE_ID = ascii('messageId":"');
const TYPE = ascii('type":"request"');
const PAYLOAD = ascii('payload":{"');
const TIMESTAMP = ascii('timestamp":"');
const METHOD = ascii('method":"POST"');
const PATH = ascii('path":"/topics/');
const DATA = ascii('data":');
const MESSAGES = ascii('/messages"');
const NO = -1;
/** The data stands within the payload, and that within the message. */
const DATA_DEPTH = BOUNDS.nesting - 2;

/** The bytes of topics. */
const IN_TOPIC = Uint8Array.from({ length: 256 }, (_, code) => (/[A-Za-z0-9_.-]/.test(String.fromCharCode(code)) ? 1 : 0));

/** Topics that were published to lately, each in the place of its hash: one text for all messages of a topic. */
const KEPT = 2048;
const kept = new Array<string>(KEPT).fill('');

const isText = (bytes: Uint8Array, from: number, end: number, text: string): boolean => {
  if (text.length !== end - from) return false;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== bytes[from + index]) return false;
  return true;
};

const topicOf = (bytes: Buffer, from: number, end: number, hash: number): string | undefined => {
  const place = hash & (KEPT - 1);
  const known = kept[place] as string;
  if (isText(bytes, from, end, known)) return known;
  const text = bytes.toString('latin1', from, end);
  if (!isTopic(text)) return undefined;
  kept[place] = text;
  return text;
};

/** What was told from the bytes of one message. One of it is enough: it is used up before the next message. */
export class Skimmed implements PublishedBytes {
  bytes: Buffer = Buffer.alloc(0);
  requestId = 0;
  requestIdEnd = 0;
  data = 0;
  dataEnd = 0;
  isPlain = true;
  topic = '';
  timestamp = 0;

  /** Whether the text in `bytes` from `start` to `end`, known to be UTF-8 (`isPlain`: ASCII), is a publish as it is written most of the time. */
  read(bytes: Buffer, start: number, end: number, isPlain: boolean): boolean {
    this.bytes = bytes;
    this.isPlain = isPlain;
    this.requestIdEnd = 0;
    if (end - start < 64 || !standsAt(bytes, start, BEGINNING)) return false;
    let at = start + 2;
    let seen = 0;
    for (;;) {
      // The names of members are told apart by their first letter, and then looked at.
      const first = bytes[at];
      let member: number;
      if (first === 0x6d && standsAt(bytes, at, MESSAGE_ID)) {
        member = 1;
        this.requestId = at + MESSAGE_ID.length;
        at = this.#requestIdEnd(bytes, end);
      } else if (first === 0x74 && standsAt(bytes, at, TYPE)) {
        member = 2;
        at += TYPE.length;
      } else if (first === 0x70 && standsAt(bytes, at, PAYLOAD)) {
        member = 4;
        at = this.#payload(bytes, at + PAYLOAD.length, end);
      } else if (first === 0x74 && standsAt(bytes, at, TIMESTAMP)) {
        member = 8;
        const from = at + TIMESTAMP.length;
        at = plainStringEnd(bytes, from, end);
        if (at === NO || !isTimestamp(bytes.toString('latin1', from, at - 1))) return false;
      } else return false;
      if (at === NO || (seen & member) !== 0) return false;
      seen |= member;
      const next = bytes[at++];
      if (next === OBJECT_END) return at === end && (seen & 7) === 7;
      if (next !== COMMA || bytes[at++] !== QUOTE || at >= end) return false;
    }
  }

  /** Visible ASCII (4.1.1). */
  #requestIdEnd(bytes: Buffer, end: number): number {
    const { requestId } = this;
    const behind = plainStringEnd(bytes, requestId, end);
    const length = behind - 1 - requestId;
    if (behind === NO || length < 1 || length > BOUNDS.requestIdLength) return NO;
    for (let at = requestId; at < behind - 1; at++) {
      const code = bytes[at] as number;
      if (code < 0x21 || code > 0x7e) return NO;
    }
    this.requestIdEnd = behind - 1;
    return behind;
  }

  #payload(bytes: Buffer, start: number, end: number): number {
    let at = start;
    let seen = 0;
    for (;;) {
      const first = bytes[at];
      let member: number;
      if (first === 0x64 && standsAt(bytes, at, DATA)) {
        member = 1;
        this.data = at + DATA.length;
        at = this.dataEnd = canonicalEnd(bytes, this.data, end, DATA_DEPTH);
      } else if (first === 0x70 && standsAt(bytes, at, PATH)) {
        member = 2;
        at = this.#path(bytes, at + PATH.length, end);
      } else if (first === 0x6d && standsAt(bytes, at, METHOD)) {
        member = 4;
        at += METHOD.length;
      } else return NO;
      if (at === NO || (seen & member) !== 0) return NO;
      seen |= member;
      const next = bytes[at++];
      if (next === OBJECT_END) return seen === 7 ? at : NO;
      if (next !== COMMA || bytes[at++] !== QUOTE || at >= end) return NO;
    }
  }

  #path(bytes: Buffer, start: number, end: number): number {
    let at = start;
    let hash = 0;
    while (at < end && IN_TOPIC[bytes[at] as number] === 1) hash = (Math.imul(hash, 31) + (bytes[at++] as number)) | 0;
    if (at === start || !standsAt(bytes, at, MESSAGES)) return NO;
    const topic = topicOf(bytes, start, at, hash ^ (hash >>> 11));
    if (topic === undefined) return NO;
    this.topic = topic;
    return at + MESSAGES.length;
  }
}
