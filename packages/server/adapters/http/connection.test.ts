// What a connection carries beside one plain request after the other: HEAD, whole URLs, escaped paths, requests sent at once, what is no HTTP (3.1, 3.2.1, 4.2.1).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rawExchange } from '../../testing/http.ts';
import { KEY, type TestServer, testServer } from '../../testing/server.ts';

let server: TestServer;
before(async () => {
  server = await testServer({ collections: { docs: {} }, settings: { operationsPerMinute: 1_000_000 } });
  await server.client.ask('POST', '/v1/docs', { data: { id: 'one', n: 1 } });
});
after(() => server.close());

const HEAD = `Host: x\r\nAuthorization: Bearer ${KEY}\r\n`;
const post = (path: string, body: unknown, more = ''): string => {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${more}\r\n${text}`;
};
const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\n${HEAD}${more}\r\n`;

/** The responses that came on one connection. */
const responses = (received: string): { status: number; headers: Record<string, string>; body: string }[] => {
  const found = [];
  for (let rest = received; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n');
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(lines.map((header) => [header.slice(0, header.indexOf(':')).toLowerCase(), header.slice(header.indexOf(':') + 2)]));
    const length = Number(headers['content-length'] ?? 0);
    found.push({ status: Number(line.split(' ')[1]), headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
  return found;
};

test('3.2.1: HEAD answers as GET does, without the body', async () => {
  for (const path of [
    '/v1',
    '/v1/docs/one',
    '/v1/docs',
    '/v1/messages?topics=**&after=earliest',
    '/v1/openapi.json',
    '/v1/docs/none',
    '/v1/nowhere',
    '/healthz',
    '/readyz',
    '/metrics',
  ]) {
    const gotten = await server.client.ask('GET', path);
    const headed = await server.client.ask('HEAD', path);
    assert.equal(headed.status, gotten.status, path);
    assert.equal(headed.text, '', path);
    for (const name of ['content-type', 'etag', 'cache-control', 'x-protocol-version'])
      assert.equal(headed.headers[name], gotten.headers[name], `${path} ${name}`);
    if (path !== '/metrics') assert.equal(headed.headers['content-length'], gotten.headers['content-length'], path);
  }
  const etag = (await server.client.ask('HEAD', '/v1/docs/one')).headers['etag'] as string;
  assert.equal((await server.client.ask('HEAD', '/v1/docs/one', { headers: { 'if-none-match': etag } })).status, 304);
  assert.equal((await server.client.ask('HEAD', '/v1/batch')).status, 405);
});

test('RFC 9112 3.2.2: a target may be the whole URL', async () => {
  for (const [target, status] of [
    ['http://other.example/v1/docs/one', 200],
    ['HTTP://other.example:80/v1/docs/one?x=1', 200],
    ['http://other.example/healthz', 200],
    ['http://other.example', 302],
    ['http://other.example?x', 302],
    ['ftp://other.example/v1/docs/one', 404],
    ['v1/docs/one', 404],
    ['*', 404],
  ] as const) {
    const [answer] = responses(await rawExchange(server.url, get(target, 'Connection: close\r\n')));
    assert(answer !== undefined && [status, 400].includes(answer.status), `${target}: ${answer?.status}`);
    if (status === 200) assert.equal(answer.status, 200, target);
  }
});

test('3.1.1: what is escaped in a path means what it stands for', async () => {
  for (const [path, status] of [
    ['/v1/docs/%6fne', 200],
    ['/v1/%64ocs/one', 200],
    ['/v1/%6dessages?topics=**', 200],
    ['/v1/docs/on%65?', 200],
    ['/v1/docs%2Fone', 404],
    ['/v1/docs/one%2F', 404],
    ['/v1/docs/%00', 404],
    ['/v1/docs/%ff', 422],
    ['/v1/docs/%', 422],
    ['/v1/docs/%zz', 422],
    ['/v1/docs//one', 404],
    ['/v1/docs/../docs/one', 404],
    ['/v1/docs/one/', 404],
  ] as const) {
    const answer = await server.client.ask('GET', path);
    assert.equal(answer.status, status, `${path}: ${answer.text}`);
    if (status === 422) assert.equal(answer.body.error.details.field, '/path');
  }
  // A word of the protocol stays one however it is written.
  assert.equal((await server.client.ask('POST', '/v1/%63ollections', { data: { name: 'escaped' } })).status, 201);
});

test('RFC 9112 9.3.2: requests sent at once are carried out and answered one after the other', async () => {
  const count = 40;
  let bytes = post('/v1/docs', { requestId: 'pipe-0', data: { id: 'pipe', n: 0 } });
  for (let n = 1; n <= count; n++) {
    bytes += `PATCH /v1/docs/pipe HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nContent-Length: ${JSON.stringify({ requestId: `pipe-${n}`, data: { n } }).length}\r\n\r\n${JSON.stringify({ requestId: `pipe-${n}`, data: { n } })}`;
    bytes += get('/v1/docs/pipe');
  }
  const answers = responses(await rawExchange(server.url, bytes + get('/v1/docs/one', 'Connection: close\r\n')));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, ...Array.from({ length: 2 * count + 1 }, () => 200)],
  );
  // Each read sees the write before it.
  for (let n = 1; n <= count; n++) assert.equal(JSON.parse(answers[2 * n]?.body ?? '').data.n, n);
});

test('7.1.2: a flood of requests on one connection is bounded, and every one of them is answered in its place', async () => {
  const count = 600;
  let bytes = '';
  for (let n = 0; n < count; n++) bytes += post('/v1/topics/flood/messages', { requestId: `flood-${n}`, data: n });
  const answers = responses(await rawExchange(server.url, bytes + get('/v1/docs/one', 'Connection: close\r\n')));
  assert.equal(answers.length, count + 1);
  for (const { status, body } of answers) assert([201, 429, 200].includes(status), body);
  assert.equal(answers[0]?.status, 201);
  assert(answers.some(({ status, body }) => status === 429 && JSON.parse(body).error.code === 'TOO_MANY_CONNECTIONS'));
  const page = await server.client.ask('GET', '/v1/messages?topics=flood&after=earliest&limit=1000');
  const taken = (page.data.items as { data: number }[]).map(({ data }) => data);
  assert.deepEqual(
    taken,
    [...taken].sort((one, other) => one - other),
    'in the order sent',
  );
  assert.equal(taken.length, answers.filter(({ status }) => status === 201).length);
});

test('4.2.1: what is no HTTP is answered in the envelope, after the answers to what came before it', async () => {
  const [answer, ...rest] = responses(await rawExchange(server.url, 'this is no request\r\n\r\n'));
  assert.equal(answer?.status, 400);
  assert.equal(JSON.parse(answer?.body ?? '').error.code, 'INVALID_ENVELOPE');
  assert.equal(answer?.headers['connection'], 'close');
  assert.deepEqual(rest, []);
  const mixed = responses(await rawExchange(server.url, `${post('/v1/docs', { requestId: 'before', data: { id: 'before' } })}this is no request\r\n\r\n`));
  assert.equal(mixed[0]?.status, 201, 'the answer to what was no request was given in place of the first');
  assert.equal(JSON.parse(mixed[0]?.body ?? '').requestId, 'before');
});

test('4.2.1: headers and addresses that are too long are answered while they still come', async () => {
  const flood = `GET /v1 HTTP/1.1\r\nHost: x\r\n${'X-Flood: 0123456789012345678901234567890123456789\r\n'.repeat(40_000)}\r\n`;
  for (const [bytes, status, code] of [
    [flood, 431, 'HEADERS_TOO_LARGE'],
    [`GET /v1/${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414, 'URI_TOO_LONG'],
    [get(`/v1/docs?${'x'.repeat(9000)}`, 'Connection: close\r\n'), 414, 'URI_TOO_LONG'],
    [get(`/v1/docs?${'x'.repeat(20_000)}`), 414, 'URI_TOO_LONG'],
    [get('/v1/docs', `X-Flood: ${'x'.repeat(20_000)}\r\n`), 431, 'HEADERS_TOO_LARGE'],
  ] as const) {
    const [answer] = responses(await rawExchange(server.url, bytes));
    assert.equal(answer?.status, status);
    assert.equal(JSON.parse(answer?.body ?? '').error.code, code);
    assert.match(answer?.headers['x-request-id'] ?? '', /^[!-~]{1,128}$/);
    assert.equal(answer?.headers['x-protocol-version'], '1.0');
  }
});

test('4.1.2, 11.4: where only the body is no HTTP, the head says whose answer it is and who may read it', async () => {
  const begin = (path: string, origin: string): string =>
    `POST ${path} HTTP/1.1\r\n${HEAD}X-Request-Id: mine\r\nOrigin: ${origin}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  for (const [chunk, status] of [
    ['zz\r\n', 400],
    [`5;${'x'.repeat(20_000)}\r\n`, 413],
  ] as const) {
    for (const [origin, allowed] of [
      ['http://x', 'http://x'],
      ['http://elsewhere', undefined],
    ] as const) {
      const [answer, ...rest] = responses(await rawExchange(server.url, begin('/v1/docs', origin) + chunk));
      // Who may not ask is told so, or that it did not ask in HTTP: whichever is seen first.
      assert([status, ...(allowed === undefined ? [403] : [])].includes(answer?.status ?? 0), `${answer?.status}`);
      assert.deepEqual([answer?.headers['x-request-id'], answer?.headers['access-control-allow-origin']], ['mine', allowed]);
      assert.equal(JSON.parse(answer?.body ?? '').requestId, 'mine');
      assert.deepEqual(rest, []);
    }
  }
  const unnamed = responses(await rawExchange(server.url, `GET /v1 HTTP/1.1\r\n${HEAD}X-Request-Id: mine\r\nno header\r\n\r\n`));
  assert.match(unnamed[0]?.headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/, 'a head that is none names nothing');
});

test('RFC 9112 3.2: a host is named once', async () => {
  for (const hosts of ['', 'Host: x\r\nHost: x\r\n', 'Host: x\r\nhOST: y\r\n']) {
    const shake = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    for (const head of ['GET /v1 HTTP/1.1\r\nConnection: close\r\n', `GET /v1/ws HTTP/1.1\r\nAuthorization: Bearer ${KEY}\r\n${shake}`]) {
      const [answer] = responses(await rawExchange(server.url, `${head}${hosts}\r\n`));
      assert.equal(answer?.status, 400, head + hosts);
      assert.deepEqual(JSON.parse(answer?.body ?? '').error.details.field, '/headers/host');
    }
  }
  const [answer] = responses(await rawExchange(server.url, 'GET /v1 HTTP/1.0\r\n\r\n'));
  assert.equal(answer?.status, 200, 'HTTP/1.0 need not');
});
