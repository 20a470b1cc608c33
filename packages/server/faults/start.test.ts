// How a server starts and when it refuses to (12.4, 13): one sentence on standard error that says what to do, exit code 1 (2 where its words are not understood), never a stack, and no secret in it.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { httpClient } from '../testing/http.ts';
import { ADMIN_KEY, type ProcessOptions, type ServerProcess, startProcess } from '../testing/process.ts';

let root = '';
let made = 0;
const running = new Set<ServerProcess>();
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'godwit-start-'));
});
after(async () => {
  for (const server of running) {
    server.kill('SIGKILL');
    await server.exited;
  }
  await rm(root, { recursive: true, force: true });
});

const place = (): string => join(root, `data-${++made}`);

const start = async (options: ProcessOptions): Promise<ServerProcess> => {
  const server = await startProcess({ cwd: root, ...options });
  running.add(server);
  return server;
};

const started = async (options: ProcessOptions): Promise<ServerProcess> => {
  const server = await start(options);
  assert.notEqual(server.url, '', server.stderr());
  return server;
};

const stop = async (server: ServerProcess): Promise<void> => {
  server.kill('SIGTERM');
  assert.deepEqual(await server.exited, { code: 0, signal: null }, server.stderr());
};

/** The one sentence with which it refuses. */
const refusal = async (options: ProcessOptions, code = 1): Promise<string> => {
  const server = await start({ ...options, flags: ['--log-level', 'silent', ...(options.flags ?? [])] });
  if (server.url !== '') {
    server.kill('SIGKILL');
    assert.fail('it starts');
  }
  assert.deepEqual(await server.exited, { code, signal: null }, server.stdout() + server.stderr());
  assert.equal(server.stdout(), '');
  assert.match(server.stderr(), /^godwit: [^\n]+\n$/);
  return server.stderr();
};

const statusWith = async (server: ServerProcess, key: string): Promise<number> => {
  const client = httpClient(server.url, key);
  try {
    return (await client.ask('GET', '/v1/keys')).status;
  } finally {
    client.close();
  }
};

test('4.1.3: a log that keeps messages for less than publishes are remembered is warned of, once', async () => {
  const warnings = ({ stderr }: ServerProcess): unknown[] =>
    stderr()
      .split('\n')
      .filter((line) => line.includes('"level":40'))
      .map((line) => JSON.parse(line) as unknown);
  const flags = ['--log-level', 'warn', '--publish-window', '1h', '--retention-age'];
  const short = await started({ data: place(), flags: [...flags, '30m'] });
  const long = await started({ data: place(), flags: [...flags, '1h'] });
  for (const server of [short, long]) await stop(server);
  const [warning, ...more] = warnings(short) as { msg: string; retentionAge: number; publishWindow: number }[];
  assert.deepEqual([warning?.retentionAge, warning?.publishWindow, more], [1_800_000, 3_600_000, []]);
  assert.match(warning?.msg ?? '', /published again/);
  assert.deepEqual(warnings(long), []);
});

test('12.4: a second server on the same data directory refuses, and the first goes on', async () => {
  const data = place();
  const first = await started({ data });
  assert.match(await refusal({ data }), /is in use by another process/);
  assert.equal(await statusWith(first, ADMIN_KEY), 200);
  // The lock goes with the process, however that ends.
  first.kill('SIGKILL');
  await first.exited;
  const second = await started({ data });
  assert.equal(await statusWith(second, ADMIN_KEY), 200);
  await stop(second);
});

test('12.4: GODWIT_ADMIN_KEY gives the admin key at every start; another one takes its place and voids its tokens', async () => {
  const data = place();
  const one = 'the-first-key-of-sixteen';
  const other = 'the-other-key-of-sixteen';
  const first = await started({ data, env: { GODWIT_ADMIN_KEY: one } });
  assert.equal(await statusWith(first, one), 200);
  assert.equal(await statusWith(first, `${one}x`), 401);
  assert(!(first.stdout() + first.stderr()).includes(one), 'the key is told');
  const client = httpClient(first.url, one);
  const token = (await client.ask('POST', '/v1/tokens', { data: { ttl: 3600 } })).data.token as string;
  client.close();
  await stop(first);

  const again = await started({ data, env: { GODWIT_ADMIN_KEY: one } });
  assert.equal(await statusWith(again, token), 403, 'a token outlives a restart');
  await stop(again);

  const second = await started({ data, env: { GODWIT_ADMIN_KEY: other } });
  assert.equal(await statusWith(second, other), 200);
  assert.equal(await statusWith(second, one), 401);
  assert.equal(await statusWith(second, token), 401, 'a token of a key that was replaced');
  await stop(second);

  const third = await started({ data, env: { GODWIT_ADMIN_KEY: undefined } });
  assert.equal(await statusWith(third, other), 200, 'without the variable the key stays');
  assert.doesNotMatch(third.stdout(), /Admin key/);
  await stop(third);
});

test('12.4: a short or strange GODWIT_ADMIN_KEY is refused and not repeated', async () => {
  for (const key of ['fifteen-letters', '', 'with a space and long enough', 'ünïcödé-is-not-header-text']) {
    const said = await refusal({ data: place(), env: { GODWIT_ADMIN_KEY: key } });
    assert.match(said, /GODWIT_ADMIN_KEY must be 16 or more characters/);
    if (key !== '') assert(!said.includes(key));
  }
});

test('13: words that are not understood are exit code 2, a setting of the environment or a file that cannot be is 1', async () => {
  for (const flags of [['--port', 'abc'], ['--prot', '1'], ['extra'], ['--port'], ['--no-console=off']]) await refusal({ data: place(), flags }, 2);
  await refusal({ data: place(), env: { GODWIT_ACK_WAIT: 'abc' } });
  const path = join(root, 'wrong.config.json');
  await writeFile(path, '{"ackWait":"abc"}');
  await refusal({ data: place(), flags: ['--config', path] });
});

test('12.4: without GODWIT_ADMIN_KEY one is made at the first start and shown once', async () => {
  const data = place();
  const env = { GODWIT_ADMIN_KEY: undefined };
  const first = await started({ data, env });
  const key = /^Admin key, shown this once: (gdw_\S{32})$/m.exec(first.stdout())?.[1];
  assert(key !== undefined, first.stdout());
  assert(!first.stderr().includes(key), 'the key is in the log');
  assert.equal(await statusWith(first, key), 200);
  await stop(first);
  const second = await started({ data, env });
  assert(!second.stdout().includes(key) && !/Admin key/.test(second.stdout()));
  assert.equal(await statusWith(second, key), 200);
  await stop(second);
});

test('12.4: a first start that fails keeps no key from being shown by the next', async () => {
  const data = place();
  const env = { GODWIT_ADMIN_KEY: undefined };
  const other = await started({ data: place() });
  assert.match(
    await refusal({ data, env, flags: ['--port', new URL(other.url).port] }),
    /Port \d+ is in use: end what listens there, or choose another port\.\n/,
  );
  const first = await started({ data, env });
  const key = /^Admin key, shown this once: (\S+)$/m.exec(first.stdout())?.[1];
  assert(key !== undefined, 'the key was made and shown to nobody');
  assert.equal(await statusWith(first, key), 200);
  await stop(first);
  await stop(other);
});

test('12.4: a store of a newer version is refused and left as it is', async () => {
  const data = place();
  await stop(await started({ data }));
  const file = join(data, 'godwit.db');
  const version = (change?: number): number => {
    const database = new DatabaseSync(file);
    const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (change !== undefined) database.exec(`PRAGMA user_version = ${change}`);
    database.close();
    return found;
  };
  const known = version(1000);
  assert.match(await refusal({ data }), /newer version/);
  assert.equal(version(known), 1000);
  await stop(await started({ data }));
});

test('12.4: a data directory that cannot be one is refused', async () => {
  const file = join(root, 'a-file');
  await writeFile(file, 'not a directory');
  assert.match(await refusal({ data: file }), /a-file/);
  const damaged = place();
  await stop(await started({ data: damaged }));
  await writeFile(join(damaged, 'godwit.db'), 'this is no database, and long enough to be looked at as one: '.repeat(20));
  await refusal({ data: damaged });
});

test('13, 3.2.5: a configuration that cannot be is refused with a sentence that names it', async () => {
  const path = join(root, 'wrong.config.js');
  await writeFile(path, 'export default { collections: { orders: { shema: {} } } };');
  assert.match(await refusal({ data: place(), flags: ['--config', path] }), /The collection orders has a member "shema"/);
});
