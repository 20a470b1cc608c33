// Collections (3.2.5): their names, schemas and indexes, and which topics are theirs alone (3.2.6).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError, RESERVED_SEGMENTS } from '@godwit/protocol';
import { type AssemblyOptions, assemble } from '../testing/assembly.ts';
import { settled } from '../testing/clock.ts';
import { gate } from '../testing/gate.ts';
import { Collections, checkCollectionName, newCollection, storedCollection } from './collections.ts';

const times = { createdAt: 1, updatedAt: 2 };

test('3.2.5: which names a collection may have', () => {
  for (const name of ['a', 'orders', 'a_b-c9', `a${'x'.repeat(62)}`]) checkCollectionName(name, '/data/name');
  for (const name of ['', 'A', '9a', '_a', '-a', 'a.b', 'a b', 'ä', `a${'x'.repeat(63)}`, '__proto__', 'a\n', ...RESERVED_SEGMENTS]) {
    assert.throws(() => checkCollectionName(name, '/data/name'), ProtocolError, name);
  }
});

test('3.2.5: a schema and indexes as they are stored and shown', () => {
  const collection = newCollection({ name: 'a', schema: { type: 'object' }, indexes: ['n', 'a.b', 'n'], source: 'api' }, times);
  assert.deepEqual(storedCollection(collection), { name: 'a', schema: '{"type":"object"}', indexes: [['n'], ['a.b']], ...times });
  assert.equal(newCollection({ name: 'a', schema: true, indexes: [], source: 'api' }, times).validate, undefined);
  for (const index of ['', '.', 'a.', '.a', 'a..b', 'a[0]', 'a"b', 'a.b.c.d.e.f.g.h.i', 'x'.repeat(129)]) {
    assert.throws(
      () => newCollection({ name: 'a', schema: null, indexes: ['ok', index], source: 'api' }, times),
      (error) => error instanceof ProtocolError && error.details.field === '/data/indexes/1',
      index,
    );
  }
});

test('3.2.6: a topic belongs to a collection from the moment that one is being made', () => {
  const collections = new Collections();
  assert(!collections.owns('orders.1.created'));
  collections.claim('orders');
  collections.claim('orders');
  assert(collections.owns('orders') && collections.owns('orders.x'));
  collections.release('orders');
  assert(collections.owns('orders.x'), 'somebody else is still making it');
  collections.release('orders');
  assert(!collections.owns('orders.x') && !collections.owns('orders2'));
  assert.throws(() => collections.get('orders'), ProtocolError);
});

test('3.2.5, 3.2.6: a collection that is made while clients publish: either holds, never both', async () => {
  const door = gate();
  const { ask, close } = await assemble({ wrap: door.wrap });
  const make = (name: string) => ask('POST', '/collections', { data: { name } });
  const publish = (topic: string) => ask('POST', `/topics/${topic}/messages`, { data: 1 });
  door.hold();
  const first = [publish('one.x'), make('one'), make('two'), publish('two.x'), make('two')];
  await settled();
  door.release();
  assert.deepEqual(
    (await Promise.all(first)).map(({ code, status }) => code ?? status),
    [201, 'CONFLICT', 201, 'FORBIDDEN', 'CONFLICT'],
  );
  assert.equal((await publish('one.x')).status, 201, 'the name is free again');
  assert.equal((await publish('two.x')).code, 'FORBIDDEN');
  await close();
});

test('3.2.5: only an empty one is removed, whoever comes at the same time', async () => {
  const { ask, close, unexpected } = await assemble({ collections: { fixed: {} } });
  await ask('POST', '/collections', { data: { name: 'docs', schema: { type: 'object', required: ['n'] } } });
  assert.equal((await ask('POST', '/docs', { data: {} })).details.field, '/data/n');
  const [made, removed] = await Promise.all([ask('POST', '/docs', { data: { id: 'a', n: 1 } }), ask('DELETE', '/collections/docs')]);
  assert.deepEqual([made.status, removed.code], [201, 'CONFLICT']);
  await ask('PUT', '/collections/docs', { data: { schema: { type: 'object', required: ['m'] } } });
  assert.equal((await ask('PATCH', '/docs/a', { data: { x: 1 } })).details.field, '/data/m', 'the next write is judged by the new one');
  assert.equal((await ask('GET', '/docs/a')).data.n, 1, 'what is there stays');
  await ask('DELETE', '/docs/a');
  const [gone, late] = await Promise.all([ask('DELETE', '/collections/docs'), ask('POST', '/docs', { data: { id: 'b', m: 1 } })]);
  assert.deepEqual([gone.status, late.code], [204, 'NOT_FOUND']);
  assert.equal((await ask('GET', '/docs')).code, 'NOT_FOUND');
  assert.equal((await ask('POST', '/collections', { data: { name: 'docs' } })).status, 201, 'its own messages are no clients’');
  assert.equal((await ask('POST', '/docs', { data: { id: 'a' } })).status, 201);
  for (const method of ['PUT', 'DELETE']) assert.equal((await ask(method, '/collections/fixed', { data: { schema: null } })).code, 'CONFLICT');
  assert.deepEqual(unexpected, []);
  await close();
});

const options: AssemblyOptions = { settings: { maxMessageBytes: 2048 } };

test('7.2.2: a document does not grow beyond its limit by patches', async () => {
  const { ask, close } = await assemble({ ...options, collections: { docs: {} } });
  await ask('POST', '/docs', { data: { id: 'a', one: 'é'.repeat(500) } });
  assert.deepEqual(
    [(await ask('PATCH', '/docs/a', { data: { two: 'é'.repeat(520) } })).code, (await ask('PATCH', '/docs/a', { data: { two: 'x' } })).status],
    ['PAYLOAD_TOO_LARGE', 200],
  );
  await close();
});
