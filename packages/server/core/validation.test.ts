// JSON Schema as the judge of what comes in (3.2.5, 8.1.1): each field at fault by its pointer, within bounds; schemas that are none or reach elsewhere are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import { judgeSchema } from './validation.ts';

const complaints = (schema: Record<string, unknown>, value: unknown): string[] => {
  try {
    judgeSchema(schema)(value, '/data');
  } catch (error) {
    assert(error instanceof ProtocolError && error.code === 'VALIDATION_FAILED', String(error));
    assert.equal(error.details.field, error.details.errors?.[0]?.field);
    return (error.details.errors ?? []).map(({ field, message }) => `${field} ${message}`);
  }
  return [];
};

const ORDER = {
  type: 'object',
  required: ['status', 'a/b'],
  properties: {
    status: { enum: ['new', 'paid'] },
    'a/b': { type: 'string', minLength: 2 },
    lines: { type: 'array', items: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } },
    when: { type: 'string', format: 'date-time' },
    fixed: { const: 7 },
    either: { type: ['string', 'null'] },
  },
  additionalProperties: false,
};

test('3.2.5: what a pattern says is judged at once, whatever the text', () => {
  const schema = { properties: { x: { pattern: '^(a+)+$' } }, patternProperties: { '^(b+)+$': false } };
  assert.deepEqual(complaints(schema, { x: `${'a'.repeat(1000)}!`, [`${'b'.repeat(1000)}!`]: 1 }), ['/data/x must match pattern "^(a+)+$"']);
  assert.deepEqual(complaints(schema, { x: 'aaa' }), []);
});

test('3.2.5, 8.1.1: every field at fault is named', () => {
  assert.deepEqual(complaints(ORDER, { status: 'new', 'a/b': 'xy', lines: [{ n: 1 }], when: '2026-11-22T10:00:00Z', fixed: 7, either: null }), []);
  assert.deepEqual(complaints(ORDER, { status: 'x', lines: [{ n: 1 }, {}, { n: 1.5 }], 'x~y': 1, when: 'now', fixed: 8, either: 1 }).sort(), [
    '/data/a~1b is required',
    '/data/either must be of type string or null',
    '/data/fixed must be 7',
    '/data/lines/1/n is required',
    '/data/lines/2/n must be of type integer',
    '/data/status must be one of ["new","paid"]',
    '/data/when must match format "date-time"',
    '/data/x~0y is not a member that is known here',
  ]);
  assert.deepEqual(complaints({ type: 'object' }, []), ['/data must be of type object']);
});

test('3.2.5: a multiple is one by its decimal, not by the double that stands for it', () => {
  const price = { type: 'object', properties: { price: { type: 'number', multipleOf: 0.01 } } };
  for (const right of [19.99, 0.07, 4.35, 100, 1e300]) assert.deepEqual(complaints(price, { price: right }), []);
  assert.deepEqual(complaints(price, { price: 19.995 }), ['/data/price must be multiple of 0.01']);
  assert.deepEqual(complaints({ multipleOf: 2 }, 'no number'), []);
  for (const none of [0, -1, '0.01']) assert.throws(() => judgeSchema({ multipleOf: none }), /schema is invalid/);
});

test('members that objects have from elsewhere are not taken for the document’s', () => {
  assert.deepEqual(complaints({ type: 'object', required: ['toString', 'constructor'] }, {}), ['/data/toString is required', '/data/constructor is required']);
  assert.deepEqual(complaints({ type: 'object', additionalProperties: false }, { constructor: 1 }), ['/data/constructor is not a member that is known here']);
});

test('8.1.1: a page of complaints is enough, however much is wrong, and one where very much is', () => {
  const strings = { type: 'array', items: { type: 'string' } };
  assert.equal(
    complaints(
      strings,
      Array.from({ length: 5000 }, () => 1),
    ).length,
    100,
  );
  assert.deepEqual(
    complaints(
      strings,
      Array.from({ length: 2_000_000 }, () => 1),
    ),
    ['/data/0 must be of type string'],
  );
  assert.deepEqual(complaints({ additionalProperties: { type: 'string' } }, { a: { b: Array.from({ length: 20_000 }, () => 1) } }), [
    '/data/a must be of type string',
  ]);
  assert.deepEqual(
    complaints(
      strings,
      Array.from({ length: 20_000 }, () => 'x'),
    ),
    [],
  );
});

test('3.2.5: items that must be unique are looked at once each', () => {
  const unique = { uniqueItems: true };
  assert.deepEqual(
    complaints(
      unique,
      Array.from({ length: 200_000 }, (_, n) => ({ n })),
    ),
    [],
  );
  for (const items of [
    [1, '1', true, 'true', null, 'null', '"1', {}, [], '{}', '[]', { a: 1 }, { a: '1' }, [1], ['1']],
    [
      [1, [2]],
      [[1], 2],
    ],
    [],
  ])
    assert.deepEqual(complaints(unique, items), []);
  for (const items of [
    [1, 1],
    [0, -0],
    ['a', 'b', 'a'],
    [
      { a: 1, b: [{ c: 1, d: 2 }] },
      { b: [{ d: 2, c: 1 }], a: 1 },
    ],
    [null, null],
    [[], []],
  ]) {
    assert.deepEqual(complaints(unique, items), ['/data must not have an item twice']);
  }
  assert.deepEqual(complaints({ uniqueItems: false }, [1, 1]), []);
  assert.deepEqual(complaints(unique, 'text'), []);
});

test('3.2.5: a schema that turns in a circle refuses, and does not fail', () => {
  const circle = { $defs: { x: { allOf: [{ $ref: '#/$defs/x' }] } }, properties: { a: { $ref: '#/$defs/x' } } };
  assert.deepEqual(complaints(circle, { b: 1 }), []);
  assert.deepEqual(complaints(circle, { a: 1 }), ['/data cannot be judged: its schema refers to itself without end']);
});

test('3.2.5: what is no schema, or does not stand by itself, is refused', () => {
  for (const schema of [
    { type: 'strin' },
    { properties: 1 },
    { $ref: '#/$defs/none' },
    { $ref: 'https://example.com/schema' },
    { $ref: 'other.json' },
    { $async: true, type: 'object' },
    { pattern: '(' },
    { properties: { loop: { $ref: '#/properties/loop' } } },
    { $schema: 'http://json-schema.org/draft-04/schema#' },
  ]) {
    assert.throws(() => judgeSchema(schema), Error, JSON.stringify(schema));
  }
  // Two schemas of one name do not meet.
  judgeSchema({ $id: 'https://example.com/one', type: 'string' });
  judgeSchema({ $id: 'https://example.com/one', type: 'number' });
  judgeSchema(true);
  assert.throws(() => judgeSchema(false)({}, '/data'), ProtocolError);
});

test('3.2.5: a schema that speaks of itself judges deep values', () => {
  const tree = { type: 'object', properties: { child: { $ref: '#' } }, additionalProperties: false };
  let value: unknown = { wrong: 1 };
  for (let depth = 0; depth < 60; depth++) value = { child: value };
  assert.equal(complaints(tree, value).length, 1);
});
