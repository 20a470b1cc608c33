// A request takes effect once (4.1.3): repeats, at once or later, of what was done, what failed and what is under way.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { ActionDefinition } from '../application.ts';
import { StorageError } from '../ports/storage.ts';
import { ADMIN, type Answer, type Assembly, type AssemblyOptions, assemble, holderOf } from '../testing/assembly.ts';
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
  const assembly = await assemble({ collections: { docs: {} }, settings: { operationsPerMinute: 1_000_000 }, ...options });
  open.push(assembly);
  return assembly;
};

const topics = async ({ ask }: Assembly): Promise<string[]> => {
  const page = await ask('GET', '/messages?topics=**&after=earliest&limit=1000');
  return (page.data.items as { topic: string }[]).map(({ topic }) => topic);
};

test('4.1.3: a repeat gets the first outcome, word for word, whatever became of the document since', async () => {
  const { ask } = await start();
  const operations = [
    ['POST', '/docs', { id: 'a', n: 1 }],
    ['PATCH', '/docs/a', { n: 2 }],
    ['PUT', '/docs/a', { n: 3 }],
    ['POST', '/topics/feed/messages', { n: 4 }],
    ['DELETE', '/docs/a', undefined],
    ['POST', '/docs', { id: 'a', n: 6 }],
    [
      'POST',
      '/batch',
      {
        mode: 'atomic',
        operations: [
          { method: 'POST', path: '/topics/feed/messages', data: 7 },
          { method: 'DELETE', path: '/docs/a' },
        ],
      },
    ],
    ['POST', '/collections', { name: 'made' }],
    ['PUT', '/collections/made', { schema: true }],
    ['DELETE', '/collections/made', undefined],
  ] as const;
  const first: Answer[] = [];
  for (const [index, [method, path, data]] of operations.entries()) {
    first.push(await ask(method, path, { data, requestId: `r${index}` }));
    assert(!first.at(-1)?.replayed && (first.at(-1)?.status ?? 0) < 300, JSON.stringify(first.at(-1)));
  }
  for (const [index, [method, path, data]] of operations.entries()) {
    const again = await ask(method, path, { data, requestId: `r${index}` });
    const { 'x-idempotent-replay': mark, ...headers } = again.headers;
    assert.equal(mark, 'true', `${method} ${path}`);
    assert.deepEqual({ ...again, headers, replayed: false }, first[index]);
  }
});

test('4.1.3: the same name for another operation is refused: method, path, data and preconditions make the operation', async () => {
  const { ask } = await start();
  await ask('POST', '/docs', { data: { id: 'a', n: 1 }, requestId: 'r' });
  await ask('POST', '/topics/feed/messages', { data: 1, requestId: 'p' });
  for (const [method, path, requestId, data, ifMatch] of [
    ['POST', '/docs', 'r', { id: 'a', n: 2 }],
    ['POST', '/docs', 'r', { id: 'b', n: 1 }],
    ['PUT', '/docs/a', 'r', { n: 1 }],
    ['DELETE', '/docs/a', 'r', undefined],
    ['POST', '/docs', 'r', { id: 'a', n: 1 }, '"1-x"'],
    ['POST', '/topics/feed/messages', 'r', 1],
    ['POST', '/topics/feed/messages', 'p', 2],
    ['POST', '/topics/other/messages', 'p', 1],
    ['POST', '/docs', 'p', { id: 'c' }],
    ['POST', '/batch', 'r', { operations: [{ method: 'GET', path: '/docs/a' }] }],
    ['POST', '/batch', 'p', { mode: 'atomic', operations: [{ method: 'POST', path: '/docs', data: {} }] }],
  ] as const) {
    const answer = await ask(method, path, { data, requestId, ...(ifMatch === undefined ? {} : { ifMatch }) });
    assert.equal(answer.code, 'REQUEST_ID_REUSED', `${method} ${path} ${requestId}: ${JSON.stringify(answer)}`);
    assert.equal(answer.status, 422);
  }
});

test('clause 1: no client disturbs the names of another', async () => {
  const { ask } = await start();
  const other = holderOf('write:docs');
  assert.equal((await ask('POST', '/docs', { data: { id: 'mine' }, requestId: 'r' })).status, 201);
  const theirs = await ask('POST', '/docs', { data: { id: 'theirs' }, requestId: 'r', identity: other });
  assert.equal(theirs.status, 201);
  assert(!theirs.replayed);
});

test('4.1.3: errors and what changed nothing are not remembered', async () => {
  const assembly = await start();
  const { ask } = assembly;
  assert.equal((await ask('PATCH', '/docs/a', { data: { n: 1 }, requestId: 'r' })).code, 'NOT_FOUND');
  assert.equal((await ask('POST', '/docs', { data: { id: 'a', n: 1 }, requestId: 'c' })).status, 201);
  assert.equal((await ask('PATCH', '/docs/a', { data: { n: 2 }, requestId: 'r', ifMatch: '"other"' })).code, 'PRECONDITION_FAILED');
  const nothing = await ask('PATCH', '/docs/a', { data: { n: 1 }, requestId: 'r' });
  assert.deepEqual([nothing.status, nothing.replayed, nothing.data.version], [200, false, 1]);
  assert.equal((await ask('PATCH', '/docs/a', { data: { n: 3 }, requestId: 'r' })).status, 200, 'the name is still free');
  assert.equal((await ask('PATCH', '/docs/a', { data: { n: 3 }, requestId: 'r' })).replayed, true, 'it changes nothing now, but it did');
  assert.deepEqual(await topics(assembly), ['docs.a.created', 'docs.a.updated']);
});

test('4.1.3: a repeat that comes while the first is running waits for its outcome', async () => {
  const door = gate();
  const assembly = await start({ wrap: door.wrap });
  const { ask } = assembly;
  door.hold();
  const asked = Array.from({ length: 5 }, () => ask('POST', '/docs', { data: { n: 1 }, requestId: 'r' }));
  await settled();
  assert.equal(door.held.length, 1);
  assert.equal((await ask('POST', '/docs', { data: { n: 2 }, requestId: 'r' })).code, 'REQUEST_ID_REUSED', 'another operation need not wait');
  door.release();
  const answers = await Promise.all(asked);
  assert.deepEqual(
    answers.map(({ status, replayed }) => [status, replayed]),
    [
      [201, false],
      [201, true],
      [201, true],
      [201, true],
      [201, true],
    ],
  );
  for (const { data } of answers) assert.deepEqual(data, answers[0]?.data);
  assert.equal((await topics(assembly)).length, 1);
});

test('4.1.3: where the first one fails, those that waited try it themselves, one of them', async () => {
  const door = gate();
  const assembly = await start({ wrap: door.wrap });
  door.hold();
  const asked = Array.from({ length: 3 }, () => assembly.ask('POST', '/docs', { data: { n: 1 }, requestId: 'r' }));
  await settled();
  door.release(() => new StorageError('full', 'no room'));
  const answers = await Promise.all(asked);
  assert.deepEqual(
    answers.map(({ code, status, replayed }) => [code ?? status, replayed]),
    [
      ['STORAGE_FULL', false],
      [201, false],
      [201, true],
    ],
  );
  assert.equal((await topics(assembly)).length, 1);
});

test('4.1.3, 6.1.1: the first answers TIMEOUT and its repeat REQUEST_IN_PROGRESS when it does not end in time; later the outcome is there', async () => {
  const door = gate();
  const assembly = await start({ wrap: door.wrap });
  const { ask, clock } = assembly;
  const { waiting } = clock;
  door.hold();
  const request = { data: { n: 1 }, requestId: 'r' };
  const first = ask('POST', '/docs', request);
  await settled();
  const repeat = ask('POST', '/docs', request);
  await clock.advance(29_999);
  const late = ask('POST', '/docs', request);
  await clock.advance(1);
  assert.deepEqual([(await first).code, (await first).status], ['TIMEOUT', 504]);
  const inProgress = await repeat;
  assert.deepEqual(
    [inProgress.code, inProgress.status, inProgress.details.retryable, inProgress.headers['retry-after']],
    ['REQUEST_IN_PROGRESS', 409, true, '1'],
  );
  assert(inProgress.details.retryAfterMs > 0);
  door.release();
  assert.deepEqual([(await late).status, (await late).replayed], [201, true]);
  assert.equal((await ask('POST', '/docs', request)).replayed, true);
  assert.equal((await topics(assembly)).length, 1);
  assert.equal(clock.waiting, waiting, 'timers are called off');
});

test('4.1.3: secrets are not remembered: a repeated key comes without it, and a token is made anew', async () => {
  const { ask } = await start();
  const first = await ask('POST', '/keys', { data: { scopes: ['read:docs'] }, requestId: 'k' });
  const again = await ask('POST', '/keys', { data: { scopes: ['read:docs'] }, requestId: 'k' });
  assert.match(first.data.key, /^gdw_/);
  assert.equal(first.headers['location'], `/v1/keys/${first.data.id}`);
  const { key: _, ...rest } = first.data;
  assert.deepEqual(again.data, rest);
  assert(again.replayed);
  assert.equal((await ask('GET', '/keys')).data.items.length, 1);
  // At the same time: one key, one of the answers has it.
  const both = await Promise.all([1, 2].map(() => ask('POST', '/keys', { data: { scopes: ['read:docs'], name: 'both' }, requestId: 'k2' })));
  assert.equal(both.filter(({ data }) => data.key !== undefined).length, 1);
  assert.equal(both[0]?.data.id, both[1]?.data.id);
});

test('3.2.1: concurrent changes of one document all apply, and each has its message', async () => {
  const assembly = await start();
  const { ask } = assembly;
  await ask('POST', '/docs', { data: { id: 'a' } });
  const count = 60;
  const answers = await Promise.all(Array.from({ length: count }, (_, n) => ask('PATCH', '/docs/a', { data: { [`m${n}`]: n }, requestId: `r${n}` })));
  assert.deepEqual(new Set(answers.map(({ data }) => data.version)), new Set(Array.from({ length: count }, (_, n) => n + 2)));
  const { data } = await ask('GET', '/docs/a');
  for (let n = 0; n < count; n++) assert.equal(data[`m${n}`], n);
  assert.equal(data.version, count + 1);
  assert.equal((await topics(assembly)).length, count + 1);
});

test('3.2.1: one that is not written takes along what builds on it, and all others succeed all the same', async () => {
  const door = gate();
  const assembly = await start({ wrap: door.wrap });
  const { ask } = assembly;
  await ask('POST', '/docs', { data: { id: 'a' } });
  await ask('PATCH', '/docs/a', { data: { first: true }, requestId: 'repeated' });
  for (const broken of ['replay', 'taken id', 'full'] as const) {
    door.hold();
    const culprit =
      broken === 'replay'
        ? ask('PATCH', '/docs/a', { data: { first: true }, requestId: 'repeated' })
        : ask('POST', '/batch', {
            data: {
              mode: 'atomic',
              operations: [
                { method: 'PATCH', path: '/docs/a', data: { culprit: broken } },
                ...(broken === 'full' ? [] : [{ method: 'POST', path: '/docs', data: { id: 'a' } }]),
              ],
            },
          });
    const asked = Array.from({ length: 50 }, (_, n) => ask('PATCH', '/docs/a', { data: { [`${broken}${n}`]: n } }));
    await settled();
    door.release((_, index) => (broken === 'full' && index === 0 ? new StorageError('full', 'no room') : undefined));
    const outcome = await culprit;
    assert.deepEqual(
      [outcome.code, outcome.replayed],
      { replay: [undefined, true], 'taken id': ['BATCH_FAILED', false], full: ['STORAGE_FULL', false] }[broken],
    );
    for (const { status, code } of await Promise.all(asked)) assert.equal(status, 200, code);
  }
  const { data } = await ask('GET', '/docs/a');
  for (const broken of ['replay', 'taken id', 'full']) for (let n = 0; n < 50; n++) assert.equal(data[`${broken}${n}`], n);
  assert.equal(data.culprit, undefined);
});

test('3.2.1, 3.2.3: of those that read one state and then wait, each builds on what the others made of it', async () => {
  let go = (): void => {};
  const gone = new Promise<void>((resolve) => (go = resolve));
  const add: ActionDefinition = {
    method: 'POST',
    path: '/docs/:id/add',
    scope: 'write:docs',
    handler: async ({ params, tx }) => {
      const { id } = params as { id: string };
      const { n } = (await tx.get('docs', id)) as unknown as { n: number };
      await gone;
      return tx.patch('docs', id, { n: n + 1 });
    },
  };
  const { ask } = await start({ actions: { add } });
  await ask('POST', '/docs', { data: { id: 'a', n: 0 } });
  const answers = Array.from({ length: 3 }, () => ask('POST', '/docs/a/add', { data: {} }));
  await settled();
  go();
  // Beside them, at every step of theirs, somebody who waits for nothing.
  for (let step = 0; step < 20; step++) {
    answers.push(ask('PATCH', '/docs/a', { data: { [`step${step}`]: true } }));
    await Promise.resolve();
  }
  const all = await Promise.all(answers);
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]));
  const { data } = await ask('GET', '/docs/a');
  assert.deepEqual([data.n, data.version, Object.keys(data).filter((name) => name.startsWith('step')).length], [3, 24, 20]);
  assert.equal(new Set(all.slice(3).map(({ headers }) => headers['etag'])).size, 20);
});

test('6.2.1: what rests on a write that is not confirmed is not answered before it, and not at all on one that fails', async () => {
  const door = gate();
  const { ask } = await start({ wrap: door.wrap });
  await ask('POST', '/docs', { data: { id: 'a', n: 0 } });
  const outcomes = async (verdict: () => Error | undefined): Promise<(string | number | undefined)[]> => {
    door.hold();
    const asked = [
      ask('PATCH', '/docs/a', { data: { n: 1 } }),
      // The same once more: nothing to do, if the first is written.
      ask('PATCH', '/docs/a', { data: { n: 1 } }),
      ask('POST', '/batch', { data: { mode: 'atomic', operations: [{ method: 'GET', path: '/docs/a' }] } }),
    ];
    let answered = 0;
    for (const answer of asked) void answer.then(() => answered++);
    await settled();
    assert.equal(answered, 0, 'something was told that is not on stable storage');
    door.release((unit) => (unit.documents === undefined ? undefined : verdict()));
    const [first, second, batch] = await Promise.all(asked);
    return [first?.code ?? first?.data.n, second?.code ?? `${second?.data.n} at ${second?.data.version}`, batch?.data.results[0].data.n];
  };
  assert.deepEqual(await outcomes(() => new StorageError('full', 'no room')), ['STORAGE_FULL', '1 at 2', 1], 'the second did it itself');
  await ask('PATCH', '/docs/a', { data: { n: 0 } });
  assert.deepEqual(await outcomes(() => undefined), [1, '1 at 4', 1]);
});

test('6.2.1: a document is not said to be gone before its removal is confirmed', async () => {
  const door = gate();
  const { ask } = await start({ wrap: door.wrap });
  await ask('POST', '/docs', { data: { id: 'a' } });
  door.hold();
  const removal = ask('DELETE', '/docs/a');
  const second = ask('DELETE', '/docs/a');
  await settled();
  assert.equal((await ask('GET', '/docs/a')).status, 200, 'reads see what is confirmed');
  door.release((unit) => (unit.documents === undefined ? undefined : new StorageError('full', 'no room')));
  assert.equal((await removal).code, 'STORAGE_FULL');
  assert.equal((await second).status, 204, 'it was there, so this one removed it');
});

test('4.1.3: strangers are no client: their names meet only for the same operation', async () => {
  const sign: ActionDefinition = {
    method: 'POST',
    path: '/sign/:name',
    scope: 'none',
    handler: ({ params, data, tx }) => tx.publish(`signed.${(params as { name: string }).name}`, data),
  };
  const assembly = await start({ actions: { sign } });
  const identity = undefined;
  const one = await assembly.ask('POST', '/sign/one', { data: 1, requestId: 'r', identity });
  const other = await assembly.ask('POST', '/sign/two', { data: 1, requestId: 'r', identity });
  const again = await assembly.ask('POST', '/sign/one', { data: 1, requestId: 'r', identity });
  assert.deepEqual([one.status, other.status, other.replayed, again.replayed], [200, 200, false, true]);
  assert.deepEqual(await topics(assembly), ['signed.one', 'signed.two']);
});

test('11.1: of two admin keys that are removed at once one stays', async () => {
  const { ask, core } = await start();
  const [one, other] = [
    (await ask('POST', '/keys', { data: { scopes: ['admin'] } })).data.id,
    (await ask('POST', '/keys', { data: { scopes: ['admin'] } })).data.id,
  ];
  const answers = await Promise.all([one, other].map((id) => ask('DELETE', `/keys/${id}`)));
  assert.deepEqual(
    answers.map(({ code, status }) => code ?? status),
    [204, 'CONFLICT'],
  );
  assert.equal(core.keys.all().length, 1);
  assert.equal(ADMIN.scopes[0], 'admin');
});
