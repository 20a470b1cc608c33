import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, type Doc, fieldsOf, listQuery, ownOf } from './document.ts';

const doc = (own: object): Doc => ({ id: 'a', version: 1, createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z', ...own });

test('a document without what the server keeps', () => assert.deepEqual(ownOf(doc({ total: 1 })), { total: 1 }));

test('columns: of the schema first, then of the documents, never the kept ones', () => {
  const schema = { properties: { total: {}, status: {} } };
  assert.deepEqual(columnsOf(schema, [doc({ note: 'x', total: 1 })]), ['total', 'status', 'note']);
  assert.deepEqual(columnsOf(null, []), []);
  assert.ok(fieldsOf(schema, []).includes('updatedAt'));
});

test('a list asks as clause 3.2.4 says', () => {
  const query = new URLSearchParams(
    listQuery(
      [
        { field: 'status', operator: 'eq', value: 'open' },
        { field: 'total', operator: 'gte', value: '10' },
      ],
      '-total',
      50,
      'next',
    ),
  );
  assert.deepEqual(
    [...query],
    [
      ['filter[status]', 'open'],
      ['filter[total][gte]', '10'],
      ['sort', '-total'],
      ['limit', '50'],
      ['after', 'next'],
    ],
  );
});
