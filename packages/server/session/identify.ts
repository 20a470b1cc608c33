// Who is asking, from the credentials of a connection or request (11.1); guesses from one address are counted (7.1.1).
import { BOUNDS, ProtocolError } from '@godwit/protocol';
import type { Identity } from '../core/call.ts';
import type { Keys } from '../core/keys.ts';
import { RateLimiter } from '../core/rate.ts';
import type { Clock } from '../ports/clock.ts';

/** The other end of a connection; a socket. Asking where it is costs a call of the system, so only guesses are asked. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;
const WINDOW_MS = 60_000;

/** Nobody, or nobody any more. */
export const unauthenticated = (message?: string): ProtocolError =>
  new ProtocolError('UNAUTHENTICATED', message, {}, { headers: { 'www-authenticate': 'Bearer' } });

/** A token that was good once. */
export const tokenExpired = (message?: string): ProtocolError =>
  new ProtocolError('TOKEN_EXPIRED', message, {}, { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } });

export class Identifier {
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #failures = new RateLimiter(WINDOW_MS);

  constructor(keys: Keys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** The identity behind an `Authorization` header. Throws `UNAUTHENTICATED`, `TOKEN_EXPIRED`, or `RATE_LIMITED` to an address that failed too often. */
  fromHeader(authorization: string | undefined, peer: Peer): Identity {
    if (authorization === undefined) throw unauthenticated();
    const credential = BEARER.exec(authorization)?.[1];
    if (credential === undefined) throw unauthenticated('The Authorization header must be `Bearer <API key or token>`.');
    return this.fromCredential(credential, peer);
  }

  fromCredential(credential: string, peer: Peer): Identity {
    try {
      return this.#keys.identify(credential);
    } catch (error) {
      // A token that was good once is no guess.
      if (!(error instanceof ProtocolError)) throw error;
      if (error.code === 'TOKEN_EXPIRED') throw tokenExpired(error.message);
      const rate = this.#failures.take(peer.remoteAddress ?? '', 1, BOUNDS.failedAuthenticationsPerMinute, this.#clock.now());
      if (rate.allowed) throw unauthenticated(error.message);
      throw new ProtocolError(
        'RATE_LIMITED',
        'Too many failed authentications from this address.',
        { retryAfterMs: rate.retryAfter * 1000 },
        { headers: { 'retry-after': String(rate.retryAfter) } },
      );
    }
  }
}
