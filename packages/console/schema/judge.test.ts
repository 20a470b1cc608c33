// Each verdict is held against ajv, which compiles the same schema.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { judge } from './judge.ts';

const SCHEMAS: readonly Record<string, unknown>[] = [
  { type: 'object', required: ['total', 'status'], properties: { total: { type: 'number', minimum: 0 }, status: { enum: ['open', 'paid'] } } },
  { type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: false },
  { type: 'object', patternProperties: { '^x': { type: 'string', minLength: 2 } }, additionalProperties: { type: 'boolean' } },
  { type: ['string', 'null'], maxLength: 3, pattern: '^[a-c]*$' },
  { type: 'array', items: { type: 'number', exclusiveMaximum: 5 }, minItems: 1, maxItems: 3, uniqueItems: true },
  { prefixItems: [{ type: 'string' }, { type: 'number' }], items: false },
  { anyOf: [{ type: 'string' }, { type: 'number', multipleOf: 2 }] },
  { oneOf: [{ type: 'number' }, { type: 'integer' }, { type: 'string' }] },
  { allOf: [{ type: 'object' }, { required: ['a'] }], not: { required: ['b'] } },
  { const: { a: [1, { b: null }] } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  { if: { type: 'string' }, then: { minLength: 2 }, else: { type: 'number' } },
  {
    $ref: '#/$defs/node',
    $defs: { node: { type: 'object', properties: { a: { $ref: '#/$defs/node' }, b: { type: 'number' } }, additionalProperties: false } },
  },
  { type: 'array', contains: { type: 'string' } },
  { type: 'object', propertyNames: { maxLength: 1 }, minProperties: 1, maxProperties: 2, dependentRequired: { a: ['b'] } },
  { exclusiveMinimum: -1, maximum: 3 },
];

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  1,
  2,
  2.5,
  -1,
  5,
  'a',
  'ab',
  'abcd',
  '',
  'z',
  '😀😀',
  [],
  [1],
  [1, 1],
  [1, 2, 3, 4],
  ['x', 1],
  ['x', 'y'],
  ['x', 1, 2],
  [6],
  {},
  { a: 1 },
  { a: 'x' },
  { b: 1 },
  { a: 1, b: 2 },
  { a: { a: { b: 1 } } },
  { a: { a: { c: 1 } } },
  { x: 'aa' },
  { x: 'a' },
  { y: true },
  { y: 1 },
  { total: 1, status: 'open' },
  { total: -1, status: 'open' },
  { total: 1, status: 'no' },
  { total: 1 },
  { a: [1, { b: null }] },
  { long: 1 },
  { a: 1, b: 1, c: 1 },
];

const ajv = new Ajv2020({ strict: false });

test('the usual keywords: the same verdict as ajv on every value', () => {
  for (const schema of SCHEMAS) {
    const validate = ajv.compile(schema);
    for (const value of VALUES) assert.equal(judge(schema, value).length === 0, validate(value), `${JSON.stringify(schema)} on ${JSON.stringify(value)}`);
  }
});

test('and on values at random', () => {
  // ajv divides doubles; the server and the page take numbers for the decimals that they are written as.
  const compiled = SCHEMAS.filter((schema) => !JSON.stringify(schema).includes('multipleOf')).map((schema) => [schema, ajv.compile(schema)] as const);
  fc.assert(
    // ajv compares by a `toString` that a value may have as a member of its own.
    fc.property(
      fc.jsonValue({ maxDepth: 3 }).filter((value) => !/toString|valueOf/.test(JSON.stringify(value))),
      (value) => {
        for (const [schema, validate] of compiled)
          assert.equal(judge(schema, value).length === 0, validate(value), `${JSON.stringify(schema)} on ${JSON.stringify(value)}`);
      },
    ),
    { numRuns: 300 },
  );
});

test('3.2.5: a multiple is one by its decimal, as the server has it', () => {
  for (const price of [19.99, 0.07, 4.35, 1e300]) assert.deepEqual(judge({ multipleOf: 0.01 }, price), []);
  for (const price of [19.995, 1e-7, Number.POSITIVE_INFINITY]) assert.equal(judge({ multipleOf: 0.01 }, price).length, 1);
});

test('a fault says where and what; no schema finds none; references into another document are followed', () => {
  assert.deepEqual(judge(SCHEMAS[0], { total: 'x' }), [
    { at: '/status', message: 'is required' },
    { at: '/total', message: 'must be number, not string' },
  ]);
  assert.deepEqual(judge({ properties: { 'a/b': { type: 'string' } } }, { 'a/b': 1 }), [{ at: '/a~1b', message: 'must be string, not number' }]);
  assert.deepEqual(judge(null, { any: 1 }), []);
  const root = { components: { schemas: { 'orders.Schema': { type: 'string' } } } };
  assert.equal(judge({ $ref: '#/components/schemas/orders.Schema' }, 1, root).length, 1);
  assert.deepEqual(judge({ $ref: '#' }, 1), [], 'a reference that goes round ends');
});
