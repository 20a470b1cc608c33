// Randomness, as the core is given it: ids (RFC 9562) and secrets.
import { randomFillSync, randomUUIDv7 } from 'node:crypto';

export interface Ids {
  /** A UUIDv7 (RFC 9562), 36 characters; it sorts by the millisecond it was made in. */
  uuid(): string;
  /** `bytes` of randomness as base64url. */
  secret(bytes: number): string;
}

/** Asked of the system at once: a call of its own for every few bytes costs more than all else that an id does. */
const POOL_BYTES = 4096;

export const systemIds = (): Ids => {
  const pool = Buffer.alloc(POOL_BYTES);
  let next = POOL_BYTES;
  return {
    uuid: () => randomUUIDv7(),
    secret(bytes) {
      if (bytes > POOL_BYTES) throw new RangeError(`A secret has at most ${POOL_BYTES} bytes.`);
      if (next + bytes > POOL_BYTES) {
        randomFillSync(pool);
        next = 0;
      }
      const taken = pool.subarray(next, (next += bytes));
      const text = taken.toString('base64url');
      // What was given out is nobody's to find here later.
      taken.fill(0);
      return text;
    },
  };
};
