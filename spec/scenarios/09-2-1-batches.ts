// 9.2.1 and 9.2.2: many operations in one request: what a batch may hold, and partial ones.
import assert from 'node:assert/strict';
import { batch } from '../batch.ts';
import type { HttpAnswer } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import { checkError } from '../invariants.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

/** Refused as a whole, or each operation that is refused by itself: what matters is that the server says no, with this in it. */
const refusedSomehow = (answer: HttpAnswer, what: string, at = 0): void => {
  if (answer.status === 207) {
    const result = answer.data.results[at];
    assert.ok(result.statusCode >= 400 && result.statusCode < 500, `${what}: ${result.statusCode}`);
    checkError(result.error, result.statusCode);
  } else assert.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status}`);
};

scenario('9.2.1 1 to 100 operations, more is BATCH_TOO_LARGE', {}, async (t) => {
  const collection = await t.collection();
  const many = (count: number): Json[] => Array.from({ length: count }, (_, n) => ({ id: `o${n}`, method: 'POST', path: `/${collection}`, data: { n } }));
  assert.equal(succeeds(await batch(t.admin, many(1))).succeeded, 1);
  assert.equal(succeeds(await batch(t.admin, many(100))).succeeded, 100);
  refuses(await batch(t.admin, many(101)), 'BATCH_TOO_LARGE');
  refuses(await batch(t.admin, many(101), { mode: 'atomic' }), 'BATCH_TOO_LARGE');
  refuses(await batch(t.admin, []), 'VALIDATION_FAILED', '/data/operations');
  assert.equal(succeeds(await t.admin.get(`/${collection}?limit=100&filter[n][gte]=100`)).items.length, 0);
  assert.equal(succeeds(await t.admin.get(`/${collection}?limit=100`)).next !== null, true, '101 documents are there');
});

scenario('9.2.1 more than a connection may ever send in a second is BATCH_TOO_LARGE, and no matter of waiting', {}, async (t) => {
  const made = await t.key(['publish:**'], { limits: { messagesPerSecond: 10, operationsPerMinute: 1_000_000 } });
  const operations = (count: number): Json[] => Array.from({ length: count }, () => ({ method: 'POST', path: `/topics/${t.name('t')}/messages`, data: 1 }));
  const channel = await t.channel(made.key);
  await channel.notice('$sys.welcome');
  const { limit, retryable } = refuses(
    await channel.request('POST', '/batch', { data: { operations: operations(11) } }),
    'BATCH_TOO_LARGE',
    '/data/operations',
  );
  assert.deepEqual([limit, retryable], [10, false]);
  const other = await t.channel();
  await other.notice('$sys.welcome');
  refuses(await other.request('POST', '/batch', { data: { operations: operations(101) } }), 'BATCH_TOO_LARGE', '/data/operations');
});

scenario('9.2.1 a batch that is none is 422, and what is wrong is named', {}, async (t) => {
  for (const data of [{}, { operations: 'x' }, { operations: {} }, { operations: null }])
    refuses(await t.admin.http('POST', '/v1/batch', { data }), 'VALIDATION_FAILED', '/data/operations', JSON.stringify(data));
  for (const mode of ['x', 5, null, 'Atomic'])
    refuses(await batch(t.admin, [{ method: 'GET', path: '/messages?topics=a' }], { mode }), 'VALIDATION_FAILED', '/data/mode', JSON.stringify(mode));
  refuses(await t.admin.http('POST', '/v1/batch', { data: [] }), ['VALIDATION_FAILED', 'INVALID_ENVELOPE'], '/data');
});

scenario('9.2.1 an operation that is none is refused', {}, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const path = `/topics/${topic}/messages`;
  for (const operation of [
    5,
    null,
    'x',
    [],
    {},
    { path },
    { method: 'POST' },
    { method: 5, path },
    { method: 'POST', path: 5 },
    { method: 'post me', path },
    { id: {}, method: 'POST', path, data: 1 },
    { method: 'POST', path, data: 1, headers: 'x' },
    { method: 'POST', path: 'no-slash', data: 1 },
    { method: 'POST', path: 'http://127.0.0.1/v1/batch', data: 1 },
    { method: 'POST', path: `/v1${path}`, data: 1 },
    { method: 'POST', path },
    { method: 'TRACE', path },
  ]) {
    refusedSomehow(await batch(t.admin, [operation]), JSON.stringify(operation));
  }
  assert.deepEqual(await logAfter(t.admin, topic, start), []);
});

scenario('9.2.1 a batch in a batch, wait, a doubled id and what belongs to a connection are refused', {}, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const publish = { method: 'POST', path: `/topics/${topic}/messages`, data: 1 };
  refusedSomehow(await batch(t.admin, [{ method: 'POST', path: '/batch', data: { operations: [publish] } }]), 'a batch in a batch');
  assert.deepEqual(await logAfter(t.admin, topic, start), [], 'and nothing of it was done');
  const before = Date.now();
  refusedSomehow(await batch(t.admin, [{ method: 'GET', path: `/messages?topics=${topic}&wait=20` }]), 'wait');
  assert.ok(Date.now() - before < 10_000, 'and it does not wait');
  const pull = await batch(t.admin, [publish, { method: 'POST', path: '/subscriptions/any/pull', data: { wait: 20 } }]);
  refuses(pull, 'VALIDATION_FAILED', '/data/operations/1/data/wait');
  assert.ok(Date.now() - before < 10_000, 'nor does a pull');
  succeeds(
    await batch(t.admin, [{ method: 'POST', path: `/topics/${t.name('t')}/messages`, data: { wait: 20 } }]),
    200,
    'a message may have a member of that name',
  );
  const doubled = await batch(t.admin, [
    { id: 'a', method: 'GET', path: '/messages?topics=a' },
    { id: 'a', method: 'GET', path: '/messages?topics=b' },
  ]);
  refusedSomehow(doubled, 'a doubled id', 1);
  const channel = await t.channel();
  await channel.notice('$sys.welcome');
  for (const unnamed of [
    { method: 'POST', path: '/subscriptions', data: { topics: ['a'] } },
    { method: 'DELETE', path: '/subscriptions/~a' },
  ]) {
    refuses(await batch(t.admin, [publish, unnamed]), 'VALIDATION_FAILED', '/data/operations/1/path');
    refuses(await channel.request('POST', '/batch', { data: { operations: [publish, unnamed] } }), 'VALIDATION_FAILED', '/data/operations/1/path');
  }
  assert.deepEqual(await logAfter(t.admin, topic, start), [], 'and nothing of it was done');
  refusedSomehow(await batch(t.admin, [{ method: 'GET', path: '/ws' }]), 'a WebSocket');
});

scenario('9.2.1 paths are below /v1, with their query; headers hold for their operation alone', {}, async (t) => {
  const collection = await t.collection();
  const { results } = succeeds(
    await batch(t.admin, [
      { id: 'make', method: 'POST', path: `/${collection}`, data: { id: 'x', n: 1 } },
      { id: 'other', method: 'PATCH', path: `/${collection}/x`, data: { n: 2 }, headers: { 'If-Match': '"other"' } },
      { id: 'any', method: 'PATCH', path: `/${collection}/x`, data: { n: 3 }, headers: { 'if-match': '*' } },
      { id: 'none', method: 'PATCH', path: `/${collection}/x`, data: { n: 4 } },
      { id: 'list', method: 'GET', path: `/${collection}?filter[n]=4&limit=1` },
      { id: 'unchanged', method: 'GET', path: `/${collection}?limit=0` },
    ]),
    207,
  );
  assert.deepEqual(
    results.map(({ id, statusCode }: Json) => [id, statusCode]),
    [
      ['make', 201],
      ['other', 412],
      ['any', 200],
      ['none', 200],
      ['list', 200],
      ['unchanged', 422],
    ],
  );
  assert.equal(results[4].data.items[0].n, 4);
  assert.equal(results[5].error.details.field, '/query/limit');
});

scenario('9.2.1 every operation of the table may be in a partial batch', {}, async (t) => {
  const [collection, topic] = [t.name('c'), t.name('t')];
  t.forget(collection);
  const answer = await batch(t.admin, [
    { method: 'POST', path: '/collections', data: { name: collection } },
    { method: 'POST', path: `/${collection}`, data: { id: 'x' } },
    { method: 'GET', path: `/${collection}/x` },
    { method: 'POST', path: `/topics/${topic}/messages`, data: 1 },
    { method: 'GET', path: `/messages?topics=${topic}&after=earliest` },
    { method: 'DELETE', path: `/${collection}/x` },
    { method: 'DELETE', path: `/collections/${collection}` },
    { method: 'GET', path: '/keys' },
  ]);
  const { results } = succeeds(answer);
  assert.deepEqual(
    results.map(({ statusCode }: Json) => statusCode),
    [201, 201, 200, 201, 200, 204, 204, 200],
  );
  assert.equal(results[4].data.items.length, 1);
});

scenario('9.2.1 each operation needs its own scope', {}, async (t) => {
  const [mine, theirs] = [await t.collection(), await t.collection()];
  const who = await t.caller([`write:${mine}`]);
  const operations = [mine, theirs].map((collection) => ({ method: 'POST', path: `/${collection}`, data: {} }));
  const { results } = succeeds(await who.http('POST', '/v1/batch', { data: { operations } }), 207);
  assert.deepEqual(
    results.map(({ statusCode, error }: Json) => [statusCode, error?.code]),
    [
      [201, undefined],
      [403, 'FORBIDDEN'],
    ],
  );
  const atomic = await who.http('POST', '/v1/batch', { data: { mode: 'atomic', operations } });
  refuses(atomic, 'BATCH_FAILED');
  assert.equal(atomic.status, 403);
  assert.deepEqual([succeeds(await t.admin.get(`/${mine}`)).items.length, succeeds(await t.admin.get(`/${theirs}`)).items.length], [1, 0]);
});

scenario('9.2.1 results end at 10 MB: what is over is that operation’s PAYLOAD_TOO_LARGE', {}, async (t) => {
  const collection = await t.collection();
  for (let n = 0; n < 2; n++) succeeds(await t.admin.post(`/${collection}`, { id: `d${n}`, text: 'x'.repeat(900_000) }), 201);
  const answer = await batch(
    t.admin,
    Array.from({ length: 16 }, (_, n) => ({ method: 'GET', path: `/${collection}/d${n % 2}` })),
  );
  const { results, succeeded, failed } = succeeds(answer, 207);
  assert.ok(answer.text.length <= 10 * 1_048_576 + 16_384, `${answer.text.length} bytes`);
  assert.deepEqual([succeeded + failed, succeeded >= 10, failed >= 4], [16, true, true]);
  for (const { statusCode, error } of results) if (statusCode !== 200) assert.deepEqual([statusCode, error.code], [413, 'PAYLOAD_TOO_LARGE']);
});

scenario('9.2.2 partial is the default: each by itself, in order; 200 when all succeeded, else 207', {}, async (t) => {
  const collection = await t.collection();
  const operations = [
    { id: 'a', method: 'POST', path: `/${collection}`, data: { id: 'x', n: 1 } },
    { id: 'b', method: 'POST', path: `/${collection}`, data: { id: 'x', n: 2 } },
    { id: 'c', method: 'PATCH', path: `/${collection}/x`, data: { n: 3 } },
    { id: 'd', method: 'GET', path: `/${collection}/missing` },
    { id: 'e', method: 'GET', path: `/${collection}/x` },
    { id: 'f', method: 'DELETE', path: `/${collection}/x` },
    { id: 'g', method: 'GET', path: `/${collection}/x` },
  ];
  const { results, succeeded, failed } = succeeds(await batch(t.admin, operations), 207);
  assert.deepEqual([succeeded, failed], [4, 3]);
  assert.deepEqual(
    results.map(({ id, statusCode, status }: Json) => [id, statusCode, status]),
    [
      ['a', 201, 'success'],
      ['b', 409, 'error'],
      ['c', 200, 'success'],
      ['d', 404, 'error'],
      ['e', 200, 'success'],
      ['f', 204, 'success'],
      ['g', 404, 'error'],
    ],
  );
  for (const { statusCode, error } of results) if (error !== undefined) checkError(error, statusCode);
  assert.equal(results[4].data.n, 3, 'each sees what those before it did');
  const all = succeeds(await batch(t.admin, [{ id: 'z', method: 'POST', path: `/${collection}`, data: {} }], { mode: 'partial' }), 200);
  assert.deepEqual([all.succeeded, all.failed, all.results[0].id], [1, 0, 'z']);
  assert.deepEqual(Object.keys(all).sort(), ['failed', 'results', 'succeeded']);
});

scenario('9.2.2 a result has data or error, and headers where its operation has some', {}, async (t) => {
  const collection = await t.collection();
  const { results } = succeeds(
    await batch(t.admin, [
      { method: 'POST', path: `/${collection}`, data: { id: 'x' } },
      { method: 'GET', path: `/${collection}/y` },
    ]),
    207,
  );
  assert.equal('error' in results[0], false);
  assert.equal('data' in results[1], false);
  const names = Object.keys(results[0].headers ?? {}).map((name) => name.toLowerCase());
  assert.ok(names.includes('etag'), `the ETag that a precondition needs: ${names}`);
});
