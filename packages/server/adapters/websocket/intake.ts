// What comes over a WebSocket, before `ws` sees it: whole masked text frames, which is nearly everything, are unmasked where they lie and handed on at once. Pings go to `ws` as
// they came; with anything else (large or divided messages, a goodbye, a fault) it takes over for good, and it alone judges what breaks RFC 6455.
import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { Turns } from '../../core/turns.ts';
import type { LazyWebSocket } from './lazy.ts';

const TEXT = 0x81;
const MASKED = 0x80;
const MASK_BYTES = 4;
const PING = 0x89;
const PONG = 0x8a;
/** Of a control frame (RFC 6455 section 5.5). */
const MOST_CONTROL = 125;
/** Larger messages are gathered by `ws`, and so are all that follow one. */
const MOST_GATHERED = 32 * 1024;

const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const HIGH_BITS = 0x80808080 | 0;

/** Takes texts: the bytes from `start` to `end`, which are UTF-8; `isPlain` where all of them are ASCII. */
export interface TextTaker {
  take(bytes: Buffer, start: number, end: number, isPlain: boolean): void;
}

interface Carrying extends Duplex {
  godwitIntake?: Intake;
}

/** One listener for all sockets. */
function onData(this: Carrying, chunk: Buffer): void {
  this.godwitIntake?.read(chunk);
}

export class Intake {
  readonly #webSocket: LazyWebSocket;
  readonly #taker: TextTaker;
  readonly #most: number;
  readonly #turns: Turns;
  /** The beginning of a frame whose rest has not come. */
  #held: Buffer | undefined;
  /** What came behind it and waits for its turn. */
  #waiting: Buffer | undefined;
  #isPaused = false;

  /** Listens to a socket, for messages of at most `most` bytes. */
  constructor(webSocket: LazyWebSocket, turns: Turns, taker: TextTaker, most: number) {
    this.#webSocket = webSocket;
    this.#turns = turns;
    this.#taker = taker;
    this.#most = Math.min(most, MOST_GATHERED);
    (webSocket.socket as Carrying).godwitIntake = this;
    webSocket.socket.on('data', onData);
  }

  /** From here on `ws` hears everything. */
  #leave(rest: Buffer): void {
    this.#webSocket.socket.removeListener('data', onData);
    this.#webSocket.leave(rest);
  }

  /** Takes what came. Where thousands say something at once, most of them wait for a coming turn of the event loop. */
  read(chunk: Buffer): void {
    if (this.#waiting !== undefined) {
      this.#waiting = Buffer.concat([this.#waiting, chunk]);
      // It has more to say than the little that most wait with.
      this.#isPaused = true;
      this.#webSocket.socket.pause();
    } else if (this.#turns.isLong) {
      this.#waiting = chunk;
      this.#turns.push(() => this.#goOn());
    } else this.#take(chunk);
  }

  #goOn(): void {
    const waiting = this.#waiting as Buffer;
    this.#waiting = undefined;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#webSocket.socket.resume();
    }
    this.#take(waiting);
  }

  #take(chunk: Buffer): void {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = undefined;
    let at = 0;
    let words: Int32Array | undefined;
    const { length } = bytes;
    while (at < length) {
      // It is being closed: what still comes, the other side's goodbye too, is `ws`'s.
      if (!this.#webSocket.isOpen) return this.#leave(bytes.subarray(at));
      if (length - at < 2) return this.#hold(bytes, at);
      const kind = bytes[at] as number;
      const second = bytes[at + 1] as number;
      let size = second & 0x7f;
      let start = at + 2 + MASK_BYTES;
      if ((second & MASKED) === 0 || size === 127) return this.#leave(bytes.subarray(at));
      if (size === 126) {
        start += 2;
        if (length - at < 4) return this.#hold(bytes, at);
        size = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
      }
      const end = start + size;
      if (kind === TEXT && size <= this.#most) {
        if (end > length) return this.#hold(bytes, at);
        words ??= new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
        const isPlain = unmask(bytes, words, start, end);
        if (!isPlain && !isUtf8(bytes.subarray(start, end))) {
          // Masked again, as `ws` wants it.
          unmask(bytes, words, start, end);
          return this.#leave(bytes.subarray(at));
        }
        this.#taker.take(bytes, start, end, isPlain);
      } else if ((kind === PING || kind === PONG) && (second & 0x7f) <= MOST_CONTROL) {
        if (end > length) return this.#hold(bytes, at);
        // An answer to a ping says nothing but that it came.
        if (kind === PING) this.#webSocket.hear(bytes.subarray(at, end));
      } else return this.#leave(bytes.subarray(at));
      at = end;
    }
  }

  #hold(bytes: Buffer, at: number): void {
    // A copy: what was read with it need not wait for the rest.
    this.#held = Buffer.from(bytes.subarray(at));
  }
}

/** Unmasks in place, four bytes at a time; whether what comes out is ASCII. The mask lies before `start`. */
const unmask = (bytes: Buffer, words: Int32Array, start: number, end: number): boolean => {
  const mask = start - MASK_BYTES;
  const { byteOffset } = bytes;
  let seen = 0;
  let at = start;
  for (; at < end && ((byteOffset + at) & 3) !== 0; at++) {
    const byte = (bytes[at] as number) ^ (bytes[mask + ((at - start) & 3)] as number);
    bytes[at] = byte;
    seen |= byte;
  }
  const turn = at - start;
  const part = (index: number): number => bytes[mask + ((turn + (isLittle ? index : 3 - index)) & 3)] as number;
  const whole = part(0) | (part(1) << 8) | (part(2) << 16) | (part(3) << 24);
  let seenWords = 0;
  let word = (byteOffset + at) >> 2;
  for (; at + 4 <= end; at += 4) {
    const value = (words[word] as number) ^ whole;
    words[word++] = value;
    seenWords |= value;
  }
  for (; at < end; at++) {
    const byte = (bytes[at] as number) ^ (bytes[mask + ((at - start) & 3)] as number);
    bytes[at] = byte;
    seen |= byte;
  }
  return ((seen & 0x80) | (seenWords & HIGH_BITS)) === 0;
};
