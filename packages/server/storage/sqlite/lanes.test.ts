// Which lists are taken to be served by an index.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Condition, SortKey } from '../../ports/storage.ts';
import { isServed } from './lanes.ts';

const INDEXES = [['status'], ['customer.city', 'total']];
const where = (text: string): Condition[] =>
  text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => ({ path: part.replace('>', '').split('.'), comparison: part.endsWith('>') ? 'gt' : 'eq', values: [1] }));
const by = (text: string): SortKey[] =>
  text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => ({ path: part.replace('-', '').split('.'), descending: part.startsWith('-') }));

it('a list is served where an index has its conditions first and its order behind them', () => {
  const served = [
    '|',
    '|-createdAt',
    'status|',
    'status|-createdAt',
    '|status',
    'status>|status',
    'customer.city|-total',
    'customer.city total|',
    '|customer.city total',
    'id|name',
    'createdAt>|',
  ];
  const not = [
    'status>|',
    'name|',
    '|name',
    'customer.city|',
    'total|',
    'status name|',
    'status|total',
    '|customer.city',
    '|-customer.city total',
    'customer.city|total -createdAt',
  ];
  for (const [texts, expected] of [
    [served, true],
    [not, false],
  ] as const) {
    for (const text of texts) {
      const [conditions = '', sort = ''] = text.split('|');
      assert.equal(isServed(INDEXES, { conditions: where(conditions), sort: by(sort) }), expected, text);
    }
  }
});
