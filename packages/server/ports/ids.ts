// Randomness, as the core is given it: ids (RFC 9562) and secrets.
import { randomFillSync } from 'node:crypto';

export interface Ids {
  /** A UUIDv7 (RFC 9562), 36 characters; it sorts by the millisecond it was made in. */
  uuid(): string;
  /** Writes one as 36 bytes at a place. */
  writeUuid(target: Uint8Array, at: number): void;
  /** `bytes` of randomness as base64url. */
  secret(bytes: number): string;
}

/** The length of an id as text. */
export const UUID_LENGTH = 36;

/** Asked of the system at once: a call of its own for every few bytes costs more than all else that an id does. */
const POOL_BYTES = 4096;
/** Of one id: 74 bits are random. */
const RANDOM_BYTES = 10;
const MS_DIGITS = 12;
const DASH = 0x2d;
const VERSION = 0x37;
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const high = (byte: number): number => HEX[byte >> 4] as number;
const low = (byte: number): number => HEX[byte & 15] as number;

export const systemIds = (): Ids => {
  const pool = Buffer.alloc(POOL_BYTES);
  let next = POOL_BYTES;
  const room = (bytes: number): number => {
    if (next + bytes > POOL_BYTES) {
      randomFillSync(pool);
      next = 0;
    }
    const from = next;
    next += bytes;
    return from;
  };
  const time = new Uint8Array(MS_DIGITS);
  let timeOf = -1;
  const scratch = Buffer.alloc(UUID_LENGTH);

  const writeUuid = (target: Uint8Array, at: number): void => {
    const now = Date.now();
    if (now !== timeOf) {
      const text = now.toString(16).padStart(MS_DIGITS, '0');
      for (let digit = 0; digit < MS_DIGITS; digit++) time[digit] = text.charCodeAt(digit);
      timeOf = now;
    }
    const from = room(RANDOM_BYTES);
    for (let digit = 0; digit < 8; digit++) target[at + digit] = time[digit] as number;
    target[at + 8] = DASH;
    for (let digit = 8; digit < MS_DIGITS; digit++) target[at + 1 + digit] = time[digit] as number;
    target[at + 13] = DASH;
    target[at + 14] = VERSION;
    const first = pool[from] as number;
    const second = pool[from + 1] as number;
    target[at + 15] = high(first);
    target[at + 16] = low(first);
    target[at + 17] = low(second);
    target[at + 18] = DASH;
    // The variant: two bits that are 10.
    target[at + 19] = HEX[8 | ((second >> 4) & 3)] as number;
    const third = pool[from + 2] as number;
    const fourth = pool[from + 3] as number;
    target[at + 20] = high(third);
    target[at + 21] = low(third);
    target[at + 22] = low(fourth);
    target[at + 23] = DASH;
    for (let index = 0; index < 6; index++) {
      const byte = pool[from + 4 + index] as number;
      target[at + 24 + index * 2] = high(byte);
      target[at + 25 + index * 2] = low(byte);
    }
  };

  return {
    uuid() {
      writeUuid(scratch, 0);
      return scratch.toString('latin1');
    },
    writeUuid,
    secret(bytes) {
      if (bytes > POOL_BYTES) throw new RangeError(`A secret has at most ${POOL_BYTES} bytes.`);
      const from = room(bytes);
      const taken = pool.subarray(from, from + bytes);
      const text = taken.toString('base64url');
      // What was given out is nobody's to find here later.
      taken.fill(0);
      return text;
    },
  };
};
