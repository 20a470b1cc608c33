import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example } from './example.ts';
import { judge } from './judge.ts';

test('a start holds what is required, by examples, defaults and first choices', () => {
  const schema = {
    type: 'object',
    required: ['total', 'status', 'lines', 'buyer'],
    properties: {
      total: { type: 'number', minimum: 1 },
      status: { enum: ['open', 'paid'] },
      lines: { type: 'array', minItems: 1, items: { $ref: '#/$defs/line' } },
      buyer: { type: 'object', properties: { name: { type: 'string', examples: ['Ada'] } } },
      note: { type: 'string' },
    },
    $defs: { line: { type: 'object', required: ['count'], properties: { count: { type: 'integer', default: 2 } } } },
  };
  assert.deepEqual(example(schema), { total: 1, status: 'open', lines: [{ count: 2 }], buyer: { name: 'Ada' } });
  assert.deepEqual(judge(schema, example(schema)), []);
});

test('what says nothing is an empty object; what goes round ends', () => {
  assert.deepEqual([example(undefined), example(true), example({})], [{}, {}, {}]);
  assert.ok(
    JSON.stringify(example({ $ref: '#/$defs/a', $defs: { a: { type: 'object', required: ['a'], properties: { a: { $ref: '#/$defs/a' } } } } })).length < 200,
  );
});
