// WebSocket frames as the load needs them (RFC 6455 section 5.2): made once as masked bytes in which only numbers change, and counted by walking over their
// headers, without a look into what they carry.

/** Twelve of these in a text are a place for a number. */
export const SLOT = '%%%%%%%%%%%%';
const DIGITS = SLOT.length;
const MASK = [0x37, 0xfa, 0x21, 0x3d] as const;
const ZERO = 0x30;

const TEXT = 1;
const PONG = 10;

const headerOf = (opcode: number, size: number): Buffer => {
  if (size < 126) return Buffer.from([0x80 | opcode, 0x80 | size, ...MASK]);
  if (size > 65_535) throw new Error('the load sends no frames of more than 64 KB');
  return Buffer.from([0x80 | opcode, 0x80 | 126, size >> 8, size & 0xff, ...MASK]);
};

const masked = (payload: Buffer): Buffer => {
  for (let index = 0; index < payload.length; index++) payload[index] = (payload[index] as number) ^ (MASK[index & 3] as number);
  return payload;
};

/** A text as a frame of a client. */
export const textFrame = (text: string): Buffer => {
  const payload = Buffer.from(text);
  return Buffer.concat([headerOf(TEXT, payload.length), masked(payload)]);
};

export const PONG_FRAME: Buffer = headerOf(PONG, 0);

/** A frame that is sent many times, each with its own number. */
export class Template {
  readonly size: number;
  readonly #frame: Buffer;
  /** Where each digit goes, and what masks it. */
  readonly #places: { readonly at: number; readonly mask: number }[][] = [];

  constructor(text: string) {
    this.#frame = textFrame(text);
    this.size = this.#frame.length;
    const header = this.size - Buffer.byteLength(text);
    for (let at = text.indexOf(SLOT); at !== -1; at = text.indexOf(SLOT, at + DIGITS)) {
      const start = at;
      this.#places.push(Array.from({ length: DIGITS }, (_, digit) => ({ at: header + start + digit, mask: MASK[(start + digit) & 3] as number })));
    }
  }

  /** Writes the frame with this number; gives where the next one goes. */
  write(target: Buffer, at: number, number: number): number {
    this.#frame.copy(target, at);
    for (const places of this.#places) {
      let rest = number;
      for (let digit = DIGITS - 1; digit >= 0; digit--) {
        const { at: place, mask } = places[digit] as { at: number; mask: number };
        target[at + place] = (ZERO + (rest % 10)) ^ mask;
        rest = Math.floor(rest / 10);
      }
    }
    return at + this.size;
  }
}

/** Walks over what comes: large frames are counted, small ones handed on. */
export class Scanner {
  /** Frames of at least so many bytes are counted; `Infinity` hands all of them on. */
  threshold = Number.POSITIVE_INFINITY;
  readonly #small: (opcode: number, payload: Buffer) => void;
  #held: Buffer | undefined;
  /** Bytes to come of a frame that will count. */
  #left = 0;

  constructor(small: (opcode: number, payload: Buffer) => void) {
    this.#small = small;
  }

  /** How many frames that count ended in these bytes, which are the caller's again afterwards. */
  scan(bytes: Buffer): number {
    let chunk = bytes;
    if (this.#held !== undefined) {
      chunk = Buffer.concat([this.#held, bytes]);
      this.#held = undefined;
    }
    const { length } = chunk;
    let counted = 0;
    let at = 0;
    if (this.#left > 0) {
      if (this.#left > length) {
        this.#left -= length;
        return 0;
      }
      at = this.#left;
      this.#left = 0;
      counted++;
    }
    while (at < length) {
      let start = at + 2;
      let size = length > at + 1 ? (chunk[at + 1] as number) & 0x7f : 0;
      if (size === 126) start += 2;
      else if (size === 127) start += 8;
      if (start > length) return this.#hold(chunk, at, counted);
      if (size === 126) size = chunk.readUInt16BE(at + 2);
      else if (size === 127) size = chunk.readUInt32BE(at + 6);
      const end = start + size;
      if (size >= this.threshold) {
        if (end > length) {
          this.#left = end - length;
          return counted;
        }
        counted++;
      } else {
        if (end > length) return this.#hold(chunk, at, counted);
        this.#small((chunk[at] as number) & 0x0f, chunk.subarray(start, end));
      }
      at = end;
    }
    return counted;
  }

  #hold(chunk: Buffer, at: number, counted: number): number {
    this.#held = Buffer.from(chunk.subarray(at));
    return counted;
  }
}
