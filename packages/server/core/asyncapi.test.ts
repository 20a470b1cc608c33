// The AsyncAPI document (3.1.3): valid by its own specification, whole, and its examples keep the shapes that they are examples of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOSE_CODES, defaultSettings, NOTICES } from '@godwit/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formatsPlugin from 'ajv-formats';
import { asyncapi } from './asyncapi.ts';

// biome-ignore lint/suspicious/noExplicitAny: the document is walked as plain JSON.
type Doc = any;

const input = {
  serverVersion: '0.1.0',
  limits: defaultSettings(),
  collections: [
    {
      name: 'orders',
      schema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        required: ['item'],
        properties: { item: { $ref: '#/$defs/item' }, parent: { $ref: '#' } },
        additionalProperties: false,
        $defs: { item: { type: 'string', minLength: 1 } },
        examples: [{ item: 'tea' }],
      },
    },
    { name: 'notes', schema: null },
    { name: 'closed', schema: false },
  ],
  topics: [
    {
      pattern: 'sensors.*.reading',
      schema: {
        $id: 'urn:reading',
        type: 'object',
        required: ['celsius'],
        properties: { celsius: { type: 'number' }, of: { $ref: '#' } },
        examples: [{ celsius: 21.5 }],
      },
      summary: 'What a sensor measured',
    },
    { pattern: 'sensors.any.reading', schema: null, summary: undefined },
    { pattern: 'alerts.**', schema: { type: 'string', examples: ['fire'] }, summary: undefined },
    { pattern: 'news', schema: true, summary: undefined },
    { pattern: 'never', schema: false, summary: undefined },
    { pattern: '**', schema: { examples: [1] }, summary: undefined },
  ],
};
const doc: Doc = JSON.parse(JSON.stringify(asyncapi(input)));

const resolve = (ref: string): Doc =>
  ref
    .slice(2)
    .split('/')
    .reduce<Doc>((at, segment) => at?.[segment.replaceAll('~1', '/').replaceAll('~0', '~')], doc);

const references = function* (value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [member, part] of Object.entries(value)) {
    if (member === '$ref' && typeof part === 'string') yield part;
    else yield* references(part);
  }
};

const addFormats = formatsPlugin as unknown as typeof formatsPlugin.default;
const ajv = new Ajv2020({ strict: false });
addFormats(ajv);
ajv.addSchema(doc, 'doc:');
const judge = (message: string): ((value: unknown) => boolean) => {
  const check = ajv.getSchema(`doc:#/components/messages/${message}/payload`);
  assert(check !== undefined, message);
  return (value) => check(value) === true;
};

// Held in a variable: its declarations name packages that have none.
const parser = '@asyncapi/parser';

test('the document is valid AsyncAPI 3.0, with collections and without', async () => {
  const { Parser } = await import(parser);
  for (const { collections, topics } of [input, { collections: [], topics: [] }]) {
    const { document, diagnostics } = await new Parser().parse(JSON.stringify(asyncapi({ ...input, collections, topics })));
    // 0: errors, 1: warnings.
    const faults = (diagnostics as Doc[]).filter(({ severity }) => severity <= 1);
    assert.deepEqual(
      faults.map(({ code, message, path }) => `${code} ${path.join('.')}: ${message}`),
      [],
    );
    assert(document !== undefined);
  }
});

test('every reference leads somewhere', () => {
  const seen = new Set(references(doc));
  assert(seen.size > 30);
  for (const ref of seen) assert(ref.startsWith('#/') && resolve(ref) !== undefined, ref);
  for (const name of Object.keys(doc.components.messages)) assert(seen.has(`#/components/messages/${name}`), name);
});

test('the WebSocket: both ways, every notice, every close code; a response names its request', () => {
  const { socket } = doc.channels;
  assert.equal(socket.address, '/v1/ws');
  assert.deepEqual(
    Object.keys(socket.messages).sort(),
    ['event', 'publish', 'request', 'response', ...Object.keys(NOTICES).map((name) => `notice.${name}`)].sort(),
  );
  assert.deepEqual(Object.keys(socket['x-close-codes']), Object.keys(CLOSE_CODES));
  assert.deepEqual(
    ['request', 'publish', 'response', 'event', 'notice.gap', 'stream', 'orders.created'].map((name) => doc.operations[name].action),
    ['receive', 'receive', 'send', 'send', 'send', 'send', 'send'],
  );
  assert.deepEqual(doc.operations.request.reply.messages, [{ $ref: '#/channels/socket/messages/response' }]);
  assert.equal(doc.components.messages.request.correlationId.location, '$message.payload#/messageId');
  assert.equal(doc.components.messages.response.correlationId.location, '$message.payload#/payload/requestId');
  for (const operation of Object.values<Doc>(doc.operations)) {
    // Each names messages of its own channel.
    for (const { $ref } of operation.messages) assert($ref.startsWith(`${operation.channel.$ref}/messages/`), $ref);
  }
});

test('the topics of a collection carry its documents', () => {
  const kept = { id: 'a', version: 1, createdAt: '2026-11-22T10:00:00.000Z', updatedAt: '2026-11-22T10:00:00.000Z' };
  assert.deepEqual(
    ['created', 'updated', 'deleted'].map((change) => doc.channels[`orders.${change}`].address),
    ['orders.{id}.created', 'orders.{id}.updated', 'orders.{id}.deleted'],
  );
  const event = (topic: string, data: object): object => ({
    messageId: 'm',
    type: 'event',
    payload: { subscription: '~orders.**', topic, cursor: 'c', data },
    timestamp: kept.createdAt,
  });
  const created = judge('orders.created');
  const data = { change: 'created', id: 'a', version: 1, document: { ...kept, item: 'tea', parent: { item: 'x' } } };
  assert(created(event('orders.a.created', data)));
  assert(!created(event('orders.a.updated', data)) && !created(event('orders.a.created', { ...data, document: kept })));
  assert(!created(event('orders.a.created', { ...data, document: { ...data.document, more: 1 } })));
  assert(judge('orders.deleted')(event('orders.a.deleted', { change: 'deleted', id: 'a', version: 2, document: null })));
});

test('a declared topic carries what its schema says, both ways', () => {
  const channel = doc.channels['topics.sensors.any.reading'];
  assert.deepEqual([channel.address, channel['x-pattern'], Object.keys(channel.parameters)], ['sensors.{segment2}.reading', 'sensors.*.reading', ['segment2']]);
  assert.match(channel.description, /^What a sensor measured\. /);
  assert.equal(doc.channels['topics.alerts.rest'].address, 'alerts.{rest}');
  assert.equal(doc.channels['topics.news'].parameters, undefined);
  // Another pattern that would be spelled the same.
  assert.equal(doc.channels['topics.sensors.any.reading.2']['x-pattern'], 'sensors.any.reading');
  assert.deepEqual(
    ['topics.sensors.any.reading', 'messages.sensors.any.reading'].map((name) => doc.operations[name].action),
    ['send', 'receive'],
  );
  const told = (topic: string, data: unknown): object => ({
    messageId: 'm',
    type: 'event',
    payload: { subscription: 's', topic, cursor: 'c', data },
    timestamp: '2026-11-22T10:00:00.000Z',
  });
  const reading = judge('topics.sensors.any.reading');
  assert(reading(told('sensors.7.reading', { celsius: 1, of: { celsius: 2 } })));
  assert(!reading(told('sensors.7.reading', { celsius: '1' })) && !reading(told('sensors.7.reading', { celsius: 1, of: {} })));
  assert(!reading(told('sensors.7.8.reading', { celsius: 1 })) && !reading(told('sensors.7xreading', { celsius: 1 })));
  const alert = judge('topics.alerts.rest');
  assert(alert(told('alerts.a', 'x')) && alert(told('alerts.a.b', 'x')) && !alert(told('alerts', 'x')) && !alert(told('alerts.a', 1)));
  const publish = judge('messages.alerts.rest');
  assert(publish({ messageId: 'm', type: 'event', payload: { topic: 'alerts.a', data: 'x' } }));
  assert(!publish({ messageId: 'm', type: 'event', payload: { topic: 'alerts.a', data: 1 } }));
  assert(!judge('topics.never')(told('never', 1)) && judge('topics.news')(told('news', 1)));
});

test('the examples keep their shapes', () => {
  let examples = 0;
  for (const [name, message] of Object.entries<Doc>(doc.components.messages)) {
    const keeps = judge(name);
    for (const { payload } of message.examples ?? []) {
      assert(keeps(payload), `${name} ${JSON.stringify(payload)}`);
      examples++;
    }
  }
  assert(examples >= 15, String(examples));
});

test('it is pure, and says the same twice', () => {
  assert.equal(JSON.stringify(asyncapi(input)), JSON.stringify(asyncapi(input)));
});
