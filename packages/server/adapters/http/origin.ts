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
   * Throws `FORBIDDEN` for a cross-origin request from an origin that is not configured. What a page of this server's own asks is not cross-origin: its
   * origin is the `Host` that it asks, by `https` also where the server speaks in clear, because TLS may end in a proxy before it.
   */
  check(headers: IncomingHttpHeaders, secure: boolean): void {
    const { origin, host } = headers;
    if (origin === undefined || this.#any || this.#allowed.has(origin.toLowerCase())) return;
    if (host !== undefined && (origin === `https://${host}` || (!secure && origin === `http://${host}`))) return;
    throw new ProtocolError('FORBIDDEN', 'Requests from this origin are not allowed: the setting `origins` names those that are.', {
      field: '/headers/origin',
    });
  }

  /** The CORS headers of a response to an allowed origin. */
  headers(origin: string): string[] {
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
