// 9.1.1: gzip both ways.
import assert from 'node:assert/strict';
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { envelope } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';

const gzipped = (answer: { headers: Record<string, Json> }): boolean => answer.headers['content-encoding'] === 'gzip';

scenario('9.1.1 a response of 1 KB or more is gzipped for who takes gzip, with Vary; a smaller one is not', {}, async (t) => {
  const collection = await t.collection();
  const [large, small] = [
    succeeds(await t.admin.post(`/${collection}`, { text: 'x'.repeat(3_000) }), 201),
    succeeds(await t.admin.post(`/${collection}`, {}), 201),
  ];
  const headers = { 'accept-encoding': 'gzip' };
  const answer = await t.admin.http('GET', `/v1/${collection}/${large.id}`, { headers });
  assert.ok(gzipped(answer));
  assert.match(String(answer.headers.vary), /\baccept-encoding\b/i);
  assert.deepEqual(JSON.parse(gunzipSync(answer.bytes).toString()).data, large);
  assert.ok(answer.bytes.length < 1_000, `${answer.bytes.length} bytes`);
  assert.ok(!gzipped(await t.admin.http('GET', `/v1/${collection}/${small.id}`, { headers })));
});

scenario('9.1.1 the threshold is 1 KB of body', {}, async (t) => {
  const collection = await t.collection();
  const headers = { 'accept-encoding': 'gzip' };
  const { id } = succeeds(await t.admin.post(`/${collection}`, { text: '' }), 201);
  const frame = (await t.admin.http('GET', `/v1/${collection}/${id}`)).bytes.length;
  for (const [bytes, expected] of [
    [1_015, false],
    [1_040, true],
  ] as const) {
    succeeds(await t.admin.put(`/${collection}/${id}`, { text: 'x'.repeat(bytes - frame) }));
    const answer = await t.admin.http('GET', `/v1/${collection}/${id}`, { headers });
    assert.equal(gzipped(answer), expected, `${answer.text.length} bytes`);
  }
});

scenario('9.1.1 whether gzip is taken is read from Accept-Encoding', {}, async (t) => {
  const collection = await t.collection();
  const { id } = succeeds(await t.admin.post(`/${collection}`, { text: 'x'.repeat(3_000) }), 201);
  const path = `/v1/${collection}/${id}`;
  for (const accept of ['gzip', 'gzip, deflate, br', 'br;q=1, gzip;q=0.5', 'GZIP', 'deflate;q=0.1,gzip'])
    assert.ok(gzipped(await t.admin.http('GET', path, { headers: { 'accept-encoding': accept } })), accept);
  for (const accept of ['', 'identity', 'gzip;q=0', 'br', 'deflate', 'gzip;q=0, identity', 'gzip;q=0.0', 'xgzip'])
    assert.ok(!gzipped(await t.admin.http('GET', path, { headers: { 'accept-encoding': accept } })), accept);
});

scenario('9.1.1 errors and lists are gzipped by the same rule', {}, async (t) => {
  const properties = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`member-${n}`, { type: 'integer' }]));
  const collection = await t.collection({ type: 'object', properties });
  const headers = { 'accept-encoding': 'gzip' };
  const refused = await t.admin.http('POST', `/v1/${collection}`, { data: Object.fromEntries(Object.keys(properties).map((name) => [name, 'x'])), headers });
  const details = refuses(refused, 'VALIDATION_FAILED');
  assert.equal(details.errors.length, 40, 'every field is named');
  assert.ok(gzipped(refused));
  for (let n = 0; n < 10; n++) succeeds(await t.admin.post(`/${collection}`, { text: 'x'.repeat(100) }), 201);
  const listed = await t.admin.http('GET', `/v1/${collection}`, { headers });
  assert.ok(gzipped(listed));
  assert.equal(succeeds(listed).items.length, 10);
});

scenario('9.1.1 a request body may be gzipped', {}, async (t) => {
  const collection = await t.collection();
  const send = (bytes: Uint8Array, encoding: string, method = 'POST', path = `/v1/${collection}`): ReturnType<typeof t.admin.http> =>
    t.admin.http(method, path, { body: bytes, headers: { 'content-encoding': encoding, 'content-type': 'application/json' } });
  const body = (): string => JSON.stringify(envelope({ a: 'x'.repeat(100) }));
  const { id } = succeeds(await send(gzipSync(body()), 'gzip'), 201);
  succeeds(await send(gzipSync(body()), 'GZIP'), 201);
  succeeds(await send(gzipSync(body()), 'gzip', 'PUT', `/v1/${collection}/${id}`));
  succeeds(await send(Buffer.from(body()), 'identity'), 201);
  succeeds(await send(gzipSync(JSON.stringify(envelope({ operations: [{ method: 'GET', path: `/${collection}` }] }))), 'gzip', 'POST', '/v1/batch'));
});

scenario('9.1.1 a body that is not what its Content-Encoding says is refused', {}, async (t) => {
  const collection = await t.collection();
  const body = JSON.stringify(envelope({ a: 1 }));
  const good = gzipSync(body);
  const broken = {
    'no gzip': Buffer.from(body),
    truncated: good.subarray(0, good.length - 10),
    empty: Buffer.alloc(0),
    'bad checksum': Buffer.concat([good.subarray(0, -8), Buffer.alloc(8)]),
    'gzip twice': gzipSync(good),
    garbage: Buffer.from('1f8b08000000000000ffdeadbeef', 'hex'),
  };
  for (const [what, bytes] of Object.entries(broken)) {
    const answer = await t.admin.http('POST', `/v1/${collection}`, { body: bytes, headers: { 'content-encoding': 'gzip' } });
    refuses(answer, ['MALFORMED_JSON', 'INVALID_ENVELOPE'], undefined, what);
  }
  for (const [encoding, bytes] of [
    ['br', brotliCompressSync(body)],
    ['deflate', deflateSync(body)],
    ['x', Buffer.from(body)],
    ['gzip, gzip', gzipSync(good)],
  ] as const) {
    const answer = await t.admin.http('POST', `/v1/${collection}`, { body: bytes, headers: { 'content-encoding': encoding } });
    refuses(answer, 'UNSUPPORTED_MEDIA_TYPE', undefined, encoding);
  }
  assert.equal(succeeds(await t.admin.get(`/${collection}`)).items.length, 0);
});

scenario('9.1.1 the threshold is a setting', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--compression-threshold', '200'] });
  const answer = await server.admin.http('GET', '/v1', { headers: { 'accept-encoding': 'gzip' } });
  assert.ok(answer.text.length < 200 || gzipped(answer), `${answer.text.length} bytes`);
  const small = await server.admin.http('GET', '/v1/messages?topics=a', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(gzipped(small), small.text.length >= 200, `${small.text.length} bytes`);
});
