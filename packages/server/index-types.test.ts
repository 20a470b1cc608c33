// What must not compile: each line below `@ts-expect-error` is a mistake of a library's user that the types catch. The lint's type check reads this
// file; nothing in `mistakes` is ever carried out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer, type DocumentOf, defineApi } from './index.ts';

const collections = {
  orders: {
    schema: {
      type: 'object',
      required: ['status', 'total'],
      properties: { status: { enum: ['open', 'paid'] }, total: { type: 'number' }, note: { type: 'string' } },
    },
  },
  notes: {},
} as const;

type Order = DocumentOf<typeof collections.orders>;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void => {};

const mistakes = () =>
  createServer({
    collections,
    settings: {
      requestTimeout: '5s',
      // @ts-expect-error: no such setting
      requestTimeOut: '5s',
    },
    topics: {
      'sensors.*.reading': { schema: { type: 'object', required: ['celsius'], properties: { celsius: { type: 'number' } } } },
    },
    actions: (action) => ({
      right: action({
        method: 'POST',
        path: '/orders/:id/lines/:line',
        scope: 'write:orders',
        data: { type: 'object', required: ['amount'], properties: { amount: { type: 'integer' }, reason: { type: 'string' } } },
        handler: async ({ params, data, tx, caller }) => {
          same<typeof params.id, string>();
          same<typeof params.line, string>();
          same<typeof data.amount, number>();
          same<typeof data.reason, string | undefined>();
          same<typeof caller.sub, string | null>();
          // @ts-expect-error: no such segment in the path
          params.name;
          // @ts-expect-error: no such member in the data
          data.count;
          // @ts-expect-error: a number
          data.amount.length;
          // @ts-expect-error: no such collection
          await tx.get('order', params.id);
          const order = await tx.get('orders', params.id);
          // @ts-expect-error: there may be none
          order.total;
          if (order === undefined) return null;
          same<typeof order.total, number>();
          same<typeof order.status, 'open' | 'paid'>();
          same<typeof order.note, string | undefined>();
          same<typeof order.version, number>();
          // @ts-expect-error: no such field
          order.price;
          // @ts-expect-error: a required field is missing
          await tx.create('orders', { status: 'open' });
          // @ts-expect-error: none of the allowed values
          await tx.create('orders', { status: 'lost', total: 1 });
          // @ts-expect-error: a number
          await tx.replace('orders', params.id, { status: 'open', total: '1' });
          await tx.replace('orders', params.id, { ...order, status: 'paid' });
          await tx.create('orders', { id: 'chosen', status: 'open', total: 1 });
          await tx.create('notes', { anything: [1, 'goes'] });
          const note = await tx.get('notes', 'x');
          same<typeof note, (Record<string, unknown> & { readonly id: string }) | undefined>;
          tx.publish('sensors.7.reading', { celsius: order.total });
          tx.publish(`sensors.${params.line}.reading`, { celsius: 1 });
          tx.publish('sensors.7.reading.more', 'anything: it is not declared');
          // @ts-expect-error: a number
          tx.publish('sensors.7.reading', { celsius: '1' });
          // @ts-expect-error: a required member is missing
          tx.publish(`sensors.${params.line}.reading`, {});
          // @ts-expect-error: what has to be there is not removed
          await tx.patch('orders', params.id, { total: null });
          await tx.patch('orders', params.id, { note: null });
          return order.total;
        },
      }),
      wrongMethod: action({
        // @ts-expect-error: no such method
        method: 'HEAD',
        path: '/x/y/z',
        handler: () => 1,
      }),
      // @ts-expect-error: an action needs a handler
      without: action({ method: 'GET', path: '/x/y/w' }),
      noParams: action({
        method: 'GET',
        path: '/x/y/v',
        handler: ({ params }) => {
          // @ts-expect-error: the path has no segment that stands for something
          params.id;
          return 1;
        },
      }),
    }),
  });

const outside = () => {
  const api = defineApi({ collections, actions: (action) => ({ one: action({ method: 'GET', path: '/one/:x/y', handler: ({ params }) => params.x }) }) });
  // @ts-expect-error: no such action
  api.actions.two;
  const order: Pick<Order, 'status' | 'total'> = { status: 'open', total: 1 };
  // @ts-expect-error: none of the allowed values
  const wrong: Pick<Order, 'status'> = { status: 'lost' };
  // @ts-expect-error: indexes are fields by name
  const indexes = () => createServer({ collections: { a: { indexes: [1] } } });
  // @ts-expect-error: a schema is an object, a boolean or null
  const schema = () => createServer({ collections: { a: { schema: 'string' } } });
  // @ts-expect-error: no such member
  const topic = () => createServer({ topics: { news: { shema: {} } } });
  // @ts-expect-error: no such option
  const option = () => createServer({ ports: 1 });
  return [order, wrong, indexes, schema, topic, option];
};

test('mistakes in collections, actions and settings do not compile', () => {
  assert.equal(typeof mistakes, 'function');
  assert.equal(typeof outside, 'function');
});
