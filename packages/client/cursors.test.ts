// Where cursors are kept: stores that are slow, full or forbidden harm no subscription.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CursorStore } from './api.ts';
import { createClient } from './client.ts';
import { localStorageCursors } from './cursors.ts';
import { settle } from './testing/clock.ts';
import { World } from './testing/world.ts';

/** A subscription that keeps its cursor, open from `c1` on. */
const keeping = async (cursors: CursorStore) => {
  const world = new World();
  const client = createClient(world.options());
  const errors: unknown[] = [];
  client.on('error', ({ error }) => errors.push(error));
  client.subscribe('a', () => {}, { after: 'c1', store: { key: 'mine', cursors } });
  await settle();
  world.socket.welcome();
  await settle();
  const { socket } = world;
  socket.answer(socket.asked(/^POST/)[0] as never, 201, { subscription: '~a', cursor: 'c1' });
  const bring = async (...places: string[]): Promise<void> => {
    for (const cursor of places) socket.event('~a', 'a', cursor);
    await settle();
  };
  return { client, errors, bring };
};

test('a store that throws once, at once, is told of and gets what follows', async () => {
  const kept: string[] = [];
  let isFull = false;
  const { client, errors, bring } = await keeping({
    get: () => undefined,
    set: (_, cursor) => {
      if (isFull) throw new Error('full');
      kept.push(cursor);
    },
  });
  await bring('c2');
  isFull = true;
  await bring('c3');
  isFull = false;
  await bring('c4');
  assert.deepEqual([kept, errors.length], [['c2', 'c4'], 1]);
  await client.close();
});

test('a store that refuses one gets the newer one that came meanwhile', async () => {
  const asked: { readonly cursor: string; readonly ends: PromiseWithResolvers<void> }[] = [];
  const { client, errors, bring } = await keeping({
    get: () => undefined,
    set: (_, cursor) => {
      const ends = Promise.withResolvers<void>();
      asked.push({ cursor, ends });
      return ends.promise;
    },
  });
  await bring('c2');
  await bring('c3', 'c4');
  asked[0]?.ends.reject(new Error('busy'));
  await settle();
  assert.deepEqual(
    asked.map(({ cursor }) => cursor),
    ['c2', 'c4'],
  );
  assert.equal(errors.length, 1);
  asked[1]?.ends.resolve();
  await client.close();
});

test('where localStorage is forbidden, it begins as the subscription says', async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    get() {
      throw new Error('denied');
    },
  });
  try {
    const { client, bring } = await keeping(localStorageCursors());
    await bring('c2');
    await client.close();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'localStorage');
    else Object.defineProperty(globalThis, 'localStorage', before);
  }
});

test('a client that is closed while a cursor is looked up ends what waits for it', async () => {
  const world = new World();
  const client = createClient(world.options());
  const found = Promise.withResolvers<string>();
  const store = { key: 'mine', cursors: { get: () => found.promise, set: () => {} } };
  const subscription = client.subscribe('a', () => {}, { store });
  const stream = client.subscribe('a', { store });
  const next = stream[Symbol.asyncIterator]().next();
  await client.close();
  assert.deepEqual(await subscription.closed, { reason: 'closed' });
  await assert.rejects(subscription.ready, { code: 'CLOSED' });
  assert.deepEqual(await next, { done: true, value: undefined });
  found.reject(new Error('too late to matter'));
  await settle();
});
