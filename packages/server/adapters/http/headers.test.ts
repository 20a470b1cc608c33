// Headers that every answer carries (4.2.1, 7.1.1, 10.1), errors included; conditional requests, negotiation and origins by their headers (3.2.3, 9.1.1, 11.4).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type HttpAnswer, httpClient } from '../../testing/http.ts';
import { type TestServer, testServer } from '../../testing/server.ts';

const LIMIT = 100_000;
let server: TestServer;
before(async () => {
  server = await testServer({ collections: { docs: {} }, settings: { operationsPerMinute: LIMIT, origins: ['https://a.example'] } });
  await server.client.ask('POST', '/v1/docs', { data: { id: 'one', text: 'x'.repeat(3000) } });
});
after(() => server.close());

const MB = 1024 * 1024;

test('4.2.1, 10.1: every answer names its request and the protocol, and says what may be kept of it', async () => {
  for (const [method, path, options] of [
    ['GET', '/v1', {}],
    ['GET', '/v1/docs/one', {}],
    ['GET', '/v1/docs/none', {}],
    ['GET', '/v1/none/at/all', {}],
    ['GET', '/nothing', {}],
    ['GET', '/v2/docs', {}],
    ['PATCH', '/v1/docs', { data: {} }],
    ['POST', '/v1/docs', { raw: '{' }],
    ['POST', '/v1/docs', { raw: 'x'.repeat(2 * MB) }],
    ['OPTIONS', '/v1/docs', {}],
    ['GET', '/v1/openapi.json', {}],
    ['GET', '/healthz', {}],
    ['GET', '/readyz', {}],
    ['GET', '/metrics', {}],
    ['GET', '/v1/docs', { headers: { 'x-protocol-version': '2.0' } }],
    ['GET', '/v1/docs', { headers: { accept: 'text/html' } }],
    ['GET', '/v1/docs', { headers: { origin: 'https://b.example' } }],
  ] as const) {
    const { headers } = await server.client.ask(method, path, {
      ...options,
      headers: { 'x-request-id': 'named-by-me', ...('headers' in options ? options.headers : {}) },
    } as never);
    assert.equal(headers['x-request-id'], 'named-by-me', `${method} ${path}`);
    assert.equal(headers['x-protocol-version'], '1.0', `${method} ${path}`);
    assert.equal(headers['cache-control'], 'no-store', `${method} ${path}`);
  }
  const strange = await server.client.ask('GET', '/v1', { headers: { 'x-request-id': 'not visible ascii' } });
  assert.match(strange.headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/, 'what cannot be echoed is made up, and never refused');
  assert.equal(strange.status, 200);
});

test('7.1.1: every answer to known credentials carries the budget, and errors before the look at them do too', async () => {
  const budget = ({ headers }: HttpAnswer): number[] => ['limit', 'remaining', 'reset'].map((name) => Number(headers[`x-ratelimit-${name}`]));
  for (const [method, path, options, cost] of [
    ['GET', '/v1/docs/one', {}, 1],
    ['GET', '/v1/docs/none', {}, 1],
    ['GET', '/v1', {}, 1],
    ['POST', '/v1/docs', { data: { id: 'one' } }, 1],
    ['POST', '/v1/docs', { raw: '{' }, 0],
    ['POST', '/v1/docs', { raw: 'x'.repeat(2 * MB) }, 0],
    ['POST', '/v1/docs', { raw: '{}', headers: { 'content-type': 'text/plain' } }, 0],
    ['GET', '/v1/docs?limit=0', {}, 0],
    ['GET', '/v1/docs', { headers: { accept: 'text/html' } }, 0],
    ['GET', '/v1/none/at/all', {}, 0],
    ['PATCH', '/v1/docs', { data: {} }, 0],
    ['GET', '/v1/docs', { headers: { 'x-protocol-version': '9.0' } }, 0],
    [
      'POST',
      '/v1/batch',
      {
        data: {
          operations: [
            { method: 'GET', path: '/docs/one' },
            { method: 'GET', path: '/docs/one' },
          ],
        },
      },
      2,
    ],
  ] as const) {
    const label = `${method} ${path} ${JSON.stringify(options).slice(0, 60)}`;
    const before = budget(await server.client.ask('GET', '/v1/nowhere/at/all'));
    const [limit, remaining, reset] = budget(await server.client.ask(method, path, options as never));
    assert.equal(limit, LIMIT, label);
    assert.equal(remaining, (before[1] as number) - cost, label);
    assert((reset as number) >= 0 && (reset as number) <= 60, label);
  }
  for (const key of ['', 'nobody-knows-this']) {
    const answer = await server.as(key).ask('GET', '/v1/docs/one');
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    assert.equal(answer.headers['x-ratelimit-limit'], undefined, 'strangers have no budget');
  }
});

test('7.1.1: beyond the budget: 429 with when to come back', async () => {
  const { key } = (await server.client.ask('POST', '/v1/keys', { data: { scopes: ['read:docs'], limits: { operationsPerMinute: 3 } } })).data;
  const client = server.as(key);
  for (let remaining = 2; remaining >= 0; remaining--)
    assert.equal((await client.ask('GET', '/v1/docs/one')).headers['x-ratelimit-remaining'], String(remaining));
  const refused = await client.ask('GET', '/v1/docs/one');
  assert.deepEqual([refused.status, refused.code, refused.headers['x-ratelimit-remaining']], [429, 'RATE_LIMITED', '0']);
  assert(Number(refused.headers['retry-after']) > 0 && Number(refused.headers['retry-after']) <= 61);
  assert.equal(refused.body.error.details.retryAfterMs, Number(refused.headers['retry-after']) * 1000);
});

test('3.2.3: Location and ETag of what was made, and conditions on what is there', async () => {
  const { client } = server;
  const made = await client.ask('POST', '/v1/docs', { data: { id: 'made' } });
  assert.equal(made.headers['location'], '/v1/docs/made');
  const etag = made.headers['etag'] as string;
  const at = (path: string): Promise<HttpAnswer> => client.ask('GET', path);
  assert.equal((await at(made.headers['location'] ?? '')).headers['etag'], etag);
  assert.equal((await client.ask('POST', '/v1/collections', { data: { name: 'fresh' } })).headers['location'], '/v1/collections/fresh');
  for (const [header, status] of [
    [etag, 304],
    [`W/${etag}`, 304],
    ['*', 304],
    ['"other"', 200],
  ] as const) {
    const answer = await client.ask('GET', '/v1/docs/made', { headers: { 'if-none-match': header } });
    assert.equal(answer.status, status, header);
    assert.equal(answer.headers['etag'], etag);
    if (status === 304) assert.equal(answer.text, '');
  }
  assert.equal((await client.ask('PATCH', '/v1/docs/made', { data: { n: 1 }, headers: { 'if-match': '"other"' } })).status, 412);
  assert.equal((await client.ask('PATCH', '/v1/docs/made', { data: { n: 1 }, headers: { 'if-match': `"other", W/${etag}` } })).status, 200);
  assert.equal((await client.ask('DELETE', '/v1/docs/made', { headers: { 'if-match': etag } })).status, 412);
  assert.equal((await client.ask('DELETE', '/v1/docs/made')).status, 204);
  const again = await client.ask('POST', '/v1/docs', { data: { id: 'made' } });
  assert.notEqual(again.headers['etag'], etag, 'another life, another tag');
});

test('9.1.1: gzip where it is taken and pays', async () => {
  for (const [encoding, path, gzipped] of [
    ['gzip', '/v1/docs/one', true],
    ['br, gzip;q=0.5', '/v1/docs/one', true],
    ['*', '/v1/docs/one', true],
    ['gzip;q=0', '/v1/docs/one', false],
    ['identity', '/v1/docs/one', false],
    ['', '/v1/docs/one', false],
    ['gzip', '/v1/docs/none', false],
  ] as const) {
    const { headers } = await server.client.ask('GET', path, { headers: { 'accept-encoding': encoding } });
    assert.equal(headers['content-encoding'], gzipped ? 'gzip' : undefined, `${encoding} ${path}`);
    if (path === '/v1/docs/one') assert.match(headers['vary'] ?? '', /Accept-Encoding/);
  }
  const response = await fetch(`${server.url}/v1`, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(((await response.json()) as { status: string }).status, 'success');
  assert.throws(() => gunzipSync(Buffer.from('not gzipped')));
});

test('12.1: what is gzipped counts as what it was answered with', async () => {
  const counted = async (): Promise<string[]> =>
    (await server.client.ask('GET', '/metrics')).text.split('\n').filter((line) => /^godwit_requests_total\{.*createDocument/.test(line));
  const before = await counted();
  const made = await server.client.ask('POST', '/v1/docs', { data: { text: 'x'.repeat(3000) }, headers: { 'accept-encoding': 'gzip' } });
  assert.deepEqual([made.status, made.headers['content-encoding']], [201, 'gzip']);
  const after = await counted();
  assert.equal(after.length, before.length, after.join('\n'));
  assert.match(after.filter((line) => !before.includes(line)).join(), /201/);
});

test('11.4: origins', async () => {
  const { client, url } = server;
  for (const [origin, status] of [
    ['https://a.example', 200],
    ['https://A.example', 200],
    [url, 200],
    ['https://b.example', 403],
    ['http://a.example', 403],
    ['https://a.example.b', 403],
    ['null', 403],
  ] as const) {
    const answer = await client.ask('GET', '/v1/docs/one', { headers: { origin } });
    assert.equal(answer.status, status, origin);
    assert.equal(answer.headers['access-control-allow-origin'], status === 200 ? origin : undefined, origin);
    assert.match(answer.headers['vary'] ?? '', /Origin/);
  }
  // What is refused before anybody looks at the origin, too, is read only by who may.
  for (const [path, refused] of [
    ['/nowhere', 404],
    ['/v2/docs', 404],
  ] as const) {
    for (const [origin, allowed] of [
      ['https://a.example', 'https://a.example'],
      ['https://b.example', undefined],
    ] as const) {
      const answer = await client.ask('GET', path, { headers: { origin } });
      assert.deepEqual([answer.status, answer.headers['access-control-allow-origin']], [refused, allowed], `${origin} ${path.slice(0, 20)}`);
    }
  }
  const preflight = await client.ask('OPTIONS', '/v1/docs/one', { headers: { origin: 'https://a.example', 'access-control-request-method': 'PATCH' } });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers['access-control-allow-methods'] ?? '', /PATCH/);
  const refused = httpClient(url, 'nobody-knows-this');
  const answer = await refused.ask('GET', '/v1/docs/one', { headers: { origin: 'https://a.example' } });
  assert.deepEqual([answer.status, answer.headers['access-control-allow-origin']], [401, 'https://a.example'], 'a page can read why it was refused');
  refused.close();
});
