// What the examples of the reference do, in order: a shop that keeps orders, a kitchen that is told. Each step is asked of a real server
// and kept; what is only needed by a later step is asked without being kept.
import { testServer } from '../../packages/server/testing/server.ts';
import { type Json, Recorder, Talk } from './recorder.ts';
import { errorsStory } from './story-errors.ts';
import { noticesStory } from './story-notices.ts';

const ADMIN = 'the-admin-key-of-a-test';
const EVENT_STREAM = 'text/event-stream';

const ORDERS = {
  name: 'orders',
  schema: {
    type: 'object',
    required: ['total', 'status'],
    properties: { total: { type: 'number' }, status: { enum: ['open', 'paid', 'cancelled'] } },
  },
  indexes: ['status'],
};

export type Server = Awaited<ReturnType<typeof testServer>>;

const discovery = async (record: Recorder, server: Server): Promise<void> => {
  await record.http(server, { operation: 'discover' }, 'GET', '/v1', { key: '' });
  const { data } = await record.http(server, { operation: 'getChangelog', title: 'Shortened: one change of each version' }, 'GET', '/v1/changelog', {
    key: '',
  });
  for (const version of data.items) version.changes.splice(1);
  await record.http(server, { operation: 'getOpenapi' }, 'GET', '/v1/openapi.json', { hideBody: true });
  await record.http(server, { operation: 'getAsyncapi' }, 'GET', '/v1/asyncapi.json', { hideBody: true });
};

const documents = async (record: Recorder, server: Server): Promise<void> => {
  await record.http(server, { operation: 'createCollection' }, 'POST', '/v1/collections', { requestId: 'make-orders', data: ORDERS });
  await record.http(server, { operation: 'listCollections' }, 'GET', '/v1/collections');
  await record.http(server, { operation: 'getCollection' }, 'GET', '/v1/collections/orders');
  const wider = { ...ORDERS.schema, properties: { ...ORDERS.schema.properties, note: { type: 'string', maxLength: 200 } } };
  await record.http(server, { operation: 'replaceCollection' }, 'PUT', '/v1/collections/orders', { requestId: 'orders-with-notes', data: { schema: wider } });
  await server.client.ask('POST', '/v1/collections', { requestId: 'make-drafts', data: { name: 'drafts' } });
  await record.http(server, { operation: 'removeCollection' }, 'DELETE', '/v1/collections/drafts', { requestId: 'remove-drafts' });

  const order = { id: '42', total: 12.5, status: 'open' };
  const made = await record.http(server, { operation: 'createDocument' }, 'POST', '/v1/orders', { requestId: 'order-42', data: order });
  const again = { operation: 'createDocument', title: 'Sent again, it takes effect once (4.1.3)' };
  await record.http(server, again, 'POST', '/v1/orders', { requestId: 'order-42', data: order });
  await record.http(server, { operation: 'getDocument' }, 'GET', '/v1/orders/42');
  const known = { operation: 'getDocument', title: 'What the client has already is not sent again' };
  await record.http(server, known, 'GET', '/v1/orders/42', { headers: { 'if-none-match': made.headers['etag'] as string } });
  const ifMatch = { 'if-match': made.headers['etag'] as string };
  const replaced = { requestId: 'order-42-larger', data: { total: 19, status: 'open' }, headers: ifMatch };
  await record.http(server, { operation: 'replaceDocument' }, 'PUT', '/v1/orders/42', replaced);
  await record.http(server, { operation: 'patchDocument' }, 'PATCH', '/v1/orders/42', { requestId: 'order-42-paid', data: { status: 'paid' } });
  for (const id of ['43', '44']) await server.client.ask('POST', '/v1/orders', { requestId: `order-${id}`, data: { id, total: Number(id), status: 'paid' } });
  await record.http(server, { operation: 'listDocuments' }, 'GET', '/v1/orders?filter[status]=paid&filter[total][gte]=15&sort=-total&limit=2');
  await record.http(server, { operation: 'removeDocument' }, 'DELETE', '/v1/orders/44', { requestId: 'remove-44' });
};

const messages = async (record: Recorder, server: Server): Promise<void> => {
  const alert = { text: 'Table 7 waits', minutes: 12 };
  await record.http(server, { operation: 'publish' }, 'POST', '/v1/topics/alerts.kitchen/messages', { requestId: 'alert-1', data: alert });
  await record.http(server, { operation: 'readMessages' }, 'GET', '/v1/messages?topics=alerts.**,orders.42.*&after=earliest&limit=2');
  await record.http(
    server,
    { operation: 'readMessages', title: 'Waiting for the next one: a long poll (6.3.1)' },
    'GET',
    '/v1/messages?topics=alerts.**&wait=0.1',
  );
  await stream(record, server);
  // It matches all that comes behind its cursor, which therefore never moves by itself.
  const billing = { name: 'billing', topics: ['orders.**'], after: 'earliest' };
  await record.http(server, { operation: 'createSubscription' }, 'POST', '/v1/subscriptions', { requestId: 'make-billing', data: billing });
  await record.http(server, { operation: 'listSubscriptions' }, 'GET', '/v1/subscriptions');
  await record.http(server, { operation: 'getSubscription' }, 'GET', '/v1/subscriptions/billing');
  const topics = ['alerts.*', 'orders.**'];
  await record.http(server, { operation: 'replaceSubscription' }, 'PUT', '/v1/subscriptions/billing', { requestId: 'wider-billing', data: { topics } });
  const pulled = await record.http(server, { operation: 'pullSubscription' }, 'POST', '/v1/subscriptions/billing/pull', {
    requestId: 'pull-1',
    data: { limit: 1 },
  });
  const ack = { requestId: 'ack-1', data: { cursor: pulled.data.cursor } };
  await record.http(server, { operation: 'ackSubscription' }, 'POST', '/v1/subscriptions/billing/ack', ack);
};

/** The beginning of an event stream, which has no end. */
const stream = async (record: Recorder, server: Server): Promise<void> => {
  const path = '/v1/messages?topics=alerts.**&after=earliest';
  const ending = new AbortController();
  const response = await fetch(server.url + path, { headers: { authorization: `Bearer ${ADMIN}`, accept: EVENT_STREAM }, signal: ending.signal });
  let text = '';
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    // What comes with it is another matter.
    const begun = /^[\s\S]*?event: message\n.*\n.*\n\n/.exec(text)?.[0];
    if (begun === undefined) continue;
    text = begun;
    break;
  }
  ending.abort();
  const request = { method: 'GET', path, headers: { accept: EVENT_STREAM } };
  record.examples.push({ operation: 'readMessages', title: 'As an event stream (6.3.3)', request, response: { status: response.status, headers: {}, text } });
};

const sockets = async (record: Recorder, server: Server): Promise<void> => {
  const talk = new Talk(server, ADMIN);
  await talk.notice('welcome');
  record.socket({ operation: 'connect', title: 'The first message of every connection' }, talk.frames);
  record.socket({ notice: 'welcome' }, talk.frames);

  talk.frames = [];
  await talk.request('follow', 'POST', '/subscriptions', { topics: ['alerts.**'] });
  await server.client.ask('POST', '/v1/topics/alerts.bar/messages', { requestId: 'alert-2', data: { text: 'Ice is out' } });
  await talk.event();
  record.socket({ operation: 'createSubscription', title: 'An unnamed one, on a WebSocket' }, talk.frames);

  talk.frames = [];
  talk.send({ messageId: 'alert-3', type: 'event', payload: { topic: 'alerts.door', data: { text: 'A guest came' } } });
  await talk.event();
  record.socket({ topic: 'publish' }, talk.frames);
  talk.frames = [];
  await talk.request('no-such', 'GET', '/orders/none');
  record.socket({ topic: 'refused' }, talk.frames);
  await talk.request('unfollow', 'DELETE', '/subscriptions/~alerts.**', undefined, false);

  talk.frames = [];
  await talk.request('attach-1', 'POST', '/subscriptions/billing/attach');
  const { payload } = await talk.event();
  await talk.request('ack-2', 'POST', '/subscriptions/billing/ack', { cursor: payload.cursor });
  record.socket({ operation: 'attachSubscription' }, talk.frames);
  talk.frames = [];
  await talk.request('detach-1', 'POST', '/subscriptions/billing/detach');
  record.socket({ operation: 'detachSubscription' }, talk.frames);

  const connections = await record.http(server, { operation: 'listConnections' }, 'GET', '/v1/connections');
  await record.http(server, { operation: 'removeConnection' }, 'DELETE', `/v1/connections/${connections.data.items[0].id}`);
  await talk.close();
  await record.http(server, { operation: 'removeSubscription' }, 'DELETE', '/v1/subscriptions/billing', { requestId: 'no-billing' });
};

const access = async (record: Recorder, server: Server): Promise<void> => {
  const till = { name: 'The till', client: 'till', scopes: ['read:orders', 'write:orders', 'subscribe:orders.**'], limits: { operationsPerMinute: 600 } };
  const made = await record.http(server, { operation: 'createKey' }, 'POST', '/v1/keys', { requestId: 'make-till', data: till });
  await record.http(server, { operation: 'listKeys' }, 'GET', '/v1/keys');
  await record.http(server, { operation: 'getSession' }, 'GET', '/v1/session', { key: made.data.key });
  const device = { ttl: 3600, sub: 'device-7', scopes: ['subscribe:orders.**', 'read:orders'] };
  const token = async (requestId: string): Promise<Json> => (await server.as(made.data.key).ask('POST', '/v1/tokens', { requestId, data: device })).data;
  const minted = await record.http(server, { operation: 'createToken' }, 'POST', '/v1/tokens', { requestId: 'token-1', data: device, key: made.data.key });
  const talk = new Talk(server, minted.data.token);
  await talk.notice('welcome', false);
  await talk.request('renew-1', 'POST', '/session', { token: (await token('token-2')).token });
  record.socket({ operation: 'renewSession' }, talk.frames);
  await talk.close();
  await record.http(server, { operation: 'removeKey' }, 'DELETE', `/v1/keys/${made.data.id}`, { requestId: 'no-till' });
};

const batches = async (record: Recorder, server: Server): Promise<void> => {
  const operations = [
    { id: 'paid', method: 'PATCH', path: '/orders/43', data: { status: 'paid', note: 'cash' } },
    { id: 'tell', method: 'POST', path: '/topics/alerts.till/messages', data: { paid: '43' } },
  ];
  const whole = { operation: 'batch', title: 'All or nothing' };
  await record.http(server, whole, 'POST', '/v1/batch', { requestId: 'pay-43', data: { mode: 'atomic', operations } });
  const some = [
    { id: 'one', method: 'GET', path: '/orders/43' },
    { id: 'two', method: 'GET', path: '/orders/none' },
  ];
  await record.http(server, { operation: 'batch', title: 'Each by itself' }, 'POST', '/v1/batch', { requestId: 'two-orders', data: { operations: some } });
};

/** Runs all of it on servers of its own and resolves with what was kept. */
export const runStory = async (): Promise<Recorder['examples']> => {
  const record = new Recorder();
  const server = await testServer({ adminKey: ADMIN, console: false });
  try {
    for (const part of [discovery, documents, messages, sockets, access, batches]) await part(record, server);
    // What is measured between two looks is there from the second on.
    await server.client.ask('GET', '/v1/stats');
    await record.http(server, { operation: 'getStats' }, 'GET', '/v1/stats');
    await errorsStory(record, server);
  } finally {
    await server.close();
  }
  await noticesStory(record);
  return record.examples;
};
