// 12.2: SIGTERM lets what is in progress finish, takes nothing new, and ends with 0.
import assert from 'node:assert/strict';
import { eventually, pause, refuses, succeeds } from '../expect.ts';
import { checkResponse } from '../invariants.ts';
import type { Json } from '../json.ts';
import type { OwnServer } from '../own-server.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';
import { nextResponse, openSocket, type Received } from '../wire.ts';

/** A write that is in progress: its headers and the first of its body are there, the rest waits. */
const unfinished = async (t: Trial, server: OwnServer): Promise<{ finish(): Promise<Received | undefined> }> => {
  const { host } = new URL(server.url);
  const body = JSON.stringify({ requestId: t.name('r'), data: { n: 1 } });
  const socket = await openSocket(server.url);
  t.after(async () => socket.destroy());
  const answer = nextResponse(socket, 15_000);
  socket.write(
    `POST /v1/things HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${server.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  await pause(200);
  return {
    finish: () => {
      socket.write(body.slice(5));
      return answer;
    },
  };
};

const readiness = async (server: OwnServer): Promise<number> => (await server.admin.http('GET', '/readyz').catch(() => ({ status: 0 }))).status;

scenario('12.2 with nothing in progress SIGTERM ends the server with 0', { needs: 'own server' }, async (t) => {
  const server = await t.server();
  succeeds(await server.admin.http('GET', '/v1'));
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

scenario('12.2 what is in progress finishes; meanwhile the port stays open and everything new is 503', { needs: 'own server' }, async (t) => {
  const server = await t.server();
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  const write = await unfinished(t, server);
  server.signal('SIGTERM');
  await eventually('/readyz says 503', async () => ((await readiness(server)) === 503 ? true : undefined), 5_000);
  for (const [method, path, call] of [
    ['GET', '/v1/things', {}],
    ['POST', '/v1/things', { data: {} }],
    ['GET', '/v1/messages?topics=a', {}],
  ] as const) {
    const answer = await server.admin.http(method, path, call);
    const details = refuses(answer, 'UNAVAILABLE', undefined, `${method} ${path}`);
    assert.match(String(answer.headers['retry-after']), /^\d+$/, 'Retry-After');
    assert.equal(String(answer.headers.connection).toLowerCase(), 'close', 'Connection: close');
    assert.equal(details.retryable, true);
  }
  const response = await write.finish();
  assert.ok(response !== undefined, 'the write is answered');
  const body = checkResponse('POST', '/v1/things', {}, response);
  assert.equal(response.status, 201, `what was in progress finishes: ${response.text.slice(0, 200)}`);
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  const again = await t.server({ dataDir: server.dataDir });
  assert.equal(succeeds(await again.admin.get(`/things/${body.data.id}`)).n, 1, 'and is stored');
});

scenario('12.2 what does not finish in drainTimeout is left', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--drain-timeout', '1s'] });
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  await unfinished(t, server);
  const before = Date.now();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(Date.now() - before < 8_000, `${Date.now() - before} ms`);
});

scenario('12.2 in drainDelay only /readyz says 503', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--drain-delay', '2s'] });
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  assert.equal(await readiness(server), 200);
  const before = Date.now();
  server.signal('SIGTERM');
  await eventually('/readyz says 503', async () => ((await readiness(server)) === 503 ? true : undefined), 1_500, 20);
  for (let n = 0; n < 3; n++) {
    succeeds(await server.admin.http('POST', '/v1/things', { data: { n } }), 201, 'operations are served');
    assert.equal((await server.admin.http('GET', '/healthz')).status, 200, 'and the process lives');
  }
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.ok(Date.now() - before >= 1_900, `the delay was kept: ${Date.now() - before} ms`);
});

scenario('12.2 every write that was confirmed during a drain is there afterwards', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--operations-per-minute', '1000000'] });
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  const confirmed: string[] = [];
  let going = true;
  const writers = Array.from({ length: 10 }, async () => {
    for (let n = 0; going && n < 5_000; n++) {
      const answer = await server.admin.http('POST', '/v1/things', { data: { n } }).catch(() => undefined);
      if (answer === undefined) return;
      if (answer.status === 201) confirmed.push(answer.data.id);
      else refuses(answer, 'UNAVAILABLE');
      if (answer.status === 503) return;
    }
  });
  await pause(300);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  going = false;
  await Promise.all(writers);
  assert.ok(confirmed.length > 0);
  const again = await t.server({ dataDir: server.dataDir, flags: ['--operations-per-minute', '1000000'] });
  const missing: string[] = [];
  for (let at = 0; at < confirmed.length; at += 100) {
    const operations = confirmed.slice(at, at + 100).map((id) => ({ id, method: 'GET', path: `/things/${id}` }));
    const { results } = (await again.admin.http('POST', '/v1/batch', { data: { operations } })).data;
    missing.push(...results.filter(({ statusCode }: Json) => statusCode !== 200).map(({ id }: Json) => id));
  }
  assert.deepEqual(missing, []);
});

scenario('12.2 WebSockets get $sys.goaway and 1012, their return spread', { needs: 'own server', also: ['5.1.1'] }, async (t) => {
  const server = await t.server();
  const channels = await Promise.all(Array.from({ length: 8 }, () => t.channel(server.key, { url: server.url })));
  for (const channel of channels) await channel.notice('$sys.welcome');
  const stopping = server.stop();
  const goaways = await Promise.all(channels.map((channel) => channel.notice('$sys.goaway')));
  for (const channel of channels) assert.equal((await channel.closed).code, 1012);
  for (const { reason, reconnectAfterMs, closesAt } of goaways) assert.ok(typeof reason === 'string' && reconnectAfterMs >= 0 && typeof closesAt === 'string');
  assert.ok(new Set(goaways.map(({ reconnectAfterMs }) => reconnectAfterMs)).size > 1, 'so that they do not all come back at once');
  assert.deepEqual(await stopping, { code: 0, signal: null });
});

scenario('12.2 long polls answer at once with their cursor', { needs: 'own server', also: ['6.3.1'] }, async (t) => {
  const server = await t.server();
  const { cursor } = succeeds(await server.admin.post('/topics/other/messages', 1), 201);
  const waiting = server.admin.http('GET', '/v1/messages?topics=t&wait=30');
  await pause(300);
  const started = Date.now();
  const stopping = server.stop();
  const data = succeeds(await waiting);
  assert.ok(Date.now() - started < 5_000, 'at once');
  assert.deepEqual([data.items, data.cursor >= cursor], [[], true]);
  assert.deepEqual(await stopping, { code: 0, signal: null });
});
