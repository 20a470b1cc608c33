// 9.2: many operations in one request, each by itself or all or none.
import assert from 'node:assert/strict';
import { refuses, succeeds } from '../expect.ts';
import { checkError } from '../invariants.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';
import type { HttpAnswer } from '../caller.ts';
import type { Trial } from '../trial.ts';

const batch = (t: Trial, operations: Json, more: Json = {}, requestId?: string): Promise<HttpAnswer> =>
  t.admin.http('POST', '/v1/batch', { data: { operations, ...more }, ...(requestId === undefined ? {} : { requestId }) });

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
  assert.equal(succeeds(await batch(t, many(1))).succeeded, 1);
  assert.equal(succeeds(await batch(t, many(100))).succeeded, 100);
  refuses(await batch(t, many(101)), 'BATCH_TOO_LARGE');
  refuses(await batch(t, many(101), { mode: 'atomic' }), 'BATCH_TOO_LARGE');
  refuses(await batch(t, []), 'VALIDATION_FAILED', '/data/operations');
  assert.equal(succeeds(await t.admin.get(`/${collection}?limit=100&filter[n][gte]=100`)).items.length, 0);
  assert.equal(succeeds(await t.admin.get(`/${collection}?limit=100`)).next !== null, true, '101 documents are there');
});

scenario('9.2.1 a batch that is none is 422, and what is wrong is named', {}, async (t) => {
  for (const data of [{}, { operations: 'x' }, { operations: {} }, { operations: null }]) refuses(await t.admin.http('POST', '/v1/batch', { data }), 'VALIDATION_FAILED', '/data/operations', JSON.stringify(data));
  for (const mode of ['x', 5, null, 'Atomic']) refuses(await batch(t, [{ method: 'GET', path: '/messages?topics=a' }], { mode }), 'VALIDATION_FAILED', '/data/mode', JSON.stringify(mode));
  refuses(await t.admin.http('POST', '/v1/batch', { data: [] }), ['VALIDATION_FAILED', 'INVALID_ENVELOPE'], '/data');
});

scenario('9.2.1 an operation that is none is refused', {}, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const path = `/topics/${topic}/messages`;
  for (const operation of [5, null, 'x', [], {}, { path }, { method: 'POST' }, { method: 5, path }, { method: 'POST', path: 5 }, { method: 'post me', path }, { id: {}, method: 'POST', path, data: 1 }, { method: 'POST', path, data: 1, headers: 'x' }, { method: 'POST', path: 'no-slash', data: 1 }, { method: 'POST', path: 'http://127.0.0.1/v1/batch', data: 1 }, { method: 'POST', path: `/v1${path}`, data: 1 }, { method: 'POST', path }, { method: 'TRACE', path }]) {
    refusedSomehow(await batch(t, [operation]), JSON.stringify(operation));
  }
  assert.deepEqual(await logAfter(t.admin, topic, start), []);
});

scenario('9.2.1 a batch in a batch, wait, a doubled id and what belongs to a connection are refused', {}, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const publish = { method: 'POST', path: `/topics/${topic}/messages`, data: 1 };
  refusedSomehow(await batch(t, [{ method: 'POST', path: '/batch', data: { operations: [publish] } }]), 'a batch in a batch');
  assert.deepEqual(await logAfter(t.admin, topic, start), [], 'and nothing of it was done');
  const before = Date.now();
  refusedSomehow(await batch(t, [{ method: 'GET', path: `/messages?topics=${topic}&wait=20` }]), 'wait');
  assert.ok(Date.now() - before < 10_000, 'and it does not wait');
  const doubled = await batch(t, [{ id: 'a', method: 'GET', path: '/messages?topics=a' }, { id: 'a', method: 'GET', path: '/messages?topics=b' }]);
  refusedSomehow(doubled, 'a doubled id', 1);
  refusedSomehow(await batch(t, [{ method: 'POST', path: '/subscriptions', data: { topics: ['a'] } }]), 'an unnamed subscription');
  refusedSomehow(await batch(t, [{ method: 'GET', path: '/ws' }]), 'a WebSocket');
});

scenario('9.2.1 paths are below /v1, with their query; headers hold for their operation alone', {}, async (t) => {
  const collection = await t.collection();
  const { results } = succeeds(
    await batch(t, [
      { id: 'make', method: 'POST', path: `/${collection}`, data: { id: 'x', n: 1 } },
      { id: 'other', method: 'PATCH', path: `/${collection}/x`, data: { n: 2 }, headers: { 'If-Match': '"other"' } },
      { id: 'any', method: 'PATCH', path: `/${collection}/x`, data: { n: 3 }, headers: { 'if-match': '*' } },
      { id: 'none', method: 'PATCH', path: `/${collection}/x`, data: { n: 4 } },
      { id: 'list', method: 'GET', path: `/${collection}?filter[n]=4&limit=1` },
      { id: 'unchanged', method: 'GET', path: `/${collection}?limit=0` },
    ]),
    207,
  );
  assert.deepEqual(results.map(({ id, statusCode }: Json) => [id, statusCode]), [['make', 201], ['other', 412], ['any', 200], ['none', 200], ['list', 200], ['unchanged', 422]]);
  assert.equal(results[4].data.items[0].n, 4);
  assert.equal(results[5].error.details.field, '/query/limit');
});

scenario('9.2.1 every operation of the table may be in a partial batch', {}, async (t) => {
  const [collection, topic] = [t.name('c'), t.name('t')];
  t.forget(collection);
  const answer = await batch(t, [
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
  assert.deepEqual(results.map(({ statusCode }: Json) => statusCode), [201, 201, 200, 201, 200, 204, 204, 200]);
  assert.equal(results[4].data.items.length, 1);
});

scenario('9.2.1 each operation needs its own scope', {}, async (t) => {
  const [mine, theirs] = [await t.collection(), await t.collection()];
  const who = await t.caller([`write:${mine}`]);
  const operations = [mine, theirs].map((collection) => ({ method: 'POST', path: `/${collection}`, data: {} }));
  const { results } = succeeds(await who.http('POST', '/v1/batch', { data: { operations } }), 207);
  assert.deepEqual(results.map(({ statusCode, error }: Json) => [statusCode, error?.code]), [[201, undefined], [403, 'FORBIDDEN']]);
  const atomic = await who.http('POST', '/v1/batch', { data: { mode: 'atomic', operations } });
  refuses(atomic, 'BATCH_FAILED');
  assert.equal(atomic.status, 403);
  assert.deepEqual([succeeds(await t.admin.get(`/${mine}`)).items.length, succeeds(await t.admin.get(`/${theirs}`)).items.length], [1, 0]);
});

scenario('9.2.1 results end at 10 MB: what is over is that operation’s PAYLOAD_TOO_LARGE', {}, async (t) => {
  const collection = await t.collection();
  for (let n = 0; n < 2; n++) succeeds(await t.admin.post(`/${collection}`, { id: `d${n}`, text: 'x'.repeat(900_000) }), 201);
  const answer = await batch(t, Array.from({ length: 16 }, (_, n) => ({ method: 'GET', path: `/${collection}/d${n % 2}` })));
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
  const { results, succeeded, failed } = succeeds(await batch(t, operations), 207);
  assert.deepEqual([succeeded, failed], [4, 3]);
  assert.deepEqual(
    results.map(({ id, statusCode, status }: Json) => [id, statusCode, status]),
    [['a', 201, 'success'], ['b', 409, 'error'], ['c', 200, 'success'], ['d', 404, 'error'], ['e', 200, 'success'], ['f', 204, 'success'], ['g', 404, 'error']],
  );
  for (const { statusCode, error } of results) if (error !== undefined) checkError(error, statusCode);
  assert.equal(results[4].data.n, 3, 'each sees what those before it did');
  const all = succeeds(await batch(t, [{ id: 'z', method: 'POST', path: `/${collection}`, data: {} }], { mode: 'partial' }), 200);
  assert.deepEqual([all.succeeded, all.failed, all.results[0].id], [1, 0, 'z']);
  assert.deepEqual(Object.keys(all).sort(), ['failed', 'results', 'succeeded']);
});

scenario('9.2.2 a result has data or error, and headers where its operation has some', {}, async (t) => {
  const collection = await t.collection();
  const { results } = succeeds(await batch(t, [{ method: 'POST', path: `/${collection}`, data: { id: 'x' } }, { method: 'GET', path: `/${collection}/y` }]), 207);
  assert.equal('error' in results[0], false);
  assert.equal('data' in results[1], false);
  const names = Object.keys(results[0].headers ?? {}).map((name) => name.toLowerCase());
  assert.ok(names.includes('etag'), `the ETag that a precondition needs: ${names}`);
});

scenario('9.2.3 atomic: all succeed in one transaction, each sees what those before it wrote', {}, async (t) => {
  const collection = await t.collection();
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const { results, succeeded, failed } = succeeds(
    await batch(
      t,
      [
        { id: 'a', method: 'POST', path: `/${collection}`, data: { id: 'x', n: 1 } },
        { id: 'b', method: 'PATCH', path: `/${collection}/x`, data: { m: 2 } },
        { id: 'c', method: 'GET', path: `/${collection}/x` },
        { id: 'd', method: 'POST', path: `/topics/${topic}/messages`, data: 'm' },
        { id: 'e', method: 'POST', path: `/${collection}`, data: { id: 'y' } },
        { id: 'f', method: 'DELETE', path: `/${collection}/y` },
        { id: 'g', method: 'PUT', path: `/${collection}/x`, data: { n: 9 }, headers: { 'if-match': '*' } },
      ],
      { mode: 'atomic' },
    ),
  );
  assert.deepEqual([succeeded, failed], [7, 0]);
  assert.deepEqual(results.map(({ id, statusCode }: Json) => [id, statusCode]), [['a', 201], ['b', 200], ['c', 200], ['d', 201], ['e', 201], ['f', 204], ['g', 200]]);
  assert.deepEqual([results[2].data.n, results[2].data.m, results[2].data.version], [1, 2, 2]);
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}/x`)), results[6].data);
  const messages = await logAfter(t.admin, `${collection}.**,${topic}`, start);
  assert.equal(messages.length, 6);
  assert.equal(messages[2]?.cursor, results[3].data.cursor, 'the cursor of a publish within is the message’s own');
});

scenario('9.2.3 atomic: one fails and nothing happened; its status, BATCH_FAILED, {index, id, error}', {}, async (t) => {
  const collection = await t.collection({ type: 'object', properties: { n: { type: 'integer' } } });
  const topic = t.name('t');
  const before = succeeds(await t.admin.post(`/${collection}`, { id: 'there', n: 1 }), 201);
  const start = await endOfLog(t.admin);
  const failing: readonly [Json, number, string][] = [
    [{ method: 'POST', path: `/${collection}`, data: { id: 'there' } }, 409, 'CONFLICT'],
    [{ method: 'POST', path: `/${collection}`, data: { n: 'x' } }, 422, 'VALIDATION_FAILED'],
    [{ method: 'PATCH', path: `/${collection}/missing`, data: {} }, 404, 'NOT_FOUND'],
    [{ method: 'GET', path: `/${collection}/missing` }, 404, 'NOT_FOUND'],
    [{ method: 'DELETE', path: `/${collection}/there`, headers: { 'if-match': '"x"' } }, 412, 'PRECONDITION_FAILED'],
    [{ method: 'POST', path: '/topics/a..b/messages', data: 1 }, 422, 'VALIDATION_FAILED'],
    [{ method: 'POST', path: '/topics/$sys.x/messages', data: 1 }, 422, 'VALIDATION_FAILED'],
  ];
  for (const [operation, status, code] of failing) {
    const answer = await batch(
      t,
      [
        { id: 'one', method: 'POST', path: `/${collection}`, data: { id: 'new', n: 1 } },
        { id: 'two', method: 'PATCH', path: `/${collection}/there`, data: { n: 2 } },
        { id: 'three', method: 'POST', path: `/topics/${topic}/messages`, data: 1 },
        { id: 'four', ...operation },
        { id: 'five', method: 'POST', path: `/${collection}`, data: { id: 'after' } },
      ],
      { mode: 'atomic' },
    );
    const details = refuses(answer, 'BATCH_FAILED', undefined, code);
    assert.equal(answer.status, status, code);
    assert.deepEqual([details.index, details.id, details.error.code], [3, 'four', code]);
    checkError(details.error, status);
  }
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}`)).items, [before]);
  assert.deepEqual(await logAfter(t.admin, `${collection}.**,${topic}`, start), []);
});

scenario('9.2.3 atomic takes operations on documents and messages, and refuses all others', {}, async (t) => {
  const collection = await t.collection();
  const start = await endOfLog(t.admin);
  const others: Json[] = [
    { method: 'POST', path: '/collections', data: { name: t.name('c') } },
    { method: 'GET', path: '/collections' },
    { method: 'POST', path: '/keys', data: { scopes: ['read:*'] } },
    { method: 'GET', path: '/keys' },
    { method: 'POST', path: '/tokens', data: { ttl: 5 } },
    { method: 'POST', path: '/batch', data: { operations: [] } },
    { method: 'GET', path: '/changelog' },
  ];
  const keys = async (): Promise<number> => (succeeds(await t.admin.get('/keys')).items ?? []).length;
  for (const other of others) {
    const answer = await batch(t, [{ method: 'POST', path: `/${collection}`, data: {} }, other], { mode: 'atomic' });
    assert.ok(answer.status >= 400 && answer.status < 500, `${other.method} ${other.path}: ${answer.status}`);
  }
  assert.ok((await keys()) > 0);
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}`)).items, []);
  assert.deepEqual(await logAfter(t.admin, `${collection}.**`, start), []);
});

scenario('9.2.3 atomic: the list within sees the transaction, nobody outside sees half of it', {}, async (t) => {
  const collection = await t.collection();
  let torn = 0;
  let going = true;
  const watching = (async () => {
    for (let look = 0; going && look < 500; look++) {
      const { data } = await t.admin.http('GET', `/v1/${collection}?limit=100`);
      if (data.items.length % 20 !== 0) torn += 1;
    }
  })();
  watching.catch(() => {});
  for (let round = 0; round < 4; round++) {
    const operations: Json[] = Array.from({ length: 20 }, (_, n) => ({ method: 'POST', path: `/${collection}`, data: { round, n } }));
    operations.push({ method: 'GET', path: `/${collection}?filter[round]=${round}&limit=100` });
    const { results } = succeeds(await batch(t, operations, { mode: 'atomic' }));
    assert.equal(results[20].data.items.length, 20);
  }
  going = false;
  await watching;
  assert.equal(torn, 0);
});

for (const mode of ['partial', 'atomic']) {
  scenario(`9.2.4 a batch repeated with its requestId takes effect once, ${mode}`, {}, async (t) => {
    const collection = await t.collection();
    const topic = t.name('t');
    const start = await endOfLog(t.admin);
    const operations = [{ id: 'a', method: 'POST', path: `/${collection}`, data: { id: 'x' } }, { id: 'b', method: 'POST', path: `/topics/${topic}/messages`, data: 1 }, { id: 'c', method: 'POST', path: `/${collection}`, data: {} }];
    const requestId = t.name('r');
    const first = await batch(t, operations, { mode }, requestId);
    succeeds(first);
    const again = await batch(t, operations, { mode }, requestId);
    succeeds(again);
    assert.deepEqual(again.data.results.map(({ id, statusCode, data }: Json) => [id, statusCode, data]), first.data.results.map(({ id, statusCode, data }: Json) => [id, statusCode, data]));
    assert.equal(again.replayed, true);
    refuses(await batch(t, operations.slice(0, 2), { mode }, requestId), 'REQUEST_ID_REUSED', undefined, 'another batch');
    assert.equal(succeeds(await t.admin.get(`/${collection}`)).items.length, 2);
    assert.equal((await logAfter(t.admin, `${collection}.**,${topic}`, start)).length, 3);
  });
}

scenario('9.2.4 of a partial batch that failed in part, what succeeded is replayed and the rest tried afresh', {}, async (t) => {
  const collection = await t.collection();
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const operations = [
    { id: 'a', method: 'POST', path: `/${collection}`, data: { id: 'x' } },
    { id: 'b', method: 'PATCH', path: `/${collection}/late`, data: { n: 1 } },
    { id: 'c', method: 'POST', path: `/topics/${topic}/messages`, data: 1 },
  ];
  const requestId = t.name('r');
  const first = succeeds(await batch(t, operations, {}, requestId), 207);
  assert.deepEqual(first.results.map(({ statusCode }: Json) => statusCode), [201, 404, 201]);
  succeeds(await t.admin.post(`/${collection}`, { id: 'late' }), 201);
  const second = succeeds(await batch(t, operations, {}, requestId), 200);
  assert.deepEqual(second.results.map(({ statusCode }: Json) => statusCode), [201, 200, 201]);
  assert.deepEqual([second.results[0].data, second.results[2].data], [first.results[0].data, first.results[2].data]);
  const third = succeeds(await batch(t, operations, {}, requestId), 200);
  assert.deepEqual(third.results.map(({ data }: Json) => data), second.results.map(({ data }: Json) => data));
  assert.deepEqual((await logAfter(t.admin, `${collection}.**,${topic}`, start)).map((message) => message.topic.replace(collection, 'c')), ['c.x.created', topic, 'c.late.created', 'c.late.updated']);
});

scenario('9.2.4 an atomic batch that failed is tried afresh', {}, async (t) => {
  const collection = await t.collection();
  const operations = [{ method: 'POST', path: `/${collection}`, data: { id: 'x' } }, { method: 'PATCH', path: `/${collection}/late`, data: { n: 1 } }];
  const requestId = t.name('r');
  refuses(await batch(t, operations, { mode: 'atomic' }, requestId), 'BATCH_FAILED');
  succeeds(await t.admin.post(`/${collection}`, { id: 'late' }), 201);
  const second = await batch(t, operations, { mode: 'atomic' }, requestId);
  succeeds(second);
  assert.equal(second.replayed, false);
});

scenario('9.2.4 batches killed in the middle and repeated take effect once; atomic ones are never half there', { needs: 'own server' }, async (t) => {
  let server = await t.server({ flags: ['--operations-per-minute', '1000000'] });
  const { dataDir } = server;
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  const modes = ['atomic', 'partial'];
  const data = (number: number): Json => ({ mode: modes[number % 2], operations: Array.from({ length: 40 }, (_, n) => ({ method: 'POST', path: '/things', data: { id: `b${number}-${n}`, b: number } })) });
  for (let life = 0; life < 3; life++) {
    const { admin } = server;
    const sent = Array.from({ length: 10 }, (_, number) => admin.http('POST', '/v1/batch', { data: data(life * 10 + number), requestId: `batch-${life * 10 + number}` }).catch(() => undefined));
    await new Promise((resolve) => setTimeout(resolve, 5 + life * 15));
    await server.kill();
    await Promise.all(sent);
    server = await t.server({ dataDir, flags: ['--operations-per-minute', '1000000'] });
    for (let number = life * 10; number < life * 10 + 10; number++) {
      const there = (await logAfter(server.admin, 'things.*.created', 'earliest')).filter((message) => message.data.document.b === number).length;
      if (number % 2 === 0) assert.ok(there === 0 || there === 40, `atomic batch ${number}: ${there} of 40`);
    }
    for (let number = life * 10; number < life * 10 + 10; number++) {
      const answer = await server.admin.http('POST', '/v1/batch', { data: data(number), requestId: `batch-${number}` });
      assert.equal(succeeds(answer, 200, `batch ${number}, repeated`).succeeded, 40);
    }
  }
  const messages = await logAfter(server.admin, 'things.**', 'earliest');
  assert.deepEqual([messages.length, new Set(messages.map((message) => message.data.id)).size], [1_200, 1_200]);
});
