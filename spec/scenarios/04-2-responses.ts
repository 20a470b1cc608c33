// 4.2.1: the form of every response, those of the HTTP parser included. What each exchange is checked for is in invariants.ts.
import assert from 'node:assert/strict';
import { refuses, succeeds } from '../expect.ts';
import { checkResponse, isTimestamp } from '../invariants.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';
import { nextResponse, openSocket, type Received, rawExchange } from '../wire.ts';

/** Held to the invariants like every other response, though it was asked for by hand. */
const judged = (path: string, response: Received | undefined, what: string): Json => {
  assert.ok(response !== undefined, `${what}: a response, not silence`);
  return checkResponse('GET', path, { 'x-request-id': 'raw' }, response);
};

scenario('4.2.1 a success is {requestId, timestamp, status, data}, an error {requestId, timestamp, status, error}', {}, async (t) => {
  const collection = await t.collection();
  const requestId = t.name('r');
  const good = await t.admin.http('POST', `/v1/${collection}`, { data: { a: 1 }, requestId });
  succeeds(good, 201);
  assert.deepEqual({ ...good.json, timestamp: '', data: {} }, { requestId, timestamp: '', status: 'success', data: {} });
  assert.ok(Math.abs(Date.parse(good.json.timestamp) - Date.now()) < 3_600_000);
  const failed = await t.admin.http('POST', `/v1/${collection}`, { data: 5, requestId });
  assert.deepEqual({ ...failed.json, timestamp: '', error: {} }, { requestId, timestamp: '', status: 'error', error: {} });
  assert.ok(isTimestamp(failed.json.timestamp));
});

scenario('4.2.1 an error carries the requestId of the body wherever that can be read', {}, async (t) => {
  const collection = await t.collection();
  for (const data of [5, { id: 'not an id' }]) {
    const requestId = t.name('r');
    assert.equal((await t.admin.http('POST', `/v1/${collection}`, { data, requestId })).requestId, requestId);
  }
  const requestId = t.name('r');
  assert.equal((await t.admin.http('POST', `/v1/${t.name('nowhere')}`, { data: {}, requestId })).status, 404);
});

scenario('4.2.1 the machine-read documents come without an envelope', {}, async (t) => {
  const openapi = await t.admin.http('GET', '/v1/openapi.json');
  assert.equal(openapi.status, 200);
  const document = JSON.parse(openapi.text) as Json;
  assert.equal(document.requestId, undefined);
  assert.match(document.openapi, /^3\.1/);
  assert.ok(document.info?.version && document.paths, 'it is an OpenAPI document');
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const answer = await t.anonymous.http('GET', path);
    assert.doesNotMatch(answer.text, /"requestId"/, path);
  }
});

scenario('4.2.1 headers beyond bounds are 431 in the envelope', {}, async (t) => {
  const { host } = new URL(t.url);
  const floods = {
    'one long header': `X-Long: ${'x'.repeat(200_000)}\r\n`,
    'many headers': Array.from({ length: 20_000 }, (_, n) => `X-${n}: ${n}\r\n`).join(''),
  };
  for (const [what, flood] of Object.entries(floods)) {
    const body = judged('/v1', await rawExchange(t.url, `GET /v1 HTTP/1.1\r\nHost: ${host}\r\n${flood}\r\n`), what);
    assert.equal(body.error.code, 'HEADERS_TOO_LARGE', what);
  }
});

scenario('4.2.1 a URI beyond bounds is 414 in the envelope', {}, async (t) => {
  const { host } = new URL(t.url);
  for (const length of [9_000, 200_000]) {
    const response = await rawExchange(t.url, `GET /v1/${'x'.repeat(length)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const body = judged('/v1', response, `a URI of ${length}`);
    // Longer than a whole head, it is too long as one or the other, by how it came.
    assert.ok(['URI_TOO_LONG', ...(length > 16_384 ? ['HEADERS_TOO_LARGE'] : [])].includes(body.error.code), body.error.code);
  }
});

scenario('4.2.1 a URI beyond bounds is 414 over a WebSocket and in a batch as well, which goes on', {}, async (t) => {
  const collection = await t.collection();
  const path = `/${collection}?${Array.from({ length: 2_000 }, (_, n) => `filter[f${n}]=1`).join('&')}`;
  const long = { method: 'GET', path };
  const { results } = succeeds(await t.admin.post('/batch', { operations: [long, { method: 'GET', path: `/${collection}` }] }), 207);
  assert.deepEqual([results[0].statusCode, results[0].error.code, results[1].statusCode], [414, 'URI_TOO_LONG', 200]);
  const channel = await t.channel();
  await channel.notice('$sys.welcome');
  refuses(await channel.request('GET', path), 'URI_TOO_LONG');
});

scenario('4.2.1 what is no HTTP is closed or refused in the envelope', {}, async (t) => {
  const { host } = new URL(t.url);
  const raw = {
    'random text': 'hello there\r\n\r\n',
    'HTTP/9.9': `GET /v1 HTTP/9.9\r\nHost: ${host}\r\n\r\n`,
    'a bad header': `GET /v1 HTTP/1.1\r\nHost: ${host}\r\nbad header\r\n\r\n`,
    'two lengths': `POST /v1/batch HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
    'length and chunks': `POST /v1/batch HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'a negative length': `POST /v1/batch HTTP/1.1\r\nHost: ${host}\r\nContent-Length: -5\r\n\r\n`,
    'no host': 'GET /v1 HTTP/1.1\r\n\r\n',
    'two hosts': `GET /v1 HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n\r\n`,
    'a bad chunk': `POST /v1/batch HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${t.admin.credential}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    'an odd method': `FROBNICATE /v1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    nothing: '\u0000\u0001\u0002\r\n\r\n',
  };
  for (const [what, bytes] of Object.entries(raw)) {
    const response = await rawExchange(t.url, bytes, 5_000);
    if (response === undefined) continue;
    assert.ok(response.status >= 400 && response.status < 500, `${what}: ${response.status}`);
    assert.doesNotThrow(() => judged('/v1', response, what), `${what}: ${response.status} ${JSON.stringify(response.headers)} ${response.text.slice(0, 200)}`);
  }
  succeeds(await t.admin.http('GET', '/v1'), 200, 'and the server lives');
});

scenario('4.2.1 a request that does not arrive whole is 408 in the envelope', { needs: 'own server', timeoutMs: 75_000 }, async (t) => {
  const server = await t.server({ flags: ['--request-timeout', '1s'] });
  const { host } = new URL(server.url);
  const slow = {
    body: `POST /v1/batch HTTP/1.1\r\nHost: ${host}\r\nX-Request-Id: slow\r\nAuthorization: Bearer ${server.key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"requestId":`,
    headers: `GET /v1 HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `,
  };
  await Promise.all(
    Object.entries(slow).map(async ([what, bytes]) => {
      const response = await rawExchange(server.url, bytes, 65_000);
      const body = judged('/v1', response, `slow ${what}`);
      assert.equal(response?.status, 408, `slow ${what}`);
      assert.equal(body.error.code, 'REQUEST_TIMEOUT', `slow ${what}`);
      if (what === 'body') assert.equal(body.requestId, 'slow', 'its head came whole');
    }),
  );
});

scenario('4.2.1 a client that waits for 100 Continue is told to go on', {}, async (t) => {
  const collection = await t.collection();
  const { host } = new URL(t.url);
  const socket = await openSocket(t.url);
  t.after(async () => socket.destroy());
  const body = JSON.stringify({ requestId: t.name('r'), data: {} });
  const told = new Promise<string>((resolve) => socket.once('data', (part: Buffer) => resolve(part.toString('latin1'))));
  socket.write(
    `POST /v1/${collection} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${t.admin.credential}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
  );
  assert.match(await told, /^HTTP\/1\.1 100 /);
  const answer = nextResponse(socket);
  socket.write(body);
  assert.equal((await answer)?.status, 201);
});

scenario('4.2.1 refused credentials and refused methods, too, come in the envelope', {}, async (t) => {
  const collection = await t.collection();
  refuses(await t.anonymous.http('GET', `/v1/${collection}`), 'UNAUTHENTICATED');
  refuses(await t.admin.http('PUT', `/v1/${collection}`, { data: {} }), 'METHOD_NOT_ALLOWED');
  refuses(await t.anonymous.http('POST', `/v1/${collection}`, { body: '{' }), ['UNAUTHENTICATED', 'MALFORMED_JSON']);
});
