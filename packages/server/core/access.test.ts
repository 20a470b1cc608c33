// What an identity may do (11.3): scopes, and which messages of collections reach it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import { holderOf } from '../testing/assembly.ts';
import { mayDo, readableCollections, requireScope, subscribableFilter } from './access.ts';
import { Collections, newCollection } from './collections.ts';

const collections = new Collections();
for (const name of ['orders', 'users']) collections.set(newCollection({ name, schema: null, indexes: [], source: 'api' }, { createdAt: 0, updatedAt: 0 }));

const refusal = (ask: () => unknown): unknown => {
  try {
    ask();
  } catch (error) {
    assert(error instanceof ProtocolError);
    return `${error.code} ${error.details['scope']}`;
  }
  return 'may';
};

test('11.3: which scope allows what', () => {
  for (const [held, asked, may] of [
    ['read:orders', 'read:orders', true],
    ['read:*', 'read:orders', true],
    ['read:orders', 'read:users', false],
    ['read:orders', 'write:orders', false],
    ['write:*', 'read:orders', false],
    ['admin', 'write:orders', true],
    ['admin', 'admin', true],
    ['read:*', 'admin', false],
    ['publish:shop.*', 'publish:shop.a', true],
    ['publish:shop.*', 'publish:shop.a.b', false],
    ['publish:shop.**', 'publish:shop.a.b', true],
    ['publish:shop.**', 'publish:shop', false],
    ['publish:**', 'publish:a.b.c', true],
    ['publish:shop.a', 'publish:shop.*', false],
    ['publish:shop.*', 'publish:shop.**', false],
    ['subscribe:**', 'publish:a', false],
  ] as const) {
    assert.equal(mayDo(holderOf(held), asked), may, `${held} for ${asked}`);
  }
  assert.equal(
    refusal(() => requireScope(holderOf(), 'read:orders')),
    'FORBIDDEN read:orders',
  );
});

test('11.3: a pattern needs its scope, and one that names a collection the right to read it', () => {
  const filter = (patterns: string[], ...scopes: string[]): unknown =>
    refusal(() => subscribableFilter(holderOf(...scopes), collections, patterns, '/query/topics'));
  assert.equal(filter(['feed.*'], 'subscribe:feed.**'), 'may');
  assert.equal(filter(['feed.*', 'other'], 'subscribe:feed.**'), 'FORBIDDEN subscribe:other');
  assert.equal(filter(['orders.*.created'], 'subscribe:**'), 'FORBIDDEN read:orders');
  assert.equal(filter(['orders.*.created'], 'subscribe:**', 'read:orders'), 'may');
  assert.equal(filter(['orders.*.created'], 'read:orders'), 'FORBIDDEN subscribe:orders.*.created');
  assert.equal(filter(['*.5.created'], 'subscribe:**'), 'may', 'a wildcard passes over what may not be read');
  assert.equal(filter(['**'], 'admin'), 'may');
});

test('11.3: whose messages a wildcard passes over', () => {
  const readable = (...scopes: string[]): unknown => subscribableFilter(holderOf('subscribe:**', ...scopes), collections, ['**'], '').collections;
  assert.deepEqual(readable(), []);
  assert.deepEqual(readable('read:orders', 'write:users'), ['orders']);
  assert.equal(readable('read:*'), '*');
  assert.equal(readableCollections(holderOf('admin')), '*');
});
