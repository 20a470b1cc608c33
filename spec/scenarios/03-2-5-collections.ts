// 3.2.5: collections as resources, and the schemas that hold their documents.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

const PERSON = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1 },
    age: { type: 'integer', minimum: 0 },
    email: { type: 'string' },
    address: { type: 'object', properties: { zip: { type: 'string' } }, required: ['zip'] },
    tags: { type: 'array', items: { type: 'string' } },
    'a/b': { type: 'integer' },
    'm~n': { type: 'integer' },
  },
  required: ['name', 'email'],
  additionalProperties: false,
};

const fieldsOf = (details: Json): string[] => details.errors.map(({ field }: Json) => field).sort();

scenario('3.2.5 a document that breaks the schema is 422 VALIDATION_FAILED, naming every field', { over: 'any' }, async (t) => {
  const collection = await t.collection(PERSON);
  const good = { name: 'ada', email: 'a@b', age: 3, address: { zip: '1' }, tags: ['x'], 'a/b': 1, 'm~n': 2 };
  succeeds(await t.admin.post(`/${collection}`, good), 201);
  const expected: readonly [Json, readonly string[]][] = [
    [{ ...good, name: 5 }, ['/data/name']],
    [{ ...good, name: '', age: -1 }, ['/data/age', '/data/name']],
    [{ ...good, age: 1.5, tags: ['a', 1, 'b', 2] }, ['/data/age', '/data/tags/1', '/data/tags/3']],
    [{ ...good, address: {} }, ['/data/address/zip']],
    [{ ...good, address: { zip: 5 } }, ['/data/address/zip']],
    [{ ...good, 'a/b': 'x', 'm~n': 'y' }, ['/data/a~1b', '/data/m~0n']],
    [{}, ['/data/email', '/data/name']],
    [{ name: 5, age: 'x' }, ['/data/age', '/data/email', '/data/name']],
  ];
  for (const [document, fields] of expected) {
    const details = refuses(await t.admin.post(`/${collection}`, document), 'VALIDATION_FAILED', undefined, JSON.stringify(document));
    assert.deepEqual([...new Set(fieldsOf(details))], fields, JSON.stringify(document));
  }
  const extra = refuses(await t.admin.post(`/${collection}`, { ...good, extra: 1 }), 'VALIDATION_FAILED');
  assert.ok(['/data', '/data/extra'].includes(extra.field), extra.field);
  assert.equal(succeeds(await t.admin.get(`/${collection}`)).items.length, 1, 'none of them was created');
});

scenario('3.2.5 multipleOf takes numbers for the decimals that they are written as', { over: 'any' }, async (t) => {
  const collection = await t.collection({ type: 'object', properties: { price: { type: 'number', multipleOf: 0.01 }, n: { multipleOf: 3 } } });
  for (const price of [19.99, 0.07, 4.35, -0.29, 100, 123456789.01]) succeeds(await t.admin.post(`/${collection}`, { price }), 201, `${price}`);
  for (const price of [19.995, 0.001, 1e-7]) refuses(await t.admin.post(`/${collection}`, { price }), 'VALIDATION_FAILED', '/data/price', `${price}`);
  succeeds(await t.admin.post(`/${collection}`, { n: Number.MAX_SAFE_INTEGER - 1 }), 201);
  refuses(await t.admin.post(`/${collection}`, { n: Number.MAX_SAFE_INTEGER }), 'VALIDATION_FAILED', '/data/n');
});

scenario('3.2.5 PUT and PATCH are held to the schema, a patch by what it leads to', { over: 'any' }, async (t) => {
  const collection = await t.collection(PERSON);
  const document = succeeds(await t.admin.post(`/${collection}`, { name: 'ada', email: 'a@b' }), 201);
  const path = `/${collection}/${document.id}`;
  refuses(await t.admin.put(path, { name: 'bob' }), 'VALIDATION_FAILED', '/data/email', 'PUT');
  refuses(await t.admin.patch(path, { email: null }), 'VALIDATION_FAILED', '/data/email', 'PATCH that takes away');
  refuses(await t.admin.patch(path, { age: 'old' }), 'VALIDATION_FAILED', '/data/age', 'PATCH that adds');
  refuses(await t.admin.patch(path, { address: { street: 'x' } }), 'VALIDATION_FAILED', '/data/address/zip', 'PATCH within');
  assert.deepEqual(succeeds(await t.admin.get(path)), document, 'nothing was done');
  succeeds(await t.admin.patch(path, { age: 4 }));
});

scenario('3.2.5 the schema is JSON Schema 2020-12', { over: 'any' }, async (t) => {
  const collection = await t.collection({
    $defs: { positive: { type: 'integer', exclusiveMinimum: 0 } },
    type: 'object',
    properties: {
      n: { $ref: '#/$defs/positive' },
      pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false },
      kind: { enum: ['a', 'b'] },
      fixed: { const: { x: [1] } },
      list: { type: 'array', contains: { type: 'integer' }, minContains: 2, uniqueItems: true },
      text: { type: 'string', pattern: '^[a-c]+$', maxLength: 3 },
      either: { oneOf: [{ type: 'string' }, { type: 'integer', multipleOf: 2 }] },
    },
    dependentRequired: { card: ['owner'] },
    if: { properties: { kind: { const: 'b' } }, required: ['kind'] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: { required: ['n'] },
    patternProperties: { '^x-': { type: 'boolean' } },
  });
  const good: Json[] = [
    {},
    { n: 1 },
    { pair: ['a', 1] },
    { kind: 'a' },
    { kind: 'b', n: 2 },
    { fixed: { x: [1] } },
    { list: [1, 'a', 2] },
    { text: 'abc' },
    { either: 4 },
    { either: 'x' },
    { card: 1, owner: 2 },
    { 'x-y': true },
  ];
  const bad: Json[] = [
    { n: 0 },
    { n: 1.5 },
    { pair: [1, 'a'] },
    { pair: ['a', 1, 2] },
    { kind: 'c' },
    { kind: 'b' },
    { fixed: { x: [2] } },
    { list: [1, 'a'] },
    { list: [1, 1] },
    { text: 'abcd' },
    { text: 'd' },
    { either: 3 },
    { card: 1 },
    { 'x-y': 1 },
  ];
  for (const document of good) succeeds(await t.admin.post(`/${collection}`, document), 201, JSON.stringify(document));
  for (const document of bad) refuses(await t.admin.post(`/${collection}`, document), 'VALIDATION_FAILED', /^\/data/, JSON.stringify(document));
});

scenario('3.2.5 a schema that is none is 422', {}, async (t) => {
  for (const schema of [
    'text',
    5,
    [],
    { type: 'nonsense' },
    { type: 5 },
    { required: 'name' },
    { properties: [] },
    { properties: { a: { pattern: '(' } } },
    { minimum: 'x' },
    { $ref: '#/$defs/missing' },
  ]) {
    const name = t.name('c');
    refuses(await t.admin.post('/collections', { name, schema }), 'VALIDATION_FAILED', /^\/data\/schema/, JSON.stringify(schema));
    refuses(await t.admin.get(`/collections/${name}`), 'NOT_FOUND', undefined, 'and the collection is not made');
  }
  const collection = await t.collection({ type: 'object' });
  refuses(await t.admin.put(`/collections/${collection}`, { schema: { type: 'nonsense' } }), 'VALIDATION_FAILED', /^\/data\/schema/, 'PUT');
});

scenario('3.2.5 a schema makes the server ask nobody', {}, async (t) => {
  let asked = 0;
  const elsewhere = createServer((_, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json').end('{"type":"object"}');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  t.after(async () => elsewhere.close());
  const { port } = elsewhere.address() as AddressInfo;
  const name = t.name('c');
  const answer = await t.admin.post('/collections', { name, schema: { $ref: `http://127.0.0.1:${port}/schema.json` } });
  if (answer.status === 201) t.forget(name);
  else refuses(answer, 'VALIDATION_FAILED', /^\/data\/schema/);
  assert.equal(asked, 0);
});

scenario('3.2.5 the members that the server keeps are not shown to the schema', { over: 'any' }, async (t) => {
  const collection = await t.collection({ type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: false, maxProperties: 1 });
  const document = succeeds(await t.admin.post(`/${collection}`, { id: 'chosen', a: 1 }), 201);
  assert.equal(document.id, 'chosen');
  succeeds(await t.admin.put(`/${collection}/chosen`, { ...document, a: 2 }));
  succeeds(await t.admin.patch(`/${collection}/chosen`, { a: 3 }));
});

scenario('3.2.5 a changed schema holds for the next writes and touches no document', { over: 'any' }, async (t) => {
  const collection = await t.collection({ type: 'object', properties: { a: { type: 'integer' } } });
  const old = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  const start = await endOfLog(t.admin);
  succeeds(
    await t.admin.http('PUT', `/v1/collections/${collection}`, {
      data: { schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['b'] } },
    }),
  );
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}/${old.id}`)), old, 'what is there stays');
  assert.deepEqual(await logAfter(t.admin, `${collection}.**`, start), []);
  refuses(await t.admin.post(`/${collection}`, { a: 1, b: 1 }), 'VALIDATION_FAILED', '/data/a');
  refuses(await t.admin.patch(`/${collection}/${old.id}`, { b: 1 }), 'VALIDATION_FAILED', '/data/a', 'a patch by what it leads to');
  succeeds(await t.admin.patch(`/${collection}/${old.id}`, { a: 'x', b: 1 }));
  succeeds(await t.admin.post(`/${collection}`, { a: 'x', b: 1 }), 201);
});

scenario('3.2.5 collections are made, read, listed and removed', { over: 'any' }, async (t) => {
  const [plain, typed] = [t.name('c'), t.name('c')];
  t.forget(plain);
  t.forget(typed);
  const schema = { type: 'object', properties: { a: { type: 'integer' } } };
  assert.equal(succeeds(await t.admin.post('/collections', { name: plain }), 201).name, plain);
  const made = succeeds(await t.admin.post('/collections', { name: typed, schema }), 201);
  assert.deepEqual([made.name, made.schema], [typed, schema]);
  const read = succeeds(await t.admin.get(`/collections/${typed}`));
  assert.deepEqual([read.name, read.schema], [typed, schema]);
  const listed = succeeds(await t.admin.get('/collections'));
  const all: string[] = (listed.items ?? listed).map(({ name }: Json) => name);
  assert.ok(all.includes(plain) || listed.next, 'the list has it');
  succeeds(await t.admin.put(`/collections/${plain}`, { schema }));
  assert.deepEqual(succeeds(await t.admin.get(`/collections/${plain}`)).schema, schema);
  succeeds(await t.admin.delete(`/collections/${plain}`), 204);
  refuses(await t.admin.get(`/collections/${plain}`), 'NOT_FOUND');
  refuses(await t.admin.get(`/${plain}`), 'NOT_FOUND', undefined, 'its documents’ path is gone too');
  refuses(await t.admin.delete(`/collections/${plain}`), 'NOT_FOUND');
  refuses(await t.admin.put(`/collections/${plain}`, { schema }), 'NOT_FOUND');
});

scenario('3.2.5 a made collection has a Location', {}, async (t) => {
  const name = t.name('c');
  t.forget(name);
  const answer = await t.admin.http('POST', '/v1/collections', { data: { name } });
  succeeds(answer, 201);
  assert.equal(new URL(answer.headers.location ?? '', t.url).pathname, `/v1/collections/${name}`);
});

scenario('3.2.5 the names that a collection may have', { over: 'any' }, async (t) => {
  for (const name of [`z${t.name().slice(0, 20)}`, t.name('b-_9').padEnd(63, '_-c0')]) {
    t.forget(name);
    succeeds(await t.admin.post('/collections', { name }), 201, name);
  }
  const reserved = [
    'batch',
    'changelog',
    'collections',
    'connections',
    'keys',
    'messages',
    'session',
    'stats',
    'subscriptions',
    'tokens',
    'topics',
    'ws',
    'openapi.json',
    'asyncapi.json',
  ];
  const illFormed = ['', 'A', 'aB', '1a', '-a', '_a', '_x', 'a.b', 'a b', 'a/b', 'ä', `a${'b'.repeat(63)}`, 'a~', 5, null, true, {}, ['a']];
  for (const name of [...reserved, ...illFormed])
    refuses(await t.admin.post('/collections', { name }), 'VALIDATION_FAILED', '/data/name', JSON.stringify(name));
  refuses(await t.admin.post('/collections', {}), 'VALIDATION_FAILED', '/data/name', 'none');
});

scenario('3.2.5 a name that is taken is 409', { over: 'any' }, async (t) => {
  const collection = await t.collection({ type: 'object', required: ['a'] });
  refuses(await t.admin.post('/collections', { name: collection }), 'CONFLICT');
  refuses(await t.admin.post(`/${collection}`, {}), 'VALIDATION_FAILED', undefined, 'its schema is still there');
});

scenario('3.2.5 a collection is removed only when it is empty', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const { id } = succeeds(await t.admin.post(`/${collection}`, {}), 201);
  refuses(await t.admin.delete(`/collections/${collection}`), 'CONFLICT');
  succeeds(await t.admin.get(`/${collection}/${id}`));
  succeeds(await t.admin.delete(`/${collection}/${id}`), 204);
  succeeds(await t.admin.delete(`/collections/${collection}`), 204);
});

scenario('3.2.5 a collection is made only where the log holds no client’s messages under its name', { over: 'any' }, async (t) => {
  for (const suffix of ['', '.x', '.x.created']) {
    const name = t.name('c');
    succeeds(await t.admin.post(`/topics/${name}${suffix}/messages`, 1), 201);
    refuses(await t.admin.post('/collections', { name }), 'CONFLICT', undefined, `after a message to ${suffix === '' ? 'its name' : `its name and ${suffix}`}`);
  }
  const name = t.name('c');
  succeeds(await t.admin.post(`/topics/${name}x.y/messages`, 1), 201);
  t.forget(name);
  succeeds(await t.admin.post('/collections', { name }), 201, 'a longer first segment is another');
});

scenario('3.2.5 a collection that was removed can be made again: its own messages do not hinder', { over: 'any' }, async (t) => {
  const name = t.name('c');
  t.forget(name);
  for (const life of ['first', 'second']) {
    succeeds(await t.admin.post('/collections', { name }), 201, life);
    succeeds(await t.admin.post(`/${name}`, { id: 'x', life }), 201);
    assert.equal(succeeds(await t.admin.get(`/${name}`)).items.length, 1);
    succeeds(await t.admin.delete(`/${name}/x`), 204);
    succeeds(await t.admin.delete(`/collections/${name}`), 204);
  }
});

scenario('3.2.5 collections are for scope admin', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const who = await t.caller(['read:*', 'write:*', 'publish:**', 'subscribe:**']);
  refuses(await who.post('/collections', { name: t.name('c') }), 'FORBIDDEN', undefined, 'POST');
  refuses(await who.get('/collections'), 'FORBIDDEN', undefined, 'GET all');
  refuses(await who.get(`/collections/${collection}`), 'FORBIDDEN', undefined, 'GET one');
  refuses(await who.put(`/collections/${collection}`, { schema: {} }), 'FORBIDDEN', undefined, 'PUT');
  refuses(await who.delete(`/collections/${collection}`), 'FORBIDDEN', undefined, 'DELETE');
});
