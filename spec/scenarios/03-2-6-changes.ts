// 3.2.6 and 3.3: the message that every change publishes, and what status codes mean.
import assert from 'node:assert/strict';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

scenario('3.2.6 every change publishes a message with the change, the id, the version and the document', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const start = await endOfLog(t.admin);
  const created = succeeds(await t.admin.post(`/${collection}`, { a: 1, deep: { x: [1, null] } }), 201);
  const path = `/${collection}/${created.id}`;
  const put = succeeds(await t.admin.put(path, { a: 2 }));
  const patched = succeeds(await t.admin.patch(path, { b: 3 }));
  succeeds(await t.admin.delete(path), 204);
  const messages = await logAfter(t.admin, `${collection}.**`, start);
  assert.deepEqual(
    messages.map(({ topic }) => topic),
    ['created', 'updated', 'updated', 'deleted'].map((change) => `${collection}.${created.id}.${change}`),
  );
  const told = messages.map(({ data }) => data);
  assert.deepEqual(told[0], { change: 'created', id: created.id, version: 1, document: created });
  assert.deepEqual(told[1], { change: 'updated', id: created.id, version: put.version, document: put });
  assert.deepEqual(told[2], { change: 'updated', id: created.id, version: patched.version, document: patched });
  assert.deepEqual({ ...told[3], version: 0 }, { change: 'deleted', id: created.id, version: 0, document: null });
  assert.ok(Number.isInteger(told[3].version) && told[3].version >= patched.version, 'the version of a deletion');
});

scenario('3.2.6 the messages are matched by patterns over id and change', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const start = await endOfLog(t.admin);
  for (const id of ['x', 'y']) succeeds(await t.admin.post(`/${collection}`, { id }), 201);
  succeeds(await t.admin.patch(`/${collection}/x`, { a: 1 }));
  const topics = async (pattern: string): Promise<string[]> => (await logAfter(t.admin, pattern, start)).map(({ topic }) => topic.slice(collection.length + 1));
  assert.deepEqual(await topics(`${collection}.*.created`), ['x.created', 'y.created']);
  assert.deepEqual(await topics(`${collection}.x.*`), ['x.created', 'x.updated']);
  assert.deepEqual(await topics(`${collection}.*.updated`), ['x.updated']);
});

scenario('3.2.6 what changes nothing publishes nothing: refusals, preconditions, empty patches', { over: 'any' }, async (t) => {
  const collection = await t.collection({ type: 'object', properties: { a: { type: 'integer' } } });
  const { id } = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  const start = await endOfLog(t.admin);
  const path = `/${collection}/${id}`;
  refuses(await t.admin.post(`/${collection}`, { a: 'x' }), 'VALIDATION_FAILED');
  refuses(await t.admin.post(`/${collection}`, { id }), 'CONFLICT');
  refuses(await t.admin.put(path, { a: 'x' }), 'VALIDATION_FAILED');
  refuses(await t.admin.put(path, { a: 2 }, { headers: { 'if-match': '"other"' } }), 'PRECONDITION_FAILED');
  refuses(await t.admin.delete(path, { headers: { 'if-match': '"other"' } }), 'PRECONDITION_FAILED');
  refuses(await t.admin.delete(`/${collection}/missing`), 'NOT_FOUND');
  succeeds(await t.admin.patch(path, { a: 1 }));
  assert.deepEqual(await logAfter(t.admin, `${collection}.**`, start), []);
});

for (const mode of ['partial', 'atomic']) {
  scenario(`3.2.6 changes in a batch publish their messages in its order, ${mode}`, {}, async (t) => {
    const collection = await t.collection();
    const topic = t.name('t');
    const start = await endOfLog(t.admin);
    const operations = [
      { method: 'POST', path: `/${collection}`, data: { id: 'x', n: 1 } },
      { method: 'PATCH', path: `/${collection}/x`, data: { n: 2 } },
      { method: 'POST', path: `/topics/${topic}/messages`, data: 'between' },
      { method: 'PATCH', path: `/${collection}/x`, data: { n: 2 } },
      { method: 'POST', path: `/${collection}`, data: { id: 'y' } },
      { method: 'DELETE', path: `/${collection}/x` },
    ];
    const { results } = succeeds(await t.admin.http('POST', '/v1/batch', { data: { mode, operations } }));
    const messages = await logAfter(t.admin, `${collection}.**,${topic}`, start);
    assert.deepEqual(
      messages.map((message) => message.topic),
      [`${collection}.x.created`, `${collection}.x.updated`, topic, `${collection}.y.created`, `${collection}.x.deleted`],
    );
    assert.deepEqual(messages[0]?.data.document, results[0].data, 'each with the document as it was then');
    assert.deepEqual(messages[1]?.data.document, results[1].data);
    assert.deepEqual(messages[3]?.data.document, results[4].data);
  });
}

scenario('3.2.6 an atomic batch that fails leaves neither documents nor messages', {}, async (t) => {
  const collection = await t.collection();
  const start = await endOfLog(t.admin);
  const operations = [
    { method: 'POST', path: `/${collection}`, data: { id: 'x' } },
    { method: 'PATCH', path: `/${collection}/missing`, data: {} },
  ];
  assert.equal((await t.admin.http('POST', '/v1/batch', { data: { mode: 'atomic', operations } })).status, 404);
  assert.deepEqual(await logAfter(t.admin, `${collection}.**`, start), []);
  refuses(await t.admin.get(`/${collection}/x`), 'NOT_FOUND');
});

scenario('3.2.6 documents changed at the same time: every version has its message, in order', {}, async (t) => {
  const collection = await t.collection();
  const start = await endOfLog(t.admin);
  succeeds(await t.admin.post(`/${collection}`, { id: 'x', n: 0 }), 201);
  await Promise.all(Array.from({ length: 30 }, async (_, n) => succeeds(await t.admin.patch(`/${collection}/x`, { [`m${n}`]: n }))));
  const messages = await logAfter(t.admin, `${collection}.**`, start);
  assert.deepEqual(
    messages.map(({ data }) => data.version),
    Array.from({ length: 31 }, (_, n) => n + 1),
  );
  assert.deepEqual(messages.at(-1)?.data.document, succeeds(await t.admin.get(`/${collection}/x`)));
});

scenario('3.2.6 only the server publishes to topics whose first segment is a collection’s name', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const start = await endOfLog(t.admin);
  const publisher = await t.caller(['publish:**']);
  for (const topic of [collection, `${collection}.x.created`, `${collection}.anything`]) {
    for (const who of [t.admin, publisher]) {
      const answer = await who.post(`/topics/${topic}/messages`, { change: 'created' });
      refuses(answer, ['FORBIDDEN', 'CONFLICT', 'VALIDATION_FAILED'], undefined, topic);
    }
  }
  assert.deepEqual(await logAfter(t.admin, `${collection},${collection}.**`, start), []);
  succeeds(await t.admin.post(`/topics/x.${collection}/messages`, 1), 201, 'as another segment it is free');
});

scenario('3.2.6 a message that tells of a document carries it as it is read, large ones too', {}, async (t) => {
  const collection = await t.collection();
  const start = await endOfLog(t.admin);
  const document = succeeds(await t.admin.post(`/${collection}`, { text: 'ü'.repeat(400_000) }), 201);
  const [message] = await logAfter(t.admin, `${collection}.**`, start);
  assert.deepEqual(message?.data.document, document);
});

scenario('3.3 a 401 tells how to authenticate, a 304 and a 204 have no body, a 201 tells where', {}, async (t) => {
  const collection = await t.collection();
  const refused = await t.anonymous.http('GET', `/v1/${collection}`);
  refuses(refused, 'UNAUTHENTICATED');
  assert.match(String(refused.headers['www-authenticate']), /^Bearer\b/i, 'RFC 9110 15.5.2');
  const created = await t.admin.http('POST', `/v1/${collection}`, { data: {} });
  const { id } = succeeds(created, 201);
  assert.ok(created.headers.location, 'RFC 9110 15.3.2');
  const unchanged = await t.admin.http('GET', `/v1/${collection}/${id}`, { headers: { 'if-none-match': '*' } });
  assert.deepEqual([unchanged.status, unchanged.bytes.length, unchanged.headers.etag], [304, 0, created.headers.etag], 'RFC 9110 15.4.5');
  const gone = await t.admin.http('DELETE', `/v1/${collection}/${id}`);
  assert.deepEqual([gone.status, gone.bytes.length, gone.headers['content-length']], [204, 0, undefined], 'RFC 9110 8.6: no Content-Length in a 204');
});

scenario('3.3 HEAD tells the length that GET would have, or none', {}, async (t) => {
  const collection = await t.collection();
  const { id } = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  const head = await t.admin.http('HEAD', `/v1/${collection}/${id}`);
  const got = await t.admin.http('GET', `/v1/${collection}/${id}`);
  const told: Json = head.headers['content-length'];
  if (told !== undefined) assert.equal(Number(told), got.bytes.length, 'RFC 9110 9.3.2');
});
