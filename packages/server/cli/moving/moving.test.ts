// Export and import with the real command and real servers: killed in the middle, at the worst moments, and gone on with, they end exactly where they would have.
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Ended, runCommand, startCommand } from '../../testing/command.ts';
import { type HttpClient, httpClient } from '../../testing/http.ts';
import { ADMIN_KEY, type ServerProcess, startProcess } from '../../testing/process.ts';
import { documentsOf, messagesOf } from '../../testing/story.ts';

const LIMITS = ['--operations-per-minute', '1000000'];
const DOCUMENTS = 450;
const MESSAGES = 1350;

let root = '';
let source: ServerProcess;
let from: HttpClient;
const servers: ServerProcess[] = [];
const proxies: Server[] = [];

const start = async (name: string): Promise<ServerProcess> => {
  const server = await startProcess({ data: join(root, name), flags: LIMITS });
  assert.notEqual(server.url, '', server.stderr());
  servers.push(server);
  return server;
};

/** Between a command and its server: what it is told to do with each request before its answer goes back. */
const proxy = async (target: string, onAnswer: (path: string, method: string) => 'forward' | 'drop'): Promise<string> => {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const asked = request({ hostname, port, method, path: url, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        if (onAnswer(url, method) === 'drop') return outgoing.destroy();
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        outgoing.end(Buffer.concat(chunks));
      });
    });
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  });
  proxies.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** Runs the command again and again behind a proxy; each run is killed when the n-th answer that fits was given and has not arrived. Then one to its end. */
const killedAt = async (words: readonly string[], target: string, fits: RegExp, places: readonly number[]): Promise<Ended> => {
  let left = Number.POSITIVE_INFINITY;
  let kill = (): void => {};
  const url = await proxy(target, (path) => {
    if (!fits.test(path) || --left > 0) return 'forward';
    kill();
    return 'drop';
  });
  for (const place of places) {
    left = place;
    const run = startCommand(words, { url, cwd: root });
    kill = () => run.child.kill('SIGKILL');
    const { signal, stderr } = await run.ended;
    assert.equal(signal, 'SIGKILL', stderr);
  }
  left = Number.POSITIVE_INFINITY;
  return runCommand(words, { url, cwd: root });
};

const own = (documents: Awaited<ReturnType<typeof documentsOf>>): unknown[] =>
  [...documents.values()].map(({ version: _version, createdAt: _createdAt, updatedAt: _updatedAt, ...rest }) => rest);
const told = (messages: Awaited<ReturnType<typeof messagesOf>>): unknown[] => messages.map(({ topic, data }) => [topic, data]);
const shopOnly = (messages: Awaited<ReturnType<typeof messagesOf>>): typeof messages => messages.filter(({ topic }) => topic.startsWith('shop.'));

const ask = async (client: HttpClient, method: string, path: string, data?: unknown): Promise<void> => {
  const answer = await client.ask(method, path, { data });
  assert(answer.status < 300, answer.text);
};

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'godwit-moving-'));
  source = await start('source');
  from = httpClient(source.url, ADMIN_KEY);
  await ask(from, 'POST', '/v1/collections', { name: 'orders', schema: { type: 'object', required: ['n'] }, indexes: ['n'] });
  await ask(from, 'POST', '/v1/collections', { name: 'empty' });
  for (let at = 0; at < MESSAGES; at += 50) {
    const operations: unknown[] = Array.from({ length: 50 }, (_, index) => ({
      method: 'POST',
      path: `/topics/shop.${index % 3}/messages`,
      // The same data twice: what makes a message one of its own is its place, not what it says.
      data: { n: Math.floor((at + index) / 2), text: 'é\n"' },
    }));
    if (at < DOCUMENTS)
      for (let n = at; n < at + 50; n++) operations.push({ method: 'POST', path: '/orders', data: { id: `o-${n}`, n, nested: { a: [n, null] } } });
    await ask(from, 'POST', '/v1/batch', { mode: 'atomic', operations });
  }
});
after(async () => {
  from.close();
  for (const one of proxies) one.closeAllConnections();
  for (const one of proxies) one.close();
  for (const server of servers) {
    server.kill('SIGKILL');
    await server.exited;
  }
  await rm(root, { recursive: true, force: true });
});

const EXPORT = ['export', '--collections', 'orders,empty', '--messages', 'shop.**', '--out'];
const body = async (file: string): Promise<string[]> => (await readFile(join(root, file), 'utf8')).split('\n').slice(1);

test('an export that is killed and gone on with is the same as one that was not', async () => {
  const whole = await runCommand([...EXPORT, 'whole.ndjson'], { url: source.url, cwd: root });
  assert.equal(whole.code, 0, whole.stderr);
  const lines = await body('whole.ndjson');
  assert.equal(lines.length, 2 + DOCUMENTS + MESSAGES + 2, 'two collections, documents, messages, the end and a line feed');

  const first = await killedAt([...EXPORT, 'cut.ndjson'], source.url, /\/v1\/(?:orders|messages)\?/, [2, 3, 7]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /Going on after line/);
  assert.deepEqual(await body('cut.ndjson'), lines);

  // It was cut off in the middle of a line, as a machine that lost its power leaves it.
  const text = await readFile(join(root, 'cut.ndjson'), 'utf8');
  const at = text.indexOf('"type":"message"') + 20_000;
  await writeFile(join(root, 'torn.ndjson'), text.slice(0, at));
  const url = JSON.parse(text.slice(0, text.indexOf('\n'))).url as string;
  const torn = await runCommand([...EXPORT, 'torn.ndjson'], { url, cwd: root });
  assert.equal(torn.code, 0, torn.stderr);
  assert.deepEqual(await body('torn.ndjson'), lines);

  const again = await runCommand([...EXPORT, 'torn.ndjson', '--json'], { url, cwd: root });
  assert.deepEqual([again.code, again.values()[0].documents], [0, 0]);
  assert.deepEqual(await body('torn.ndjson'), lines);
  const other = await runCommand(['export', '--collections', 'orders', '--out', 'torn.ndjson'], { url, cwd: root });
  assert.deepEqual([other.code, /other things/.test(other.stderr)], [1, true], other.stderr);
  assert.deepEqual(await body('torn.ndjson'), lines);
});

test('an export of no collection leaves no file behind, and one that is there as it was', async () => {
  for (const names of ['nosuch', 'orders,nosuch']) {
    const refused = await runCommand(['export', '--collections', names, '--out', 'none.ndjson'], { url: source.url, cwd: root });
    assert.deepEqual([refused.code, /\(NOT_FOUND\)/.test(refused.stderr)], [1, true], refused.stderr);
    await assert.rejects(readFile(join(root, 'none.ndjson')), { code: 'ENOENT' });
  }
  await writeFile(join(root, 'other.txt'), 'not an export');
  assert.equal((await runCommand(['export', '--collections', 'nosuch', '--out', 'other.txt'], { url: source.url, cwd: root })).code, 1);
  assert.equal(await readFile(join(root, 'other.txt'), 'utf8'), 'not an export');
});

test('an import that is killed after its requests took effect and before it noted so makes no duplicates', async () => {
  const target = await start('target');
  const to = httpClient(target.url, ADMIN_KEY);
  await runCommand([...EXPORT, 'in.ndjson'], { url: source.url, cwd: root });
  const done = await killedAt(['import', 'in.ndjson'], target.url, /\/v1\/batch/, [1, 2, 3, 1, 5, 2]);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, /Going on after line/);
  assert.deepEqual(own(await documentsOf(to, 'orders')), own(await documentsOf(from, 'orders')));
  assert.deepEqual(told(shopOnly(await messagesOf(to))), told(shopOnly(await messagesOf(from))));
  assert.deepEqual((await to.ask('GET', '/v1/collections/orders')).data.schema, { type: 'object', required: ['n'] });

  // Again: without its progress what took effect is known by its name; with it nothing is asked.
  await rm(join(root, 'in.ndjson.progress'));
  const repeated = await runCommand(['import', 'in.ndjson', '--json'], { url: target.url, cwd: root });
  assert.equal(repeated.code, 0, repeated.stderr);
  assert.equal(repeated.values()[0].done, true);
  assert.equal(shopOnly(await messagesOf(to)).length, MESSAGES);
  const third = await runCommand(['import', 'in.ndjson'], { url: target.url, cwd: root });
  assert.match(third.stderr, /was imported into .* already/);
  const anew = await runCommand(['import', 'in.ndjson', '--again'], { url: target.url, cwd: root });
  assert.equal(anew.code, 0, anew.stderr);
  assert.equal(shopOnly(await messagesOf(to)).length, 2 * MESSAGES, 'asked for once more, it is done once more');
  assert.deepEqual(own(await documentsOf(to, 'orders')), own(await documentsOf(from, 'orders')));
  to.close();
});

test('what is there already fails, is skipped or replaced; a file that was cut off is imported as far as it goes, and then to its end', async () => {
  const target = await start('existing');
  const to = httpClient(target.url, ADMIN_KEY);
  await ask(to, 'POST', '/v1/collections', { name: 'orders' });
  await ask(to, 'POST', '/v1/orders', { id: 'o-1', n: 'mine' });
  await ask(to, 'POST', '/v1/orders', { id: 'o-10', n: 10, nested: { a: [10, null] } });
  const { stdout } = await runCommand(EXPORT.slice(0, 3), { url: source.url, cwd: root });
  const whole = stdout.split('\n');
  await writeFile(join(root, 'part.ndjson'), `${whole.slice(0, 300).join('\n')}\n${(whole[300] as string).slice(0, 20)}`);
  const attempt = (...words: string[]): Promise<Ended> => runCommand(['import', 'part.ndjson', ...words], { url: target.url, cwd: root });

  const refused = await attempt();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Line \d+: orders\/o-1 is there already with other content \(CONFLICT\)\. Choose --existing skip or --existing replace/);
  const cut = await attempt('--existing', 'skip', '--json');
  assert.equal(cut.code, 1);
  assert.equal(JSON.parse(cut.stderr).error.code, 'CUT');
  assert.equal((await documentsOf(to, 'orders')).get('o-1')?.n, 'mine');
  await appendFile(join(root, 'part.ndjson'), `${(whole[300] as string).slice(20)}\n${whole.slice(301).join('\n')}`);
  const rest = await attempt('--existing', 'replace');
  assert.equal(rest.code, 0, rest.stderr);
  assert.equal((await documentsOf(to, 'orders')).size, DOCUMENTS);
  assert.equal((await documentsOf(to, 'orders')).get('o-1')?.n, 'mine', 'lines that were done are done');
  await rm(join(root, 'part.ndjson.progress'));
  const replaced = await attempt('--existing', 'replace', '--again');
  assert.equal(replaced.code, 0, replaced.stderr);
  assert.deepEqual(own(await documentsOf(to, 'orders')), own(await documentsOf(from, 'orders')));
  to.close();
});

test('messages of collections are passed over; what is no export is refused; standard input will do', async () => {
  const target = await start('passing');
  const to = httpClient(target.url, ADMIN_KEY);
  const { stdout } = await runCommand(['export', '--collections', 'orders', '--messages', '**'], { url: source.url });
  const done = await runCommand(['import', '-', '--json'], { url: target.url, stdin: stdout });
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual([done.values()[0].documents, done.values()[0].messages, done.values()[0].passedOver], [DOCUMENTS, MESSAGES, DOCUMENTS]);
  assert.deepEqual(told(shopOnly(await messagesOf(to))), told(shopOnly(await messagesOf(from))));
  for (const stdin of ['', '{"n":1}\n', '{"type":"godwit-export","id":"x","format":99}\n']) {
    const wrong = await runCommand(['import', '-'], { url: target.url, stdin });
    assert.deepEqual([wrong.code, /\(FORMAT\)/.test(wrong.stderr), wrong.stdout], [1, true, ''], wrong.stderr);
  }
  to.close();
});
