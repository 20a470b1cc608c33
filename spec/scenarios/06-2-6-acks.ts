// 6.2.6 to 6.2.8: acknowledging, pulling, and that no message is skipped.
import assert from 'node:assert/strict';
import { eventually, pause, refuses, succeeds } from '../expect.ts';
import { isCursor } from '../invariants.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';

const publish = async (t: Trial, topic: string, data: Json): Promise<Json> =>
  succeeds(await t.admin.http('POST', `/v1/topics/${topic}/messages`, { data }), 201);

scenario('6.2.6 ack answers {cursor, pending}; it is cumulative, idempotent, never moves back', { over: 'any' }, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const [name, topic] = [t.name('s'), t.name('t')];
  succeeds(await who.post('/subscriptions', { name, topics: [topic] }), 201);
  const cursors: string[] = [];
  for (let n = 0; n < 5; n++) cursors.push((await publish(t, topic, n)).cursor);
  const ack = async (cursor: string | undefined): Promise<Json> => succeeds(await who.post(`/subscriptions/${name}/ack`, { cursor }));
  assert.deepEqual(await ack(cursors[2]), { cursor: cursors[2], pending: 2 });
  assert.deepEqual(await ack(cursors[2]), { cursor: cursors[2], pending: 2 }, 'again');
  assert.deepEqual(await ack(cursors[0]), { cursor: cursors[2], pending: 2 }, 'not back');
  assert.deepEqual(await ack(cursors[4]), { cursor: cursors[4], pending: 0 });
  for (const cursor of ['nonsense', '', `${cursors[0]}x`])
    refuses(await who.post(`/subscriptions/${name}/ack`, { cursor }), ['INVALID_CURSOR', 'VALIDATION_FAILED'], undefined, cursor);
  refuses(await who.post(`/subscriptions/${name}/ack`, {}), 'VALIDATION_FAILED', '/data/cursor');
  refuses(await who.post(`/subscriptions/${t.name('s')}/ack`, { cursor: cursors[0] }), 'NOT_FOUND');
});

scenario('6.2.6 the cursor also moves over what does not match', { over: 'any' }, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const [name, topic] = [t.name('s'), t.name('t')];
  succeeds(await who.post('/subscriptions', { name, topics: [topic] }), 201);
  const other = await publish(t, t.name('t'), 1);
  const answer = succeeds(await who.post(`/subscriptions/${name}/ack`, { cursor: other.cursor }));
  assert.ok(answer.cursor >= other.cursor, 'the cursor of a message that does not match is a place like any other');
  assert.equal(answer.pending, 0);
});

scenario('6.2.6 no more than maxOutstanding messages are out at a time', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--max-outstanding', '5'] });
  const channel = await t.channel(server.key, { url: server.url });
  succeeds(await channel.request('POST', '/subscriptions', { data: { name: 's', topics: ['t'] } }), 201);
  for (let n = 0; n < 12; n++) succeeds(await server.admin.post('/topics/t/messages', n), 201);
  succeeds(await channel.request('POST', '/subscriptions/s/attach', { data: {} }));
  const seen: number[] = [];
  for (const expected of [5, 10, 12]) {
    const events = await channel.events('s', expected);
    await pause(200);
    assert.equal(channel.eventsNow('s').length, expected, `${expected}, and not one more until they are acknowledged`);
    seen.splice(0, seen.length, ...events.map(({ payload }) => payload.data));
    succeeds(await channel.request('POST', '/subscriptions/s/ack', { data: { cursor: events.at(-1)?.payload.cursor } }));
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 12 }, (_, n) => n),
  );
});

scenario('6.2.6 without an acknowledgement they are sent again, with redelivered: true', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--ack-wait', '1s'] });
  const channel = await t.channel(server.key, { url: server.url });
  succeeds(await channel.request('POST', '/subscriptions', { data: { name: 's', topics: ['t'] } }), 201);
  succeeds(await channel.request('POST', '/subscriptions/s/attach', { data: {} }));
  const started = Date.now();
  const published: Json[] = [];
  for (let n = 0; n < 3; n++) published.push(succeeds(await server.admin.post('/topics/t/messages', n), 201));
  const first = (await channel.events('s', 3)).slice(0, 3);
  for (const { payload } of first) assert.notEqual(payload.redelivered, true, 'the first delivery is none');
  succeeds(await channel.request('POST', '/subscriptions/s/ack', { data: { cursor: published[0]?.cursor } }));
  const events = await channel.events('s', 5, 10_000);
  assert.ok(Date.now() - started >= 900, 'not before ackWait');
  const again = events.slice(3, 5);
  assert.deepEqual(
    again.map(({ messageId, payload }) => [messageId, payload.data, payload.redelivered]),
    published.slice(1).map(({ messageId }, n) => [messageId, n + 1, true]),
    'from the acknowledged cursor on',
  );
  succeeds(await channel.request('POST', '/subscriptions/s/ack', { data: { cursor: published[2]?.cursor } }));
  const count = channel.eventsNow('s').length;
  await pause(1_800);
  assert.equal(channel.eventsNow('s').length, count, 'what is acknowledged does not come again');
});

scenario('6.2.6 acknowledgements outlive the server', { needs: 'own server' }, async (t) => {
  const one = await t.server();
  succeeds(await one.admin.post('/subscriptions', { name: 's', topics: ['t'] }), 201);
  const published: Json[] = [];
  for (let n = 0; n < 3; n++) published.push(succeeds(await one.admin.post('/topics/t/messages', n), 201));
  succeeds(await one.admin.post('/subscriptions/s/ack', { cursor: published[1]?.cursor }));
  // A crash may lose the acknowledgements of its last second.
  await pause(1_300);
  await one.kill();
  const two = await t.server({ dataDir: one.dataDir });
  const shown = succeeds(await two.admin.get('/subscriptions/s'));
  assert.deepEqual([shown.cursor, shown.pending], [published[1]?.cursor, 1]);
});

scenario('6.2.7 pull acknowledges and reads on, and answers as reading the log does', { over: ['http', 'websocket'] }, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const [name, topic] = [t.name('s'), t.name('t')];
  succeeds(await who.post('/subscriptions', { name, topics: [topic] }), 201);
  const published: Json[] = [];
  for (let n = 0; n < 5; n++) published.push(await publish(t, topic, n));
  const pull = async (data: Json): Promise<Json> => succeeds(await who.post(`/subscriptions/${name}/pull`, data));
  const first = await pull({ limit: 2 });
  assert.deepEqual(Object.keys(first).sort(), ['cursor', 'items', 'more']);
  assert.deepEqual(first.items[0], { ...published[0], data: 0 });
  assert.deepEqual([first.items.length, first.more, isCursor(first.cursor)], [2, true, true]);
  assert.deepEqual((await pull({ limit: 2 })).items, first.items, 'what is not acknowledged comes again');
  const second = await pull({ ack: first.cursor, limit: 2 });
  assert.deepEqual(
    second.items.map(({ data }: Json) => data),
    [2, 3],
  );
  const last = await pull({ ack: second.cursor });
  assert.deepEqual([last.items.map(({ data }: Json) => data), last.more], [[4], false]);
  assert.deepEqual((await pull({ ack: last.cursor })).items, []);
  assert.equal(succeeds(await who.get(`/subscriptions/${name}`)).pending, 0);
  for (const data of [{ limit: 0 }, { limit: 1_001 }, { limit: 'x' }, { wait: 61 }, { wait: -1 }])
    refuses(await who.post(`/subscriptions/${name}/pull`, data), 'VALIDATION_FAILED', /^\/data\/(?:limit|wait)$/, JSON.stringify(data));
  refuses(await who.post(`/subscriptions/${name}/pull`, { ack: 'nonsense' }), 'INVALID_CURSOR');
});

scenario('6.2.7 two that pull get the same messages, and nothing is attached', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const [one, two] = [t.as(made.key), t.as(made.key)];
  const [name, topic] = [t.name('s'), t.name('t')];
  succeeds(await one.post('/subscriptions', { name, topics: [topic] }), 201);
  await publish(t, topic, 1);
  const [mine, theirs] = [succeeds(await one.post(`/subscriptions/${name}/pull`, {})), succeeds(await two.post(`/subscriptions/${name}/pull`, {}))];
  assert.deepEqual(mine.items, theirs.items);
  assert.ok(!succeeds(await one.get(`/subscriptions/${name}`)).attached);
});

scenario('6.2.7 pulling with wait holds until a message comes', {}, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const [name, topic] = [t.name('s'), t.name('t')];
  succeeds(await who.post('/subscriptions', { name, topics: [topic] }), 201);
  const waiting = who.post(`/subscriptions/${name}/pull`, { wait: 20 });
  await pause(150);
  await publish(t, topic, 'at last');
  assert.deepEqual(
    succeeds(await waiting).items.map(({ data }: Json) => data),
    ['at last'],
  );
});

scenario('6.2.8 whatever way a subscriber goes on from its cursor, no message is skipped and all come in order', {}, async (t) => {
  const topic = t.name('t');
  const made = await t.key([`subscribe:${topic}`]);
  const total = 240;
  const publishing = (async () => {
    for (let n = 0; n < total; n++) await publish(t, topic, n);
  })();
  publishing.catch(() => {});
  const seen: number[] = [];
  let cursor = succeeds(await t.as(made.key).http('GET', `/v1/messages?topics=${topic}&after=earliest&limit=1`));
  seen.push(...cursor.items.map(({ data }: Json) => data));
  cursor = cursor.cursor;
  for (let turn = 0; seen.length < total && turn < 400; turn++) {
    if (turn % 2 === 0) {
      const channel = await t.channel(made.key);
      const { subscription } = succeeds(await channel.request('POST', '/subscriptions', { data: { topics: [topic], after: cursor } }), 201);
      await pause(30);
      const events = channel.eventsNow(subscription);
      channel.socket.terminate();
      seen.push(...events.map(({ payload }) => payload.data));
      cursor = events.at(-1)?.payload.cursor ?? cursor;
    } else {
      const page = succeeds(await t.as(made.key).http('GET', `/v1/messages?topics=${topic}&after=${cursor}&limit=7`));
      seen.push(...page.items.map(({ data }: Json) => data));
      cursor = page.cursor;
    }
  }
  await publishing;
  assert.deepEqual(
    seen,
    Array.from({ length: total }, (_, n) => n),
    'moving between a WebSocket and polling, cut at any place',
  );
});

scenario(
  '6.2.8 every confirmed message reaches who goes on from a cursor, though the server is killed',
  { needs: 'own server', timeoutMs: 90_000 },
  async (t) => {
    let server = await t.server({ flags: ['--operations-per-minute', '1000000'] });
    const { dataDir } = server;
    succeeds(await server.admin.post('/subscriptions', { name: 's', topics: ['t'] }), 201);
    const confirmed: number[] = [];
    const [unnamed, durable]: number[][] = [[], []];
    let cursor = 'earliest';
    let n = 0;
    for (let life = 0; life < 3; life++) {
      const { admin, url, key } = server;
      const listener = await t.channel(key, { url });
      const { subscription } = succeeds(await listener.request('POST', '/subscriptions', { data: { topics: ['t'], after: cursor } }), 201);
      const holder = await t.channel(key, { url });
      succeeds(await holder.request('POST', '/subscriptions/s/attach', { data: {} }));
      let going = true;
      const publishing = (async () => {
        for (; going && n < 100_000; n++) {
          const number = n;
          const answer = await admin.http('POST', '/v1/topics/t/messages', { data: number, requestId: `m${number}` }).catch(() => undefined);
          if (answer?.status === 201) confirmed.push(number);
          else break;
        }
      })();
      const before = confirmed.length;
      await eventually('some are confirmed', () => (confirmed.length >= before + 15 + life * 10 ? true : undefined), 20_000, 1);
      await server.kill();
      going = false;
      await publishing;
      const events = listener.eventsNow(subscription);
      unnamed?.push(...events.map(({ payload }) => payload.data));
      cursor = events.at(-1)?.payload.cursor ?? cursor;
      durable?.push(...holder.eventsNow('s').map(({ payload }) => payload.data));
      // The message that was not confirmed is sent again with its requestId, as clients do.
      server = await t.server({ dataDir, flags: ['--operations-per-minute', '1000000'] });
    }
    const last = await t.channel(server.key, { url: server.url });
    const { subscription } = succeeds(await last.request('POST', '/subscriptions', { data: { topics: ['t'], after: cursor } }), 201);
    succeeds(await last.request('POST', '/subscriptions/s/attach', { data: {} }));
    succeeds(await server.admin.http('POST', '/v1/topics/t/messages', { data: -1 }), 201);
    await eventually(
      'the last message',
      () => (last.eventsNow(subscription).at(-1)?.payload.data === -1 && last.eventsNow('s').at(-1)?.payload.data === -1 ? true : undefined),
      20_000,
    );
    unnamed?.push(...last.eventsNow(subscription).map(({ payload }) => payload.data));
    durable?.push(...last.eventsNow('s').map(({ payload }) => payload.data));
    assert.ok(confirmed.length > 20, `${confirmed.length} were confirmed`);
    const firsts = [...new Set(durable)];
    for (const [what, seen] of [
      ['unnamed', unnamed ?? []],
      ['durable', firsts],
    ] as const) {
      const there = new Set(seen);
      assert.deepEqual(
        confirmed.filter((number) => !there.has(number)),
        [],
        `${what}: every confirmed message came`,
      );
      const published = seen.filter((number) => number >= 0);
      assert.deepEqual(
        published,
        [...published].sort((left, right) => left - right),
        `${what}: first deliveries in log order`,
      );
    }
    assert.equal(new Set(unnamed).size, unnamed?.length, 'unnamed: each once, the cursor being exact');
  },
);
