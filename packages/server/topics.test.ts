// Declared topics (docs/decisions/0009): what is published to one keeps its schema, whichever way it comes; what is not declared is free; and what cannot be
// declared is refused at the start.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Type from 'typebox';
import { createServer, defineApi, type TopicDefinitions } from './index.ts';
import { httpClient } from './testing/http.ts';
import { ADMIN_KEY, startProcess } from './testing/process.ts';
import { KEY, type TestServer, testServer } from './testing/server.ts';
import { messagesOf } from './testing/story.ts';

const READING = {
  type: 'object',
  required: ['celsius'],
  properties: { celsius: { type: 'number' }, at: { type: 'string', format: 'date-time' } },
  additionalProperties: false,
} as const;

const api = defineApi({
  collections: { orders: {} },
  topics: {
    'sensors.*.reading': { schema: READING, summary: 'What a sensor measured' },
    'sensors.7.**': { schema: { not: { required: ['broken'] }, properties: { celsius: { maximum: 100 } } } },
    'alerts.*': { schema: Type.Object({ text: Type.String({ minLength: 1 }) }) },
    'sealed.box': { schema: false },
    'open.*': { schema: true },
    'named.only': {},
  },
  actions: (action) => ({
    measure: action({
      method: 'POST',
      path: '/measure/:sensor',
      scope: 'any',
      data: { type: 'object', required: ['celsius'] },
      handler: async ({ params, data, tx }) => {
        await tx.create('orders', {});
        tx.publish(`sensors.${params.sensor}.reading`, data as { celsius: number });
      },
    }),
    now: action({
      method: 'POST',
      path: '/measure/now',
      handler: ({ tx }) => tx.publish('sensors.1.reading', { celsius: 1, at: new Date(0) as unknown as string }),
    }),
  }),
});

let server: TestServer;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'godwit-topics-'));
  server = await testServer(api);
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const post = (topic: string, data: unknown, requestId?: string) =>
  server.client.ask('POST', `/v1/topics/${topic}/messages`, { data, ...(requestId === undefined ? {} : { requestId }) });
const fields = (error: { details: { errors: { field: string }[] } }): string[] => error.details.errors.map(({ field }) => field).sort();
const topics = async (): Promise<string[]> => (await messagesOf(server.client)).map(({ topic }) => topic);

interface Socket {
  send(type: 'request' | 'event', messageId: string, payload: object): void;
  /** The response to a message. */
  answer(
    messageId: string,
  ): Promise<{ statusCode: number; headers?: Record<string, string>; data?: { messageId: string }; error: { code: string; details: never } }>;
  close(): void;
}

const connect = async (url: string): Promise<Socket> => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`, ['godwit.v1', `bearer.${KEY}`]);
  const answers = new Map<string, unknown>();
  const waiting = new Map<string, (payload: never) => void>();
  socket.onmessage = ({ data }) => {
    const { type, payload } = JSON.parse(String(data));
    if (type !== 'response') return;
    answers.set(payload.requestId, payload);
    waiting.get(payload.requestId)?.(payload as never);
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  return {
    send: (type, messageId, payload) => socket.send(JSON.stringify({ messageId, type, payload })),
    answer: (messageId) => new Promise((resolve) => (answers.has(messageId) ? resolve(answers.get(messageId) as never) : waiting.set(messageId, resolve))),
    close: () => socket.close(),
  };
};

test('over HTTP: every field at fault is named, by every pattern that matches; nothing is published', async () => {
  assert.equal((await post('sensors.1.reading', { celsius: 200 })).status, 201);
  const wrong = await post('sensors.1.reading', { celsius: 'warm', more: 1, at: 'now' });
  assert.deepEqual([wrong.status, wrong.code], [422, 'VALIDATION_FAILED']);
  assert.deepEqual(fields(wrong.body.error), ['/data/at', '/data/celsius', '/data/more']);
  assert.equal(wrong.body.error.details.field, wrong.body.error.details.errors[0].field);
  const both = await post('sensors.7.reading', { celsius: 200, broken: true });
  assert.deepEqual(fields(both.body.error), ['/data', '/data/broken', '/data/celsius']);
  assert.equal((await post('alerts.fire', { text: '' })).status, 422);
  assert.equal((await post('alerts.fire', { text: 'out' })).status, 201);
  assert.deepEqual(fields((await post('sealed.box', null)).body.error), ['/data']);
  // What is declared without a schema, and what is not declared, is free.
  for (const topic of ['open.1', 'named.only', 'sensors', 'sensors.1.reading.more', 'alerts.a.b', 'alerts', 'elsewhere'])
    assert.equal((await post(topic, [topic])).status, 201, topic);
  assert.deepEqual((await topics()).slice(0, 2), ['sensors.1.reading', 'alerts.fire']);
  assert.equal((await topics()).length, 9);
});

test('over a WebSocket: requests and unconfirmed events', async () => {
  const before = (await topics()).length;
  const socket = await connect(server.url);
  socket.send('request', 'w1', { method: 'POST', path: '/topics/sensors.7.reading/messages', data: { celsius: 200, broken: true } });
  const both = await socket.answer('w1');
  assert.deepEqual([both.statusCode, fields(both.error)], [422, ['/data', '/data/broken', '/data/celsius']]);
  socket.send('event', 'w2', { topic: 'sensors.7.reading', data: { celsius: '1' } });
  const event = await socket.answer('w2');
  assert.deepEqual([event.statusCode, fields(event.error)], [422, ['/payload/data/celsius']]);
  socket.send('event', 'w3', { topic: 'sensors.7.reading', data: { celsius: 3 } });
  socket.send('request', 'w4', { method: 'POST', path: '/topics/sensors.7.reading/messages', data: { celsius: 4 } });
  assert.equal((await socket.answer('w4')).statusCode, 201);
  socket.close();
  assert.deepEqual(
    (await messagesOf(server.client)).slice(before).map(({ data }) => data),
    [{ celsius: 3 }, { celsius: 4 }],
  );
});

test('in batches, and from actions', async () => {
  const before = (await topics()).length;
  const operations = [
    { method: 'POST', path: '/topics/alerts.a/messages', data: { text: 'a' } },
    { method: 'POST', path: '/topics/alerts.b/messages', data: { text: 1 } },
  ];
  const partial = await server.client.ask('POST', '/v1/batch', { data: { operations } });
  assert.deepEqual([partial.status, partial.data.results[1].statusCode, fields(partial.data.results[1].error)], [207, 422, ['/data/text']]);
  const atomic = await server.client.ask('POST', '/v1/batch', { data: { mode: 'atomic', operations } });
  assert.deepEqual([atomic.status, atomic.code, atomic.body.error.details.index], [422, 'BATCH_FAILED', 1]);
  const refused = await server.client.ask('POST', '/v1/measure/7', { data: { celsius: 101 } });
  assert.deepEqual([refused.status, fields(refused.body.error)], [422, ['/data/celsius']]);
  assert.deepEqual((await topics()).slice(before), ['alerts.a'], 'the action’s document is not made either');
  assert.equal((await server.client.ask('POST', '/v1/measure/7', { data: { celsius: 100 } })).status, 200);
  // Judged as it will be read.
  assert.equal((await server.client.ask('POST', '/v1/measure/now', { data: null })).status, 200);
  assert.deepEqual((await messagesOf(server.client)).at(-1)?.data, { celsius: 1, at: '1970-01-01T00:00:00.000Z' });
});

test('4.1.3: what was published before its topic was declared is a replay all the same', async () => {
  const data = join(folder, 'replay');
  const request = { method: 'POST', path: '/topics/news/messages', data: 1 };
  const started = async (topics: TopicDefinitions): Promise<[TestServer, Socket]> => {
    const started = await testServer({ data, topics });
    return [started, await connect(started.url)];
  };
  const [first, one] = await started({});
  one.send('request', 'r1', request);
  const published = (await one.answer('r1')).data;
  one.close();
  await first.close();
  const [second, other] = await started({ news: { schema: { type: 'string' } } });
  other.send('request', 'r1', request);
  const again = await other.answer('r1');
  assert.deepEqual([again.statusCode, again.headers?.['x-idempotent-replay'], again.data], [201, 'true', published]);
  const http = await second.client.ask('POST', '/v1/topics/news/messages', { data: 1, requestId: 'r1' });
  assert.deepEqual([http.status, http.replayed, http.data], [201, true, published]);
  other.send('request', 'r2', request);
  assert.equal((await other.answer('r2')).statusCode, 422);
  other.close();
  await second.close();
});

test('what cannot be declared is refused with a sentence that names it', async () => {
  const data = join(folder, 'refused');
  const refusal = async (topics: unknown, collections = {}): Promise<string> => {
    try {
      await (await createServer({ data, port: 0, collections, topics: topics as TopicDefinitions })).close();
    } catch (error) {
      return (error as Error).message;
    }
    return 'taken';
  };
  for (const [topics, said] of [
    [{ $sys: {} }, /The topic \$sys is one of the server’s own/],
    [{ 'a..b': {} }, /The topic a\.\.b is no topic or pattern/],
    [{ 'a.**.b': {} }, /The topic a\.\*\*\.b is no topic or pattern/],
    [{ 'a b': {} }, /The topic a b is no topic or pattern/],
    [{ a: null }, /The topic a must be an object \{schema, summary\}/],
    [{ a: [] }, /The topic a must be an object/],
    [{ a: { shema: {} } }, /The topic a has a member "shema", which is neither schema nor summary/],
    [{ a: { schema: 'string' } }, /The topic a needs a JSON Schema/],
    [{ a: { schema: { type: 'strin' } } }, /The topic a has a schema that is not a JSON Schema/],
    [{ a: { schema: { $ref: 'https://example.com/x' } } }, /The topic a has a schema .* stands by itself/],
    [{ a: { summary: 1 } }, /The topic a needs a text as its summary/],
  ] as const)
    assert.match(await refusal(topics), said, JSON.stringify(topics));
  const owned = /begins with orders cannot be declared: orders is a collection/;
  assert.match(await refusal({ 'orders.*.updated': {} }, { orders: {} }), owned);
  assert.match(await refusal({ orders: {} }, { orders: {} }), owned);
  assert.equal(await refusal({ 'orders.*': {} }), 'taken', 'the start that was refused has made no collection');
  assert.equal(await refusal({ '*.updated': { schema: false }, '**': {} }, { orders: {} }), 'taken');
  assert.match(await refusal({ 'orders.**': {} }), owned, 'that of the store counts too');
});

test('3.2.5: no collection gets the name with which a declared topic begins; one that a wildcard matches stays the server’s', async () => {
  const made = await server.client.ask('POST', '/v1/collections', { data: { name: 'sensors' } });
  assert.deepEqual([made.status, made.code], [409, 'CONFLICT']);
  assert.match(made.body.error.message, /declares topics that begin with sensors/);
  const data = join(folder, 'wild');
  const wild = await testServer({ data, collections: { orders: {} }, topics: { '**': { schema: { type: 'string' } } } });
  assert.equal((await wild.client.ask('POST', '/v1/orders', { data: {} })).status, 201, 'a change is no publish');
  assert.equal((await wild.client.ask('POST', '/v1/topics/orders.1.x/messages', { data: 'x' })).status, 403);
  await wild.close();
});

test('11.3: AsyncAPI tells of a declared topic to whoever may publish or subscribe to some of it', async () => {
  const seen = async (...scopes: string[]): Promise<string[]> => {
    const { key } = (await server.client.ask('POST', '/v1/keys', { data: { scopes } })).data;
    const { channels } = (await server.as(key).ask('GET', '/v1/asyncapi.json')).body;
    return Object.values<{ 'x-pattern'?: string }>(channels).flatMap((channel) => channel['x-pattern'] ?? []);
  };
  const all = ['sensors.*.reading', 'sensors.7.**', 'alerts.*', 'sealed.box', 'open.*', 'named.only'];
  assert.deepEqual(await seen('admin'), all);
  assert.deepEqual(await seen('subscribe:**'), all);
  assert.deepEqual(await seen('publish:sensors.7.*'), ['sensors.*.reading', 'sensors.7.**']);
  assert.deepEqual(await seen('publish:sensors.8.*', 'subscribe:sealed.**'), ['sensors.*.reading', 'sealed.box']);
  assert.deepEqual(await seen('read:sensors', 'publish:sensors'), []);
  const stranger = (await server.as('').ask('GET', '/v1/asyncapi.json')).body;
  assert.equal(stranger.channels['topics.named.only'], undefined);
});

test('13: a configuration file in JSON says the same', async () => {
  const cwd = await mkdtemp(join(folder, 'config-'));
  await writeFile(join(cwd, 'godwit.config.json'), JSON.stringify({ topics: { 'news.*': { schema: { type: 'string' } } } }));
  const running = await startProcess({ data: join(cwd, 'data'), cwd });
  const client = httpClient(running.url, ADMIN_KEY);
  assert.equal((await client.ask('POST', '/v1/topics/news.a/messages', { data: 1 })).status, 422);
  assert.equal((await client.ask('POST', '/v1/topics/news.a/messages', { data: 'a' })).status, 201);
  client.close();
  running.kill();
  assert.equal((await running.exited).code, 0);
  await writeFile(join(cwd, 'godwit.config.json'), JSON.stringify({ topics: { 'news.*': { shema: {} } } }));
  const refused = await startProcess({ data: join(cwd, 'data'), cwd });
  assert.notEqual((await refused.exited).code, 0);
  assert.match(refused.stderr(), /The topic news\.\* has a member "shema"/);
});
