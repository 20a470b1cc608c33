// Hostile HTTP, made from a seed: each request from its number alone, so that one that found something can be sent again by itself.
// Knows what a server must survive, not how this one works.
import { gzipSync } from 'node:zlib';

export interface Random {
  /** A number from 0 up to, not including, `below`. */
  number(below: number): number;
  pick<T>(from: readonly T[]): T;
  chance(of: number): boolean;
  bytes(count: number): Buffer;
}

export const random = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    // mulberry32: small, and the same everywhere.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const number = (below: number): number => Math.floor(next() * below);
  return {
    number,
    pick: (from) => from[number(from.length)] as never,
    chance: (of) => next() < of,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => number(256))),
  };
};

/** A request for node:http, or bytes for a socket. */
export interface Hostile {
  readonly kind: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Buffer;
  readonly raw?: Buffer;
}

const ODD_TEXTS = [
  '',
  ' ',
  'null',
  '__proto__',
  'constructor',
  'toString',
  'a..b',
  '$sys.x',
  '../..',
  '%',
  '%00',
  '\u0000',
  'x'.repeat(300),
  "' OR 1=1 --",
  '"; DROP TABLE x; --',
  "x') OR ('1'='1",
  '*',
  '**',
  'a,b',
  'ä',
  '😀',
  '1e400',
  '-0',
  'NaN',
  '{}',
  '[]',
  '<b>',
  '$x',
  '{{x}}',
  '\\',
  '/',
  '|',
  ';',
  '\u202e',
  'W/"x"',
  'latest',
  'earliest',
];
const ODD_NUMBERS = [
  '0',
  '-0',
  '1e400',
  '-1e400',
  '1e308',
  '9007199254740993',
  '-1',
  '1.5',
  '1e-400',
  '99999999999999999999999999',
  '0.1e1',
  '2147483648',
  '1E+2',
];
const ODD_JSON = [
  '',
  '{',
  '[',
  '"',
  '{"a":',
  '[1,',
  'tru',
  '{"a":1,}',
  "{'a':1}",
  '\u0000',
  '{"a":"\\ud800"}',
  '{"a":"\\u"}',
  '1 2',
  '{}{}',
  '/**/{}',
  'NaN',
  '01',
  '"\u0001"',
  '{"a":1e400}',
  '{"\\udc00":1}',
  '\ufeff{}',
  '{"a":1,"a":2}',
  '[[],',
];

const depth = (of: Random): number => of.pick([3, 62, 63, 64, 65, 100, 1_000, 100_000]);

/** Some JSON text, mostly well formed, seldom harmless. */
const value = (of: Random, level = 0): string => {
  switch (of.number(level > 3 ? 6 : 11)) {
    case 0:
      return 'null';
    case 1:
      return of.pick(['true', 'false']);
    case 2:
      return of.pick(ODD_NUMBERS);
    case 3:
      return JSON.stringify(of.pick(ODD_TEXTS));
    case 4:
      return `"\\u${of.number(65_536).toString(16).padStart(4, '0')}"`;
    case 5:
      return String(of.number(1_000));
    case 6:
      return `[${Array.from({ length: of.number(4) }, () => value(of, level + 1)).join(',')}]`;
    case 7:
    case 8:
      return `{${Array.from({ length: of.number(5) }, () => `${JSON.stringify(of.pick([...ODD_TEXTS, 'id', 'version', 'a', 'n']))}:${value(of, level + 1)}`).join(',')}}`;
    case 9:
      return of.chance(0.1) ? '['.repeat(depth(of)) + ']'.repeat(of.pick([0, 3, 64, 100_000])) : '[]';
    default:
      return of.chance(0.1) ? of.pick(ODD_JSON) : '{}';
  }
};

const object = (of: Random, members: readonly string[]): string =>
  `{${members
    .filter(() => of.chance(0.75))
    .map((name) => `${JSON.stringify(of.chance(0.05) ? of.pick(ODD_TEXTS) : name)}:${value(of)}`)
    .join(',')}}`;

const operation = (of: Random, things: string): string =>
  `{"id":${of.chance(0.7) ? `"o${of.number(50)}"` : value(of)},"method":${of.chance(0.8) ? `"${of.pick(METHODS)}"` : value(of)},"path":${of.chance(0.8) ? JSON.stringify(target(of, things)) : value(of)},"data":${value(of)},"headers":${of.chance(0.8) ? '{}' : value(of)}}`;

/** What is sent as `data`, shaped by where it goes. */
const dataFor = (of: Random, path: string, things: string): string => {
  if (of.chance(0.15)) return value(of);
  if (path.startsWith('/batch'))
    return `{"mode":${of.chance(0.8) ? of.pick(['"partial"', '"atomic"']) : value(of)},"operations":[${Array.from({ length: of.pick([0, 1, 2, 5, 101]) }, () => operation(of, things)).join(',')}]}`;
  if (path.startsWith('/collections')) return object(of, ['name', 'schema']);
  if (path.startsWith('/keys')) return object(of, ['name', 'client', 'scopes', 'limits']);
  if (path.startsWith('/tokens')) return object(of, ['ttl', 'sub', 'scopes']);
  return of.chance(0.8) ? object(of, ['id', 'a', 'n', 'version', 'createdAt', 'text']) : value(of);
};

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const ODD_METHODS = ['PROPFIND', 'TRACE', 'LOCK', 'PURGE', 'SEARCH', 'MKCOL', 'M-SEARCH', 'SUBSCRIBE', 'QUERY'];

const encoded = (of: Random, text: string): string =>
  of.chance(0.7)
    ? encodeURIComponent(text.toWellFormed())
    : of.pick(['%', '%zz', '%E0%A4%A', '%ff', '%00', '%2e%2e', '%2f', '%c0%af', encodeURIComponent(text.toWellFormed())]);

const query = (of: Random): string => {
  if (of.chance(0.4)) return '';
  const names = [
    'limit',
    'after',
    'sort',
    'filter[a]',
    'filter[n][gte]',
    'filter[a][in]',
    'filter[a.b][ne]',
    'filter[a',
    'filter[]',
    'filter',
    'topics',
    'foo',
    '__proto__',
    'filter[__proto__]',
    'filter[constructor.prototype]',
    'filter[a][like]',
    '',
    'client',
  ];
  const parts = Array.from(
    { length: 1 + of.number(4) },
    () =>
      `${of.chance(0.85) ? of.pick(names) : encoded(of, of.pick(ODD_TEXTS))}${of.chance(0.9) ? '=' : ''}${encoded(of, of.pick([...ODD_TEXTS, ...ODD_NUMBERS, 'a', '-a', 'a,-n']))}`,
  );
  return `?${parts.join(of.pick(['&', '&', '&', ';', '&&']))}`;
};

/** A path below /v1, with a query at times. */
const target = (of: Random, things: string): string => {
  const id = of.chance(0.5) ? of.pick(['x', 'y', 'z', 'missing']) : encoded(of, of.pick(ODD_TEXTS));
  const path = of.pick([
    `/${things}`,
    `/${things}`,
    `/${things}/${id}`,
    `/${things}/${id}`,
    `/topics/fuzz.${id}/messages`,
    '/topics/fuzz/messages',
    '/messages',
    '/messages',
    '/batch',
    '/batch',
    '/keys',
    '/tokens',
    '/collections',
    `/collections/${id}`,
    `/${id}`,
    `/${id}/${id}/${id}`,
    '',
    `/keys/${id}`,
    '/changelog',
    '/openapi.json',
  ]);
  return path + query(of);
};

const oddHeaders = (of: Random): Record<string, string> => {
  const headers: Record<string, string> = {};
  const text = (): string => of.pick(ODD_TEXTS).replace(/[^\t\x20-\x7e\x80-\xff]/g, '?') || 'x';
  const names = [
    'if-match',
    'if-none-match',
    'accept',
    'accept-encoding',
    'x-request-id',
    'idempotency-key',
    'x-protocol-version',
    'origin',
    'cookie',
    'range',
    'if-modified-since',
    'x-forwarded-for',
    'content-language',
    'last-event-id',
    'x-http-method-override',
    'accept-charset',
    'prefer',
    'te',
  ];
  for (let count = of.number(4); count > 0; count--) headers[of.pick(names)] = text();
  return headers;
};

const BOMB = gzipSync(Buffer.alloc(60 * 1_048_576, 0x20));
const gzipped = (of: Random, body: string): Buffer => {
  const good = gzipSync(body);
  switch (of.number(6)) {
    case 0:
      return good;
    case 1:
      return good.subarray(0, of.number(good.length));
    case 2:
      return Buffer.concat([good, of.bytes(20)]);
    case 3:
      return of.bytes(100);
    case 4:
      return BOMB;
    default: {
      const bent = Buffer.from(good);
      bent[of.number(bent.length)] = of.number(256);
      return bent;
    }
  }
};

const requestText = (of: Random, method: string, path: string, headers: Record<string, string>, body: string): Buffer => {
  const lines = Object.entries(headers).map(([name, text]) => `${name}: ${text}`);
  const whole = Buffer.from([`${method} ${path} HTTP/1.1`, 'Host: localhost', ...lines, 'Connection: close', '', body].join('\r\n'), 'latin1');
  // Cut somewhere, bent somewhere, or something thrown in.
  const at = of.number(whole.length);
  switch (of.number(4)) {
    case 0:
      return whole.subarray(0, at);
    case 1:
      return Buffer.concat([whole.subarray(0, at), of.bytes(1 + of.number(8)), whole.subarray(at)]);
    case 2:
      return Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1 + of.number(8))]);
    default: {
      const bent = Buffer.from(whole);
      for (let count = 1 + of.number(3); count > 0; count--) bent[of.number(bent.length)] = of.number(256);
      return bent;
    }
  }
};

/** The request of this number. `things` is a collection that exists, `credential` opens the server. */
export const hostile = (seed: number, index: number, things: string, credential: string): Hostile => {
  const of = random(Math.imul(seed ^ 0x9e3779b9, 2_654_435_761) + Math.imul(index + 1, 40_503));
  const method = of.pick(METHODS);
  const below = target(of, things);
  const path = of.chance(0.95) ? `/v1${below}` : of.pick(['/v2', '/', '//', '/v1/', '/v1//', '/healthz', '/metrics', `/v1${below}/`, '/v1/%2e%2e/x', '*']);
  const authorization = `Bearer ${credential}`;
  const writes = ['POST', 'PUT', 'PATCH'].includes(method);
  const requestId = of.chance(0.85) ? `"fuzz-${seed}-${index}"` : value(of);
  const members = [`"requestId":${requestId}`, `"data":${dataFor(of, below, things)}`];
  if (of.chance(0.2)) members.push(`"timestamp":${value(of)}`);
  if (of.chance(0.2)) members.push(`"metadata":${value(of)}`);
  if (of.chance(0.1)) members.push(`${JSON.stringify(of.pick(ODD_TEXTS))}:${value(of)}`);
  if (of.chance(0.1)) members.splice(of.number(members.length), 1);
  const body = of.chance(0.08) ? of.pick(ODD_JSON) : `{${members.join(',')}}`;
  const json = { authorization, 'content-type': 'application/json' };
  const dice = of.number(100);
  if (dice < 4) {
    const bytes = gzipped(of, body);
    return {
      kind: bytes === BOMB ? 'gzip bomb' : 'gzip',
      method: 'POST',
      path: `/v1/${things}`,
      headers: { ...json, 'content-encoding': of.chance(0.9) ? 'gzip' : of.pick(['br', 'deflate', 'x', 'gzip, gzip']) },
      body: bytes,
    };
  }
  if (dice < 12)
    return {
      kind: 'bent bytes',
      method,
      path,
      headers: {},
      raw: requestText(of, method, path, { Authorization: authorization, 'Content-Type': 'application/json', 'Content-Length': String(body.length) }, body),
    };
  if (dice < 15) return { kind: 'random bytes', method: '', path: '', headers: {}, raw: of.bytes(1 + of.number(400)) };
  if (dice < 16) {
    const flood = of.chance(0.5)
      ? `X: ${'x'.repeat(of.pick([8_000, 20_000, 300_000]))}`
      : Array.from({ length: of.pick([200, 3_000, 20_000]) }, (_, n) => `X-${n}: y`).join('\r\n');
    return {
      kind: 'header flood',
      method: 'GET',
      path: '/v1',
      headers: {},
      raw: Buffer.from(`GET /v1 HTTP/1.1\r\nHost: localhost\r\n${flood}\r\nConnection: close\r\n\r\n`),
    };
  }
  if (dice < 19)
    return {
      kind: 'invalid UTF-8',
      method: 'POST',
      path: `/v1/${things}`,
      headers: json,
      body: Buffer.concat([Buffer.from(body.slice(0, -1)), of.bytes(3), Buffer.from('"}')]),
    };
  if (dice < 24) return { kind: 'odd method', method: of.pick(ODD_METHODS), path, headers: { authorization, ...oddHeaders(of) } };
  if (dice < 30)
    return {
      kind: 'odd type',
      method: 'POST',
      path,
      headers: {
        authorization,
        'content-type':
          of.pick([
            'text/plain',
            'application/xml',
            '',
            ';',
            'application/json; charset=',
            'application/json;charset=utf-16',
            'a/b/c',
            'multipart/form-data',
          ]) || 'x',
        ...oddHeaders(of),
      },
      body,
    };
  return {
    kind: writes ? 'write' : 'read',
    method,
    path,
    headers: { ...(writes ? json : { authorization }), ...(of.chance(0.4) ? oddHeaders(of) : {}) },
    ...(writes ? { body } : {}),
  };
};
