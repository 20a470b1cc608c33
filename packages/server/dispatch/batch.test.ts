// Batches (9.2): each operation by itself or all in one transaction, in order, once; cut off in the middle and sent again.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { StorageError } from '../ports/storage.ts';
import { type Answer, type Assembly, type AssemblyOptions, assemble, holderOf } from '../testing/assembly.ts';
import { settled } from '../testing/clock.ts';
import { gate } from '../testing/gate.ts';

let open: Assembly[] = [];
afterEach(async () => {
  for (const assembly of open) {
    assert.deepEqual(assembly.unexpected, []);
    await assembly.close();
  }
  open = [];
});

const start = async (options: AssemblyOptions = {}): Promise<Assembly> => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } } };
  const assembly = await assemble({ collections: { docs: { schema }, other: {} }, settings: { operationsPerMinute: 1_000_000 }, ...options });
  open.push(assembly);
  return assembly;
};

const topics = async ({ ask }: Assembly): Promise<string[]> => {
  const page = await ask('GET', '/messages?topics=**&after=earliest&limit=1000');
  return (page.data.items as { topic: string }[]).map(({ topic }) => topic);
};

const create = (id: string, n: unknown = 1) => ({ method: 'POST', path: '/docs', data: { id, n } });
const publish = (data: unknown) => ({ method: 'POST', path: '/topics/feed/messages', data });
const statuses = ({ data }: Answer): number[] => (data.results as { statusCode: number }[]).map(({ statusCode }) => statusCode);

test('9.2.2: a partial batch does each by itself, in order', async () => {
  const assembly = await start();
  const operations = [
    create('a'),
    { id: 'second', method: 'PATCH', path: '/docs/a', data: { n: 2 } },
    create('a'),
    create('b', 'x'),
    publish(1),
    { method: 'GET', path: '/docs/a' },
    { method: 'DELETE', path: '/docs/a' },
  ];
  const answer = await assembly.ask('POST', '/batch', { data: { operations } });
  assert.equal(answer.status, 207);
  assert.deepEqual(statuses(answer), [201, 200, 409, 422, 201, 200, 204]);
  assert.deepEqual([answer.data.succeeded, answer.data.failed], [5, 2]);
  const [first, second, third, fourth, , , last] = answer.data.results;
  assert.deepEqual([first.id, first.status, first.headers.location, second.id, second.data.n], [null, 'success', '/v1/docs/a', 'second', 2]);
  assert.deepEqual([third.status, third.error.code, fourth.error.details.field], ['error', 'CONFLICT', '/data/n']);
  assert(!('data' in last));
  assert.deepEqual(await topics(assembly), ['docs.a.created', 'docs.a.updated', 'feed', 'docs.a.deleted']);
  assert.equal((await assembly.ask('POST', '/batch', { data: { operations: [create('c'), { method: 'GET', path: '/docs' }] } })).status, 200);
});

test('9.2.3: in an atomic batch each sees what those before it wrote; the cursors are those of the log', async () => {
  const assembly = await start();
  const operations = [
    create('a'),
    { method: 'PATCH', path: '/docs/a', data: { n: 2 } },
    publish('first'),
    { method: 'GET', path: '/docs/a' },
    { method: 'GET', path: '/docs?filter[n]=2' },
    { method: 'DELETE', path: '/docs/a' },
    create('a', 3),
    publish('second'),
  ];
  const answer = await assembly.ask('POST', '/batch', { data: { mode: 'atomic', operations }, requestId: 'r' });
  assert.equal(answer.status, 200, JSON.stringify(answer));
  assert.deepEqual(statuses(answer), [201, 200, 201, 200, 200, 204, 201, 201]);
  const { results } = answer.data;
  assert.deepEqual([results[3].data.version, results[4].data.items.length, results[6].data.version], [2, 1, 1]);
  const log = (await assembly.ask('GET', '/messages?topics=**&after=earliest')).data.items as { topic: string; cursor: string; data: unknown }[];
  assert.deepEqual(
    log.map(({ topic }) => topic),
    ['docs.a.created', 'docs.a.updated', 'feed', 'docs.a.deleted', 'docs.a.created', 'feed'],
  );
  assert.deepEqual([results[2].data.cursor, results[7].data.cursor], [log[2]?.cursor, log[5]?.cursor]);
  const again = await assembly.ask('POST', '/batch', { data: { mode: 'atomic', operations }, requestId: 'r' });
  assert.deepEqual([again.replayed, again.data], [true, answer.data], 'the cursors are remembered too');
});

test('9.2.3: one fails and nothing happened', async () => {
  const assembly = await start();
  await assembly.ask('POST', '/docs', { data: { id: 'taken', n: 1 } });
  const before = await topics(assembly);
  for (const [operations, index, code, status] of [
    [[create('a'), publish(1), create('taken')], 2, 'CONFLICT', 409],
    [[create('a'), create('a')], 1, 'CONFLICT', 409],
    [[create('a'), { id: 'x', method: 'PATCH', path: '/docs/none', data: {} }], 1, 'NOT_FOUND', 404],
    [[create('a'), create('b', 'x')], 1, 'VALIDATION_FAILED', 422],
    [
      [
        { method: 'PATCH', path: '/docs/taken', data: { n: 2 } },
        { method: 'PUT', path: '/docs/taken', data: {}, headers: { 'If-Match': '"1-x"' } },
      ],
      1,
      'PRECONDITION_FAILED',
      412,
    ],
    [[create('a'), { method: 'DELETE', path: '/docs/taken' }, { method: 'GET', path: '/docs/taken' }], 2, 'NOT_FOUND', 404],
    [[create('a'), { method: 'POST', path: '/docs' }], 1, 'INVALID_ENVELOPE', 400],
    [[create('a'), { method: 'POST', path: '/topics/docs.a/messages', data: 1 }], 1, 'FORBIDDEN', 403],
    [[create('a'), { method: 'POST', path: '/nowhere/at/all', data: 1 }], 1, 'NOT_FOUND', 404],
    [[create('a'), { method: 'POST', path: 'docs', data: {} }], 1, 'NOT_FOUND', 404],
    [[create('a'), { method: 'POST', path: '/docs/x', data: {} }], 1, 'METHOD_NOT_ALLOWED', 405],
  ] as const) {
    const answer = await assembly.ask('POST', '/batch', { data: { mode: 'atomic', operations } });
    assert.deepEqual(
      [answer.code, answer.status, answer.details.index, answer.details.error?.code],
      ['BATCH_FAILED', status, index, code],
      JSON.stringify(answer),
    );
    assert.equal(answer.details.id, (operations[index] as { id?: string }).id ?? null);
  }
  assert.deepEqual(await topics(assembly), before);
  assert.equal((await assembly.ask('GET', '/docs')).data.items.length, 1);
});

test('9.2.1: what no batch takes is refused before anything is done', async () => {
  const assembly = await start({ settings: { operationsPerMinute: 120, maxBatchOperations: 150 } });
  const refused = async (data: unknown, identity = holderOf('admin')): Promise<string> => {
    const answer = await assembly.ask('POST', '/batch', { data, identity, metered: true });
    return `${answer.status} ${answer.code} ${answer.details.field}`;
  };
  const batch = { method: 'POST', path: '/batch', data: { operations: [create('x')] } };
  for (const [data, said] of [
    [{ operations: [] }, '422 VALIDATION_FAILED /data/operations'],
    [{ operations: [create('a'), batch] }, '422 VALIDATION_FAILED /data/operations/1/path'],
    [{ operations: [create('a'), { method: 'GET', path: '/openapi.json' }] }, '422 VALIDATION_FAILED /data/operations/1/path'],
    [{ operations: [create('a'), { method: 'GET', path: '/messages?topics=**&wait=1' }] }, '422 VALIDATION_FAILED /data/operations/1/path'],
    [{ operations: [create('a'), { method: 'GET', path: '/messages?topics=**&w%61it=1' }] }, '422 VALIDATION_FAILED /data/operations/1/path'],
    [
      {
        operations: [
          { id: 'x', ...create('a') },
          { id: 'x', ...create('b') },
        ],
      },
      '422 VALIDATION_FAILED /data/operations/1/id',
    ],
    [{ mode: 'atomic', operations: [create('a'), { method: 'POST', path: '/keys', data: { scopes: [] } }] }, '422 VALIDATION_FAILED /data/operations/1/path'],
    [
      { mode: 'atomic', operations: [create('a'), { method: 'POST', path: '/collections', data: { name: 'x' } }] },
      '422 VALIDATION_FAILED /data/operations/1/path',
    ],
    [{ mode: 'both', operations: [create('a')] }, '422 VALIDATION_FAILED /data/mode'],
    [{ operations: [{ ...create('a'), method: 'HEAD' }] }, '422 VALIDATION_FAILED /data/operations/0/method'],
    [{ operations: Array.from({ length: 151 }, () => create('a')) }, '413 BATCH_TOO_LARGE /data/operations'],
    // Within the batch's limit, but never within a minute's budget.
    [{ operations: Array.from({ length: 130 }, () => create('a')) }, '413 BATCH_TOO_LARGE /data/operations'],
  ] as const) {
    assert.equal(await refused(data), said, JSON.stringify(data).slice(0, 200));
  }
  assert.deepEqual(await topics(assembly), []);
});

test('7.1.1: a batch costs its operations, and one that is refused nothing', async () => {
  const { ask, clock } = await start({ settings: { operationsPerMinute: 10 } });
  const operations = (count: number) => ({ data: { operations: Array.from({ length: count }, (_, n) => publish(n)) }, metered: true });
  assert.equal((await ask('POST', '/batch', operations(6))).status, 200);
  const refused = await ask('POST', '/batch', operations(5));
  assert.deepEqual([refused.code, refused.status], ['RATE_LIMITED', 429]);
  assert.equal((await ask('POST', '/batch', operations(4))).status, 200);
  assert.equal((await ask('GET', '/docs', { metered: true })).code, 'RATE_LIMITED');
  await clock.advance(Number(refused.headers['retry-after']) * 1000);
  assert.equal((await ask('POST', '/batch', operations(5))).status, 200);
});

test('11.3: each operation of a batch needs its own scope', async () => {
  const assembly = await start();
  const identity = holderOf('write:docs');
  const operations = [create('a'), { method: 'POST', path: '/other', data: {} }, publish(1), { method: 'GET', path: '/docs/a' }];
  assert.deepEqual(statuses(await assembly.ask('POST', '/batch', { data: { operations }, identity })), [201, 403, 403, 403]);
  const atomic = await assembly.ask('POST', '/batch', { data: { mode: 'atomic', operations: [create('b'), publish(1)] }, identity });
  assert.deepEqual([atomic.status, atomic.code, atomic.details.error.details.scope], [403, 'BATCH_FAILED', 'publish:feed']);
});

test('9.2.4: a partial batch that failed in part: what succeeded is replayed, the rest tried afresh', async () => {
  const assembly = await start();
  const operations = [create('a'), { method: 'PATCH', path: '/docs/b', data: { n: 2 } }, publish(1), { method: 'DELETE', path: '/docs/a' }];
  const request = { data: { operations }, requestId: 'r' };
  const first = await assembly.ask('POST', '/batch', request);
  assert.deepEqual([statuses(first), first.replayed], [[201, 404, 201, 204], false]);
  await assembly.ask('POST', '/docs', { data: { id: 'b' } });
  const second = await assembly.ask('POST', '/batch', request);
  assert.deepEqual([statuses(second), second.replayed], [[201, 200, 201, 204], false]);
  for (const index of [0, 2]) assert.deepEqual(second.data.results[index].data, first.data.results[index].data);
  assert.equal(second.data.results[0].headers['x-idempotent-replay'], 'true');
  const third = await assembly.ask('POST', '/batch', request);
  assert.deepEqual([statuses(third), third.replayed], [[201, 200, 201, 204], true]);
  assert.equal((await topics(assembly)).length, 5);
  assert.equal((await assembly.ask('POST', '/batch', { ...request, data: { operations: [create('c')] } })).code, 'REQUEST_ID_REUSED');
});

test('9.2.4: a partial batch that was cut off after any of its writes goes on where it stood', async () => {
  for (const cut of [0, 1, 2, 3]) {
    const door = gate();
    const assembly = await start({ wrap: door.wrap });
    const operations = [create('a'), publish(1), create('b')];
    const request = { data: { operations }, requestId: 'r' };
    door.hold();
    const first = assembly.ask('POST', '/batch', request);
    // Three writes, and the mark that keeps the name.
    for (let written = 0; written < 4; written++) {
      while (door.held.length === 0) await settled();
      // From the cut on nothing reaches the store any more: here the process died.
      door.release(() => (written < cut ? undefined : new StorageError('failed', 'gone')));
      door.hold();
      if (written >= cut && written >= 2) break;
    }
    door.release();
    await first;
    const again = await assembly.ask('POST', '/batch', request);
    assert.deepEqual([again.status, statuses(again)], [200, [201, 201, 201]]);
    const replays = (again.data.results as { headers?: Record<string, string> }[]).map(({ headers }) => headers?.['x-idempotent-replay'] === 'true');
    assert.deepEqual(
      replays,
      [0, 1, 2].map((index) => index < cut),
    );
    assert.equal(again.replayed, cut === 3);
    assert.deepEqual((await topics(assembly)).sort(), ['docs.a.created', 'docs.b.created', 'feed']);
    const other = await assembly.ask('POST', '/batch', { data: { operations: [create('c')] }, requestId: 'r' });
    assert.equal(other.code, 'REQUEST_ID_REUSED', `after ${cut}`);
  }
});

test('4.1.3, 9.2.4: while a partial batch runs its name is its own: the same waits and is replayed, anything else is refused at once', async () => {
  const door = gate();
  const assembly = await start({ wrap: door.wrap });
  const { ask } = assembly;
  const request = { data: { operations: [create('a'), publish(1), create('b')] }, requestId: 'r' };
  door.hold();
  const first = ask('POST', '/batch', request);
  while (door.held.length === 0) await settled();
  const repeat = ask('POST', '/batch', request);
  for (const [path, data] of [
    ['/batch', { operations: [create('c')] }],
    ['/batch', { mode: 'atomic', operations: request.data.operations }],
    ['/docs', { id: 'c' }],
    ['/topics/feed/messages', 2],
  ] as const) {
    const other = await ask('POST', path, { data, requestId: 'r' });
    assert.equal(other.code, 'REQUEST_ID_REUSED', `${path} ${JSON.stringify(other)}`);
  }
  const elsewhere = ask('POST', '/docs', { data: { id: 'd' }, requestId: 'r', identity: holderOf('write:docs') });
  while (door.held.length < 2) await settled();
  assert.equal(door.held.length, 2, 'the name is another one to another client');
  door.release();
  const [made, again] = await Promise.all([first, repeat]);
  assert.deepEqual([made.status, statuses(made), made.replayed], [200, [201, 201, 201], false]);
  assert.deepEqual([again.status, statuses(again), again.replayed], [200, [201, 201, 201], true]);
  assert.equal((await elsewhere).status, 201);
  assert.equal((await ask('POST', '/batch', request)).replayed, true, 'and an honest repeat is one from then on');
  assert.deepEqual((await topics(assembly)).sort(), ['docs.a.created', 'docs.b.created', 'docs.d.created', 'feed']);
});

test('4.1.3: the name of a partial batch that changed nothing is free when it is over', async () => {
  const door = gate();
  const { ask } = await start({ wrap: door.wrap });
  door.hold();
  const failing = ask('POST', '/batch', { data: { operations: [create('a')] }, requestId: 'r' });
  while (door.held.length === 0) await settled();
  door.release(() => new StorageError('full', 'no room'));
  assert.deepEqual(statuses(await failing), [507]);
  assert.equal((await ask('POST', '/topics/feed/messages', { data: 1, requestId: 'r' })).status, 201);
});

test('12.3: STORAGE_FULL of an operation is its own in a partial batch, and the answer to an atomic one', async () => {
  const door = gate();
  const { ask } = await start({ wrap: door.wrap });
  door.hold();
  const partial = ask('POST', '/batch', { data: { operations: [create('a'), create('b')] } });
  await settled();
  door.release(() => new StorageError('full', 'no room'));
  const answer = await partial;
  assert.deepEqual([answer.status, statuses(answer), answer.data.results[0].error.code], [207, [507, 201], 'STORAGE_FULL']);
  door.hold();
  const atomic = ask('POST', '/batch', { data: { mode: 'atomic', operations: [create('c'), create('d')] } });
  await settled();
  door.release(() => new StorageError('full', 'no room'));
  assert.deepEqual([(await atomic).code, (await atomic).status], ['STORAGE_FULL', 507]);
});

test('9.2.1: results end at their limit', async () => {
  const assembly = await start({ settings: { maxBatchBytes: 4096 } });
  await assembly.ask('POST', '/docs', { data: { id: 'big', text: 'x'.repeat(1500) } });
  const read = { method: 'GET', path: '/docs/big' };
  const answer = await assembly.ask('POST', '/batch', { data: { operations: [read, read, read, publish(1)] } });
  assert.deepEqual([answer.status, statuses(answer)], [207, [200, 200, 413, 201]]);
  const write = { method: 'PATCH', path: '/docs/big', data: { n: 2 } };
  const atomic = await assembly.ask('POST', '/batch', { data: { mode: 'atomic', operations: [read, read, write] } });
  assert.deepEqual([atomic.code, atomic.status, atomic.details.index, atomic.details.error.code], ['BATCH_FAILED', 413, 2, 'PAYLOAD_TOO_LARGE']);
  const refused = await assembly.ask('POST', '/batch', { data: { operations: [read, read, write] } });
  assert.deepEqual(statuses(refused), [200, 200, 413]);
  assert.equal((await assembly.ask('GET', '/docs/big')).data.version, 1, 'what could not be answered was not done');
});
