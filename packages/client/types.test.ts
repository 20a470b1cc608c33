// What a client of `typeof api` knows, and what must not compile: each line below `@ts-expect-error` is a mistake that the types catch. The lint's type
// check reads this file; nothing in `uses` is ever carried out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineApi } from 'godwit';
import Type from 'typebox';
import type { Client } from './api.ts';
import type { Change, Json } from './types.ts';

const api = defineApi({
  collections: {
    orders: {
      // As it stands, without `as const`.
      schema: {
        type: 'object',
        required: ['status', 'total'],
        properties: {
          status: { enum: ['open', 'paid'] },
          total: { type: 'number' },
          note: { type: 'string' },
          lines: { type: 'array', items: { type: 'object', required: ['item'], properties: { item: { type: 'string' }, amount: { type: 'integer' } } } },
          address: { type: 'object', required: ['street'], properties: { street: { type: 'string' }, floor: { type: 'integer' } } },
        },
        additionalProperties: false,
      },
      indexes: ['status'],
    },
    devices: {
      schema: Type.Object({ place: Type.String(), state: Type.Union([Type.Literal('on'), Type.Literal('off')]), note: Type.Optional(Type.String()) }),
    },
    notes: {},
  },
  topics: {
    'sensors.*.reading': { schema: { type: 'object', required: ['celsius'], properties: { celsius: { type: 'number' } }, additionalProperties: false } },
    'sensors.*.status': { schema: Type.Union([Type.Literal('up'), Type.Literal('down')]), summary: 'Whether it answers' },
    'alerts.**': { schema: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } },
    'alerts.fire': { schema: { type: 'object', required: ['floor'], properties: { floor: { type: 'integer' } } } },
    'rooms.*': { schema: { type: 'integer' } },
    chatter: {},
  },
  actions: (action) => ({
    cancel: action({
      method: 'POST',
      path: '/orders/:id/cancel',
      data: { type: 'object', required: ['reason'], properties: { reason: { enum: ['late', 'broken'] }, by: { type: 'string' } }, additionalProperties: false },
      handler: async ({ params, data, tx }) => {
        tx.publish('sensors.7.reading', { celsius: 1 });
        tx.publish('anything.else', [1]);
        // @ts-expect-error: a number
        tx.publish('sensors.7.reading', { celsius: '1' });
        // @ts-expect-error: no removal of what has to be there
        await tx.patch('orders', params.id, { status: null });
        const order = await tx.patch('orders', params.id, { note: null });
        return { order, reason: data.reason, at: new Date(), left: undefined as number | undefined, cells: [[1, 'x']] as [number, string][] };
      },
    }),
    ship: action({ method: 'PUT', path: '/orders/:id/lines/:line', data: Type.Object({ amount: Type.Integer() }), handler: ({ data }) => data.amount }),
    count: action({ method: 'GET', path: '/count', handler: () => 1n as unknown as number }),
    ping: action({ method: 'POST', path: '/ping', handler: () => {} }),
  }),
});

type Order = {
  status: 'open' | 'paid';
  total: number;
  note?: string;
  lines?: { item: string; amount?: number }[];
  address?: { street: string; floor?: number };
};
type Kept = { readonly id: string; readonly version: number; readonly createdAt: string; readonly updatedAt: string };
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Flat<T> = T extends (infer E)[] ? Flat<E>[] : T extends object ? { [M in keyof T]: Flat<T[M]> } : T;
/** Whether both are one type, however it is written; `any` is the same as nothing but itself. */
const same = <A, B>(..._proof: Same<Flat<A>, Flat<B>> extends true ? [] : [never]): void => {};

const documents = async (client: Client<typeof api>) => {
  const order = await client.get('orders', '1');
  same<typeof order, Order & Kept>();
  // @ts-expect-error: no such field
  order.price;
  // @ts-expect-error: no such collection
  await client.get('order', '1');
  for await (const each of client.list('orders', { filter: { status: 'open', total: { gte: 10 }, 'address.street': 'High', createdAt: { lt: 'x' } } }))
    same<typeof each, Order & Kept>();
  // @ts-expect-error: no such field
  client.list('orders', { filter: { state: 'open' } });
  const made = await client.create('orders', { id: 'chosen', status: 'open', total: 1, lines: [{ item: 'tea' }] });
  same<typeof made, Order & Kept>();
  await client.replace('orders', '1', { ...order, status: 'paid' });
  await client.patch('orders', '1', { status: 'paid', note: null, address: { street: 'High', floor: null } });
  // @ts-expect-error: a required field is missing
  await client.create('orders', { status: 'open' });
  // @ts-expect-error: none of the allowed values
  await client.create('orders', { status: 'lost', total: 1 });
  // @ts-expect-error: no such field
  await client.create('orders', { status: 'open', total: 1, price: 1 });
  // @ts-expect-error: a number
  await client.replace('orders', '1', { status: 'open', total: '1' });
  // @ts-expect-error: no such field
  await client.patch('orders', '1', { price: 1 });
  // @ts-expect-error: it has to be there
  await client.patch('orders', '1', { total: null });

  const device = await client.get('devices', 'd');
  same<typeof device, { place: string; state: 'on' | 'off'; note?: string } & Kept>();
  // @ts-expect-error: none of the allowed values
  await client.patch('devices', 'd', { state: 'broken' });

  const note = await client.create('notes', { anything: [1, 'goes'] });
  same<typeof note.anything, unknown>();
  same<typeof note.version, number>();
};

const messages = (client: Client<typeof api>, sensor: string) => {
  client.subscribe('sensors.*.reading', ({ data, topic }) => {
    same<typeof data, { celsius: number }>();
    same<typeof topic, string>();
    // @ts-expect-error: no such member
    data.fahrenheit;
  });
  client.subscribe('sensors.7.reading', ({ data }) => same<typeof data, { celsius: number }>());
  client.subscribe(`sensors.${sensor}.reading`, ({ data }) => same<typeof data, { celsius: number }>());
  client.subscribe(['sensors.*.reading', 'sensors.*.status'], ({ data }) => same<typeof data, { celsius: number } | 'up' | 'down'>());
  client.subscribe('alerts.door', ({ data }) => same<typeof data, { text: string }>());
  client.subscribe('alerts.fire', ({ data }) => same<typeof data, { text: string; floor: number }>());
  client.subscribe('rooms.*', ({ data }) => same<typeof data, number>());
  // There may be more below a room than what is declared.
  client.subscribe('rooms.**', ({ data }) => same<typeof data, unknown>());
  client.subscribe('chatter', ({ data }) => same<typeof data, unknown>());
  client.subscribe('**', ({ data }) => same<typeof data, unknown>());
  client.subscribe('sensors.**', ({ data }) => same<typeof data, unknown>());
  client.subscribe('sensors.7.**', ({ data }) => same<typeof data, unknown>());
  client.subscribe('orders.*.updated', ({ data }) => {
    same<typeof data, { readonly change: 'created' | 'updated'; readonly id: string; readonly version: number; readonly document: Order & Kept }>();
    same<typeof data.document.total, number>();
  });
  client.subscribe('orders.1.deleted', ({ data }) => same<typeof data.document, null>());
  client.subscribe('orders.**', ({ data }) => {
    same<typeof data, Change<Order & Kept>>();
    if (data.change === 'deleted') same<typeof data.document, null>();
    else same<typeof data.document.status, 'open' | 'paid'>();
  });
  client.subscribe(['devices.*.*', 'sensors.1.status'], ({ data }) => {
    if (typeof data !== 'string' && data.document !== null) same<typeof data.document.place, string>();
  });
  const stream = client.subscribe('sensors.7.status', { name: 'watch' });
  const take = async () => {
    for await (const { data } of stream) same<typeof data, 'up' | 'down'>();
  };
  // @ts-expect-error: no such topic
  client.subscribe('sensor.7.reading', () => {});
  // @ts-expect-error: no such topic
  client.subscribe(['chatter', 'sensors.7.readings'], () => {});
  // @ts-expect-error: no such change
  client.subscribe('orders.1.changed', () => {});
  // @ts-expect-error: no such collection
  client.subscribe('order.**', () => {});
  return take;
};

const publishing = async (client: Client<typeof api>, sensor: string, topic: string) => {
  const published = await client.publish('sensors.7.reading', { celsius: 21.5 });
  same<typeof published.cursor, string>();
  await client.publish(`sensors.${sensor}.status`, 'up');
  await client.publish('alerts.fire', { text: 'out', floor: 3 });
  await client.publish('chatter', [1, 2]);
  // @ts-expect-error: no such topic
  await client.publish('sensors.7.temperature', { celsius: 21.5 });
  // @ts-expect-error: one segment too many
  await client.publish('sensors.7.a.reading', { celsius: 21.5 });
  // @ts-expect-error: a number
  await client.publish('sensors.7.reading', { celsius: 'warm' });
  // @ts-expect-error: no such member
  await client.publish('sensors.7.reading', { celsius: 1, fahrenheit: 2 });
  // @ts-expect-error: none of the allowed values
  await client.publish(`sensors.${sensor}.status`, 'sideways');
  // @ts-expect-error: both declarations that match hold
  await client.publish('alerts.fire', { text: 'out' });
  // @ts-expect-error: only the server publishes to the topics of a collection
  await client.publish('orders.1.updated', {});
  // @ts-expect-error: any topic is too many
  await client.publish(topic, {});
};

const actions = async (client: Client<typeof api>) => {
  const cancelled = await client.call('POST /orders/:id/cancel', { params: { id: '1' }, data: { reason: 'late' }, requestId: 'r' });
  same<typeof cancelled.at, string>();
  same<typeof cancelled.reason, 'late' | 'broken'>();
  same<typeof cancelled.order, Order & Kept>();
  same<typeof cancelled.left, number | undefined>();
  same<(typeof cancelled.cells)[0], [number, string]>();
  const shipped = await client.call('PUT /orders/:id/lines/:line', { params: { id: '1', line: '2' }, data: { amount: 1 } });
  same<typeof shipped, number>();
  const count = await client.call('GET /count');
  same<typeof count, number>();
  same<Awaited<ReturnType<typeof client.call<'POST /ping'>>>, null>();
  await client.call('GET /count', { timeout: 1000 });
  await client.call('POST /ping', { data: { any: 'thing' } });
  // @ts-expect-error: no such action
  await client.call('POST /orders/:id/cancl', { params: { id: '1' } });
  // @ts-expect-error: another method
  await client.call('PUT /orders/:id/cancel', { params: { id: '1' }, data: { reason: 'late' } });
  // @ts-expect-error: the segments of the path are missing
  await client.call('POST /orders/:id/cancel', { data: { reason: 'late' } });
  // @ts-expect-error: one of the segments is missing
  await client.call('PUT /orders/:id/lines/:line', { params: { id: '1' }, data: { amount: 1 } });
  // @ts-expect-error: the data is missing
  await client.call('POST /orders/:id/cancel', { params: { id: '1' } });
  // @ts-expect-error: all of it
  await client.call('POST /orders/:id/cancel');
  // @ts-expect-error: none of the allowed values
  await client.call('POST /orders/:id/cancel', { params: { id: '1' }, data: { reason: 'bored' } });
  // @ts-expect-error: no such member
  await client.call('POST /orders/:id/cancel', { params: { id: '1' }, data: { reason: 'late', who: 'me' } });
  // @ts-expect-error: a GET has no data
  await client.call('GET /count', { data: 1 });
};

const batches = async (client: Client<typeof api>) => {
  const { results, succeeded } = await client.batch([{ method: 'POST', path: '/orders', data: { status: 'open', total: 1 } }], { mode: 'atomic' });
  same<typeof succeeded, number>();
  same<(typeof results)[0]['data'], unknown>();
  // @ts-expect-error: no such method
  await client.batch([{ method: 'FETCH', path: '/orders' }]);
  // @ts-expect-error: no such mode
  await client.batch([], { mode: 'all' });
};

const untyped = async (client: Client) => {
  const document = await client.get('whatever', '1');
  same<typeof document.total, unknown>();
  same<typeof document.id, string>();
  await client.create('whatever', { a: 1 });
  await client.patch('whatever', '1', { a: null });
  client.list('whatever', { filter: { a: 1, 'b.c': { in: [1, 2] } } });
  client.subscribe(['any.*', 'b'], ({ data }) => same<typeof data, unknown>());
  await client.publish('any.topic', { a: 1 });
  const result = await client.call('POST /x/:y', { params: { y: '1' }, data: 1 });
  same<typeof result, unknown>();
  await client.call('GET /x');
};

const parts = async (free: Client<typeof freeTopics>, only: Client<typeof onlyTopics>, plain: Client<typeof plainActions>) => {
  await free.publish('any.topic', 1);
  free.subscribe('any.*', ({ data }) => same<typeof data, unknown>());
  free.subscribe('docs.**', ({ data }) => same<typeof data.id, string>());
  // @ts-expect-error: only the server publishes to the topics of a collection
  await free.publish('docs.1.created', 1);
  await only.create('anything', { a: 1 });
  // @ts-expect-error: no such topic
  only.subscribe('new', () => {});
  only.subscribe('news', ({ data }) => same<typeof data, string>());
  const told = await plain.call('POST /say/it', { data: 1 });
  same<typeof told, { it: number }>();
  // @ts-expect-error: no such action
  await plain.call('POST /say');
};
const freeTopics = defineApi({ collections: { docs: {} } });
const onlyTopics = defineApi({ topics: { news: { schema: { type: 'string' } } } });

const plainActions = defineApi({ actions: { say: { method: 'POST', path: '/say/it', handler: () => ({ it: 1 }) } } });

const values = () => {
  same<Json<Date>, string>();
  same<Json<{ a: Date; b?: Date; c: () => void; d: (Date | undefined)[] }>, { a: string; b?: string; d: (string | null)[] }>();
  // biome-ignore lint/suspicious/noExplicitAny: what an action may return.
  same<Json<any>, unknown>();
  same<Json<unknown>, unknown>();
  same<Json<{ a: unknown }>, { a?: unknown }>();
  type Tree = { name: string; children: Tree[] };
  const tree: Json<Tree> = { name: 'a', children: [{ name: 'b', children: [] }] };
  same<(typeof tree.children)[0]['children'][0]['name'], string>();
  // @ts-expect-error: `any` is not unknown
  // biome-ignore lint/suspicious/noExplicitAny: that this room notices one.
  same<any, unknown>();
  // @ts-expect-error: nor a string
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  same<any, string>();
};

const operations = async (client: Client) => {
  const token = await client.request('POST', '/tokens', { data: { ttl: 60 } });
  same<typeof token.data.token, string>();
  const key = await client.request('POST', '/keys', { data: { scopes: [] } });
  same<typeof key.data.id, string>();
  same<typeof key.data.key, string | undefined>();
  const listed = await client.request('GET', '/subscriptions?all=true');
  same<(typeof listed.data.items)[number]['pending'], number>();
  const told = await client.request('GET', '');
  same<typeof told.data.protocolVersion, string>();
  const document = await client.request('GET', `/orders/${key.data.id}`);
  same<typeof document.data, unknown>();
  const own = await client.request<{ a: 1 }>('GET', '/stats');
  same<typeof own.data, { a: 1 }>();
  // @ts-expect-error: no such method
  await client.request('HEAD', '/stats');
};

/** What takes any client takes one of an API as well. */
const anyClient = (client: Client): Client => client;
const handedOn = (client: Client<typeof api>) => anyClient(client as Client);

test('what is declared is known to the client, and mistakes do not compile', () => {
  for (const uses of [documents, messages, publishing, actions, batches, untyped, parts, values, operations, handedOn]) assert.equal(typeof uses, 'function');
});
