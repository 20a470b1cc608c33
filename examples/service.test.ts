// The service as its users know it: what its actions do together, what they refuse, what its messages say, and what must not compile.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { GodwitError } from '@godwit/client';
import type { GodwitServer } from 'godwit';
import { startService } from './service/service.ts';
import { openShop, type Shop } from './service/shop.ts';

const KEY = 'the-key-of-the-service-test';
let data: string;
let server: GodwitServer;
let shop: Shop;

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'godwit-service-'));
  server = await startService({ data, port: 0, adminKey: KEY });
  shop = openShop(server.url, KEY);
});
after(async () => {
  await shop.close();
  await server.close();
  await rm(data, { recursive: true, force: true });
});

test('a reservation takes from the stock once, is refused where there is not enough, and tells who buys', async () => {
  const { promise: bought, resolve } = Promise.withResolvers<[string, number]>();
  await shop.watchStock((product, left) => resolve([product, left])).ready;
  await shop.stock('tea', 'Tea', 5);
  assert.equal(await shop.reserve('tea', 4, 'a'), 1);
  assert.equal(await shop.reserve('tea', 4, 'a'), 1, 'repeated it is answered as the first time');
  assert.equal(await shop.reserve('tea', 2, 'b'), undefined);
  assert.deepEqual(await bought, ['tea', 1]);
  assert.deepEqual(await shop.client.call('GET /inventory/:id', { params: { id: 'tea' } }), { name: 'Tea', stock: 1 });
  const reservations = await shop.client.list('reservations', { filter: { product: 'tea' } }).all();
  assert.deepEqual(
    reservations.map(({ product, amount }) => [product, amount]),
    [['tea', 4]],
  );
  await assert.rejects(shop.reserve('rum', 1, 'c'), (error: GodwitError) => error.code === 'NOT_FOUND');
});

test('of many who want the last one, one gets it', async () => {
  await shop.stock('salt', 'Salt', 7);
  const left = await Promise.all(Array.from({ length: 20 }, (_, index) => shop.reserve('salt', 1, `salt-${index}`)));
  assert.deepEqual(left.filter((one) => one !== undefined).sort(), [0, 1, 2, 3, 4, 5, 6]);
  assert.equal((await shop.client.get('products', 'salt')).stock, 0);
});

test('what breaks a schema is refused by the server as well', async () => {
  const untyped = shop.client.publish as (topic: string, data: unknown) => Promise<unknown>;
  await assert.rejects(
    untyped('purchasing.needed', { product: 7 }),
    (error: GodwitError) => error instanceof GodwitError && error.code === 'VALIDATION_FAILED',
  );
});

/** Never called: each line below `@ts-expect-error` is a mistake that the type check catches. */
export const mistakes = async ({ client }: Shop): Promise<void> => {
  // @ts-expect-error: there is no such collection
  await client.get('product', 'tea');
  // @ts-expect-error: the stock is a number
  await client.create('products', { name: 'Tea', stock: 'many' });
  // @ts-expect-error: no such member
  await client.patch('products', 'tea', { price: 1 });
  // @ts-expect-error: no such action
  await client.call('POST /products/:id/reserved', { params: { id: 'tea' }, data: { amount: 1 } });
  // @ts-expect-error: the parameter is missing
  await client.call('POST /products/:id/reserve', { data: { amount: 1 } });
  // @ts-expect-error: the topic is declared otherwise
  await client.publish('purchasing.needed', { product: 'tea' });
  // @ts-expect-error: its messages have no such member
  client.subscribe('purchasing.needed', ({ data }) => data.amount);
  // @ts-expect-error: a product has no such member
  client.subscribe('products.*.updated', ({ data }) => data.document.price);
};
