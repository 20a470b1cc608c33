// Which lists are taken to be served by an index, and that the others hold up nobody.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Condition, SortKey, StorageError } from '../../ports/storage.ts';
import { creation, document, makeCollection, message } from '../../ports/storage-subject.contract.ts';
import { openSqliteStorage } from './index.ts';
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

it('a list over a whole collection holds up neither pages of the log nor lists that an index serves', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-lanes-'));
  const storage = await openSqliteStorage({ directory });
  try {
    await makeCollection(storage, 'docs', { indexes: [['n']] });
    const text = 'x'.repeat(300);
    for (let part = 0; part < 20; part++) {
      const made = Array.from({ length: 1_500 }, (_, n) => creation('docs', document(`d${part}-${n}`, { n, other: (n * 7919) % 1_500, text })));
      await storage.write({ documents: made, messages: [message('a')] });
    }
    const list = (path: string) =>
      storage.listDocuments({ collection: 'docs', conditions: [], sort: [{ path: [path], descending: false }], limit: 5, maxBytes: 1 << 20 });
    const log = () => storage.readLog({ after: 0, filter: { patterns: ['a'], collections: '*' }, limit: 5, maxBytes: 1 << 20 });
    // Their threads are up.
    await Promise.all([list('n'), list('other'), log()]);
    const order: string[] = [];
    const slow = Promise.all(Array.from({ length: 5 }, () => list('other'))).then(() => order.push('slow'));
    await Promise.all([
      ...Array.from({ length: 5 }, () => list('n').then(() => order.push('list'))),
      ...Array.from({ length: 5 }, () => log().then(() => order.push('log'))),
    ]);
    await slow;
    assert.equal(order.at(-1), 'slow', order.join());
  } finally {
    await storage.close();
    await rm(directory, { recursive: true, force: true });
  }
});

it('of lists over a whole collection only the few are read that were under way when who asked for them left, and only so many of one client wait', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-lanes-'));
  const storage = await openSqliteStorage({ directory });
  try {
    await makeCollection(storage, 'docs');
    await storage.write({ documents: [creation('docs', document('d', { n: 1 }))] });
    const asker = { client: 'many', isGone: false };
    const list = async (who: typeof asker): Promise<string> => {
      try {
        await storage.listDocuments({
          collection: 'docs',
          conditions: [],
          sort: [{ path: ['n'], descending: false }],
          limit: 5,
          maxBytes: 1 << 20,
          asker: who,
        });
        return 'read';
      } catch (error) {
        return (error as StorageError).problem;
      }
    };
    const many = Promise.all(Array.from({ length: 150 }, () => list(asker)));
    const other = list({ client: 'other', isGone: false });
    asker.isGone = true;
    assert.equal(await other, 'read');
    const outcomes = await many;
    const of = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
    assert.deepEqual([of('read'), of('late'), of('crowded')], [2, 100, 48]);
    assert.equal(storage.counters.listReads, 3);
  } finally {
    await storage.close();
    await rm(directory, { recursive: true, force: true });
  }
});
