// What a request is for: its host, its path, its query, and where below /v1 that is (3.1.1). A handshake is a request, and asks in the same words.
import type { IncomingMessage } from 'node:http';
import { invalidEnvelope, ProtocolError, SUPPORTED_VERSIONS } from '@godwit/protocol';

export interface Target {
  readonly path: string;
  readonly query: string;
}

/** Throws `INVALID_ENVELOPE` where the host is named twice, or not at all, which HTTP/1.0 may (RFC 9112, section 3.2). The parser passes the former, and would answer the latter without an envelope. */
export const checkHost = ({ headers, httpVersion, rawHeaders }: Pick<IncomingMessage, 'headers' | 'httpVersion' | 'rawHeaders'>): void => {
  if (headers.host === undefined && httpVersion === '1.1') throw invalidEnvelope('/headers/host', 'is required');
  let seen = false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
    if (seen) throw invalidEnvelope('/headers/host', 'must stand there once');
    seen = true;
  }
};

const MAJOR = /^\/v\d{1,9}(?:\/|$)/;

/** The target without scheme and host, where it names the whole URL as for a proxy (RFC 9112, section 3.2.2). */
const originForm = (url: string): string => {
  if (url.startsWith('/')) return url;
  const authority = /^https?:\/\/[^/?#]*/i.exec(url)?.[0];
  if (authority === undefined) return url;
  return url.startsWith('/', authority.length) ? url.slice(authority.length) : `/${url.slice(authority.length)}`;
};

export const readTarget = (sent: string | undefined): Target => {
  const url = originForm(sent ?? '/');
  const mark = url.indexOf('?');
  return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
};

/** The path below /v1, undefined outside it; throws for another major version (3.1.1). */
export const belowVersion = (path: string): string | undefined => {
  if (path.startsWith('/v1/')) return path.slice(3);
  if (path === '/v1') return '';
  if (MAJOR.test(path)) throw new ProtocolError('UNSUPPORTED_VERSION', undefined, { supported: SUPPORTED_VERSIONS }, { status: 404 });
  return undefined;
};
