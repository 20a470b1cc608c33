// 12.4: how a server starts, what it prints, and that one data directory has one server.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { caller } from '../caller.ts';
import { succeeds } from '../expect.ts';
import { refusedStart } from '../own-server.ts';
import { scenario } from '../scenario.ts';

const isTaken = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** The first of the words that were printed that opens the server. */
const printedKey = async (url: string, output: string): Promise<string | undefined> => {
  const words = [...new Set(output.match(/[A-Za-z0-9._~-]{16,}/g) ?? [])].slice(0, 60);
  for (const word of words) if ((await caller(url, word).http('GET', '/v1/keys')).status === 200) return word;
  return undefined;
};

scenario('12.4 --port and --data start a server, which prints its URL when it is ready', { needs: 'own server' }, async (t) => {
  const dataDir = join(t.directory(), 'deep', 'data');
  const server = await t.server({ dataDir });
  assert.equal((await server.admin.http('GET', '/readyz')).status, 200, 'ready as soon as the URL is printed');
  succeeds(await server.admin.post('/topics/t/messages', 1), 201);
  assert.ok(existsSync(dataDir) && readdirSync(dataDir).length > 0, 'the data is where it was told to be');
});

scenario('12.4 with no flag at all it works too: port 7117, data below the working directory', { needs: 'own server' }, async (t) => {
  if (await isTaken(7117)) t.skip('port 7117 is taken on this machine');
  const cwd = t.directory();
  const server = await t.server({ bare: true, cwd, dataDir: join(cwd, 'none') });
  assert.equal(new URL(server.url).port, '7117');
  succeeds(await server.admin.post('/topics/t/messages', 1), 201);
  assert.ok(readdirSync(cwd).length > 0, 'data is below the working directory');
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

scenario('12.4 a port may be chosen, and one that is taken stops the start', { needs: 'own server' }, async (t) => {
  const first = await t.server();
  const { port } = new URL(first.url);
  const { code, output } = await refusedStart(t.serve, { flags: ['--port', port] });
  assert.notEqual(code, 0);
  assert.ok(output.includes(port), `it names the port: ${output}`);
  await first.stop();
  const second = await t.server({ flags: ['--port', port] });
  assert.equal(new URL(second.url).port, port);
});

scenario('12.4 GODWIT_ADMIN_KEY gives the first admin key, 16 characters or more of those of 5.1.1', { needs: 'own server' }, async (t) => {
  const key = 'sixteen-charact.';
  const server = await t.server({ env: { GODWIT_ADMIN_KEY: key } });
  succeeds(await caller(server.url, key).http('GET', '/v1/keys'));
  for (const wrong of ['fifteen-charact', 'c2l4dGVlbiBhbmQg+/c2l4==']) {
    const { code, output } = await refusedStart(t.serve, { env: { GODWIT_ADMIN_KEY: wrong } });
    assert.notEqual(code, 0, 'a shorter one, or one that a WebSocket cannot carry, stops the start');
    assert.match(output, /ADMIN_KEY|admin key/i, 'with a sentence that names it');
    assert.ok(!output.includes(wrong), 'and does not repeat it');
  }
});

scenario('12.4 without GODWIT_ADMIN_KEY a key is made at the first start and shown once', { needs: 'own server' }, async (t) => {
  const one = await t.server({ keyless: true });
  const key = await printedKey(one.url, one.output());
  assert.ok(key !== undefined, `a key that works is printed: ${one.output().slice(0, 1_000)}`);
  await one.stop();
  const two = await t.server({ keyless: true, dataDir: one.dataDir });
  succeeds(await caller(two.url, key).http('GET', '/v1/keys'), 200, 'it still opens the server');
  assert.ok(!two.output().includes(key), 'and is not shown again');
  assert.equal(await printedKey(two.url, two.output()), undefined, 'nor is another made');
});

scenario('12.4 what was stored is there after a restart: collections, schemas, documents, messages, keys', { needs: 'own server' }, async (t) => {
  const one = await t.server();
  const schema = { type: 'object', properties: { n: { type: 'integer' } } };
  succeeds(await one.admin.post('/collections', { name: 'things', schema }), 201);
  const created = await one.admin.post('/things', { id: 'x', n: 1 });
  const message = succeeds(await one.admin.post('/topics/t/messages', { a: [1] }), 201);
  const list = succeeds(await one.admin.get('/things'));
  assert.deepEqual(await one.stop(), { code: 0, signal: null });
  const two = await t.server({ dataDir: one.dataDir });
  assert.deepEqual(succeeds(await two.admin.get('/things')), list);
  const read = await two.admin.http('GET', '/v1/things/x');
  assert.equal(read.headers.etag, created.headers.etag, 'ETags as well');
  assert.deepEqual(succeeds(await two.admin.get('/collections/things')).schema, schema);
  assert.equal((await two.admin.post('/things', { n: 'x' })).status, 422, 'the schema holds');
  assert.deepEqual(succeeds(await two.admin.get('/messages?topics=t&after=earliest')).items, [{ ...message, data: { a: [1] } }]);
});

scenario('12.4 a second server on the same data directory refuses to start, and the first goes on', { needs: 'own server' }, async (t) => {
  const first = await t.server();
  const { code, output } = await refusedStart(t.serve, { dataDir: first.dataDir });
  assert.notEqual(code, 0);
  assert.ok(output.trim().length > 10, 'it says why');
  succeeds(await first.admin.post('/topics/t/messages', 1), 201, 'the first goes on');
  await first.kill();
  const next = await t.server({ dataDir: first.dataDir });
  succeeds(await next.admin.get('/messages?topics=t&after=earliest'), 200, 'after a crash nothing is left in the way');
});
