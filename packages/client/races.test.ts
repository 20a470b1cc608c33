// What happens at once: the network that comes back, or the end, while a token is awaited, and steps of an iterator that are asked for together.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { Message } from './api.ts';
import { createClient } from './client.ts';
import { settle } from './testing/clock.ts';
import { World } from './testing/world.ts';

test('5.5: whoever calls while a token is awaited, one WebSocket is opened: a second would end the first for good', async () => {
  const page = new EventTarget();
  const shown = globalThis as Partial<Pick<typeof globalThis, 'addEventListener' | 'removeEventListener'>>;
  const before = { addEventListener: shown.addEventListener, removeEventListener: shown.removeEventListener };
  Object.assign(shown, { addEventListener: page.addEventListener.bind(page), removeEventListener: page.removeEventListener.bind(page) });
  try {
    const world = new World();
    const tokens: ((token: string) => void)[] = [];
    const client = createClient(world.options({ getToken: () => new Promise((resolve) => tokens.push(resolve)) }));
    client.subscribe('a', () => {});
    await settle();
    for (let call = 0; call < 3; call++) {
      page.dispatchEvent(new Event('online'));
      await world.clock.advance(10);
    }
    for (const token of tokens) token('a-token');
    await settle();
    assert.equal(world.sockets.length, 1);
    world.socket.welcome();
    await settle();
    assert.equal(client.state.transport, 'websocket');
    await client.close();
  } finally {
    Object.assign(shown, before);
  }
});

test('close while new credentials are got leaves no timer, and nothing to say', async () => {
  const world = new World();
  const tokens: ((token: string) => void)[] = [];
  const errors: unknown[] = [];
  const client = createClient(world.options({ transport: 'websocket', getToken: () => new Promise((resolve) => tokens.push(resolve)) }));
  client.on('error', ({ error }) => errors.push(error));
  client.subscribe('a', () => {});
  await settle();
  tokens[0]?.('one');
  await settle();
  world.socket.end(4200);
  await settle();
  assert.equal(tokens.length, 2);
  await client.close();
  await settle();
  assert.equal(world.clock.timers, 0);
  tokens[1]?.('two');
  await settle();
  assert.equal(world.clock.timers, 0);
  assert.deepEqual(errors, []);
});

test('a request whose token cannot be had leaves no timer and no listener', async () => {
  const world = new World();
  const client = createClient(
    world.options({
      getToken: () => {
        throw new Error('no token today');
      },
    }),
  );
  const { signal } = new AbortController();
  const publishing = assert.rejects(client.publish('a', 1, { signal }), { message: 'getToken failed: no token today' });
  await world.clock.advance(10_000);
  await publishing;
  assert.equal(world.clock.timers, 0);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('steps of an iterator that are asked for at once get a message each, in order', async () => {
  const world = new World();
  const client = createClient(world.options());
  const stream = client.subscribe('a', { after: 'c0' });
  await settle();
  world.socket.welcome();
  await settle();
  const { socket } = world;
  socket.answer(socket.asked(/^POST \/subscriptions$/)[0] as never, 201, { subscription: '~a', cursor: 'c0' });
  await settle();
  const iterator = stream[Symbol.asyncIterator]();
  const steps = [iterator.next(), iterator.next(), iterator.next()];
  for (const cursor of ['c1', 'c2', 'c3']) socket.event('~a', 'a', cursor);
  await settle();
  const got = await Promise.race([Promise.all(steps), settle().then(() => undefined)]);
  assert.deepEqual(
    got?.map(({ value }) => (value as Message).cursor),
    ['c1', 'c2', 'c3'],
  );
  const last = iterator.next();
  await client.close();
  assert.deepEqual(await last, { done: true, value: undefined });
});
