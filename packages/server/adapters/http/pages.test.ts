// The pages for people (decision 0008): what is served, under which headers, that nothing else can be reached, and who may call from where (11.4).
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { type HttpAnswer, httpClient, rawExchange } from '../../testing/http.ts';
import { KEY, type TestServer, testServer } from '../../testing/server.ts';
import { Origins } from './origin.ts';
import { peoplePlaces } from './pages.ts';

const SCRIPT = `console.log(${JSON.stringify('x'.repeat(5000))})`;
const folder = mkdtempSync(join(tmpdir(), 'godwit-pages-'));
const put = (name: string, text: string): void => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
};
put('console/index.html', '<!doctype html><title>Console</title>');
put('console/assets/index-1a2B3_4d.js', SCRIPT);
put('console/favicon.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
put('docs/index.html', '<!doctype html><title>Docs</title>');
put('docs/errors.html', '<!doctype html><title>Errors</title>');
put('docs/style.css', 'body{}');
put('secret.txt', 'secret');

/** The places alone, on a port: what the server puts around them is proven by the tests of the server. */
const find = peoplePlaces({ console: join(folder, 'console'), docs: join(folder, 'docs') });
const http = createServer((request, response) => {
  const answer = async (): Promise<void> => {
    const place = find((request.url ?? '').split('?')[0] as string);
    if (place === undefined) response.writeHead(404).end();
    else await place.answer(request, response);
  };
  answer().catch(({ status, headers }: { status: number; headers: Record<string, string> }) => response.writeHead(status, headers).end());
});
let client: ReturnType<typeof httpClient>;
let url: string;
let server: TestServer;
before(async () => {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  client = httpClient(url, '');
  server = await testServer();
});
after(async () => {
  client.close();
  http.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}): Promise<HttpAnswer> => client.ask('GET', path, { headers });

test('files come with their types; / leads to the console, and the paths of the application lead into it', async () => {
  for (const [path, type, text] of [
    ['/console', 'text/html; charset=utf-8', '<title>Console'],
    ['/console/', 'text/html; charset=utf-8', '<title>Console'],
    ['/console/live/orders', 'text/html; charset=utf-8', '<title>Console'],
    ['/console/index.html', 'text/html; charset=utf-8', '<title>Console'],
    ['/console/assets/index-1a2B3_4d.js', 'text/javascript; charset=utf-8', 'console.log'],
    ['/console/favicon.svg?x=1', 'image/svg+xml', '<svg'],
    ['/docs', 'text/html; charset=utf-8', '<title>Docs'],
    ['/docs/errors', 'text/html; charset=utf-8', '<title>Errors'],
    ['/docs/style.css', 'text/css; charset=utf-8', 'body'],
  ] as const) {
    const answer = await get(path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers['content-type'], type, path);
    assert(answer.text.includes(text), path);
  }
  for (const [path, status, location] of [
    ['/', 302, '/console'],
    ['/docs/', 301, '/docs'],
  ] as const) {
    const answer = await get(path);
    assert.deepEqual([answer.status, answer.headers['location']], [status, location]);
  }
});

test('what names no file is nothing, however it is written', async () => {
  for (const path of [
    '/consoles',
    '/console.html',
    '/console/none.js',
    '/console/assets/none.js',
    '/docs/none',
    '/docs/../secret.txt',
    '/secret.txt',
    '/assets',
  ])
    assert.equal((await get(path)).status, 404, path);
  for (const path of ['/console/../secret.txt', '/console/..%2fsecret.txt', '/console/%2e%2e/secret.txt', '/docs//etc/passwd', '/docs/..\\secret.txt']) {
    const answered = await rawExchange(url, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert(answered.startsWith('HTTP/1.1 404') && !answered.includes('secret\n'), path);
  }
});

test('a page may load what is its own, run nothing else and stand in no frame', async () => {
  for (const path of ['/console', '/console/assets/index-1a2B3_4d.js', '/docs', '/docs/errors', '/docs/style.css']) {
    const { headers } = await get(path);
    const policy = headers['content-security-policy'] ?? '';
    for (const part of ["object-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"])
      assert(policy.includes(part), `${path} ${part}`);
    assert(policy.startsWith(path.startsWith('/docs') ? "default-src 'none'; style-src 'self'" : "default-src 'self'; "), policy);
    assert(!policy.includes('unsafe'));
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  }
});

test('named content is kept for good, pages are asked for again and answered with 304', async () => {
  const asset = await get('/console/assets/index-1a2B3_4d.js');
  assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable');
  for (const path of ['/console', '/console/any/where', '/console/favicon.svg', '/docs', '/docs/style.css']) {
    const { headers } = await get(path);
    assert.equal(headers['cache-control'], 'no-cache', path);
    const etag = headers['etag'] ?? '';
    assert.match(etag, /^"[\w-]{20,}"$/, path);
    for (const [condition, status] of [
      [etag, 304],
      [`"other", W/${etag}`, 304],
      ['*', 304],
      ['"other"', 200],
    ] as const) {
      const answer = await get(path, { 'if-none-match': condition });
      assert.deepEqual([answer.status, answer.headers['etag']], [status, etag], `${path} ${condition}`);
      if (status === 304) assert.equal(answer.text, '');
    }
  }
});

test('gzip where it is taken and pays, as another representation', async () => {
  const path = '/console/assets/index-1a2B3_4d.js';
  const plain = await get(path);
  const response = await fetch(url + path, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(await response.text(), SCRIPT);
  assert.equal(response.headers.get('content-encoding'), 'gzip');
  assert.notEqual(response.headers.get('etag'), plain.headers['etag']);
  assert.deepEqual([plain.headers['vary'], response.headers.get('vary')], ['Accept-Encoding', 'Accept-Encoding']);
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal((await get('/console', { 'accept-encoding': 'gzip' })).headers['content-encoding'], undefined, 'small ones stay as they are');
  assert.equal((await get(path, { 'accept-encoding': 'gzip', 'if-none-match': response.headers.get('etag') ?? '' })).status, 304);
  assert.throws(() => gunzipSync(SCRIPT));
});

test('HEAD is GET without the bytes; nothing else is taken', async () => {
  for (const path of ['/console', '/docs', '/', '/console/assets/index-1a2B3_4d.js']) {
    const [got, head] = [await get(path), await client.ask('HEAD', path)];
    assert.deepEqual(
      [head.status, head.headers['content-length'], head.headers['etag'], head.text],
      [got.status, got.headers['content-length'], got.headers['etag'], ''],
    );
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const refused = await client.ask(method, path);
      assert.deepEqual([refused.status, refused.headers['allow']], [405, 'GET, HEAD'], `${method} ${path}`);
    }
  }
});

test('what is not built is told in a page', async () => {
  const nothing = peoplePlaces({ console: join(folder, 'none'), docs: join(folder, 'none') });
  for (const path of ['/console', '/console/', '/console/live', '/docs']) assert.equal(nothing(path)?.name, path.startsWith('/docs') ? '/docs' : '/console');
  assert.equal(nothing('/docs/errors'), undefined);
});

test('places are named by few words, whatever the path', () => {
  const seen = new Set(['/', '/console', '/console/a', '/console/b/c', '/console/favicon.svg', '/docs', '/docs/errors'].map((path) => find(path)?.name));
  assert.deepEqual([...seen], ['/', '/console', '/docs']);
});

test('a server serves them without credentials or budget and under its own headers, unless the setting console is off', async () => {
  const stranger = server.as('');
  const root = await stranger.ask('GET', '/');
  assert.deepEqual([root.status, root.headers['location'], root.headers['x-protocol-version']], [302, '/console', '1.0']);
  for (const path of ['/console', '/docs']) assert.match((await stranger.ask('GET', path)).headers['content-type'] ?? '', /^text\/html/, path);
  const refused = await stranger.ask('POST', '/console', { data: 1 });
  assert.deepEqual([refused.status, refused.code, refused.headers['allow']], [405, 'METHOD_NOT_ALLOWED', 'GET, HEAD']);
  const { text } = await stranger.ask('GET', '/metrics');
  assert.match(text, /operation="\/console"/);
  const off = await testServer({ console: false });
  for (const path of ['/', '/console', '/console/x', '/docs', '/docs/errors']) {
    const answer = await off.as('').ask('GET', path);
    assert.deepEqual([answer.status, answer.code], [404, 'NOT_FOUND'], path);
  }
  await off.close();
});

const opened = (origin: string, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws`, ['godwit.v1', `bearer.${KEY}`], { origin, headers: { host } });
    socket.on('open', () => {
      socket.close();
      resolve(101);
    });
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', reject);
  });

test('11.4: a page of the server itself may open a WebSocket and call, behind TLS too; one of elsewhere may not', async () => {
  const host = new URL(server.url).host;
  for (const [origin, at, status] of [
    [server.url, host, 101],
    ['https://godwit.example', 'godwit.example', 101],
    ['http://godwit.example:8080', 'godwit.example:8080', 101],
    ['https://elsewhere.example', 'godwit.example', 403],
    ['https://godwit.example.evil', 'godwit.example', 403],
    ['https://godwit.example:8443', 'godwit.example', 403],
    ['null', 'null', 403],
  ] as const) {
    assert.equal(await opened(origin, at), status, `${origin} at ${at}`);
    const answer = await server.client.ask('POST', '/v1/topics/t/messages', { data: 1, headers: { origin, host: at } });
    assert.equal(answer.status, status === 101 ? 201 : 403, `${origin} at ${at}`);
  }
  const origins = new Origins([]);
  assert.throws(() => origins.check({ origin: 'http://godwit.example', host: 'godwit.example' }, true), 'a server that speaks TLS has no page in clear');
  origins.check({ origin: 'https://godwit.example', host: 'godwit.example' }, true);
});
