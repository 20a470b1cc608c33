// A server that is told to stop (12.2): what is in progress finishes, what is new is refused with a word of when to come back, nothing that was confirmed is lost,
// and it ends with 0. Balancers may be given time to notice first; whoever cannot wait says it twice.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type HttpAnswer, type HttpClient, httpClient } from '../testing/http.ts';
import { ADMIN_KEY, pause, type ServerProcess, startProcess } from '../testing/process.ts';
import { messagesOf } from '../testing/story.ts';

/** An operation that takes as long as it is told, and then writes. */
const CONFIG = `
export default {
  collections: { docs: {} },
  actions: {
    slow: {
      method: 'POST', path: '/slow/:ms', scope: 'any',
      handler: async ({ params, tx }) => {
        await new Promise((resolve) => setTimeout(resolve, Number(params.ms)));
        tx.publish('slow', params.ms);
        return 'done';
      },
    },
  },
};
`;
const FLAGS = ['--operations-per-minute', '1000000000', '--log-level', 'error'];

let root = '';
let made = 0;
const running = new Set<ServerProcess>();
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'godwit-drain-'));
  await writeFile(join(root, 'godwit.config.js'), CONFIG);
});
after(async () => {
  for (const server of running) {
    server.kill('SIGKILL');
    await server.exited;
  }
  await rm(root, { recursive: true, force: true });
});

const start = async (
  flags: readonly string[] = [],
  data = join(root, `data-${++made}`),
): Promise<{ server: ServerProcess; client: HttpClient; data: string }> => {
  const server = await startProcess({ data, cwd: root, flags: [...FLAGS, ...flags] });
  running.add(server);
  assert.notEqual(server.url, '', server.stderr());
  return { server, client: httpClient(server.url, ADMIN_KEY), data };
};

/** Asks on a connection of its own, as a client that was not there before. */
const askAnew = async (server: ServerProcess, method: string, path: string, data?: unknown): Promise<HttpAnswer> => {
  const client = httpClient(server.url, ADMIN_KEY);
  try {
    return await client.ask(method, path, { data });
  } finally {
    client.close();
  }
};

/** Waits until the server has this many requests in progress. */
const untilInProgress = async (server: ServerProcess, count: number): Promise<void> => {
  for (;;) {
    const { text } = await askAnew(server, 'GET', '/metrics');
    if (text.includes(`\ngodwit_requests_in_progress ${count}\n`)) return;
    await pause(5);
  }
};

const untilUnready = async (server: ServerProcess): Promise<HttpAnswer> => {
  for (;;) {
    const answer = await askAnew(server, 'GET', '/readyz');
    if (answer.status !== 200) return answer;
    await pause(5);
  }
};

const assertRefused = (answer: HttpAnswer): void => {
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.code, 'UNAVAILABLE');
  assert.equal(answer.headers['connection'], 'close');
  assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/);
  assert.equal(answer.body.error.details.retryable, true);
};

test('12.2: SIGTERM lets what is in progress finish, refuses what is new, and ends with 0', async () => {
  const { server, client, data } = await start();
  const slow = client.ask('POST', '/v1/slow/1500', { data: null });
  await untilInProgress(server, 1);
  server.kill('SIGTERM');
  const unready = await untilUnready(server);
  assert.equal(unready.status, 503);
  assert.equal((await askAnew(server, 'GET', '/healthz')).status, 200, 'it lives until it has ended');
  assertRefused(await askAnew(server, 'POST', '/v1/docs', { n: 1 }));
  assertRefused(await askAnew(server, 'GET', '/v1/docs'));
  assertRefused(await askAnew(server, 'GET', '/v1'));
  const finished = await slow;
  assert.equal(finished.status, 200, finished.text);
  assert.equal(finished.data, 'done');
  assert.deepEqual(await server.exited, { code: 0, signal: null }, server.stderr());
  client.close();
  const next = await start([], data);
  assert.deepEqual(
    (await messagesOf(next.client)).map(({ topic, data: sent }) => [topic, sent]),
    [['slow', '1500']],
  );
  next.client.close();
});

test('12.2: under load every request is answered whole or not taken at all, and what was confirmed is there afterwards', async (t) => {
  const { server, client, data } = await start();
  const confirmed: string[] = [];
  const counts = { confirmed: 0, refused: 0, unreachable: 0 };
  let ended = false;
  const clients = Array.from({ length: 16 }, async (_, worker) => {
    for (let number = 1; !ended; number++) {
      const id = `w${worker}-${number}`;
      try {
        const answer = await client.ask('POST', '/v1/docs', { data: { id } });
        if (answer.status === 201) {
          counts.confirmed++;
          confirmed.push(id);
        } else {
          counts.refused++;
          assertRefused(answer);
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        counts.unreachable++;
        // Nobody listens any more, or the idle connection that it was sent on was just closed.
        assert(['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? ''), String(error));
        await pause(5);
      }
    }
  });
  // Something that lasts, so that there is a drain to see.
  const slow = askAnew(server, 'POST', '/v1/slow/800', null);
  while (confirmed.length < 200) await pause(5);
  server.kill('SIGTERM');
  assert.deepEqual(await server.exited, { code: 0, signal: null }, server.stderr());
  ended = true;
  await Promise.all(clients);
  assert.equal((await slow).status, 200);
  client.close();
  const next = await start([], data);
  for (const id of confirmed) assert.equal((await next.client.ask('GET', `/v1/docs/${id}`)).status, 200, id);
  t.diagnostic(JSON.stringify(counts));
  assert(counts.refused > 0);
  next.client.close();
});

test('12.2: during drainDelay only /readyz says 503', async () => {
  const { server, client } = await start(['--drain-delay', '1500ms']);
  server.kill('SIGTERM');
  assert.equal((await untilUnready(server)).status, 503);
  assert.equal((await client.ask('POST', '/v1/docs', { data: { id: 'late' } })).status, 201);
  assert.equal((await client.ask('GET', '/v1/docs/late')).status, 200);
  const slow = client.ask('POST', '/v1/slow/3000', { data: null });
  for (;;) {
    const answer = await askAnew(server, 'GET', '/v1/docs/late');
    if (answer.status === 200) await pause(20);
    else {
      assertRefused(answer);
      break;
    }
  }
  assert.equal((await slow).status, 200, 'begun before the delay was over, so it finishes');
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  client.close();
});

test('12.2: what does not finish within drainTimeout is given up', async () => {
  const { server, client } = await start(['--drain-timeout', '300ms']);
  const slow = client.ask('POST', '/v1/slow/60000', { data: null }).then(
    (answer) => answer.status,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
  await untilInProgress(server, 1);
  server.kill('SIGTERM');
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.equal(await slow, 'ECONNRESET');
  client.close();
});

test('12.2: a client that uploads slowly does not hold it longer than drainTimeout', async () => {
  const { server } = await start(['--drain-timeout', '300ms']);
  const client = httpClient(server.url, ADMIN_KEY);
  const unfinished = client.ask('POST', '/v1/docs', { raw: '{', headers: { 'content-length': '1000' } }).catch(() => undefined);
  await untilInProgress(server, 1);
  server.kill('SIGTERM');
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  client.close();
  await unfinished;
});

for (const [first, second] of [
  ['SIGTERM', 'SIGTERM'],
  ['SIGINT', 'SIGINT'],
] as const) {
  test(`12.2: a second ${second} means now`, async () => {
    const { server, client } = await start();
    const slow = client.ask('POST', '/v1/slow/60000', { data: null }).catch(() => undefined);
    await untilInProgress(server, 1);
    server.kill(first);
    await untilUnready(server);
    server.kill(second);
    const { code, signal } = await server.exited;
    assert.equal(signal, null);
    assert.equal(code, 130);
    await slow;
    client.close();
  });
}
