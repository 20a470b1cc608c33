// 9.2.3 and 9.2.4: all or none, and what a repeated batch does.
import assert from 'node:assert/strict';
import { batch } from '../batch.ts';
import type { HttpAnswer } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import { checkError } from '../invariants.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

scenario('9.2.3 atomic: all succeed in one transaction, each sees what those before it wrote', {}, async (t) => {
  const collection = await t.collection();
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const { results, succeeded, failed } = succeeds(
    await batch(
      t.admin,
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
  assert.deepEqual(
    results.map(({ id, statusCode }: Json) => [id, statusCode]),
    [
      ['a', 201],
      ['b', 200],
      ['c', 200],
      ['d', 201],
      ['e', 201],
      ['f', 204],
      ['g', 200],
    ],
  );
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
      t.admin,
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
    const answer = await batch(t.admin, [{ method: 'POST', path: `/${collection}`, data: {} }, other], { mode: 'atomic' });
    assert.ok(answer.status >= 400 && answer.status < 500, `${other.method} ${other.path}: ${answer.status}`);
  }
  assert.ok((await keys()) > 0);
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}`)).items, []);
  assert.deepEqual(await logAfter(t.admin, `${collection}.**`, start), []);
});

scenario('9.2.3 atomic: a list within sees what was written before it', {}, async (t) => {
  const collection = await t.collection();
  for (const n of [1, 2, 3]) succeeds(await t.admin.post(`/${collection}`, { id: `d${n}`, n }), 201);
  const list = (query: string): Json => ({ method: 'GET', path: `/${collection}?${query}` });
  const { results } = succeeds(
    await batch(
      t.admin,
      [
        { method: 'POST', path: `/${collection}`, data: { id: 'new', n: 1.5 } },
        { method: 'DELETE', path: `/${collection}/d2` },
        { method: 'PATCH', path: `/${collection}/d1`, data: { n: 9 } },
        list('sort=n'),
        list('filter[n][lt]=5&sort=-n'),
        list('sort=n&limit=1'),
        { method: 'DELETE', path: `/${collection}/new` },
        list('sort=n'),
      ],
      { mode: 'atomic' },
    ),
  );
  const ids = (at: number): string[] => results[at].data.items.map(({ id }: Json) => id);
  assert.deepEqual([ids(3), ids(4), ids(5), ids(7)], [['new', 'd3', 'd1'], ['d3', 'new'], ['new'], ['d3', 'd1']]);
});

scenario('9.2.3 atomic: messages may be read within, and what was written before is seen or the batch refused', {}, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const read = { method: 'GET', path: `/messages?topics=${topic}&after=${start}` };
  const write = { method: 'POST', path: `/topics/${topic}/messages`, data: 1 };
  assert.deepEqual(succeeds(await batch(t.admin, [read, write], { mode: 'atomic' })).results[0].data.items, []);
  // A message gets its place in the log when its transaction does: before that it can be told, or refused, and not be passed over.
  const after = await batch(t.admin, [write, read], { mode: 'atomic' });
  if (after.status === 200) assert.equal(after.data.results[1].data.items.length, 2);
  else refuses(after, ['BATCH_FAILED', 'VALIDATION_FAILED']);
});

scenario('9.2.3 atomic: nobody outside sees half of it', {}, async (t) => {
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
    succeeds(await batch(t.admin, operations, { mode: 'atomic' }));
  }
  going = false;
  await watching;
  assert.equal(torn, 0);
});

scenario(
  '9.2.3 atomic: batches that look around and change one document, beside plain changes of it: what was confirmed is there, what was refused is not',
  {},
  async (t) => {
    const collection = await t.collection();
    for (const id of ['shared', 'guard']) succeeds(await t.admin.http('POST', `/v1/${collection}`, { data: { id } }), 201);
    const path = `/v1/${collection}/shared`;
    const [confirmed, refused] = [new Set<string>(), new Set<string>()];
    const tags: string[] = [];
    let next = 0;
    const changeAll = async (): Promise<void> => {
      while (next < 300) {
        const index = next++;
        const name = `m${index}`;
        const data = { [name]: index };
        if (index % 3 === 0) {
          const changed = await t.admin.http('PATCH', path, { data });
          succeeds(changed);
          confirmed.add(name);
          tags.push(String(changed.headers['etag']));
          continue;
        }
        const operations: Json[] = [
          { method: 'PATCH', path: `/${collection}/shared`, data },
          { method: 'GET', path: `/${collection}?limit=1` },
        ];
        if (index % 3 === 1) {
          const guard = await t.admin.http('GET', `/v1/${collection}/guard`);
          operations.push({ method: 'PATCH', path: `/${collection}/guard`, data, headers: { 'If-Match': String(guard.headers['etag']) } });
        }
        const answer = await batch(t.admin, operations, { mode: 'atomic' });
        if (answer.status === 200) {
          confirmed.add(name);
          tags.push(String(answer.data.results[0].headers['etag'] ?? answer.data.results[0].headers['ETag']));
        } else {
          refuses(answer, 'BATCH_FAILED');
          refused.add(name);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, changeAll));
    const { data } = await t.admin.http('GET', path);
    assert.deepEqual(
      [...confirmed].filter((name) => !(name in data)),
      [],
      'confirmed and gone',
    );
    assert.deepEqual(
      [...refused].filter((name) => name in data),
      [],
      'refused and there',
    );
    assert.equal(data.version, confirmed.size + 1);
    assert.equal(new Set(tags).size, confirmed.size, '3.2.3: never one ETag for two states');
  },
);

for (const mode of ['partial', 'atomic']) {
  scenario(`9.2.4 a batch repeated with its requestId takes effect once, ${mode}`, {}, async (t) => {
    const collection = await t.collection();
    const topic = t.name('t');
    const start = await endOfLog(t.admin);
    const operations = [
      { id: 'a', method: 'POST', path: `/${collection}`, data: { id: 'x' } },
      { id: 'b', method: 'POST', path: `/topics/${topic}/messages`, data: 1 },
      { id: 'c', method: 'POST', path: `/${collection}`, data: {} },
    ];
    const requestId = t.name('r');
    const first = await batch(t.admin, operations, { mode }, requestId);
    succeeds(first);
    const again = await batch(t.admin, operations, { mode }, requestId);
    succeeds(again);
    assert.deepEqual(
      again.data.results.map(({ id, statusCode, data }: Json) => [id, statusCode, data]),
      first.data.results.map(({ id, statusCode, data }: Json) => [id, statusCode, data]),
    );
    assert.equal(again.replayed, true);
    refuses(await batch(t.admin, operations.slice(0, 2), { mode }, requestId), 'REQUEST_ID_REUSED', undefined, 'another batch');
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
  const first = succeeds(await batch(t.admin, operations, {}, requestId), 207);
  assert.deepEqual(
    first.results.map(({ statusCode }: Json) => statusCode),
    [201, 404, 201],
  );
  succeeds(await t.admin.post(`/${collection}`, { id: 'late' }), 201);
  const second = succeeds(await batch(t.admin, operations, {}, requestId), 200);
  assert.deepEqual(
    second.results.map(({ statusCode }: Json) => statusCode),
    [201, 200, 201],
  );
  assert.deepEqual([second.results[0].data, second.results[2].data], [first.results[0].data, first.results[2].data]);
  const third = succeeds(await batch(t.admin, operations, {}, requestId), 200);
  assert.deepEqual(
    third.results.map(({ data }: Json) => data),
    second.results.map(({ data }: Json) => data),
  );
  assert.deepEqual(
    (await logAfter(t.admin, `${collection}.**,${topic}`, start)).map((message) => message.topic.replace(collection, 'c')),
    ['c.x.created', topic, 'c.late.created', 'c.late.updated'],
  );
});

scenario('9.2.4 of what is asked at once under one requestId one takes effect, and the rest is REQUEST_ID_REUSED', { also: ['4.1.3'] }, async (t) => {
  const collection = await t.collection();
  for (let turn = 0; turn < 5; turn++) {
    const requestId = t.name('r');
    const create = (n: number): Json => ({ method: 'POST', path: `/${collection}`, data: { turn, n } });
    const one = Array.from({ length: 20 }, (_, n) => create(n));
    const asked: readonly (() => Promise<HttpAnswer>)[] = [
      () => batch(t.admin, one, {}, requestId),
      () => batch(t.admin, [create(100), create(101)], {}, requestId),
      () => batch(t.admin, [create(200)], { mode: 'atomic' }, requestId),
      () => t.admin.http('POST', `/v1/${collection}`, { data: { turn, n: 300 }, requestId }),
    ];
    const answers = await Promise.all(asked.map((ask) => ask()));
    const winner = answers.findIndex(({ status }) => status < 300);
    for (const [index, answer] of answers.entries()) {
      if (index === winner) assert.ok([200, 201].includes(answer.status), `${answer.status}`);
      else refuses(answer, 'REQUEST_ID_REUSED', undefined, `turn ${turn}, ${index} beside ${winner}`);
    }
    const again = await asked[winner]?.();
    assert.deepEqual([again?.status, again?.replayed], [answers[winner]?.status, true], `turn ${turn}: who took effect is replayed`);
    const made = succeeds(await t.admin.get(`/${collection}?limit=100&filter[turn]=${turn}`)).items.length;
    assert.equal(made, [20, 2, 1, 1][winner], `turn ${turn}: nothing of the others took effect`);
  }
});

scenario('9.2.4 an atomic batch that failed is tried afresh', {}, async (t) => {
  const collection = await t.collection();
  const operations = [
    { method: 'POST', path: `/${collection}`, data: { id: 'x' } },
    { method: 'PATCH', path: `/${collection}/late`, data: { n: 1 } },
  ];
  const requestId = t.name('r');
  refuses(await batch(t.admin, operations, { mode: 'atomic' }, requestId), 'BATCH_FAILED');
  succeeds(await t.admin.post(`/${collection}`, { id: 'late' }), 201);
  const second = await batch(t.admin, operations, { mode: 'atomic' }, requestId);
  succeeds(second);
  assert.equal(second.replayed, false);
});

scenario('9.2.4 batches killed in the middle and repeated take effect once; atomic ones are never half there', { needs: 'own server' }, async (t) => {
  let server = await t.server({ flags: ['--operations-per-minute', '1000000'] });
  const { dataDir } = server;
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  const modes = ['atomic', 'partial'];
  const data = (number: number): Json => ({
    mode: modes[number % 2],
    operations: Array.from({ length: 40 }, (_, n) => ({ method: 'POST', path: '/things', data: { id: `b${number}-${n}`, b: number } })),
  });
  for (let life = 0; life < 3; life++) {
    const { admin } = server;
    const sent = Array.from({ length: 10 }, (_, number) =>
      admin.http('POST', '/v1/batch', { data: data(life * 10 + number), requestId: `batch-${life * 10 + number}` }).catch(() => undefined),
    );
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
