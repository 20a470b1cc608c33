// What an index serves: asked of SQLite itself, segment by segment, and counted, not timed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ListQuery, SortKey } from '../../ports/storage.ts';
import { document } from '../../ports/storage-subject.contract.ts';
import type { Piece } from './conditions.ts';
import { type Database, firstRow, openPlain, prepareRows, rows } from './database.ts';
import { planList } from './list-plan.ts';
import { type KeysAt, readPosition } from './list-position.ts';
import { ListReader } from './list-reader.ts';
import { Packer, Unpacker } from './packing.ts';
import { createTable } from './tables.ts';
import { unpackDocument } from './units.ts';

const INDEXES = [['status'], ['customer.city', 'total'], ['name'], ['flag', 'updatedAt']];
const STATUS = ['open', 'paid', 'sent'];

const filled = (count: number): Database => {
  const database = openPlain(':memory:');
  createTable(database, 1, INDEXES);
  const insert = database.prepare('INSERT INTO documents_1 (id, version, created, updated, incarnation, body) VALUES (?, 1, ?, ?, ?, ?)');
  database.exec('BEGIN');
  for (let n = 0; n < count; n++) {
    const body = {
      status: STATUS[n % 3],
      customer: { city: `c${n % 7}` },
      total: (n * 7919) % 1000,
      name: n % 11 === 0 ? null : `n${n % 500}`,
      flag: n % 2 === 0,
    };
    insert.run(`d${n}`, Math.floor(n / 100), n, `i${n}`, JSON.stringify(body));
  }
  database.exec('COMMIT');
  return database;
};

const sort = (text: string): SortKey[] =>
  text
    .split(',')
    .filter((name) => name !== '')
    .map((name) => ({ path: name.replace('-', '').split('.'), descending: name.startsWith('-') }));

const query = (more: Partial<ListQuery>): ListQuery => ({ collection: 'docs', conditions: [], sort: [], limit: 50, maxBytes: 1 << 20, ...more });
const eq = (path: string, value: string | boolean) => ({ path: path.split('.'), comparison: 'eq', values: [value] }) as const;

const read = (database: Database, asked: ListQuery): { ids: string[]; next: string | null } => {
  const packer = new Packer();
  new ListReader(database).read(1, asked, packer);
  const page = new Unpacker(packer.finish());
  const ids: string[] = [];
  while (page.number() === 1) ids.push(unpackDocument(page).id);
  return { ids, next: page.optionalText() };
};

/** The segments of a page. */
const segments = (database: Database, asked: ListQuery): readonly Piece[] => {
  const plan = planList(1, asked);
  const keysAt: KeysAt = (place) => firstRow(prepareRows(database, plan.keys), place);
  return plan.segments(asked.after === undefined ? undefined : readPosition(asked.after, plan, keysAt));
};

/** What SQLite says that it does for every segment of a page and of the page behind it. */
const details = (database: Database, asked: ListQuery): string[] => {
  const { next } = read(database, { ...asked, limit: 5 });
  assert.notEqual(next, null);
  return [...segments(database, asked), ...segments(database, { ...asked, after: next as string })].flatMap(({ sql, values }) =>
    rows(prepareRows(database, `EXPLAIN QUERY PLAN ${sql}`), ...values, 51).map((row) => String(row[3])),
  );
};

describe('a list that an index serves', () => {
  const database = filled(3_000);
  const served: [string, ListQuery][] = [
    ['creation', query({})],
    ['newest first', query({ sort: sort('-createdAt') })],
    ['a filter', query({ conditions: [eq('status', 'paid')] })],
    ['a filter, newest first', query({ conditions: [eq('status', 'paid')], sort: sort('-createdAt') })],
    ['a filter and the sort behind it', query({ conditions: [eq('customer.city', 'c3')], sort: sort('total') })],
    ['the same downwards', query({ conditions: [eq('customer.city', 'c3')], sort: sort('-total') })],
    ['a sort', query({ sort: sort('name') })],
    ['the same downwards', query({ sort: sort('-name') })],
    ['two sorts of one index', query({ sort: sort('customer.city,total') })],
    ['a boolean and a kept member', query({ conditions: [eq('flag', true)], sort: sort('-updatedAt') })],
    ['a range along the sort', query({ conditions: [{ path: ['name'], comparison: 'gte', values: ['n2'] }], sort: sort('name') })],
  ];
  for (const [title, asked] of served) {
    it(`by ${title} neither scans the table nor sorts`, () => {
      const found = details(database, asked);
      for (const detail of found) {
        assert.doesNotMatch(detail, /TEMP B-TREE/);
        // A walk of an index in its order is a SCAN … USING INDEX: bounded by the limit. One of the table is not.
        assert.match(detail, /USING (COVERING )?INDEX/, found.join('\n'));
      }
    });
  }

  it('costs on a late page what it costs on the first', () => {
    const steps = (asked: ListQuery, after?: string): number => {
      let looked = 0;
      database.function('looked', { deterministic: false }, () => ++looked);
      for (const { sql, values } of segments(database, after === undefined ? asked : { ...asked, after })) {
        const counted = sql.replace(' WHERE ', ' WHERE looked() > 0 AND ').replace(/FROM documents_1 ORDER/, 'FROM documents_1 WHERE looked() > 0 ORDER');
        rows(prepareRows(database, counted), ...values, 10);
      }
      return looked;
    };
    for (const asked of [query({ conditions: [eq('status', 'paid')], limit: 10 }), query({ sort: sort('-name'), limit: 10 }), query({ limit: 10 })]) {
      let next: string | null | undefined;
      let pages = 0;
      let most = 0;
      while (next !== null) {
        const cost = steps(asked, next);
        most = Math.max(most, cost);
        next = read(database, next === undefined ? asked : { ...asked, after: next }).next;
        pages++;
      }
      assert.ok(pages > 50);
      // Each of up to five segments looks at no more than its limit.
      assert.ok(most <= 60, `a page looked at ${most} rows`);
    }
  });

  it('is the same list as without an index', () => {
    const plain = openPlain(':memory:');
    createTable(plain, 1, []);
    const copy = plain.prepare('INSERT INTO documents_1 VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    for (const row of rows(prepareRows(database, 'SELECT * FROM documents_1'))) copy.run(...row);
    for (const [, asked] of served) assert.deepEqual(read(plain, asked), read(database, asked));
    plain.close();
  });
});

describe('paths of members', () => {
  it('are names and nothing else, whatever is in them', () => {
    const database = openPlain(':memory:');
    const odd = ["'", '"', "'; DROP TABLE documents_1; --", '$', '[0]', '0', '*', ' ', 'é😀', '\\', '\n', '\u0001', 'a]b', '#-1', '.x', 'rowid', 'body'];
    createTable(
      database,
      1,
      odd.filter((name) => !name.includes('.')).map((name) => [name]),
    );
    const insert = database.prepare('INSERT INTO documents_1 (id, version, created, updated, incarnation, body) VALUES (?, 1, 1, 1, ?, ?)');
    for (const [index, name] of odd.entries()) insert.run(`d${index}`, 'i', JSON.stringify({ [name]: 'here', list: ['x'] }));
    for (const [index, name] of odd.entries()) {
      const condition = { path: [name], comparison: 'eq', values: ['here'] } as const;
      assert.deepEqual(read(database, query({ conditions: [condition], sort: [{ path: [name], descending: true }] })).ids, [`d${index}`], JSON.stringify(name));
    }
    assert.deepEqual(read(database, query({ conditions: [{ path: ['list', '0'], comparison: 'eq', values: ['x'] }] })).ids, []);
    assert.equal(document('x').id, 'x');
    database.close();
  });
});
