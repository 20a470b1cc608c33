// The library as its users know it: collections with schemas, typed actions that go the way of the built-in operations, and the same words in
// a configuration file. What must not compile stands in `index-types.test.ts`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { createServer, defineApi, fail } from './index.ts';
import { httpClient } from './testing/http.ts';
import { ADMIN_KEY, startProcess } from './testing/process.ts';
import { type TestServer, testServer } from './testing/server.ts';

const ORDER = {
  type: 'object',
  required: ['status', 'total'],
  properties: {
    status: { type: 'string', enum: ['open', 'paid', 'cancelled'] },
    total: { type: 'number', minimum: 0 },
    reason: { type: 'string' },
    customer: { type: 'object', properties: { city: { type: 'string' } } },
  },
  additionalProperties: false,
} as const;

/** Lets a test come between two steps of an action. */
let pause = async (): Promise<void> => {};
let runs = 0;
const errors: string[] = [];

const shop = defineApi({
  collections: {
    orders: { schema: ORDER, indexes: ['status', 'customer.city'] },
    counters: { schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } },
    notes: {},
  },
  actions: (action) => ({
    cancelOrder: action({
      method: 'POST',
      path: '/orders/:id/cancel',
      summary: 'Cancel an order that is not paid',
      scope: 'write:orders',
      data: { type: 'object', required: ['reason'], properties: { reason: { type: 'string', minLength: 3 } }, additionalProperties: false },
      handler: async ({ params, data, tx }) => {
        const order = await tx.get('orders', params.id);
        if (order === undefined) throw fail('NOT_FOUND', `There is no order ${params.id}.`);
        if (order.status === 'paid') throw fail('CONFLICT', 'A paid order is not cancelled.', { field: '/path/id' });
        const cancelled = await tx.replace('orders', params.id, { ...order, status: 'cancelled', reason: data.reason });
        tx.publish(`shop.${params.id}.cancelled`, { reason: data.reason });
        return { status: cancelled.status, version: cancelled.version };
      },
    }),
    count: action({
      method: 'POST',
      path: '/counters/:name/add/:by',
      scope: 'write:counters',
      handler: async ({ params, tx }) => {
        runs++;
        const counter = (await tx.get('counters', params.name)) ?? (await tx.create('counters', { id: params.name, n: 0 }));
        await pause();
        const { n } = await tx.patch('counters', params.name, { n: counter.n + Number(params.by) });
        return n;
      },
    }),
    mine: action({ method: 'GET', path: '/mine/:topic', scope: 'publish:shop.:topic', handler: ({ caller, params }) => ({ ...caller, topic: params.topic }) }),
    crash: action({
      method: 'POST',
      path: '/crash',
      scope: 'any',
      handler: async ({ tx }) => {
        await tx.create('notes', { text: 'half done' });
        throw new Error('the secret of the database is 1234');
      },
    }),
    hello: action({ method: 'GET', path: '/hello/:name', scope: 'none', handler: ({ params }) => `hello ${params.name}` }),
    onlyAdmins: action({ method: 'DELETE', path: '/everything/now/please', handler: () => undefined }),
  }),
});

let server: TestServer;
before(async () => {
  const logger = {
    level: 'trace',
    error: (line: unknown) => errors.push(JSON.stringify(line)),
    info: () => {},
    warn: () => {},
    debug: () => {},
    trace: () => {},
  };
  server = await testServer({ ...shop, settings: { operationsPerMinute: 1_000_000 }, logger: logger as never });
});
after(() => server.close());
afterEach(() => {
  pause = async () => {};
});

const ask: TestServer['client']['ask'] = (...request) => server.client.ask(...request);
const order = (id: string, more = {}) => ask('POST', '/v1/orders', { data: { id, status: 'open', total: 5, ...more } });
const keyWith = async (...scopes: string[]): Promise<string> => (await ask('POST', '/v1/keys', { data: { scopes } })).data.key as string;

test('a collection keeps its schema, lists by its indexes, and cannot be changed but in the configuration', async () => {
  assert.equal((await order('listed', { customer: { city: 'Bern' } })).status, 201);
  assert.deepEqual((await order('wrong', { status: 'lost' })).body.error.details.field, '/data/status');
  assert.deepEqual(
    (await ask('GET', '/v1/orders?filter[customer.city]=Bern')).data.items.map(({ id }: { id: string }) => id),
    ['listed'],
  );
  const shown = (await ask('GET', '/v1/collections/orders')).data;
  assert.deepEqual([shown.source, shown.indexes, shown.schema], ['configuration', ['status', 'customer.city'], ORDER]);
  assert.equal((await ask('DELETE', '/v1/collections/notes')).code, 'CONFLICT');
});

test('an action reads, changes and publishes in one transaction, and answers with what it returns', async () => {
  await order('a');
  const answer = await ask('POST', '/v1/orders/a/cancel', { data: { reason: 'too late' } });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.data, { status: 'cancelled', version: 2 });
  // What was read was sent back whole: the members that the server keeps are not the document's own.
  const { createdAt: _, updatedAt: __, ...document } = (await ask('GET', '/v1/orders/a')).data;
  assert.deepEqual(document, { id: 'a', version: 2, status: 'cancelled', total: 5, reason: 'too late' });
  const log = (await ask('GET', '/v1/messages?topics=orders.a.*,shop.a.*&after=earliest')).data.items as { topic: string }[];
  assert.deepEqual(
    log.map(({ topic }) => topic),
    ['orders.a.created', 'orders.a.updated', 'shop.a.cancelled'],
  );
});

test('its data is judged, its refusals are the catalogue’s, and its errors tell nobody anything', async () => {
  await order('paid', { status: 'paid' });
  for (const [path, data, status, code, field] of [
    ['/v1/orders/paid/cancel', { reason: 'ab' }, 422, 'VALIDATION_FAILED', '/data/reason'],
    ['/v1/orders/paid/cancel', { reason: 'abc', more: 1 }, 422, 'VALIDATION_FAILED', '/data/more'],
    ['/v1/orders/paid/cancel', null, 422, 'VALIDATION_FAILED', '/data'],
    ['/v1/orders/paid/cancel', { reason: 'abc' }, 409, 'CONFLICT', '/path/id'],
    ['/v1/orders/none/cancel', { reason: 'abc' }, 404, 'NOT_FOUND', undefined],
  ] as const) {
    const answer = await ask('POST', path, { data });
    assert.deepEqual([answer.status, answer.code, answer.body.error.details.field], [status, code, field], answer.text);
  }
  assert.equal((await ask('POST', '/v1/orders/paid/cancel', { raw: '{"requestId":"x"}' })).body.error.details.field, '/data');
  assert.equal((await ask('GET', '/v1/orders/paid/cancel')).status, 405);
  const crashed = await ask('POST', '/v1/crash', { data: null });
  assert.deepEqual([crashed.status, crashed.code, crashed.body.error.message], [500, 'INTERNAL', 'The server failed.']);
  assert.doesNotMatch(crashed.text, /1234|secret|Error|\.ts/);
  assert.match(errors.join(), /the secret of the database/, 'who runs the server can read what it was');
  assert.deepEqual((await ask('GET', '/v1/notes')).data.items, [], 'nothing of it was done');
});

test('11.3: scopes of actions, with what stands in the path', async () => {
  await order('scoped');
  const cancel = { data: { reason: 'why not' } };
  const reader = server.as(await keyWith('read:orders', 'publish:shop.mine'));
  assert.equal((await reader.ask('POST', '/v1/orders/scoped/cancel', cancel)).body.error.details.scope, 'write:orders');
  assert.equal((await server.as(await keyWith('write:orders')).ask('POST', '/v1/orders/scoped/cancel', cancel)).status, 200);
  assert.equal((await reader.ask('GET', '/v1/mine/mine')).data.topic, 'mine');
  for (const path of ['/v1/mine/other', '/v1/mine/*', '/v1/mine/**', '/v1/mine/mine.x']) assert.equal((await reader.ask('GET', path)).status, 403, path);
  assert.equal((await server.as('').ask('GET', '/v1/mine/mine')).status, 401);
  assert.equal((await server.as('').ask('GET', '/v1/hello/you')).data, 'hello you');
  assert.equal((await reader.ask('DELETE', '/v1/everything/now/please')).status, 403, 'admin where nothing is said');
  assert.equal((await ask('DELETE', '/v1/everything/now/please')).data, null);
  const token = (await ask('POST', '/v1/tokens', { data: { ttl: 60, sub: 'browser' } })).data.token as string;
  const mine = (await server.as(token).ask('GET', '/v1/mine/x')).data;
  assert.deepEqual([mine.client, mine.sub], ['admin browser', 'browser']);
  assert.equal((await server.as(token).ask('DELETE', '/v1/everything/now/please')).status, 403);
});

test('3.2.4: an action has no query, and passes over what is one, as the built-in operations do that have none', async () => {
  await order('asked');
  for (const path of ['/v1/hello/you', '/v1/orders/asked', '/v1/keys']) {
    const [plain, asked] = [await ask('GET', path), await ask('GET', `${path}?status=open`)];
    assert.deepEqual([asked.status, asked.data], [200, plain.data], path);
  }
});

test('4.1.3: an action that is repeated takes effect once', async () => {
  const request = { data: null, requestId: 'count-once' };
  const first = await ask('POST', '/v1/counters/once/add/5', request);
  const again = await ask('POST', '/v1/counters/once/add/5', request);
  assert.deepEqual([first.data, first.replayed, again.data, again.replayed], [5, false, 5, true]);
  assert.equal((await ask('POST', '/v1/counters/once/add/6', request)).code, 'REQUEST_ID_REUSED', 'the path belongs to the operation');
  assert.equal((await ask('GET', '/v1/counters/once')).data.n, 5);
  const both = await Promise.all([1, 2, 3].map(() => ask('POST', '/v1/counters/once/add/1', { data: null, requestId: 'at-once' })));
  assert.deepEqual(
    both.map(({ data }) => data),
    [6, 6, 6],
  );
  assert.equal((await ask('GET', '/v1/counters/once')).data.version, 3);
});

test('actions that meet at one document all take effect, each on what the others left', async () => {
  await ask('POST', '/v1/counters', { data: { id: 'hot', n: 0 } });
  let waiting: (() => void)[] = [];
  // The first tries all read before any of them writes.
  pause = () => new Promise((resolve) => void (waiting.push(resolve) === 20 && waiting.splice(0).forEach((go) => void go())));
  runs = 0;
  const asked = Array.from({ length: 20 }, () => ask('POST', '/v1/counters/hot/add/1', { data: null }));
  while (runs < 20) await new Promise((resolve) => setImmediate(resolve));
  pause = async () => {};
  for (const go of waiting.splice(0)) go();
  waiting = [];
  const answers = await Promise.all(asked);
  assert.deepEqual(
    answers.map(({ data }) => data as number).sort((one, other) => one - other),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  assert(runs > 20, 'some were refused and carried out again');
  const { n, version } = (await ask('GET', '/v1/counters/hot')).data;
  assert.deepEqual([n, version], [20, 21]);
});

test('9.2: actions in batches, atomic and partial', async () => {
  await order('b1');
  await order('b2', { status: 'paid' });
  const cancel = (id: string) => ({ method: 'POST', path: `/orders/${id}/cancel`, data: { reason: 'in a batch' } });
  const add = { method: 'POST', path: '/counters/batch/add/2', data: null };
  const failed = await ask('POST', '/v1/batch', { data: { mode: 'atomic', operations: [add, cancel('b1'), cancel('b2')] } });
  assert.deepEqual([failed.status, failed.code, failed.body.error.details.index], [409, 'BATCH_FAILED', 2]);
  assert.equal((await ask('GET', '/v1/counters/batch')).status, 404);
  const partial = { data: { operations: [add, cancel('b1'), cancel('b2')] }, requestId: 'partial-actions' };
  for (const replayed of [false, true]) {
    const answer = await ask('POST', '/v1/batch', partial);
    assert.deepEqual(
      [answer.status, answer.data.results.map(({ statusCode }: { statusCode: number }) => statusCode), answer.replayed],
      [207, [200, 200, 409], replayed],
    );
    assert.equal(answer.data.results[0].data, 2);
  }
  const atomic = await ask('POST', '/v1/batch', { data: { mode: 'atomic', operations: [add, add, { method: 'GET', path: '/counters/batch' }] } });
  assert.equal(atomic.status, 200, atomic.text);
  assert.deepEqual([atomic.data.results[1].data, atomic.data.results[2].data.n], [6, 6], 'each sees what those before it wrote');
  const reading = await ask('POST', '/v1/batch', { data: { mode: 'atomic', operations: [{ method: 'GET', path: '/hello/you' }] } });
  assert.equal(reading.code, 'VALIDATION_FAILED');
});

test('3.1.3: actions stand in the OpenAPI document', async () => {
  const { paths } = (await ask('GET', '/v1/openapi.json')).body as { paths: Record<string, Record<string, { operationId: string }>> };
  assert.equal(paths['/v1/orders/{id}/cancel']?.['post']?.operationId ?? paths['/orders/{id}/cancel']?.['post']?.operationId, 'cancelOrder');
});

test('12.4: what cannot be is refused with a sentence', async () => {
  const data = await mkdtemp(join(tmpdir(), 'godwit-index-'));
  try {
    for (const adminKey of ['too-short', 'schlüssel schlüssel', 'c2l4dGVlbiBhbmQg+/c2l4==', 5 as never])
      await assert.rejects(createServer({ data, port: 0, adminKey }), /^ConfigError: adminKey must be 16 or more characters of A-Z a-z 0-9 \. _ ~ -:/);
    await assert.rejects(createServer({ data, port: 0, settings: { heartbeatIntervall: '1s' } as never }), /did you mean heartbeatInterval/);
    for (const [options, said] of [
      [{ retentionAge: '1d' }, '"retentionAge" is no option of createServer; did you mean settings: { retentionAge }?'],
      [{ heartbeatIntervall: '1s' }, '"heartbeatIntervall" is no option of createServer; did you mean settings: { heartbeatInterval }?'],
      [{ prot: 7330 }, '"prot" is no option of createServer; did you mean port?'],
      [{ tlsCert: 'chain.pem' }, '"tlsCert" is no option of createServer; did you mean tls.cert?'],
      [{ constructor: 1 }, '"constructor" is no option of createServer.'],
      [{ logger: 'verbose' }, 'The option logger is "verbose", but must be a pino logger or one of trace, debug, info, warn, error, silent.'],
      [{ logger: null }, 'The option logger is null, but must be a pino logger or one of trace, debug, info, warn, error, silent.'],
      [{ tls: { cert: join(data, 'none.pem'), key: '' } }, `The file ${join(data, 'none.pem')} of tls.cert cannot be read (ENOENT).`],
    ] as const)
      await assert.rejects(createServer({ data, port: 0, ...options } as never), { name: 'ConfigError', message: said });
    const { port } = new URL(server.url);
    await assert.rejects(createServer({ data, port: Number(port), host: '127.0.0.1', logger: 'silent' }), {
      code: 'EADDRINUSE',
      message: `Port ${port} is in use: end what listens there, or choose another port.`,
    });
    const started = await createServer({ data, port: 0, host: '127.0.0.1' });
    assert.match(started.newAdminKey ?? '', /^gdw_/, 'a start that failed has not used up the key');
    await Promise.all([started.close(), started.close()]);
    await createServer({ data, port: 0, host: '127.0.0.1' }).then((again) => again.close());
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test('what an action throws goes to standard error where no logger is given, and nowhere where it is silent; a start that fails is told by its rejection alone', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-logger-'));
  const program = (logger: string): string => `
    import { createServer } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    const actions = { crash: { method: 'GET', path: '/crash', scope: 'none', handler: () => { throw new Error('the shelf fell down'); } } };
    const server = await createServer({ data: 'data', port: 0, host: '127.0.0.1', actions${logger} });
    const { status } = await fetch(server.url.replace('localhost', '127.0.0.1') + '/v1/crash');
    await server.close();
    await createServer({ data: 'other', port: 0, topics: { 'a..b': {} }${logger} }).catch(() => {});
    console.log(status);
  `;
  try {
    for (const [logger, said] of [
      ['', /^\{"level":50,[^\n]*the shelf fell down[^\n]*\}\n$/],
      [", logger: 'silent'", /^$/],
    ] as const) {
      await writeFile(join(directory, 'program.mjs'), program(logger));
      const { stdout, stderr } = spawnSync(process.execPath, ['program.mjs'], { cwd: directory, encoding: 'utf8' });
      assert.equal(stdout, '500\n', stderr);
      assert.match(stderr, said);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('13: godwit.config.ts says the same to `godwit serve`', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-config-'));
  const library = new URL('./dist/index.js', import.meta.url).href;
  const config = `
    import { defineApi, fail } from ${JSON.stringify(library)};
    const order = { type: 'object', required: ['status'], properties: { status: { enum: ['open', 'cancelled'] } } } as const;
    const api = defineApi({
      collections: { orders: { schema: order, indexes: ['status'] } },
      actions: (action) => ({
        cancelOrder: action({
          method: 'POST', path: '/orders/:id/cancel', scope: 'write:orders',
          handler: async ({ params, tx }) => {
            const found = await tx.get('orders', params.id);
            if (found === undefined) throw fail('NOT_FOUND');
            return (await tx.patch('orders', params.id, { status: 'cancelled' })).status;
          },
        }),
      }),
    });
    export default { ...api, operationsPerMinute: 5000, drainTimeout: '2s' };
  `;
  await writeFile(join(directory, 'godwit.config.ts'), config);
  const program = await startProcess({ data: join(directory, 'data'), cwd: directory, flags: ['--log-level', 'error'] });
  try {
    assert.notEqual(program.url, '', program.stderr());
    const client = httpClient(program.url, ADMIN_KEY);
    assert.equal((await client.ask('POST', '/v1/orders', { data: { id: 'a', status: 'lost' } })).code, 'VALIDATION_FAILED');
    assert.equal((await client.ask('POST', '/v1/orders', { data: { id: 'a', status: 'open' } })).status, 201);
    assert.equal((await client.ask('POST', '/v1/orders/a/cancel', { data: null })).data, 'cancelled');
    assert.equal((await client.ask('POST', '/v1/orders/b/cancel', { data: null })).code, 'NOT_FOUND');
    assert.equal((await client.ask('GET', '/v1')).data.limits.operationsPerMinute, 5000);
    client.close();
  } finally {
    program.kill();
    await program.exited;
    await rm(directory, { recursive: true, force: true });
  }
});
