// Actions and collections of the application: what is refused at the start, and that nothing an action does wrong breaks what the server promises (3.2.6, 4.1.3).
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { ActionDefinition, ActionDefinitions, ActionTransaction, CollectionDefinitions } from './application.ts';
import { StorageError } from './ports/storage.ts';
import { type Assembly, type AssemblyOptions, assemble } from './testing/assembly.ts';
import { settled } from './testing/clock.ts';
import { gate } from './testing/gate.ts';

let open: Assembly[] = [];
afterEach(async () => {
  for (const assembly of open) await assembly.close();
  open = [];
});

const start = async (options: AssemblyOptions): Promise<Assembly> => {
  const assembly = await assemble({ collections: { docs: {} }, ...options });
  open.push(assembly);
  return assembly;
};

type Tx = ActionTransaction<CollectionDefinitions>;

/** A server with one action that does this with its transaction. */
const doing = (work: (tx: Tx, data: unknown) => unknown, more: Partial<ActionDefinition> = {}, options: AssemblyOptions = {}): Promise<Assembly> => {
  const act: ActionDefinition = { method: 'POST', path: '/do/it/now', handler: ({ tx, data }) => work(tx, data), ...more };
  return start({ ...options, actions: { act } });
};

const run = ({ ask }: Assembly, data: unknown = null) => ask('POST', '/do/it/now', { data });

const story = async ({ ask }: Assembly): Promise<string[]> => {
  const page = await ask('GET', '/messages?topics=**&after=earliest&limit=1000');
  return (page.data.items as { topic: string; data: { version?: number } }[]).map(({ topic, data }) => `${topic} ${data?.version ?? ''}`.trim());
};

test('13, 3.2.5: what cannot be is refused with a sentence that names it', async () => {
  const refused = async (collections: unknown, actions: unknown = {}): Promise<string> => {
    try {
      await start({ collections: collections as CollectionDefinitions, actions: actions as ActionDefinitions });
    } catch (error) {
      return (error as Error).message;
    }
    return 'taken';
  };
  for (const [collections, said] of [
    [{ Orders: {} }, /Orders/],
    [{ keys: {} }, /keys.*word of the protocol/],
    [{ orders: null }, /orders must be an object/],
    [{ orders: [] }, /orders must be an object/],
    [{ orders: { shema: {} } }, /orders has a member "shema"/],
    [{ orders: { indexes: 'status' } }, /orders needs a list of fields/],
    [{ orders: { indexes: ['a..b'] } }, /orders\/indexes\/0/],
    [{ orders: { schema: 'string' } }, /orders needs a JSON Schema/],
    [{ orders: { schema: { type: 'strin' } } }, /orders.*JSON Schema/],
    [{ orders: { schema: { $ref: 'https://example.com/other' } } }, /orders.*JSON Schema/],
    [{ orders: { schema: { $async: true } } }, /orders.*JSON Schema/],
  ] as const) {
    assert.match(await refused(collections), said, JSON.stringify(collections));
  }
  const fine = { method: 'POST', path: '/orders/:id/act', handler: () => 1 };
  for (const [more, said] of [
    [{ scope: 'write' }, /act has the scope "write"/],
    [{ scope: 'write:Orders' }, /act has the scope/],
    [{ scope: 'publish:shop.:other' }, /act has the scope .* no :other in its path/],
    [{ path: '/orders/:id/:id' }, /act names a segment of its path twice/],
    [{ path: '/orders/:id' }, /act has the path of a document/],
    [{ path: '/orders' }, /act has the path of a document/],
    [{ path: '/topics/:id/act' }, /act must not begin its path with topics/],
    [{ path: '/:id/act' }, /act must not begin its path with :id/],
    [{ path: 'orders' }, /act needs a path/],
    [{ path: '/orders/:id/act/' }, /act needs a path/],
    [{ path: '/a/b/c/d/e/f/g/h/i' }, /act needs a path/],
    [{ path: undefined }, /act needs a path/],
    [{ method: 'HEAD' }, /act needs a method/],
    [{ handler: 1 }, /act needs a handler/],
    [{ data: { type: 'strin' } }, /act has a schema/],
    [{ result: { $ref: '#/none' } }, /act has a schema/],
  ] as const) {
    assert.match(await refused({ orders: {} }, { act: { ...fine, ...more } }), said, JSON.stringify(more));
  }
  assert.match(await refused({}, { publish: fine }), /publish has the name of an operation/);
  assert.match(await refused({}, { 'not a name': fine }), /not a name needs a name/);
  assert.match(await refused({}, { one: fine, two: fine }), /POST \/orders\/\{id\}\/act/);
  assert.equal(await refused({ orders: {} }, { act: fine }), 'taken');
});

test('3.2.2: what was read can be written back, and nothing but JSON is stored', async () => {
  const assembly = await doing(async (tx) => {
    const made = await tx.create('docs', { id: 'a', version: 77, createdAt: 'x', when: new Date(0), none: undefined, n: 1 } as never);
    await tx.replace('docs', 'a', { ...made, n: 2 });
    await tx.patch('docs', 'a', { ...made, n: 3, gone: undefined } as never);
    return tx.get('docs', 'a');
  });
  const { data } = await run(assembly);
  const { createdAt: _, updatedAt: __, ...rest } = data;
  assert.deepEqual(rest, { id: 'a', version: 3, when: '1970-01-01T00:00:00.000Z', n: 3 });
  assert.deepEqual((await assembly.ask('GET', '/docs/a')).data, data);
  assert.deepEqual(await story(assembly), ['docs.a.created 1', 'docs.a.updated 2', 'docs.a.updated 3']);
});

test('3.2.6: changes of one document that are begun at once follow each other', async () => {
  const assembly = await doing(async (tx) => {
    await tx.create('docs', { id: 'a' });
    await Promise.all([1, 2, 3, 4].map((n) => tx.patch('docs', 'a', { [`m${n}`]: n })));
    return tx.get('docs', 'a');
  });
  const { data } = await run(assembly);
  assert.deepEqual([data.m1, data.m2, data.m3, data.m4, data.version], [1, 2, 3, 4, 5]);
});

test('3.2.6: a call that nobody awaits belongs to the action; one that comes too late is refused, and breaks nothing', async () => {
  const late: Promise<unknown>[] = [];
  const assembly = await doing((tx, data) => {
    void tx.create('docs', { id: `forgotten-${data}` });
    if (data === 'missing') void tx.patch('docs', 'none', {});
    late.push(
      settled()
        .then(() => tx.create('docs', { id: `late-${data}` }))
        .catch((error: Error) => error.message),
    );
    return 'answered';
  });
  assert.equal((await run(assembly, 'one')).data, 'answered');
  assert.equal((await run(assembly, 'missing')).code, 'NOT_FOUND', 'a failure that nobody looked at is the action’s');
  for (const message of await Promise.all(late)) assert.match(String(message), /await every call/);
  assert.deepEqual(await story(assembly), ['docs.forgotten-one.created 1']);
});

test('3.2.6: a failure that an action handles is no failure of the action', async () => {
  const assembly = await doing(async (tx) => {
    await tx.create('docs', { id: 'a' });
    const failures = await Promise.all(
      [tx.create('docs', { id: 'a' }), tx.patch('docs', 'none', {}), tx.get('nowhere', 'a'), tx.create('docs', { id: 'not an id' })].map((work) =>
        work.then(String, (error: { code: string }) => error.code),
      ),
    );
    return failures;
  });
  assert.deepEqual((await run(assembly)).data, ['CONFLICT', 'NOT_FOUND', 'NOT_FOUND', 'VALIDATION_FAILED']);
  assert.deepEqual(await story(assembly), ['docs.a.created 1']);
});

test('a GET writes nothing, and sees only what is confirmed', async () => {
  const door = gate();
  const assembly = await start({
    wrap: door.wrap,
    actions: {
      write: { method: 'GET', path: '/do/it/now', handler: ({ tx }) => (tx as Tx).create('docs', {}) },
      read: { method: 'GET', path: '/read/it/now', handler: ({ tx }) => (tx as Tx).get('docs', 'a') },
    } as ActionDefinitions,
  });
  assert.equal((await assembly.ask('GET', '/do/it/now')).code, 'INTERNAL');
  assert.match(String(assembly.unexpected[0]), /write nothing in a GET/);
  await assembly.ask('POST', '/docs', { data: { id: 'a', n: 1 } });
  door.hold();
  const change = assembly.ask('PATCH', '/docs/a', { data: { n: 2 } });
  await settled();
  assert.equal((await assembly.ask('GET', '/read/it/now')).data.n, 1);
  door.release();
  await change;
  assert.equal((await assembly.ask('GET', '/read/it/now')).data.n, 2);
  assert.deepEqual(await story(assembly), ['docs.a.created 1', 'docs.a.updated 2']);
});

test('3.2.6: a topic that becomes a collection’s while an action runs is not published to', async () => {
  let go = (): void => {};
  const assembly = await doing(async (tx) => {
    tx.publish('news.today', 1);
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    return 'done';
  });
  const first = run(assembly);
  await settled();
  assert.equal((await assembly.ask('POST', '/collections', { data: { name: 'news' } })).status, 201);
  go();
  assert.equal((await first).code, 'FORBIDDEN');
  assert.deepEqual(await story(assembly), []);
});

test('3.2.1: an action that read what was never written does not write over what was', async () => {
  const door = gate();
  let go = (): void => {};
  let tries = 0;
  const assembly = await doing(
    async (tx) => {
      const document = (await tx.get('docs', 'a')) as unknown as { n: number };
      if (++tries === 1)
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      return (await tx.patch('docs', 'a', { m: document.n })).version;
    },
    {},
    { wrap: door.wrap },
  );
  const { ask } = assembly;
  await ask('POST', '/docs', { data: { id: 'a', n: 1 } });
  door.hold();
  const lost = ask('PATCH', '/docs/a', { data: { n: 2 } });
  await settled();
  const acting = run(assembly);
  await settled();
  // The action has read n: 2, which then fails; another change gets the version that it would have had.
  door.release(() => new StorageError('full', 'no room'));
  assert.equal((await lost).code, 'STORAGE_FULL');
  assert.equal((await ask('PATCH', '/docs/a', { data: { n: 3 } })).data.version, 2);
  go();
  assert.equal((await acting).data, 3);
  const { n, m, version } = (await ask('GET', '/docs/a')).data;
  assert.deepEqual([n, m, version, tries], [3, 3, 3, 2]);
});

test('6.1.1: an action that takes too long is answered; what it does then takes effect at most once', async () => {
  let go = (): void => {};
  const assembly = await doing(async (tx) => {
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    tx.publish('done', 1);
  });
  const request = { data: null, requestId: 'slow' };
  const first = assembly.ask('POST', '/do/it/now', request);
  await settled();
  await assembly.clock.advance(30_000);
  assert.deepEqual([(await first).code, (await first).status], ['TIMEOUT', 504]);
  const repeat = assembly.ask('POST', '/do/it/now', request);
  await settled();
  go();
  assert.deepEqual([(await repeat).status, (await repeat).replayed], [200, true]);
  assert.deepEqual(await story(assembly), ['done']);
});

test('what a pattern says of the data of an action is judged at once, whatever the text', async () => {
  const assembly = await doing(() => 'done', { data: { type: 'string', pattern: '^(a+)+$' } });
  assert.equal((await run(assembly, `${'a'.repeat(1000)}!`)).code, 'VALIDATION_FAILED');
  assert.equal((await run(assembly, 'aaa')).data, 'done');
});
