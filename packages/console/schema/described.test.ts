// Read from what the server itself would say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '@godwit/protocol';
import { asyncapi } from '../../server/core/asyncapi.ts';
import { readDescription, schemaOfCollection, schemaOfTopic } from './described.ts';
import { example } from './example.ts';
import { judge } from './judge.ts';

const ORDER = { type: 'object', required: ['total'], properties: { total: { type: 'number' } } };
const READING = {
  type: 'object',
  required: ['celsius'],
  properties: { celsius: { $ref: '#/$defs/degrees' } },
  $defs: { degrees: { type: 'number', minimum: -90 } },
};
const root = JSON.parse(
  JSON.stringify(
    asyncapi({
      serverVersion: '0.0.0',
      limits: defaultSettings(),
      collections: [{ name: 'orders', schema: ORDER, indexes: [], createdAt: 0, updatedAt: 0 } as never],
      topics: [
        { pattern: 'sensors.*.reading', schema: READING, summary: undefined },
        { pattern: 'sensors.**', schema: null, summary: undefined },
      ],
    }),
  ),
);
const described = readDescription(root);

test('the declared topics are known by their patterns, with the schema of their data', () => {
  const topic = schemaOfTopic(described, 'sensors.roof.reading');
  assert.equal(topic?.pattern, 'sensors.*.reading', 'the narrower of two');
  assert.deepEqual(
    judge(topic.schema, { celsius: -100 }, root).map(({ at }) => at),
    ['/celsius'],
  );
  assert.deepEqual(judge(topic.schema, example(topic.schema, root), root), []);
  assert.equal(schemaOfTopic(described, 'sensors.roof')?.pattern, 'sensors.**');
  assert.equal(schemaOfTopic(described, 'elsewhere'), undefined);
});

test('the changes of a collection are topics too, and its schema is that of its own members', () => {
  assert.equal(schemaOfTopic(described, 'orders.42.created')?.pattern, 'orders.*.created');
  assert.deepEqual(schemaOfCollection(described, 'orders'), ORDER);
  assert.equal(schemaOfCollection(described, 'others'), undefined);
});

test('what is no such document tells nothing', () => {
  for (const nothing of [undefined, null, 1, {}, { channels: { a: null, b: { address: 5 } } }]) assert.deepEqual(readDescription(nothing).topics, []);
});
