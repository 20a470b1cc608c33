// 6.2.3: unnamed subscriptions on a WebSocket.
import assert from 'node:assert/strict';
import { pause, refuses, succeeds } from '../expect.ts';
import { isCursor } from '../invariants.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';
import type { Channel } from '../websocket.ts';

const publish = async (t: Trial, topic: string, data: Json): Promise<Json> => succeeds(await t.admin.post(`/topics/${topic}/messages`, data), 201);

const subscribe = async (channel: Channel, topics: readonly string[], after?: string): Promise<{ subscription: string; cursor: string }> =>
  succeeds(
    await channel.request('POST', '/subscriptions', { data: { topics, ...(after === undefined ? {} : { after }) } }),
    [200, 201],
    `subscribing to ${topics}`,
  );

const data = (events: readonly Json[]): Json[] => events.map(({ payload }) => payload.data);

scenario('6.2.3 POST /subscriptions answers 201 {subscription, cursor}, then its messages come', {}, async (t) => {
  const topic = t.name('t');
  await publish(t, topic, 'before');
  const channel = await t.channel();
  const answer = await channel.request('POST', '/subscriptions', { data: { topics: [topic] } });
  const opened = succeeds(answer, 201);
  assert.deepEqual(Object.keys(opened).sort(), ['cursor', 'subscription']);
  assert.ok(isCursor(opened.cursor));
  for (const n of [1, 2, 3]) await publish(t, topic, n);
  assert.deepEqual(data(await channel.events(opened.subscription, 3)), [1, 2, 3], 'from now on, unless told');
});

scenario('6.2.3 after is a cursor, earliest or latest', {}, async (t) => {
  const topic = t.name('t');
  const published = [await publish(t, topic, 0), await publish(t, topic, 1), await publish(t, topic, 2)];
  for (const [after, expected] of [
    ['earliest', [0, 1, 2, 3]],
    [published[1]?.cursor, [2, 3]],
    ['latest', [3]],
  ] as const) {
    const channel = await t.channel();
    const { subscription } = await subscribe(channel, [topic], after);
    if (after === 'latest') await publish(t, topic, 3);
    assert.deepEqual(
      data(await channel.events(subscription, expected.length - (after === 'latest' ? 0 : 1))),
      after === 'latest' ? expected : expected.slice(0, -1),
      `${after}`,
    );
  }
  const channel = await t.channel();
  for (const after of ['nonsense', 5, null, ''])
    refuses(
      await channel.request('POST', '/subscriptions', { data: { topics: [topic], after } }),
      ['INVALID_CURSOR', 'VALIDATION_FAILED'],
      undefined,
      JSON.stringify(after),
    );
});

scenario('6.2.3 the response comes before the first message, always', {}, async (t) => {
  const topic = t.name('t');
  for (let n = 0; n < 20; n++) await publish(t, topic, n);
  const channel = await t.channel();
  await channel.notice('$sys.welcome');
  const asked = channel.ask('POST', '/subscriptions', { data: { topics: [topic], after: 'earliest' } });
  await channel.events(`~${topic}`, 20);
  const kinds = channel.messages
    .filter(({ type, payload }) => payload.requestId === asked || (type === 'event' && payload.topic === topic))
    .map(({ type }) => type);
  assert.equal(kinds[0], 'response');
});

scenario('6.2.3 replay and what comes live join without a gap or a repeat, in log order', {}, async (t) => {
  const topic = t.name('t');
  const sender = await t.channel();
  let sent = 0;
  const send = (): void => {
    sender.ask('POST', `/topics/${topic}.${sent % 3}/messages`, { data: sent });
    sent += 1;
  };
  for (let n = 0; n < 300; n++) send();
  const channels = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const channel = await t.channel();
      const opening = subscribe(channel, [`${topic}.*`], 'earliest');
      for (let n = 0; n < 100; n++) send();
      return { channel, subscription: (await opening).subscription };
    }),
  );
  for (let n = 0; n < 100; n++) send();
  for (const { channel, subscription } of channels) {
    const events = await channel.events(subscription, sent);
    assert.deepEqual(
      data(events),
      Array.from({ length: sent }, (_, n) => n),
    );
    const cursors = events.map(({ payload }) => payload.cursor);
    assert.deepEqual([...cursors].sort(), cursors);
  }
});

scenario('6.2.3 the id is ~ and the patterns, each once, sorted bytewise, joined with commas; longer ones are hashed', {}, async (t) => {
  const channel = await t.channel();
  const [a, b] = [`B${t.name().slice(0, 8)}`, `a${t.name().slice(0, 8)}`];
  assert.equal((await subscribe(channel, [b, a, b, `${a}.*`])).subscription, `~${a},${a}.*,${b}`);
  const many = Array.from({ length: 40 }, (_, n) => `${a}.number.${n}`);
  const long = (await subscribe(channel, many)).subscription;
  assert.ok(long.startsWith('~') && long.length <= 128 && !long.includes(','), long);
  assert.equal((await subscribe(channel, [...many].reverse())).subscription, long, 'the same patterns, the same id');
  assert.notEqual((await subscribe(channel, many.slice(1))).subscription, long);
  await publish(t, `${a}.number.7`, 'hashed');
  assert.deepEqual(data(await channel.events(long, 1)), ['hashed']);
});

scenario('6.2.3 at most 100 patterns, at most 1,000 subscriptions of a connection', {}, async (t) => {
  const channel = await t.channel();
  const root = t.name('t');
  refuses(
    await channel.request('POST', '/subscriptions', { data: { topics: Array.from({ length: 101 }, (_, n) => `${root}.${n}`) } }),
    'VALIDATION_FAILED',
    /^\/data\/topics/,
  );
  await subscribe(
    channel,
    Array.from({ length: 100 }, (_, n) => `${root}.${n}`),
  );
  for (const topics of [[], 'a', [5], ['a..b'], [''], ['a', '**.b'], null]) {
    refuses(await channel.request('POST', '/subscriptions', { data: { topics } }), 'VALIDATION_FAILED', /^\/data\/topics/, JSON.stringify(topics));
  }
  refuses(await channel.request('POST', '/subscriptions', { data: {} }), 'VALIDATION_FAILED', /^\/data\/topics/, 'none');
  const answers = await Promise.all(Array.from({ length: 999 }, (_, n) => channel.request('POST', '/subscriptions', { data: { topics: [`${root}.x.${n}`] } })));
  for (const answer of answers) succeeds(answer, 201);
  const over = await channel.request('POST', '/subscriptions', { data: { topics: [`${root}.y`] } });
  assert.ok(over.status >= 400 && over.status < 500, `the 1,001st: ${over.status}`);
});

scenario(
  '6.2.3 attaching counts too, also where it takes over from another connection; what the connection has already may be attached again',
  {},
  async (t) => {
    const made = await t.key(['subscribe:**']);
    const [full, other] = [await t.channel(made.key), await t.channel(made.key)];
    const [mine, taken] = [t.name('s'), t.name('s')];
    for (const name of [mine, taken]) succeeds(await other.request('POST', '/subscriptions', { data: { name, topics: [t.name('t')] } }), 201);
    succeeds(await full.request('POST', `/subscriptions/${mine}/attach`, { data: {} }));
    succeeds(await other.request('POST', `/subscriptions/${taken}/attach`, { data: {} }));
    const root = t.name('t');
    const answers = await Promise.all(Array.from({ length: 999 }, (_, n) => full.request('POST', '/subscriptions', { data: { topics: [`${root}.${n}`] } })));
    for (const answer of answers) succeeds(answer, 201);
    refuses(await full.request('POST', `/subscriptions/${taken}/attach`, { data: {} }), 'CONFLICT');
    assert.equal(succeeds(await other.request('GET', `/subscriptions/${taken}`)).attached, true, 'who has it keeps it');
    succeeds(await full.request('POST', `/subscriptions/${mine}/attach`, { data: {} }), 200, 'again');
    succeeds(await full.request('DELETE', `/subscriptions/~${root}.0`), 204);
    succeeds(await full.request('POST', `/subscriptions/${taken}/attach`, { data: {} }), 200, 'where there is room');
  },
);

scenario('6.2.3 a subscription that overlaps another gets its own copy, with its own id', {}, async (t) => {
  const root = t.name('t');
  const channel = await t.channel();
  const subscriptions = [[`${root}.a`], [`${root}.*`], [`${root}.**`, `${root}.a`], [`${root}.b`]];
  const ids: string[] = [];
  for (const topics of subscriptions) ids.push((await subscribe(channel, topics)).subscription);
  const published = await publish(t, `${root}.a`, 1);
  for (const id of ids.slice(0, 3)) {
    const [event] = await channel.events(id, 1);
    assert.deepEqual([event?.messageId, event?.payload.cursor], [published.messageId, published.cursor], id);
  }
  await pause(100);
  assert.deepEqual(
    ids.map((id) => channel.eventsNow(id).length),
    [1, 1, 1, 0],
    'each once, though two patterns of one match',
  );
});

scenario('6.2.3 opening the same one again moves it', {}, async (t) => {
  const topic = t.name('t');
  const published = [await publish(t, topic, 0), await publish(t, topic, 1), await publish(t, topic, 2)];
  const channel = await t.channel();
  const { subscription } = await subscribe(channel, [topic], 'latest');
  await publish(t, topic, 3);
  await channel.events(subscription, 1);
  await subscribe(channel, [topic], published[1]?.cursor);
  assert.deepEqual(data(await channel.events(subscription, 3)), [3, 2, 3]);
  await publish(t, topic, 4);
  assert.deepEqual(data(await channel.events(subscription, 4)), [3, 2, 3, 4], 'and it is still one');
});

scenario('6.2.3 DELETE /subscriptions/{id} ends it', {}, async (t) => {
  const [topic, other] = [t.name('t'), t.name('t')];
  const channel = await t.channel();
  const [mine, kept] = [await subscribe(channel, [topic]), await subscribe(channel, [other])];
  assert.equal((await channel.request('DELETE', `/subscriptions/${encodeURIComponent(mine.subscription)}`)).status, 204);
  await publish(t, topic, 1);
  await publish(t, other, 2);
  await channel.events(kept.subscription, 1);
  assert.equal(channel.eventsNow(mine.subscription).length, 0);
  refuses(await channel.request('DELETE', `/subscriptions/${encodeURIComponent(mine.subscription)}`), 'NOT_FOUND');
});

scenario('6.2.3 it lives as long as its WebSocket, is its connection’s alone, and over HTTP needs one', {}, async (t) => {
  const topic = t.name('t');
  const [one, two] = [await t.channel(), await t.channel()];
  const { subscription } = await subscribe(one, [topic]);
  refuses(await two.request('DELETE', `/subscriptions/${encodeURIComponent(subscription)}`), 'NOT_FOUND', undefined, 'another connection’s');
  refuses(await t.admin.http('POST', '/v1/subscriptions', { data: { topics: [topic] } }), 'WEBSOCKET_REQUIRED');
  await one.close();
  await publish(t, topic, 1);
  succeeds(await two.request('GET', '/messages?topics=a'));
  assert.equal(two.eventsNow().length, 0);
});

scenario('6.2.3 the same cursor goes on, on another connection', {}, async (t) => {
  const topic = t.name('t');
  const first = await t.channel();
  const { subscription } = await subscribe(first, [topic]);
  for (let n = 0; n < 5; n++) await publish(t, topic, n);
  const events = await first.events(subscription, 5);
  first.socket.terminate();
  await publish(t, topic, 5);
  const second = await t.channel();
  await subscribe(second, [topic], events[2]?.payload.cursor);
  assert.deepEqual(data(await second.events(subscription, 3)), [3, 4, 5]);
});

scenario('6.2.3 messages that may not be read are passed over, and come when they may', {}, async (t) => {
  const collection = await t.collection();
  const topic = t.name('t');
  const channel = await t.channel((await t.key(['subscribe:**'])).key);
  refuses(await channel.request('POST', '/subscriptions', { data: { topics: [`${collection}.**`] } }), 'FORBIDDEN');
  const { subscription } = await subscribe(channel, ['**']);
  succeeds(await t.admin.post(`/${collection}`, {}), 201);
  await publish(t, topic, 'seen');
  const seen = await channel.first(({ type, payload }) => type === 'event' && payload.topic === topic, 'what may be read');
  assert.equal(seen.payload.subscription, subscription);
  assert.deepEqual(
    channel.eventsNow().filter(({ payload }) => payload.topic.startsWith(collection)),
    [],
  );
});
