// Section 10: which version is spoken, that old clients go on working, and what has changed.
import assert from 'node:assert/strict';
import { envelope } from '../caller.ts';
import { conversations, replay, replayOver } from '../conversations.ts';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';
import { rawExchange } from '../wire.ts';

scenario('10.1 X-Protocol-Version is on every response: of success, of refusal, of the HTTP parser', {}, async (t) => {
  // Every exchange of every scenario is checked for it (invariants.ts); these are the corners.
  const collection = await t.collection();
  for (const [method, path] of [
    ['GET', '/v1'],
    ['GET', '/nowhere'],
    ['GET', '/v2'],
    ['PUT', '/v1'],
    ['HEAD', '/v1'],
    ['OPTIONS', `/v1/${collection}`],
    ['GET', '/healthz'],
    ['GET', '/readyz'],
    ['GET', '/metrics'],
    ['GET', '/v1/openapi.json'],
  ] as const) {
    assert.equal((await t.admin.http(method, path)).headers['x-protocol-version'], '1.0', `${method} ${path}`);
  }
  const { host } = new URL(t.url);
  for (const [what, bytes] of [
    ['431', `GET /v1 HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`],
    ['400', 'GET /v1 HTTP/1.1\r\nbad header\r\n\r\n'],
  ] as const) {
    const response = await rawExchange(t.url, bytes);
    if (response !== undefined) assert.equal(response.headers['x-protocol-version'], '1.0', what);
  }
});

scenario('10.1 a client may send its own: another major is 400 UNSUPPORTED_VERSION, a higher minor is served', {}, async (t) => {
  const collection = await t.collection();
  for (const version of ['1.0', '1.1', '1.99']) {
    const answer = await t.admin.http('GET', `/v1/${collection}`, { headers: { 'x-protocol-version': version } });
    succeeds(answer, 200, version);
    assert.equal(answer.headers['x-protocol-version'], '1.0', 'the server says its own');
  }
  for (const version of ['2.0', '0.9', '10.0', '2.1']) {
    for (const method of ['GET', 'POST']) {
      const answer = await t.admin.http(method, `/v1/${collection}`, {
        headers: { 'x-protocol-version': version },
        ...(method === 'POST' ? { data: {} } : {}),
      });
      refuses(answer, 'UNSUPPORTED_VERSION', undefined, `${method} ${version}`);
      assert.equal(answer.status, 400);
    }
  }
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}`)).items, [], 'nothing was done');
});

scenario('10.1 metadata.version likewise', {}, async (t) => {
  const collection = await t.collection();
  const send = (version: Json): ReturnType<typeof t.admin.http> =>
    t.admin.http('POST', `/v1/${collection}`, { body: JSON.stringify({ ...envelope({}), metadata: { version } }) });
  for (const version of ['1.0', '1.1', '1.42']) succeeds(await send(version), 201, version);
  for (const version of ['2.0', '0.9']) {
    const answer = await send(version);
    refuses(answer, 'UNSUPPORTED_VERSION', undefined, version);
    assert.equal(answer.status, 400);
  }
  for (const version of ['nonsense', '']) refuses(await send(version), ['UNSUPPORTED_VERSION', 'INVALID_ENVELOPE'], undefined, version);
});

for (const conversation of conversations()) {
  scenario(
    `10.2 a client of ${conversation.version} gets what it expects: ${conversation.title}`,
    conversation.over === 'http' ? {} : { also: ['5'] },
    async (t) => {
      const run = t.name('v');
      if (conversation.over === 'websocket') return replayOver(await t.channel(), conversation, run);
      t.forget(`c-${run}`);
      await replay(t.admin, conversation, run);
    },
  );
}

scenario('10.3 the changelog lists every change', {}, async (t) => {
  const data = succeeds(await t.admin.http('GET', '/v1/changelog'));
  const text = JSON.stringify(data);
  assert.ok(text.length > 20, text);
  assert.match(text, /1\.0/, 'the first version is in it');
});

scenario('10.3 deprecated operations answer with Deprecation and Sunset, others with neither', {}, async (t) => {
  const { paths } = JSON.parse((await t.admin.http('GET', '/v1/openapi.json')).text) as Json;
  const deprecated = Object.entries<Json>(paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods)
      .filter(([method, one]) => method === 'get' && one?.deprecated === true && !path.includes('{'))
      .map(() => path),
  );
  for (const path of deprecated) {
    const { headers } = await t.admin.http('GET', path.startsWith('/v1') ? path : `/v1${path}`);
    assert.match(String(headers.deprecation), /^@\d+$/, 'RFC 9745');
    assert.ok(!Number.isNaN(Date.parse(String(headers.sunset))), 'RFC 8594');
  }
  for (const path of ['/v1', '/v1/collections', '/v1/messages?topics=a']) {
    const { headers } = await t.admin.http('GET', path);
    assert.deepEqual([headers.deprecation, headers.sunset], [undefined, undefined], path);
  }
});
