// Cross-origin requests: refused unless the origin is configured (11.4); preflights answered for those that are.
import type { IncomingHttpHeaders } from 'node:http';
import { ProtocolError } from '@godwit/protocol';

const EXPOSED = [
  'ETag',
  'Location',
  'Link',
  'Retry-After',
  'X-Request-Id',
  'X-Protocol-Version',
  'X-Idempotent-Replay',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Deprecation',
  'Sunset',
].join(', ');
const ALLOWED = 'Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Protocol-Version, X-Request-Id';
const PREFLIGHT_SECONDS = '600';
const NONE: readonly string[] = [];

export class Origins {
  readonly #any: boolean;
  readonly #allowed: ReadonlySet<string>;

  constructor(origins: readonly string[]) {
    this.#any = origins.includes('*');
    this.#allowed = new Set(origins.map((origin) => origin.replace(/\/$/, '').toLowerCase()));
  }

  /** Whether responses differ by origin, so that caches must know. */
  get vary(): boolean {
    return !this.#any && this.#allowed.size > 0;
  }

  /**
   * Whether a request is not cross-origin, or from an origin that is configured. What a page of this server's own asks is not cross-origin: its origin is the
   * `Host` that it asks, by `https` also where the server speaks in clear, because TLS may end in a proxy before it.
   */
  #allows({ origin, host }: IncomingHttpHeaders, secure: boolean): boolean {
    if (origin === undefined || this.#any || this.#allowed.has(origin.toLowerCase())) return true;
    return host !== undefined && (origin === `https://${host}` || (!secure && origin === `http://${host}`));
  }

  /** Throws `FORBIDDEN` for a cross-origin request from an origin that is not configured. */
  check(request: IncomingHttpHeaders, secure: boolean): void {
    if (this.#allows(request, secure)) return;
    throw new ProtocolError('FORBIDDEN', 'Requests from this origin are not allowed: the setting `origins` names those that are.', {
      field: '/headers/origin',
    });
  }

  /** The CORS headers of the response, flat: none for an origin that is not allowed, whatever else the request is refused for. */
  headers(request: IncomingHttpHeaders, secure: boolean): readonly string[] {
    const { origin } = request;
    if (origin === undefined || !this.#allows(request, secure)) return NONE;
    return ['access-control-allow-origin', this.#any ? '*' : origin, 'access-control-expose-headers', EXPOSED];
  }

  preflight(origin: string, methods: readonly string[]): Record<string, string> {
    return {
      'access-control-allow-origin': this.#any ? '*' : origin,
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': ALLOWED,
      'access-control-max-age': PREFLIGHT_SECONDS,
    };
  }
}
