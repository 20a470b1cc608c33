// 4.1.3: requestId is the idempotency key: what is repeated takes effect once, on any transport, across crashes.
import assert from 'node:assert/strict';
import { type Answer, caller } from '../caller.ts';
import { eventually, pause, refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

const same = (repeat: Answer, first: Answer, what: string): void => {
  assert.equal(first.replayed, false, `${what}: the first is no replay`);
  assert.equal(repeat.status, first.status, `${what}: the same status`);
  assert.deepEqual(repeat.data, first.data, `${what}: the same data`);
  assert.equal(repeat.replayed, true, `${what}: X-Idempotent-Replay: true`);
};

scenario('4.1.3 a repeated POST, PUT, PATCH or DELETE takes effect once and gets the first outcome again', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const start = await endOfLog(t.admin);
  const ids = { post: t.name('r'), put: t.name('r'), patch: t.name('r'), delete: t.name('r') };
  const create = (): Promise<Answer> => t.admin.post(`/${collection}`, { n: 1 }, { requestId: ids.post });
  const created = await create();
  const path = `/${collection}/${succeeds(created, 201).id}`;
  same(await create(), created, 'POST');
  const put = (): Promise<Answer> => t.admin.put(path, { n: 2 }, { requestId: ids.put });
  const first = await put();
  const patch = (): Promise<Answer> => t.admin.patch(path, { m: 3 }, { requestId: ids.patch });
  const second = await patch();
  same(await put(), first, 'PUT, after something else changed it');
  same(await patch(), second, 'PATCH');
  assert.equal(succeeds(await t.admin.get(path)).version, 3, 'each took effect once');
  const remove = (): Promise<Answer> => t.admin.delete(path, { requestId: ids.delete });
  const gone = await remove();
  assert.equal(gone.status, 204);
  same(await remove(), gone, 'DELETE');
  same(await create(), created, 'POST, after it was deleted');
  refuses(await t.admin.get(path), 'NOT_FOUND', undefined, 'and it stays deleted');
  assert.deepEqual(
    (await logAfter(t.admin, `${collection}.**`, start)).map(({ data }) => data.change),
    ['created', 'updated', 'updated', 'deleted'],
  );
});

scenario('4.1.3 the replay has the headers of the first outcome', {}, async (t) => {
  const collection = await t.collection();
  const requestId = t.name('r');
  const [first, again] = [
    await t.admin.http('POST', `/v1/${collection}`, { data: {}, requestId }),
    await t.admin.http('POST', `/v1/${collection}`, { data: {}, requestId }),
  ];
  same(again, first, 'POST');
  assert.equal(again.headers.etag, first.headers.etag);
  assert.equal(again.headers.location, first.headers.location);
  assert.equal(again.requestId, requestId);
});

scenario('4.1.3 a repeated publish is one message', { over: 'any' }, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const requestId = t.name('r');
  const publish = (): Promise<Answer> => t.admin.post(`/topics/${topic}/messages`, { a: 1 }, { requestId });
  const first = await publish();
  succeeds(first, 201);
  for (let count = 0; count < 3; count++) same(await publish(), first, 'publish');
  assert.equal((await logAfter(t.admin, topic, start)).length, 1);
});

scenario('4.1.3 the same requestId with another operation is 422 REQUEST_ID_REUSED', { over: 'any' }, async (t) => {
  const [collection, other] = [await t.collection(), await t.collection()];
  const requestId = t.name('r');
  const created = await t.admin.post(`/${collection}`, { id: 'x', n: 1 }, { requestId });
  succeeds(created, 201);
  succeeds(await t.admin.post(`/${collection}`, { id: 'y' }), 201);
  refuses(await t.admin.post(`/${collection}`, { id: 'x', n: 2 }, { requestId }), 'REQUEST_ID_REUSED', undefined, 'other data');
  refuses(await t.admin.post(`/${collection}`, { id: 'z' }, { requestId }), 'REQUEST_ID_REUSED', undefined, 'other data');
  refuses(await t.admin.post(`/${other}`, { id: 'x', n: 1 }, { requestId }), 'REQUEST_ID_REUSED', undefined, 'other path');
  refuses(await t.admin.put(`/${collection}/y`, { id: 'x', n: 1 }, { requestId }), 'REQUEST_ID_REUSED', undefined, 'other method');
  refuses(await t.admin.delete(`/${collection}/x`, { requestId }), 'REQUEST_ID_REUSED', undefined, 'DELETE');
  const patchId = t.name('r');
  const etag = created.headers.etag as string;
  const patched = await t.admin.patch(`/${collection}/x`, { n: 2 }, { requestId: patchId, headers: { 'if-match': etag } });
  succeeds(patched);
  refuses(await t.admin.patch(`/${collection}/x`, { n: 2 }, { requestId: patchId }), 'REQUEST_ID_REUSED', undefined, 'without the precondition');
  refuses(
    await t.admin.patch(`/${collection}/x`, { n: 2 }, { requestId: patchId, headers: { 'if-match': '*' } }),
    'REQUEST_ID_REUSED',
    undefined,
    'another precondition',
  );
  same(
    await t.admin.patch(`/${collection}/x`, { n: 2 }, { requestId: patchId, headers: { 'if-match': etag } }),
    patched,
    'the same precondition, which would no longer hold',
  );
  assert.deepEqual([succeeds(await t.admin.get(`/${collection}/x`)).n, succeeds(await t.admin.get(`/${other}`)).items.length], [2, 0]);
});

scenario('4.1.3 timestamp and metadata are not the operation', {}, async (t) => {
  const collection = await t.collection();
  const requestId = t.name('r');
  const send = (more: Json): Promise<Answer> => t.admin.http('POST', `/v1/${collection}`, { body: JSON.stringify({ requestId, data: { a: 1 }, ...more }) });
  const first = await send({ timestamp: '2026-11-22T10:00:00.000Z' });
  succeeds(first, 201);
  same(await send({ timestamp: '2026-11-22T10:00:09.000Z', metadata: { version: '1.0', client: 'x' }, other: 1 }), first, 'a later timestamp');
});

scenario('4.1.3 Idempotency-Key and requestId are one', {}, async (t) => {
  const collection = await t.collection();
  const requestId = t.name('r');
  const first = await t.admin.http('POST', `/v1/${collection}`, { data: { a: 1 }, requestId });
  succeeds(first, 201);
  same(await t.admin.http('POST', `/v1/${collection}`, { body: '{"data":{"a":1}}', headers: { 'idempotency-key': requestId } }), first, 'by header');
});

scenario('4.1.3 errors are not remembered: the same requestId is tried afresh', { over: 'any' }, async (t) => {
  const collection = await t.collection({ type: 'object', properties: { n: { type: 'integer' } } });
  const requestId = t.name('r');
  succeeds(await t.admin.post(`/${collection}`, { id: 'x' }), 201);
  refuses(await t.admin.post(`/${collection}`, { id: 'x', n: 1 }, { requestId }), 'CONFLICT');
  refuses(await t.admin.post(`/${collection}`, { id: 'y', n: 'text' }, { requestId }), 'VALIDATION_FAILED');
  refuses(await t.admin.patch(`/${collection}/missing`, { n: 1 }, { requestId }), 'NOT_FOUND');
  succeeds(await t.admin.delete(`/${collection}/x`), 204);
  const answer = await t.admin.post(`/${collection}`, { id: 'x', n: 1 }, { requestId });
  succeeds(answer, 201);
  assert.equal(answer.replayed, false);
});

scenario('4.1.3 the same at the same time takes effect once', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const start = await endOfLog(t.admin);
  const requestId = t.name('r');
  const answers = await Promise.all(Array.from({ length: 12 }, () => t.admin.post(`/${collection}`, { a: 1 }, { requestId })));
  const created = answers.filter(({ status }) => status === 201);
  for (const answer of answers) if (answer.status !== 201) refuses(answer, 'REQUEST_IN_PROGRESS');
  assert.equal(new Set(created.map(({ data }) => data.id)).size, 1, 'one document');
  assert.equal(created.filter(({ replayed }) => !replayed).length, 1, 'all but one are replays');
  assert.equal((await logAfter(t.admin, `${collection}.**`, start)).length, 1);
});

scenario('4.1.3 a requestId is its client’s: another client’s is another, a rotated key’s the same', {}, async (t) => {
  const collection = await t.collection();
  const client = t.name('client');
  const scopes = [`write:${collection}`];
  const [one, rotated, other] = [await t.caller(scopes, { client }), await t.caller(scopes, { client }), await t.caller(scopes)];
  const requestId = t.name('r');
  const first = await one.post(`/${collection}`, { a: 1 }, { requestId });
  succeeds(first, 201);
  same(await rotated.post(`/${collection}`, { a: 1 }, { requestId }), first, 'another key of the client');
  const theirs = await other.post(`/${collection}`, { a: 1 }, { requestId });
  assert.notEqual(succeeds(theirs, 201).id, first.data.id);
  assert.equal(theirs.replayed, false);
});

scenario('4.1.3 each sub of a key’s tokens is a client of its own', {}, async (t) => {
  const collection = await t.collection();
  const key = await t.caller([`write:${collection}`]);
  const token = async (sub: string): Promise<string> => succeeds(await key.post('/tokens', { ttl: 60, sub }), 201).token;
  const requestId = t.name('r');
  const ids: string[] = [];
  for (const credential of [await token('a'), await token('b')])
    ids.push(succeeds(await t.as(credential).post(`/${collection}`, { n: 1 }, { requestId }), 201).id);
  assert.notEqual(ids[0], ids[1]);
  const again = await t.as(await token('a')).post(`/${collection}`, { n: 1 }, { requestId });
  assert.deepEqual([again.replayed, again.data.id], [true, ids[0]], 'another token of the same sub is the same client');
});

scenario('4.1.3 the replay of a made key lacks the key, and no second one is made', { over: 'any' }, async (t) => {
  const requestId = t.name('r');
  const data = { name: t.name('key'), scopes: ['read:*'] };
  const make = (): Promise<Answer> => t.admin.post('/keys', data, { requestId });
  const first = await make();
  const made = succeeds(first, 201);
  t.after(() => t.admin.http('DELETE', `/v1/keys/${made.id}`));
  const again = await make();
  assert.deepEqual([again.status, again.replayed, again.data.id], [201, true, made.id]);
  assert.equal(typeof made.key, 'string');
  assert.ok(!JSON.stringify(again.data).includes(made.key), 'the secret is not remembered');
  assert.ok(again.data.key === undefined || again.data.key === null, 'the replay lacks it');
  const { key: _, ...rest } = made;
  const { key: __, ...restAgain } = again.data;
  assert.deepEqual(restAgain, rest);
});

scenario('4.1.3 tokens are made anew', { over: 'any' }, async (t) => {
  const requestId = t.name('r');
  const collection = await t.collection();
  const key = await t.caller([`read:${collection}`]);
  const [first, again] = [await key.post('/tokens', { ttl: 60, sub: 's' }, { requestId }), await key.post('/tokens', { ttl: 60, sub: 's' }, { requestId })];
  for (const answer of [first, again]) succeeds(await t.as(succeeds(answer, 201).token).get(`/${collection}`));
});

scenario('4.1.3 collections, too, are made and removed once', { over: 'any' }, async (t) => {
  const name = t.name('c');
  t.forget(name);
  const [making, removing] = [t.name('r'), t.name('r')];
  const make = (): Promise<Answer> => t.admin.post('/collections', { name }, { requestId: making });
  const remove = (): Promise<Answer> => t.admin.delete(`/collections/${name}`, { requestId: removing });
  const made = await make();
  succeeds(made, 201);
  same(await make(), made, 'making');
  const removed = await remove();
  assert.equal(removed.status, 204);
  same(await remove(), removed, 'removing');
  same(await make(), made, 'making, after it was removed');
  refuses(await t.admin.get(`/collections/${name}`), 'NOT_FOUND');
});

scenario('4.1.3 a repeat is a replay after kill -9 and a restart', { needs: 'own server' }, async (t) => {
  const one = await t.server();
  succeeds(await one.admin.post('/collections', { name: 'things' }), 201);
  const steps: (readonly [string, string, Json])[] = [
    ['POST', '/things', { data: { id: 'x', n: 1 } }],
    ['PATCH', '/things/x', { data: { n: 2 } }],
    ['PUT', '/things/x', { data: { n: 3 } }],
    ['POST', '/topics/t/messages', { data: 'm' }],
    ['POST', '/things', { data: { id: 'y' } }],
    ['DELETE', '/things/y', {}],
    ['POST', '/batch', { data: { mode: 'atomic', operations: [{ method: 'POST', path: '/things', data: { n: 9 } }] } }],
  ];
  const firsts: Answer[] = [];
  for (const [index, [method, path, call]] of steps.entries()) firsts.push(await one.admin.send(method, path, { ...call, requestId: `r${index}` }));
  for (const first of firsts) assert.ok(first.status < 300, `${first.status} ${JSON.stringify(first.error)}`);
  await one.kill();
  const two = await t.server({ dataDir: one.dataDir });
  for (const [index, [method, path, call]] of steps.entries()) {
    const first = firsts[index] as Answer;
    const again = await two.admin.send(method, path, { ...call, requestId: `r${index}` });
    assert.equal(again.status, first.status, `${method} ${path}`);
    assert.equal(again.replayed, true, `${method} ${path} is a replay`);
    if (path !== '/batch') assert.deepEqual(again.data, first.data, `${method} ${path}`);
  }
  const listed = succeeds(await two.admin.get('/things?sort=n'));
  assert.deepEqual(
    listed.items.map(({ n, version }: Json) => [n, version]),
    [
      [3, 3],
      [9, 1],
    ],
  );
  assert.equal((await logAfter(two.admin, 't', 'earliest')).length, 1);
});

scenario('4.1.3 killed at any instant, what is repeated takes effect once', { needs: 'own server' }, async (t) => {
  let server = await t.server();
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  const dataDir = server.dataDir;
  const wanted = Array.from({ length: 120 }, (_, n) => n);
  const confirmed = new Map<number, string>();
  for (let life = 0; life < 4 && confirmed.size < wanted.length; life++) {
    const { admin } = server;
    const open = wanted.filter((n) => !confirmed.has(n));
    const work = Promise.all(
      Array.from({ length: 40 }, async () => {
        for (let n = open.pop(); n !== undefined; n = open.pop()) {
          const answer = await admin.post('/things', { n }, { requestId: `r${n}` }).catch(() => undefined);
          if (answer?.status === 201) confirmed.set(n, answer.data.id);
        }
      }),
    );
    if (life < 3) {
      await pause(3 + life * 12);
      await server.kill();
      await work;
      server = await t.server({ dataDir });
    } else await work;
  }
  assert.equal(confirmed.size, wanted.length, 'in the end all are confirmed');
  const messages = await logAfter(server.admin, 'things.**', 'earliest');
  const times = new Map<number, string[]>();
  for (const { data } of messages) times.set(data.document.n, [...(times.get(data.document.n) ?? []), data.id]);
  for (const n of wanted) assert.deepEqual(times.get(n), [confirmed.get(n)], `document ${n} was created once, and it is the one that was confirmed`);
});

scenario('4.1.3 after the window a requestId is free again', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--idempotency-window', '1s', '--publish-window', '1s'] });
  const who = caller(server.url, server.key);
  succeeds(await who.post('/collections', { name: 'things' }), 201);
  for (const path of ['/things', '/topics/t/messages']) {
    const first = await who.post(path, {}, { requestId: path });
    succeeds(first, 201);
    const fresh = await eventually(
      'the window passes',
      async () => {
        const answer = await who.post(path, {}, { requestId: path });
        return answer.replayed ? undefined : answer;
      },
      15_000,
      250,
    );
    assert.notDeepEqual(succeeds(fresh, 201), first.data, path);
  }
});
