// Filters as a person writes them become parameters of the query (3.2.4).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOperations } from './batch.ts';
import { UsageError } from './frame/usage.ts';
import { filterOf } from './list.ts';
import { flat } from './stats.ts';

test('filters', () => {
  const cases: Record<string, readonly [string, string]> = {
    'status=open': ['filter[status]', 'open'],
    'status != open': ['filter[status][ne]', 'open'],
    'total>=10': ['filter[total][gte]', '10'],
    'total<10': ['filter[total][lt]', '10'],
    'a.b>x=y': ['filter[a.b][gt]', 'x=y'],
    'status=in:open,paid': ['filter[status][in]', 'open,paid'],
    'note=': ['filter[note]', ''],
  };
  for (const [text, expected] of Object.entries(cases)) assert.deepEqual(filterOf(text), expected, text);
  for (const text of ['', 'status', '=open', '!']) assert.throws(() => filterOf(text), UsageError, text);
});

test('operations come as an array, as a batch or a line each', () => {
  const one = { method: 'GET', path: '/a/1' };
  assert.deepEqual(readOperations(JSON.stringify([one]), 'x'), { operations: [one], atomic: false });
  assert.deepEqual(readOperations(JSON.stringify({ mode: 'atomic', operations: [one, one] }), 'x'), { operations: [one, one], atomic: true });
  assert.deepEqual(readOperations(JSON.stringify(one, null, 2), 'x'), { operations: [one], atomic: false });
  assert.deepEqual(readOperations(`${JSON.stringify(one)}\n\n${JSON.stringify(one)}\n`, 'x'), { operations: [one, one], atomic: false });
  for (const text of ['', '{', '5', '{"a":1}', '{"method":"GET"}\n{']) assert.throws(() => readOperations(text, 'x'), UsageError, text);
});

test('members of members become one level', () => {
  assert.deepEqual(flat({ a: 1, b: { c: [1], d: { e: null } } }), { a: 1, 'b.c': [1], 'b.d.e': null });
});
