// 6.2.9 and 6.2.10: what the log no longer holds is told, and a slow reader costs nobody anything.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { eventually, pause, refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import type { OwnServer } from '../own-server.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';
import type { Channel } from '../websocket.ts';
import { openSocket } from '../wire.ts';

const RATES = ['--operations-per-minute', '1000000', '--messages-per-second', '1000000'];

const expired = (server: OwnServer, cursor: string): Promise<Json> =>
  eventually(
    'the cursor expires',
    async () => {
      const answer = await server.admin.http('GET', `/v1/messages?topics=t&after=${cursor}`);
      return answer.status === 410 ? answer : undefined;
    },
    40_000,
    250,
  );

/** Reads on from `details.earliest`. The log may let go of more meanwhile: then the answer tells the next place. */
const fromEarliest = async (server: OwnServer, answer: Json): Promise<Json> => {
  let expiredOne = answer;
  for (let attempt = 0; attempt < 20; attempt++) {
    const { earliest } = refuses(expiredOne, 'CURSOR_EXPIRED');
    const page = await server.admin.http('GET', `/v1/messages?topics=t&after=${earliest}`);
    if (page.status === 200) return page.data;
    expiredOne = page;
    assert.ok(page.error?.details?.earliest > earliest, 'a later place than before');
  }
  return assert.fail('details.earliest never goes on');
};

/** Starts with a retention so short that it can be watched; skips where the server has none so short. */
const forgetful = async (t: Trial, flags: readonly string[]): Promise<OwnServer> => {
  const server = await t.server({ flags: [...RATES, ...flags] }).catch(() => undefined);
  return server ?? t.skip(`retention does not go as low as ${flags.join(' ')}`);
};

scenario(
  '6.2.9 a cursor older than the log is 410 CURSOR_EXPIRED with details.earliest, from which reading goes on',
  { needs: 'own server', timeoutMs: 90_000 },
  async (t) => {
    const server = await forgetful(t, ['--retention-age', '1s']);
    succeeds(await server.admin.post('/subscriptions', { name: 's', topics: ['t'], after: 'earliest' }), 201);
    const first = succeeds(await server.admin.post('/topics/t/messages', 0), 201);
    await pause(20);
    succeeds(await server.admin.post('/topics/t/messages', 1), 201);
    await pause(1_500);
    const kept = succeeds(await server.admin.post('/topics/t/messages', 'kept'), 201);
    const answer = await expired(server, first.cursor);
    assert.equal(typeof refuses(answer, 'CURSOR_EXPIRED').earliest, 'string');
    const { items } = await fromEarliest(server, answer);
    assert.ok(!items.some(({ data }: Json) => data === 0), 'what is gone is gone');
    succeeds(await server.admin.http('GET', '/v1/messages?topics=t&after=earliest'), 200, 'earliest is never too old');
    succeeds(await server.admin.http('GET', '/v1/messages?topics=t&after=latest'));
    const pulled = await server.admin.http('POST', '/v1/subscriptions/s/pull', { data: {} });
    const details = refuses(pulled, 'CURSOR_EXPIRED', undefined, 'a durable one that is pulled');
    succeeds(await server.admin.http('POST', '/v1/subscriptions/s/ack', { data: { cursor: details.earliest } }), 200, 'acknowledging details.earliest goes on');
    succeeds(await server.admin.http('POST', '/v1/subscriptions/s/pull', { data: {} }));
    assert.ok(kept.cursor > first.cursor);
  },
);

scenario('6.2.9 the log is kept by total bytes as well', { needs: 'own server', timeoutMs: 90_000 }, async (t) => {
  const server = await forgetful(t, ['--retention-bytes', '2MB']);
  const first = succeeds(await server.admin.post('/topics/t/messages', 0), 201);
  for (let n = 0; n < 40; n++) succeeds(await server.admin.http('POST', '/v1/topics/t/messages', { data: 'x'.repeat(200_000) }), 201);
  const answer = await expired(server, first.cursor);
  const kept = await eventually(
    'the log is below its bound',
    async () => {
      const { items } = await fromEarliest(server, answer);
      const bytes = items.reduce((sum: number, item: Json) => sum + item.data.length, 0);
      return bytes <= 2.5 * 1_048_576 ? bytes : undefined;
    },
    40_000,
    250,
  );
  assert.ok(kept >= 200_000, `${kept} bytes are kept, of 8 MB that were published`);
});

scenario(
  '6.2.9 retention that takes nothing of its own from a durable subscription or a parked poll is no loss of theirs',
  { needs: 'own server', timeoutMs: 100_000 },
  async (t) => {
    const flags = ['--retention-bytes', '2MB'];
    const server = await forgetful(t, flags);
    for (const name of ['idle', 'attached', 'lagging']) succeeds(await server.admin.post('/subscriptions', { name, topics: [`${name}.**`] }), 201);
    const channel = await t.channel(server.key, { url: server.url });
    succeeds(await channel.request('POST', '/subscriptions/attached/attach', { data: {} }));
    const first = succeeds(await server.admin.post('/topics/attached.1/messages', 1), 201);
    await channel.events('attached', 1);
    succeeds(await channel.request('POST', '/subscriptions/attached/ack', { data: { cursor: first.cursor } }));
    succeeds(await server.admin.post('/topics/lagging.1/messages', 'never acknowledged'), 201);
    const poll = server.admin.http('GET', `/v1/messages?topics=idle.**&after=${first.cursor}&wait=60`);
    const pull = server.admin.http('POST', '/v1/subscriptions/attached/pull', { data: { wait: 60 } });
    // Where this fails their server goes before they are answered.
    for (const one of [poll, pull]) one.catch(() => {});
    await eventually('both are parked', async () => ((await server.admin.http('GET', '/v1/stats')).data.connections.poll === 2 ? true : undefined), 10_000, 50);
    for (let n = 0; n < 40; n++) succeeds(await server.admin.http('POST', '/v1/topics/flood/messages', { data: 'x'.repeat(200_000) }), 201);
    await expired(server, first.cursor);
    const lost = await eventually(
      'what matched is gone',
      async () => {
        const pulled = await server.admin.http('POST', '/v1/subscriptions/lagging/pull', { data: {} });
        return pulled.status === 410 ? pulled : undefined;
      },
      40_000,
      250,
    );
    refuses(lost, 'CURSOR_EXPIRED', undefined, 'one that lost something is told so');
    for (const topic of ['idle.1', 'attached.2']) succeeds(await server.admin.post(`/topics/${topic}/messages`, topic), 201);
    for (const [waiting, topic] of [
      [poll, 'idle.1'],
      [pull, 'attached.2'],
    ] as const)
      assert.deepEqual(
        succeeds(await waiting, 200, 'who was parked all the while').items.map((item: Json) => item.topic),
        [topic],
      );
    for (const [name, topic] of [
      ['idle', 'idle.1'],
      ['attached', 'attached.2'],
    ])
      assert.deepEqual(
        succeeds(await server.admin.http('POST', `/v1/subscriptions/${name}/pull`, { data: {} })).items.map((item: Json) => item.topic),
        [topic],
      );
    assert.equal(channel.messages.filter(({ payload }) => payload.topic === '$sys.gap').length, 0);
    await server.kill();
    const again = await t.server({ dataDir: server.dataDir, flags: [...RATES, ...flags] });
    const other = await t.channel(again.key, { url: again.url });
    for (const name of ['idle', 'attached']) succeeds(await other.request('POST', `/subscriptions/${name}/attach`, { data: {} }));
    for (const name of ['idle', 'attached']) await other.events(name, 1);
    assert.equal(other.messages.filter(({ payload }) => payload.topic === '$sys.gap').length, 0, 'after a crash neither');
  },
);

scenario('6.2.9 a cursor of before the server’s restart does not expire by that', { needs: 'own server' }, async (t) => {
  const one = await t.server();
  const { cursor } = succeeds(await one.admin.post('/topics/t/messages', 1), 201);
  await one.kill();
  const two = await t.server({ dataDir: one.dataDir });
  succeeds(await two.admin.http('GET', `/v1/messages?topics=t&after=${cursor}`));
});

scenario('6.2.9 a live subscription that retention overtook is told by $sys.gap and goes on', { needs: 'own server', timeoutMs: 100_000 }, async (t) => {
  const server = await forgetful(t, ['--retention-bytes', '2MB']);
  const channel = await t.channel(server.key, { url: server.url });
  const { subscription, cursor } = succeeds(await channel.request('POST', '/subscriptions', { data: { topics: ['t'] } }), 201);
  channel.socket.pause();
  const published: Json[] = [];
  const send = async (): Promise<void> => {
    published.push(succeeds(await server.admin.http('POST', '/v1/topics/t/messages', { data: { n: published.length, text: 'x'.repeat(400_000) } }), 201));
  };
  // Far more than sockets and outboxes hold; then a little now and then, until the log has let go of most of it.
  for (let n = 0; n < 100; n++) await send();
  await eventually(
    'the log lets go',
    async () => {
      await send();
      return (await server.admin.http('GET', `/v1/messages?topics=t&after=${published[80]?.cursor}&limit=1`)).status === 410 ? true : undefined;
    },
    60_000,
    250,
  );
  channel.socket.resume();
  const gap = await channel.notice('$sys.gap', 20_000);
  assert.equal(gap.subscription, subscription);
  assert.ok(gap.from >= cursor && gap.to > gap.from, `from ${gap.from} to ${gap.to}`);
  const last = published.at(-1)?.cursor;
  await channel.first(({ type, payload }) => type === 'event' && payload.cursor === last, 'the last message', 20_000);
  const came = new Set(channel.eventsNow(subscription).map(({ payload }) => payload.cursor));
  const gaps = channel.messages.filter(({ payload }) => payload.topic === '$sys.gap').map(({ payload }) => payload.data);
  for (const { cursor: one } of published) {
    assert.ok(came.has(one) || gaps.some(({ from, to }) => one > from && one <= to), 'every message came or is within a gap: after from, up to and with to');
  }
  const order = channel.eventsNow(subscription).map(({ payload }) => payload.cursor);
  assert.deepEqual([...order].sort(), order);
});

const TEXT = 'x'.repeat(100_000);
const PASSING = 900;

/** Publishes `PASSING` messages of 100 KB to a server with a reader that keeps up and, if told, one that does not read: how much its memory grew, in MB. */
const underLoad = async (t: Trial, slowly: boolean): Promise<{ readonly grew: number; readonly slow: Channel; readonly server: OwnServer }> => {
  const server = await t.server({ flags: RATES });
  const open = async (): Promise<Channel> => {
    const channel = await t.channel(server.key, { url: server.url });
    succeeds(await channel.request('POST', '/subscriptions', { data: { topics: ['t'] } }), 201);
    return channel;
  };
  const [slow, quick] = [await open(), await open()];
  const proc = `/proc/${server.pid}/status`;
  const memory = (): number => (existsSync(proc) ? Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(proc, 'utf8'))?.[1] ?? 0) / 1_024 : 0);
  if (slowly) slow.socket.pause();
  else await slow.close();
  const before = memory();
  let most = 0;
  for (let n = 0; n < PASSING; n++) {
    succeeds(await server.admin.http('POST', '/v1/topics/t/messages', { data: { n, text: TEXT } }), 201);
    if (n % 20 === 0) most = Math.max(most, memory() - before);
  }
  await quick.events('~t', PASSING, 30_000);
  return { grew: most, slow, server };
};

scenario(
  '6.2.10 a subscriber that does not read costs bounded memory, slows nobody and loses nothing',
  { needs: 'own server', timeoutMs: 150_000 },
  async (t) => {
    // What a server takes for itself under such a load is no cost of the slow reader: the same load without one tells how much that is.
    const alone = await underLoad(t, false);
    await alone.server.stop();
    const { grew, slow } = await underLoad(t, true);
    const cost = grew - alone.grew;
    assert.ok(
      cost < 60,
      `${cost.toFixed(0)} MB more than without it (${alone.grew.toFixed(0)} MB), while ${((PASSING * TEXT.length) / 1_048_576).toFixed(0)} MB passed it by`,
    );
    slow.socket.resume();
    const events = await slow.events('~t', PASSING, 40_000);
    assert.deepEqual(
      events.map(({ payload }) => payload.data.n),
      Array.from({ length: PASSING }, (_, n) => n),
    );
  },
);

scenario('6.2.10 connections that never finish their handshake disturb nobody', {}, async (t) => {
  const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket(t.url)));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.write('GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n');
  const channel = await t.channel();
  await channel.notice('$sys.welcome');
});
