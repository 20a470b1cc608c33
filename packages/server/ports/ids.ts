// Randomness, as the core is given it: ids (RFC 9562) and secrets.
import { randomBytes, randomUUIDv7 } from 'node:crypto';

export interface Ids {
  /** A UUIDv7 (RFC 9562), 36 characters; it sorts by the millisecond it was made in. */
  uuid(): string;
  /** `bytes` of randomness as base64url. */
  secret(bytes: number): string;
}

export const systemIds = (): Ids => ({
  uuid: () => randomUUIDv7(),
  secret: (bytes) => randomBytes(bytes).toString('base64url'),
});
