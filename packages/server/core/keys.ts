// API keys and tokens (section 11): who holds a credential, without keeping it. A key is stored as its hash; a token is signed and stored nowhere.
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { allows, type KeyLimits, ProtocolError } from '@godwit/protocol';
import type { Clock } from '../ports/clock.ts';
import type { Identity } from './call.ts';

export interface Key {
  readonly id: string;
  /** SHA-256 of the key, base64url. Keys are long and random, so a slow hash would protect nothing. */
  readonly hash: string;
  readonly name: string | null;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly limits: KeyLimits;
  readonly createdAt: number;
}

/** What a token says; the members are those of RFC 7519. */
interface Claims {
  readonly kid: string;
  readonly sub: string;
  /** Whether `sub` was given, and so has a budget of its own (7.1.1). */
  readonly own: boolean;
  readonly scopes: readonly string[] | null;
  /** When the key was made: one that takes the place of another under its id voids the other's tokens. */
  readonly born: number;
  /** Seconds since the epoch. */
  readonly exp: number;
}

const TOKEN_HEADER = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');

export const hashKey = (key: string): string => hash('sha256', key, 'base64url');

const same = (one: string, other: string): boolean => {
  const a = Buffer.from(one);
  const b = Buffer.from(other);
  return a.length === b.length && timingSafeEqual(a, b);
};

/** What a token may do whose maker named no scopes: all that the key may, `admin` itself aside (11.2). */
const ownScopes = (key: Key): readonly string[] => (key.scopes.includes('admin') ? ['read:*', 'write:*', 'publish:**', 'subscribe:**'] : key.scopes);

/** One identity per key, shared by all its requests and connections; gone with the key. */
const identities = new WeakMap<Key, Identity>();

const identityOf = (key: Key): Identity => {
  let identity = identities.get(key);
  if (identity === undefined) {
    identity = { keyId: key.id, client: key.client, scopes: key.scopes, limits: key.limits, budget: key.id, expiresAt: null, sub: null };
    identities.set(key, identity);
  }
  return identity;
};

const refused = (): ProtocolError => new ProtocolError('UNAUTHENTICATED', 'The credentials are not known here.');

export class Keys {
  readonly #clock: Clock;
  readonly #secret: string;
  readonly #byId = new Map<string, Key>();
  readonly #byHash = new Map<string, Key>();
  readonly #leaving = new Set<string>();
  #onRemoved: (keyId: string) => void = () => {};

  /** `secret` signs tokens; it is the store's own, so that tokens outlive a restart and are void elsewhere. */
  constructor(clock: Clock, secret: string) {
    this.#clock = clock;
    this.#secret = secret;
  }

  all(): Key[] {
    return [...this.#byId.values()].sort((one, other) => one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1));
  }

  get(id: string): Key | undefined {
    return this.#byId.get(id);
  }

  set(key: Key): void {
    this.#forget(key.id);
    this.#byId.set(key.id, key);
    this.#byHash.set(key.hash, key);
  }

  #forget(id: string): boolean {
    const key = this.#byId.get(id);
    if (key === undefined) return false;
    this.#byId.delete(id);
    if (this.#byHash.get(key.hash) !== key) return true;
    this.#byHash.delete(key.hash);
    // The same secret may stand under two ids: one that was made here may be given as GODWIT_ADMIN_KEY later.
    for (const other of this.#byId.values()) if (other.hash === key.hash) this.#byHash.set(other.hash, other);
    return true;
  }

  delete(id: string): void {
    if (this.#forget(id)) this.#onRemoved(id);
  }

  /** `listener` hears of every key that is revoked, so that its connections can be ended (11.1). */
  onRemoved(listener: (keyId: string) => void): void {
    this.#onRemoved = listener;
  }

  /** Whether the key is the last that may do everything, those aside that are being removed. */
  isLastAdmin(id: string): boolean {
    const admins = this.all().filter((key) => key.scopes.includes('admin') && (key.id === id || !this.#leaving.has(key.id)));
    return admins.length === 1 && admins[0]?.id === id;
  }

  /** Its removal is on its way to the store; `stays` where that failed. */
  leaves(id: string): void {
    this.#leaving.add(id);
  }

  stays(id: string): void {
    this.#leaving.delete(id);
  }

  /** Who holds a credential. Throws `UNAUTHENTICATED`, or `TOKEN_EXPIRED` for a token that was good once. */
  identify(credential: string): Identity {
    const key = this.#byHash.get(hashKey(credential));
    if (key !== undefined) return identityOf(key);
    return this.#identifyToken(credential);
  }

  #sign(payload: string): string {
    return createHmac('sha256', this.#secret).update(payload).digest('base64url');
  }

  #identifyToken(token: string): Identity {
    const [header, payload, signature, ...rest] = token.split('.');
    if (header !== TOKEN_HEADER || payload === undefined || signature === undefined || rest.length > 0) throw refused();
    if (!same(signature, this.#sign(`${header}.${payload}`))) throw refused();
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
    const key = this.#byId.get(claims.kid);
    if (key === undefined || key.createdAt !== claims.born) throw refused();
    if (claims.exp * 1000 <= this.#clock.now()) throw new ProtocolError('TOKEN_EXPIRED');
    return {
      keyId: key.id,
      client: `${key.client} ${claims.sub}`,
      scopes: claims.scopes ?? ownScopes(key),
      limits: key.limits,
      budget: claims.own ? `${key.id} ${claims.sub}` : key.id,
      expiresAt: claims.exp * 1000,
      sub: claims.sub,
    };
  }

  /**
   * Makes a token for a key's holder. `ttl` in seconds. Throws `FORBIDDEN` for a token's holder and for scopes beyond the key's own or `admin` (11.2).
   */
  makeToken(
    identity: Identity,
    request: { readonly ttl: number; readonly sub: string; readonly own: boolean; readonly scopes?: readonly string[] },
  ): { token: string; expiresAt: number } {
    if (identity.expiresAt !== null) throw new ProtocolError('FORBIDDEN', 'A token cannot make tokens.');
    for (const scope of request.scopes ?? []) {
      if (scope === 'admin' || !identity.scopes.some((held) => allows(held, scope))) {
        throw new ProtocolError('FORBIDDEN', `The key does not hold ${scope}${scope === 'admin' ? ' for its tokens' : ''}.`, { scope, field: '/data/scopes' });
      }
    }
    const exp = Math.floor(this.#clock.now() / 1000) + request.ttl;
    const born = this.#byId.get(identity.keyId)?.createdAt ?? 0;
    const claims: Claims = { kid: identity.keyId, sub: request.sub, own: request.own, scopes: request.scopes ?? null, born, exp };
    const payload = `${TOKEN_HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return { token: `${payload}.${this.#sign(payload)}`, expiresAt: exp * 1000 };
  }
}
