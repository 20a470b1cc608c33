// The configurations of docs/guides/operating.md, as they stand there, in real proxies: the SDK over WebSockets, by long-polling and an event stream pass
// through both; and a proxy that knows nothing of WebSockets is what makes the SDK fall back.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ClientOptions, createClient } from '../packages/client/index.ts';
import { findProgram } from '../packages/server/testing/program.ts';
import { KEY, type TestServer, testServer } from '../packages/server/testing/server.ts';

const GUIDE = readFileSync(fileURLToPath(new URL('../docs/guides/operating.md', import.meta.url)), 'utf8');
const block = (language: string): string => {
  const text = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(GUIDE)?.[1];
  assert(text !== undefined, `the guide has a block of ${language}`);
  return text;
};
const replaced = (text: string, from: string, to: string): string => {
  assert(text.includes(from), `the guide says ${from}`);
  return text.replaceAll(from, to);
};

const folder = mkdtempSync(join(tmpdir(), 'godwit-proxies-'));
const running: ChildProcess[] = [];
let server: TestServer;
let upstream = '';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createTcpServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

/** Resolves with the proxy's url once it answers; fails with what it said when it ended instead. */
const started = async (program: string, args: readonly string[], port: number, prefix: string): Promise<string> => {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  running.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk));
  const url = `http://127.0.0.1:${port}${prefix}`;
  for (let tries = 0; tries < 200; tries++) {
    assert.equal(child.exitCode, null, said);
    const answer = await fetch(`${url}/v1`).catch(() => undefined);
    if (answer?.status === 200) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${program} did not answer: ${said}`);
};

const nginx = async (configure: (text: string) => string, prefix = ''): Promise<string> => {
  const program = await findProgram({ title: 'nginx', names: ['nginx'], debian: 'nginx-light', variable: 'NGINX' });
  const port = await freePort();
  const home = join(folder, `nginx-${port}`);
  mkdirSync(home);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`).join('\n');
  const text = replaced(replaced(block('nginx'), 'server 127.0.0.1:7117', `server ${upstream}`), 'listen 80;', `listen 127.0.0.1:${port};`);
  const file = join(home, 'nginx.conf');
  // As root it would run as another user, who may not enter here.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(file, `${user} daemon off; pid ${home}/pid; error_log stderr; events {} http { access_log off; ${paths}\n${configure(text)} }`);
  return started(program, ['-c', file, '-p', home, '-e', 'stderr'], port, prefix);
};

const caddy = async (configure: (text: string) => string, prefix = ''): Promise<string> => {
  const program = await findProgram({ title: 'Caddy', names: ['caddy'], debian: 'caddy', variable: 'CADDY' });
  const port = await freePort();
  const text = replaced(replaced(block('caddy'), 'http://api.example.com {', `http://127.0.0.1:${port} {`), '127.0.0.1:7117', upstream);
  const file = join(folder, `Caddyfile-${port}`);
  writeFileSync(file, `{\n  admin off\n}\n${configure(text)}`);
  return started(program, ['run', '--config', file, '--adapter', 'caddyfile'], port, prefix);
};

const asItStands = (text: string): string => text;

/** Messages through a proxy: those published by one client, as another gets them. */
const passes = async (url: string, transport: NonNullable<ClientOptions['transport']>, expected: string, topic: string): Promise<void> => {
  const publisher = createClient({ url, key: KEY });
  const client = createClient({ url, key: KEY, transport });
  const got: unknown[] = [];
  const all = Promise.withResolvers<void>();
  const subscription = client.subscribe(`${topic}.*`, ({ data }) => {
    got.push(data);
    if (got.length === 20) all.resolve();
  });
  subscription.closed.catch((error: unknown) => all.reject(error));
  await subscription.ready;
  assert.equal(client.state.transport, expected);
  for (let number = 0; number < 20; number++) await publisher.publish(`${topic}.x`, number);
  await all.promise;
  assert.deepEqual(
    got,
    Array.from({ length: 20 }, (_, number) => number),
  );
  await Promise.all([client.close(), publisher.close()]);
};

/** An event stream brings a message at once: the proxy holds nothing back. */
const streams = async (url: string, topic: string): Promise<void> => {
  const ending = new AbortController();
  const response = await fetch(`${url}/v1/messages?topics=${topic}`, {
    headers: { authorization: `Bearer ${KEY}`, accept: 'text/event-stream' },
    signal: ending.signal,
  });
  assert.equal(response.status, 200);
  const publisher = createClient({ url, key: KEY });
  await publisher.publish(topic, 'through');
  let text = '';
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    if (text.includes('"through"')) break;
  }
  ending.abort();
  await publisher.close();
};

describe('the proxies of the guide', { timeout: 600_000 }, () => {
  before(async () => {
    server = await testServer({ settings: { operationsPerMinute: 100_000, connectionsPerClient: 100 } });
    upstream = new URL(server.url).host;
  });
  after(async () => {
    // nginx takes its workers along where it is asked to end; Caddy would wait for idle connections.
    for (const child of running)
      if (child.exitCode === null && child.kill(child.spawnfile.endsWith('nginx') ? 'SIGTERM' : 'SIGKILL')) await once(child, 'exit');
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, start] of [
    ['nginx', () => nginx(asItStands)],
    ['caddy', () => caddy(asItStands)],
  ] as const)
    test(`${name}: WebSockets, long polls, event streams and large bodies pass`, async () => {
      const url = await start();
      await passes(url, 'auto', 'websocket', `${name}-ws`);
      await passes(url, 'longpoll', 'longpoll', `${name}-poll`);
      await streams(url, `${name}-stream`);
      const client = createClient({ url, key: KEY });
      const operations = Array.from({ length: 9 }, () => ({ method: 'POST', path: `/topics/${name}-large/messages`, data: 'x'.repeat(1_000_000) }) as const);
      assert.equal((await client.batch(operations)).succeeded, 9);
      assert.equal((await fetch(`${url}/metrics`)).status, 404, 'what is for inside stays inside');
      await client.close();
    });

  for (const [name, start, taken, off] of [
    ['nginx', nginx, 'location /v1 {\n    proxy_pass http://godwit;', ['location /godwit/v1 {', 'proxy_pass http://godwit/v1;']],
    ['caddy', caddy, 'handle /v1* {', ['handle /godwit/v1* {', 'uri strip_prefix /godwit']],
  ] as const)
    test(`${name}: below a prefix that it takes off, as the guide says it, the SDK works over both transports`, async () => {
      for (const line of off) assert(GUIDE.includes(`\`${line}\``), `the guide says ${line}`);
      const url = await start((text) => replaced(text, taken, `${off.join('\n')}\n`), '/godwit');
      await passes(url, 'auto', 'websocket', `${name}-prefix-ws`);
      await passes(url, 'longpoll', 'longpoll', `${name}-prefix-poll`);
      assert.equal((await fetch(`${url}/metrics`)).status, 404, 'what is for inside stays inside');
    });

  test('6.3.2: through an nginx that does not pass upgrades the SDK goes on by long-polling by itself', async () => {
    const url = await nginx((text) =>
      replaced(
        replaced(text, 'proxy_set_header Upgrade $http_upgrade;', ''),
        'proxy_set_header Connection $godwit_connection;',
        "proxy_set_header Connection '';",
      ),
    );
    await passes(url, 'auto', 'longpoll', 'blocked');
  });
});
