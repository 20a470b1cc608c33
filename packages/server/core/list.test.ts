// The query of a list (3.2.4): values typed by the schema, operators, sorts, and page cursors that belong to their filter and sort.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import fc from 'fast-check';
import { type CollectionSchema, newCollection } from './collections.ts';
import { readListQuery } from './list.ts';
import type { ListPlace } from './overlaid-list.ts';

const SCHEMA = {
  type: 'object',
  $defs: { money: { type: 'object', properties: { amount: { type: 'number' }, currency: { type: 'string' } } } },
  properties: {
    name: { type: 'string' },
    count: { type: 'integer' },
    open: { type: 'boolean' },
    price: { $ref: '#/$defs/money' },
    note: { type: ['string', 'null'] },
    mixed: { type: ['string', 'number'] },
    state: { enum: ['new', 'paid', 3] },
    kind: { const: 'x' },
    any: {},
  },
};

const collection = (schema: CollectionSchema = SCHEMA) => newCollection({ name: 'docs', schema, indexes: [], source: 'api' }, { createdAt: 0, updatedAt: 0 });
const PLACE: ListPlace = { position: 'a position', shown: ['i', '_-'] };
const conditions = (query: Record<string, unknown>, schema?: CollectionSchema) => readListQuery(collection(schema), query).query.conditions;
const value = (field: string, text: string, schema?: CollectionSchema): unknown => conditions({ [`filter[${field}]`]: text }, schema)[0]?.values[0];

const refused = (query: Record<string, unknown>): string => {
  try {
    readListQuery(collection(), query);
  } catch (error) {
    assert(error instanceof ProtocolError, String(error));
    return `${error.code} ${error.details.field}`;
  }
  assert.fail(`${JSON.stringify(query)} was taken`);
};

test('3.2.4: values are typed by the schema', () => {
  for (const [field, text, typed] of [
    ['name', '5', '5'],
    ['name', 'true', 'true'],
    ['name', '"x"', '"x"'],
    ['name', 'null', 'null'],
    ['count', '5', 5],
    ['count', '-1.5e3', -1500],
    ['open', 'true', true],
    ['price.amount', '5', 5],
    ['price.currency', '5', '5'],
    ['note', 'null', null],
    ['note', '5', '5'],
    ['mixed', '5', 5],
    ['mixed', 'x', 'x'],
    ['state', '3', 3],
    ['state', 'new', 'new'],
    ['kind', '5', '5'],
    // Where the schema does not say: as JSON scalars where they parse as one, else strings.
    ['any', '5', 5],
    ['other', '5', 5],
    ['other', 'true', true],
    ['other', 'null', null],
    ['other', '"5"', '5'],
    ['other', 'five', 'five'],
    ['other', '[1]', '[1]'],
    ['other', '1e400', '1e400'],
    ['other', '', ''],
    ['constructor', 'x', 'x'],
    ['id', '5', '5'],
    ['version', '5', 5],
    ['createdAt', '1970-01-01T00:00:01Z', 1000],
    ['updatedAt', '1970-01-01T01:00:00.5+01:00', 500],
  ] as const) {
    assert.equal(value(field, text), typed, `${field}=${text}`);
  }
  assert.equal(value('count', '5', null), 5);
  assert.equal(value('count', '5', true), 5);
});

test('3.2.4: operators and lists of values', () => {
  assert.deepEqual(conditions({ 'filter[count][gte]': '5', 'filter[price.amount][in]': '1,2', limit: 3 }), [
    { path: ['count'], comparison: 'gte', values: [5] },
    { path: ['price', 'amount'], comparison: 'in', values: [1, 2] },
  ]);
  assert.deepEqual(
    readListQuery(collection(), { sort: '-createdAt,name,price.amount' }).query.sort.map(({ path, descending }) => `${descending ? '-' : ''}${path.join('.')}`),
    ['-createdAt', 'name', 'price.amount'],
  );
});

test('3.2.4: what cannot be is named', () => {
  for (const [query, said] of [
    [{ 'filter[count]': 'five' }, '/query/filter[count]'],
    [{ 'filter[count]': '' }, '/query/filter[count]'],
    [{ 'filter[count]': '1e400' }, '/query/filter[count]'],
    [{ 'filter[open]': '1' }, '/query/filter[open]'],
    [{ 'filter[count][in]': '1,x' }, '/query/filter[count][in]'],
    [{ 'filter[count][between]': '1' }, '/query/filter[count][between]'],
    [{ 'filter[count][]': '1' }, '/query/filter[count][]'],
    [{ 'filter[]': '1' }, '/query/filter[]'],
    [{ 'filter[a]x': '1' }, '/query/filter[a]x'],
    [{ 'filter[a..b]': '1' }, '/query/filter[a..b]'],
    [{ 'filter[a"b]': '1' }, '/query/filter[a"b]'],
    [{ "filter[a';DROP TABLE x;--]": '1', 'filter[a.]': '1' }, '/query/filter[a.]'],
    [{ 'filter[version]': 'x' }, '/query/filter[version]'],
    [{ 'filter[createdAt][gt]': 'yesterday' }, '/query/filter[createdAt][gt]'],
    [{ 'filter[createdAt]': '2026-02-30T00:00:00Z' }, '/query/filter[createdAt]'],
    [{ sort: 'a,,b' }, '/query/sort'],
    [{ sort: '--a' }, 'taken'],
    [{ sort: 'a,b,c,d,e,f,g,h,i' }, '/query/sort'],
    [{ 'filter[a][in]': Array.from({ length: 101 }, () => 'x').join(',') }, '/query/filter[a][in]'],
    [Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`filter[a${n}]`, '1'])), '/query'],
  ] as const) {
    if (said === 'taken') readListQuery(collection(), query);
    else assert.equal(refused(query), `VALIDATION_FAILED ${said}`, JSON.stringify(query));
  }
});

test('3.2.4: `after` belongs to its collection, filter and sort', () => {
  const query = { 'filter[count]': '5', sort: '-name' };
  const after = readListQuery(collection(), query).nextCursor(PLACE);
  assert.deepEqual(readListQuery(collection(), { ...query, after, limit: 7 }).place, PLACE, 'the size of a page is free');
  const other = newCollection({ name: 'other', schema: SCHEMA, indexes: [], source: 'api' }, { createdAt: 0, updatedAt: 0 });
  assert.throws(() => readListQuery(other, { ...query, after }), ProtocolError);
  for (const changed of [
    { ...query, 'filter[count]': '6' },
    { 'filter[count]': '5' },
    { ...query, sort: 'name' },
    { ...query, 'filter[open]': 'true' },
    { sort: '-name' },
  ]) {
    assert.equal(refused({ ...changed, after }), 'INVALID_CURSOR /query/after', JSON.stringify(changed));
  }
  for (const strange of ['', 'x', '=', 'ä', after.slice(0, 10), `${after}=`, `${after}\n`, `${after}!`, '\0'])
    assert.equal(refused({ ...query, after: strange }), 'INVALID_CURSOR /query/after');
});

test('whatever is asked, it is read or refused by the catalogue', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), fc.constantFrom('', '[eq]', '[in]', '[gt]', '[x]'), (field, text, operator) => {
      try {
        readListQuery(collection(), { [`filter[${field}]${operator}`]: text, sort: field });
      } catch (error) {
        assert(error instanceof ProtocolError, String(error));
      }
    }),
  );
});
