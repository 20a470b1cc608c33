// The responses to publishes that were confirmed together (6.2.1), as frames in one buffer: they differ in ids, places and times only, so each is the one before it with
// those written over.
import type { LogCursors } from '../../core/log.ts';
import { wireTime } from '../../core/time.ts';
import { type Ids, UUID_LENGTH } from '../../ports/ids.ts';
import type { Flight } from '../../ports/storage.ts';

const TEXT = 0x81;
const HEADER_BYTES = 4;
const TIME_LENGTH = 24;
const CURSOR_LENGTH = 19;
/** Of a cursor, the place: digits to the base 36, which count on. */
const PLACE_LENGTH = 11;
const NINE = 0x39;
const A = 0x61;
const Z = 0x7a;
const ZERO = 0x30;

const BEGINNING = '{"messageId":"';
const REQUEST = '","type":"response","payload":{"requestId":"';
const MESSAGE = '","status":"success","statusCode":201,"data":{"messageId":"';
const TOPIC = '","topic":"';
const CURSOR = '","cursor":"';
const TIME = '","timestamp":"';
const SENT = '"}},"timestamp":"';
const END = '"}';
const FIXED = [BEGINNING, REQUEST, MESSAGE, TOPIC, CURSOR, TIME, SENT, END].reduce(
  (sum, { length }) => sum + length,
  UUID_LENGTH * 2 + CURSOR_LENGTH + TIME_LENGTH * 2,
);
/** Where its parts begin in a frame; behind the requestId so much later as that is long, and the topic likewise. */
const REQUEST_ID_AT = HEADER_BYTES + BEGINNING.length + UUID_LENGTH + REQUEST.length;
const MESSAGE_ID_AT = REQUEST_ID_AT + MESSAGE.length;
const CURSOR_AT = MESSAGE_ID_AT + UUID_LENGTH + TOPIC.length + CURSOR.length;
const UUID_ROOM = '0'.repeat(UUID_LENGTH);

/** The next place, in its digits. */
const countOn = (bytes: Buffer, cursor: number): void => {
  for (let at = cursor + PLACE_LENGTH - 1; at >= cursor; at--) {
    const digit = bytes[at] as number;
    if (digit !== Z) {
      bytes[at] = digit === NINE ? A : digit + 1;
      return;
    }
    bytes[at] = ZERO;
  }
};

const writeText = (target: Buffer, at: number, text: string): void => {
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index);
};

const copy = (source: Uint8Array, from: number, length: number, target: Uint8Array, at: number): void => {
  for (let index = 0; index < length; index++) target[at + index] = source[from + index] as number;
};

/** The frames of the responses to the publishes of a flight from `from` up to but not with `to`, sent at `now`. */
export const confirmationFrames = (flight: Flight, from: number, to: number, cursors: LogCursors, ids: Ids, now: number): Buffer => {
  const { bytes } = flight;
  let total = 0;
  for (let index = from; index < to; index++) total += HEADER_BYTES + FIXED + flight.requestIdLength(index) + flight.topicAt(index).length;
  const target = Buffer.allocUnsafe(total);
  let at = 0;
  let size = 0;
  let topic = '';
  let idLength = -1;
  let timestamp = Number.NaN;
  let seq = -1;
  for (let index = from; index < to; index++) {
    const timeNow = flight.timestampAt(index);
    const seqNow = flight.seqAt(index);
    if (flight.topicAt(index) !== topic || flight.requestIdLength(index) !== idLength) {
      topic = flight.topicAt(index);
      idLength = flight.requestIdLength(index);
      const length = FIXED + idLength + topic.length;
      size = HEADER_BYTES + length;
      // At least 126 bytes and at most 64 KB, whatever the requestId and the topic.
      target[at] = TEXT;
      target[at + 1] = 126;
      target[at + 2] = length >>> 8;
      target[at + 3] = length & 0xff;
      const text = `${BEGINNING}${UUID_ROOM}${REQUEST}${flight.requestId(index)}${MESSAGE}${UUID_ROOM}${TOPIC}${topic}${CURSOR}${cursors.format(seqNow)}${TIME}${wireTime(timeNow)}${SENT}${wireTime(now)}${END}`;
      target.write(text, at + HEADER_BYTES, 'latin1');
    } else {
      target.copyWithin(at, at - size, at);
      copy(bytes, flight.requestIdAt(index), idLength, target, at + REQUEST_ID_AT);
      const cursor = at + CURSOR_AT + idLength + topic.length;
      if (seqNow === seq + 1) countOn(target, cursor);
      else writeText(target, cursor, cursors.format(seqNow));
      if (timeNow !== timestamp) writeText(target, cursor + CURSOR_LENGTH + TIME.length, wireTime(timeNow));
    }
    ids.writeUuid(target, at + HEADER_BYTES + BEGINNING.length);
    copy(bytes, flight.messageIdAt(index), UUID_LENGTH, target, at + MESSAGE_ID_AT + idLength);
    timestamp = timeNow;
    seq = seqNow;
    at += size;
  }
  return target;
};
