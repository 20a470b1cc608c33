// 3.2.1 and 3.2.2: what can be done with a document, and what the server keeps of its own in one.
import assert from 'node:assert/strict';
import { refuses, succeeds } from '../expect.ts';
import { isTimestamp, UUID_V7 } from '../invariants.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

scenario('3.2.1 a document is created, read, replaced, patched, listed and removed', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const created = succeeds(await t.admin.post(`/${collection}`, { name: 'one', tags: ['a'], deep: { x: null } }), 201);
  const path = `/${collection}/${created.id}`;
  assert.deepEqual(succeeds(await t.admin.get(path)), created);
  assert.deepEqual([created.name, created.tags, created.deep], ['one', ['a'], { x: null }]);
  const replaced = succeeds(await t.admin.put(path, { name: 'two' }));
  assert.equal(replaced.name, 'two');
  assert.equal('tags' in replaced, false, 'a replacement replaces: what it lacks is gone');
  const patched = succeeds(await t.admin.patch(path, { size: 3 }));
  assert.deepEqual([patched.name, patched.size], ['two', 3]);
  assert.deepEqual(succeeds(await t.admin.get(path)), patched);
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}`)).items, [patched]);
  succeeds(await t.admin.delete(path), 204);
  refuses(await t.admin.get(path), 'NOT_FOUND');
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}`)), { items: [], next: null });
});

/** RFC 7396, appendix A, each as a member of a document. */
const MERGES: readonly [Json, Json, Json][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: [null, 1] }, { a: [{ b: null }] }, { a: [{ b: null }] }],
];

scenario('3.2.1 PATCH is a JSON merge patch: every example of RFC 7396', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  await Promise.all(
    MERGES.map(async ([target, patch, merged]) => {
      const { id } = succeeds(await t.admin.post(`/${collection}`, { x: target }), 201);
      const answer = succeeds(await t.admin.patch(`/${collection}/${id}`, { x: patch }));
      assert.deepEqual(answer.x, merged, `${JSON.stringify(target)} with ${JSON.stringify(patch)}`);
      assert.deepEqual(succeeds(await t.admin.get(`/${collection}/${id}`)).x, merged);
      const top = succeeds(await t.admin.post(`/${collection}`, { gone: 1, stays: 2 }), 201);
      const { gone, stays } = succeeds(await t.admin.patch(`/${collection}/${top.id}`, { gone: null, never: null }));
      assert.deepEqual([gone, stays], [undefined, 2]);
    }),
  );
});

scenario('3.2.1 a patch that changes nothing answers 200 and changes nothing', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const before = await t.admin.post(`/${collection}`, { a: 1, deep: { b: [1, 2], c: null }, text: 'x' });
  const document = succeeds(before, 201);
  const path = `/${collection}/${document.id}`;
  const start = await endOfLog(t.admin);
  for (const patch of [{}, { a: 1 }, { text: 'x', deep: { b: [1, 2] } }, { missing: null }, { deep: {} }, { deep: { missing: null } }, { a: 1.0 }]) {
    const answer = await t.admin.patch(path, patch);
    assert.deepEqual(succeeds(answer), document, JSON.stringify(patch));
    assert.equal(answer.headers.etag, before.headers.etag, 'nor the ETag');
  }
  assert.deepEqual(succeeds(await t.admin.get(path)), document);
  assert.deepEqual(await logAfter(t.admin, `${collection}.**`, start), [], 'and no message tells of it');
});

scenario('3.2.1 documents are objects: anything else is refused', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const { id } = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  for (const data of [[], [{ a: 1 }], 'text', 5, true, null]) {
    const shown = JSON.stringify(data);
    refuses(await t.admin.post(`/${collection}`, data), ['VALIDATION_FAILED', 'INVALID_ENVELOPE'], /^\/data$/, `POST ${shown}`);
    refuses(await t.admin.put(`/${collection}/${id}`, data), ['VALIDATION_FAILED', 'INVALID_ENVELOPE'], /^\/data$/, `PUT ${shown}`);
    refuses(await t.admin.patch(`/${collection}/${id}`, data), ['VALIDATION_FAILED', 'INVALID_ENVELOPE'], /^\/data$/, `PATCH ${shown}`);
  }
  assert.equal(succeeds(await t.admin.get(`/${collection}/${id}`)).version, 1);
});

scenario('3.2.1 a member called __proto__ or constructor is data or is refused, and pollutes nothing', {}, async (t) => {
  const collection = await t.collection();
  const hostile = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1,"a":1}';
  const answer = await t.admin.http('POST', `/v1/${collection}`, { body: `{"requestId":"${t.name('r')}","data":${hostile}}` });
  if (answer.status === 201) assert.match(answer.text, /"__proto__":\{"polluted":true\}/, 'kept as it was sent');
  else refuses(answer, ['MALFORMED_JSON', 'VALIDATION_FAILED', 'INVALID_ENVELOPE']);
  const { id } = succeeds(await t.admin.post(`/${collection}`, { b: 2 }), 201);
  const patched = await t.admin.http('PATCH', `/v1/${collection}/${id}`, { body: `{"requestId":"${t.name('r')}","data":${hostile}}` });
  assert.ok(patched.status === 200 || patched.status === 400 || patched.status === 422, `PATCH: ${patched.status}`);
  const fresh = succeeds(await t.admin.post(`/${collection}`, {}), 201);
  assert.equal(fresh.polluted, undefined);
  assert.equal(succeeds(await t.admin.get(`/${collection}/${fresh.id}`)).polluted, undefined);
});

scenario('3.2.1 HEAD works wherever GET does: same status, same headers, no body', {}, async (t) => {
  const collection = await t.collection();
  const { id } = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  const paths = [
    '/v1',
    `/v1/${collection}`,
    `/v1/${collection}/${id}`,
    `/v1/${collection}/missing`,
    '/v1/messages?topics=a',
    '/v1/collections',
    `/v1/collections/${collection}`,
    '/v1/keys',
    '/v1/changelog',
    '/v1/openapi.json',
    '/healthz',
    '/readyz',
    '/metrics',
    `/v1/${collection}?limit=0`,
  ];
  for (const path of paths) {
    const [got, head] = [await t.admin.http('GET', path), await t.admin.http('HEAD', path)];
    assert.equal(head.status, got.status, path);
    assert.equal(head.headers.etag, got.headers.etag, `${path}: ETag`);
    assert.equal(head.headers['content-type'], got.headers['content-type'], `${path}: Content-Type`);
  }
});

scenario('3.2.1 OPTIONS is answered without credentials', {}, async (t) => {
  const collection = await t.collection();
  for (const path of ['/v1', `/v1/${collection}`, `/v1/${collection}/x`]) {
    const answer = await t.anonymous.http('OPTIONS', path);
    assert.ok(answer.status === 200 || answer.status === 204, `${path}: ${answer.status}`);
  }
});

scenario('3.2.2 a document’s id is made by the server where none is chosen', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const ids = await Promise.all(Array.from({ length: 5 }, async () => succeeds(await t.admin.post(`/${collection}`, {}), 201).id));
  for (const id of ids) assert.match(id, UUID_V7);
  assert.equal(new Set(ids).size, 5);
});

scenario('3.2.2 an id of [A-Za-z0-9_-]{1,64} may be chosen, another is 422', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  for (const id of ['a', '0', '-', '_', 'A-z_0', 'x'.repeat(64), 'batch', 'null', '1e3', 'constructor', '__proto__', 'Ab', 'aB']) {
    assert.equal(succeeds(await t.admin.post(`/${collection}`, { id }), 201, id).id, id);
    assert.equal(succeeds(await t.admin.get(`/${collection}/${id}`)).id, id);
  }
  for (const id of ['', 'x'.repeat(65), 'a b', 'a.b', 'a/b', 'ä', 'a~', 'a\n', '*', 5, true, {}, ['a']]) {
    refuses(await t.admin.post(`/${collection}`, { id }), 'VALIDATION_FAILED', '/data/id', JSON.stringify(id));
  }
});

scenario('3.2.2 an id that is taken is 409 CONFLICT and what is there stays', { over: 'any' }, async (t) => {
  const [collection, other] = [await t.collection(), await t.collection()];
  const first = succeeds(await t.admin.post(`/${collection}`, { id: 'x', a: 1 }), 201);
  refuses(await t.admin.post(`/${collection}`, { id: 'x', a: 2 }), 'CONFLICT');
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}/x`)), first);
  succeeds(await t.admin.post(`/${other}`, { id: 'x' }), 201, 'in another collection it is free');
});

scenario('3.2.2 version counts from 1, createdAt stays, updatedAt moves', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const one = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  assert.equal(one.version, 1);
  assert.ok(isTimestamp(one.createdAt) && isTimestamp(one.updatedAt), `times are RFC 3339 UTC with milliseconds: ${JSON.stringify(one)}`);
  const two = succeeds(await t.admin.put(`/${collection}/${one.id}`, { a: 2 }));
  const three = succeeds(await t.admin.patch(`/${collection}/${one.id}`, { a: 3 }));
  assert.deepEqual([two.version, three.version], [2, 3]);
  assert.deepEqual([two.createdAt, three.createdAt], [one.createdAt, one.createdAt]);
  assert.ok(one.updatedAt <= two.updatedAt && two.updatedAt <= three.updatedAt);
  assert.ok(Math.abs(Date.parse(three.updatedAt) - Date.now()) < 3_600_000, 'and tells the time');
});

scenario('3.2.2 a document that was read can be sent back', { over: 'any' }, async (t) => {
  const collection = await t.collection({ type: 'object', properties: { a: { type: 'integer' } }, required: ['a'], additionalProperties: false });
  const one = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  const path = `/${collection}/${one.id}`;
  const read = succeeds(await t.admin.get(path));
  const two = succeeds(await t.admin.put(path, { ...read, a: 2 }));
  assert.deepEqual([two.id, two.version, two.createdAt, two.a], [one.id, 2, one.createdAt, 2]);
  const three = succeeds(await t.admin.patch(path, { ...two, a: 3 }));
  assert.deepEqual([three.id, three.version, three.createdAt, three.a], [one.id, 3, one.createdAt, 3]);
});

scenario('3.2.2 other values for what the server keeps are ignored on PUT and PATCH', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const one = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  const path = `/${collection}/${one.id}`;
  const others = { id: 'other', version: 99, createdAt: '1999-01-01T00:00:00.000Z', updatedAt: '1999-01-01T00:00:00.000Z' };
  const put = succeeds(await t.admin.put(path, { ...others, a: 2 }));
  assert.deepEqual([put.id, put.version, put.createdAt], [one.id, 2, one.createdAt]);
  assert.ok(put.updatedAt >= one.updatedAt);
  const patched = succeeds(await t.admin.patch(path, { ...others, a: 3 }));
  assert.deepEqual([patched.id, patched.version, patched.createdAt], [one.id, 3, one.createdAt]);
  const nulled = succeeds(await t.admin.patch(path, { id: null, version: null, createdAt: null, updatedAt: null }));
  assert.deepEqual(nulled, patched, 'they cannot be patched away, and that is a patch that changes nothing');
  const odd = succeeds(await t.admin.put(path, { id: 7, version: 'x', createdAt: {}, updatedAt: [], a: 4 }));
  assert.deepEqual([odd.id, odd.version, odd.createdAt, odd.a], [one.id, 4, one.createdAt, 4]);
  refuses(await t.admin.get(`/${collection}/other`), 'NOT_FOUND');
});
