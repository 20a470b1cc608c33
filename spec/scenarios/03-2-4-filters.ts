// 3.2.4, the query of a list: limit, sort, filter, and what is refused.
import assert from 'node:assert/strict';
import type { Caller } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { walk } from '../reading.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';

const filled = async (t: Trial, documents: readonly Json[], schema?: Json): Promise<string> => {
  const collection = await t.collection(schema);
  const operations = documents.map((data) => ({ method: 'POST', path: `/${collection}`, data }));
  for (let at = 0; at < operations.length; at += 100) {
    succeeds(await t.admin.http('POST', '/v1/batch', { data: { operations: operations.slice(at, at + 100) } }), 200, 'filling a collection');
  }
  return collection;
};

const names = async (who: Caller, collection: string, query: string): Promise<string[]> =>
  (await walk(who, `/${collection}?${query.replaceAll('"', '%22').replaceAll(' ', '%20')}`)).map(({ name }) => name);

const PEOPLE = [
  { name: 'ada', n: 1, text: 'alpha', on: true, address: { city: 'oslo', zip: { code: 3 } } },
  { name: 'bob', n: 2, text: 'beta', on: false, address: { city: 'rome', zip: { code: 1 } } },
  { name: 'cid', n: 10, text: 'gamma', on: true, address: { city: 'oslo', zip: { code: 2 } } },
  { name: 'dot', n: 2.5, text: '2', on: false, address: { city: 'lima', zip: { code: 10 } } },
  { name: 'eve', n: -3, text: 'a b&c=d', on: true, address: { city: 'bonn', zip: { code: 5 } } },
];

scenario('3.2.4 every operator: eq ne lt lte gt gte in', { over: 'any' }, async (t) => {
  const collection = await filled(t, PEOPLE);
  const expected: Record<string, string> = {
    'filter[n]=2': 'bob',
    'filter[n][eq]=2': 'bob',
    'filter[n][ne]=2': 'ada cid dot eve',
    'filter[n][lt]=2': 'ada eve',
    'filter[n][lte]=2': 'ada bob eve',
    'filter[n][gt]=2': 'cid dot',
    'filter[n][gte]=2': 'bob cid dot',
    'filter[n][in]=1,10,77': 'ada cid',
    'filter[n][in]=2': 'bob',
    'filter[text]=beta': 'bob',
    'filter[text][ne]=beta': 'ada cid dot eve',
    'filter[text][gt]=beta': 'cid',
    'filter[text][gte]=beta': 'bob cid',
    'filter[text][in]=alpha,gamma,x': 'ada cid',
    'filter[on]=true': 'ada cid eve',
    'filter[on][ne]=true': 'bob dot',
    'filter[n][gte]=1&filter[n][lt]=3': 'ada bob dot',
    'filter[on]=true&filter[address.city]=oslo': 'ada cid',
    'filter[on]=true&filter[address.city]=rome': '',
    'filter[n]=2.0': 'bob',
    'filter[n]=2e0': 'bob',
    'filter[n][gt]=-3': 'ada bob cid dot',
  };
  for (const [query, which] of Object.entries(expected)) {
    assert.equal((await names(t.admin, collection, `${query}&sort=name`)).join(' '), which, query);
  }
});

scenario('3.2.4 a dot reaches into a member, in filters and in sorts', { over: 'any' }, async (t) => {
  const collection = await filled(t, PEOPLE);
  assert.deepEqual(await names(t.admin, collection, 'filter[address.city]=oslo&sort=name'), ['ada', 'cid']);
  assert.deepEqual(await names(t.admin, collection, 'filter[address.zip.code][gte]=3&sort=name'), ['ada', 'dot', 'eve']);
  assert.deepEqual(await names(t.admin, collection, 'sort=address.zip.code'), ['bob', 'cid', 'ada', 'eve', 'dot']);
  assert.deepEqual(await names(t.admin, collection, 'sort=-address.zip.code'), ['dot', 'eve', 'ada', 'cid', 'bob']);
});

scenario('3.2.4 without a schema values are JSON scalars where they parse as one, else strings', { over: 'any' }, async (t) => {
  const documents = [
    { name: 'number', v: 5 },
    { name: 'text', v: '5' },
    { name: 'yes', v: true },
    { name: 'yestext', v: 'true' },
    { name: 'word', v: 'word' },
  ];
  const collection = await filled(t, documents);
  assert.deepEqual(await names(t.admin, collection, 'filter[v]=5'), ['number']);
  assert.deepEqual(await names(t.admin, collection, 'filter[v]="5"'), ['text']);
  assert.deepEqual(await names(t.admin, collection, 'filter[v]=true'), ['yes']);
  assert.deepEqual(await names(t.admin, collection, 'filter[v]="true"'), ['yestext']);
  assert.deepEqual(await names(t.admin, collection, 'filter[v]=word'), ['word']);
  assert.deepEqual(await names(t.admin, collection, 'filter[v]=True'), [], 'True is a string: no JSON scalar');
  assert.deepEqual((await names(t.admin, collection, 'filter[v][in]=5,true,word')).sort(), ['number', 'word', 'yes']);
});

scenario('3.2.4 with a schema values are typed by it', { over: 'any' }, async (t) => {
  const schema = {
    type: 'object',
    properties: { code: { type: 'string' }, n: { type: 'integer' }, deep: { type: 'object', properties: { code: { type: 'string' } } } },
  };
  const collection = await filled(
    t,
    [
      { name: 'a', code: '5', n: 5, deep: { code: 'true' } },
      { name: 'b', code: '50', n: 50, deep: { code: '7' } },
    ],
    schema,
  );
  assert.deepEqual(await names(t.admin, collection, 'filter[code]=5'), ['a'], 'a string of digits, as the schema says');
  assert.deepEqual(await names(t.admin, collection, 'filter[code][in]=5,50&sort=name'), ['a', 'b']);
  assert.deepEqual(await names(t.admin, collection, 'filter[n]=5'), ['a']);
  assert.deepEqual(await names(t.admin, collection, 'filter[n][gt]=6'), ['b']);
  assert.deepEqual(await names(t.admin, collection, 'filter[deep.code]=true'), ['a'], 'in a member too');
  assert.deepEqual(await names(t.admin, collection, 'filter[code][gt]=4&sort=code'), ['a', 'b'], 'and compared as strings');
});

scenario('3.2.4 the members that the server keeps can be filtered and sorted by', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const made: Json[] = [];
  for (const id of ['one', 'two', 'three']) made.push(succeeds(await t.admin.post(`/${collection}`, { id, name: id }), 201));
  const two = succeeds(await t.admin.patch(`/${collection}/two`, { x: 1 }));
  assert.deepEqual(await names(t.admin, collection, 'filter[id]=two'), ['two']);
  assert.deepEqual(await names(t.admin, collection, 'filter[id][in]=one,three&sort=id'), ['one', 'three']);
  assert.deepEqual(await names(t.admin, collection, 'filter[version]=2'), ['two']);
  assert.deepEqual(await names(t.admin, collection, 'filter[version][lt]=2&sort=-id'), ['three', 'one']);
  assert.deepEqual((await names(t.admin, collection, `filter[createdAt][lte]=${made[2].createdAt}`)).sort(), ['one', 'three', 'two']);
  assert.ok((await names(t.admin, collection, `filter[updatedAt][gte]=${two.updatedAt}`)).includes('two'));
  assert.deepEqual(await names(t.admin, collection, 'sort=version,id'), ['one', 'three', 'two']);
});

scenario('3.2.4 sort: several fields, each up or down, numbers as numbers', { over: 'any' }, async (t) => {
  const collection = await filled(t, [
    { name: 'a', g: 2, n: 10 },
    { name: 'b', g: 1, n: 9 },
    { name: 'c', g: 2, n: 2 },
    { name: 'd', g: 1, n: 100 },
    { name: 'e', g: 2, n: -1 },
  ]);
  const expected: Record<string, string> = {
    n: 'e c b a d',
    '-n': 'd a b c e',
    'g,n': 'b d e c a',
    '-g,n': 'e c a b d',
    'g,-n': 'd b a c e',
    '-g,-n': 'a c e d b',
    name: 'a b c d e',
    '-name': 'e d c b a',
  };
  for (const [sort, order] of Object.entries(expected)) {
    assert.equal((await names(t.admin, collection, `sort=${sort}`)).join(' '), order, sort);
    assert.equal((await names(t.admin, collection, `sort=${sort}&limit=1`)).join(' '), order, `${sort}, one a page`);
    assert.equal((await names(t.admin, collection, `sort=${sort}&limit=2`)).join(' '), order, `${sort}, two a page`);
  }
});

scenario('3.2.4 missing values sort last, in both directions, on every page', { over: 'any' }, async (t) => {
  const collection = await filled(t, [{ name: 'a' }, { name: 'b', n: 2 }, { name: 'c' }, { name: 'd', n: 1 }, { name: 'e', deep: {} }, { name: 'f', n: 3 }]);
  for (const limit of [1, 2, 4, 50]) {
    const up = await names(t.admin, collection, `sort=n,name&limit=${limit}`);
    assert.equal(up.join(' '), 'd b f a c e', `up, ${limit} a page`);
    const down = await names(t.admin, collection, `sort=-n,name&limit=${limit}`);
    assert.equal(down.join(' '), 'f b d a c e', `down, ${limit} a page`);
    assert.equal((await names(t.admin, collection, `sort=-n,-name&limit=${limit}`)).join(' '), 'f b d e c a', `down and down, ${limit} a page`);
  }
});

scenario('3.2.4 limit is 1 to 100, and 50 unless told', { over: 'any' }, async (t) => {
  const collection = await filled(
    t,
    Array.from({ length: 103 }, (_, n) => ({ n })),
  );
  const count = async (query: string): Promise<number> => succeeds(await t.admin.get(`/${collection}${query}`)).items.length;
  assert.deepEqual([await count(''), await count('?limit=1'), await count('?limit=100')], [50, 1, 100]);
  for (const limit of ['0', '101', '-1', '1.5', 'x', '', '1e1x', '%2B', 'NaN', '99999999999999999999']) {
    refuses(await t.admin.get(`/${collection}?limit=${limit}`), 'VALIDATION_FAILED', '/query/limit', limit);
  }
});

scenario('3.2.4 an unknown parameter is 422 and named', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  for (const parameter of ['foo', 'Limit', 'offset', 'page', 'fields']) {
    refuses(await t.admin.get(`/${collection}?${parameter}=1`), 'VALIDATION_FAILED', `/query/${parameter}`);
  }
  const { id } = succeeds(await t.admin.post(`/${collection}`, {}), 201);
  refuses(await t.admin.get(`/${collection}?limit=5&foo=1`), 'VALIDATION_FAILED', '/query/foo', 'beside a known one');
  assert.ok([200, 422].includes((await t.admin.get(`/${collection}/${id}?foo=1`)).status));
});

scenario('3.2.4 an ill-formed filter or sort is 422 and named', { over: 'any' }, async (t) => {
  const collection = await filled(t, PEOPLE);
  for (const query of [
    'filter[n][like]=2',
    'filter[n][EQ]=2',
    'filter[]=2',
    'filter=2',
    'filter[n]x=2',
    'filter[n=2',
    'filter[n][eq][eq]=2',
    'filter[n][]=2',
    'filter.n=2',
  ]) {
    refuses(await t.admin.get(`/${collection}?${query}`), 'VALIDATION_FAILED', /^\/query\/filter/, query);
  }
  for (const sort of ['-', ',', 'name,', 'a..b']) refuses(await t.admin.get(`/${collection}?sort=${sort}`), 'VALIDATION_FAILED', '/query/sort', `sort=${sort}`);
});

scenario('3.2.4 filters are values, not language: quotes, wildcards and SQL match themselves alone', { over: 'any' }, async (t) => {
  const odd = ["o'hara", "x' OR '1'='1", '50%', '_____', '\\', '"; DROP TABLE documents; --', 'a b&c=d', '*', '%', 'ünïcode 😀', '[1]', '{"a":1}', "'"];
  const collection = await filled(
    t,
    odd.map((name) => ({ name, v: name })),
  );
  const schema = { type: 'object', properties: { v: { type: 'string' } } };
  const typed = await filled(
    t,
    odd.map((name) => ({ name, v: name })),
    schema,
  );
  for (const where of [collection, typed]) {
    for (const value of odd) {
      // As JSON these two parse, though not as scalars; either reading of "as one" is a string.
      assert.deepEqual(
        (await walk(t.admin, `/${where}?filter[v]=${encodeURIComponent(value)}`)).map(({ name }) => name),
        [value],
        value,
      );
    }
    assert.equal((await walk(t.admin, `/${where}?filter[v]=${encodeURIComponent("' OR 1=1 --")}`)).length, 0);
    assert.equal((await walk(t.admin, `/${where}`)).length, odd.length, 'and nothing is lost');
  }
  for (const field of ["v')", 'v"', 'v; DROP TABLE x', "json_extract(body,'$.v')", '$', 'a[0]', 'v--', '%00']) {
    const answer = await t.admin.get(`/${collection}?filter[${encodeURIComponent(field)}]=1`);
    assert.ok(answer.status === 200 || answer.status === 422, `${field}: ${answer.status}`);
    const sorted = await t.admin.get(`/${collection}?sort=${encodeURIComponent(field)}`);
    assert.ok(sorted.status === 200 || sorted.status === 422, `sort=${field}: ${sorted.status}`);
  }
});

scenario('3.2.4 brackets may be percent-encoded', {}, async (t) => {
  const collection = await filled(t, PEOPLE);
  const answer = await t.admin.http('GET', `/v1/${collection}?filter%5Bn%5D%5Bgte%5D=2&sort=%2Dn&filter%5Btext%5D=beta`);
  assert.deepEqual(
    succeeds(answer).items.map(({ name }: Json) => name),
    ['bob'],
  );
  assert.deepEqual(await names(t.admin, collection, 'filter[text]=a%20b%26c%3Dd'), ['eve']);
});
