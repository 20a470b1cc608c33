// 6.2.4 and 6.2.5: durable subscriptions: made, listed, changed, removed, attached.
import assert from 'node:assert/strict';
import { pause, refuses, succeeds } from '../expect.ts';
import { isCursor } from '../invariants.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';

const publish = async (t: Trial, topic: string, data: Json): Promise<Json> =>
  succeeds(await t.admin.http('POST', `/v1/topics/${topic}/messages`, { data }), 201);

const data = (events: readonly Json[]): Json[] => events.map(({ payload }) => payload.data);

scenario('6.2.4 a durable subscription is made on any transport: 201, the same again 200, other topics 409', { over: 'any' }, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const [name, a, b] = [t.name('s'), t.name('t'), t.name('t')];
  succeeds(await who.post('/subscriptions', { name, topics: [a, b] }), 201);
  const before = succeeds(await who.get(`/subscriptions/${name}`));
  await publish(t, a, 1);
  succeeds(await who.post('/subscriptions', { name, topics: [b, a] }), 200, 'in any order');
  succeeds(await who.post('/subscriptions', { name, topics: [a, b], after: 'latest' }), 200);
  assert.equal(succeeds(await who.get(`/subscriptions/${name}`)).cursor, before.cursor, 'its cursor untouched');
  refuses(await who.post('/subscriptions', { name, topics: [a] }), 'CONFLICT');
  refuses(await who.post('/subscriptions', { name, topics: [a, b, `${a}.x`] }), 'CONFLICT');
});

scenario('6.2.4 a name is [A-Za-z0-9_-]{1,64}', { over: 'any' }, async (t) => {
  const who = await t.caller(['subscribe:**']);
  for (const name of ['x', 'A-z_0-9', 'x'.repeat(64)]) succeeds(await who.post('/subscriptions', { name, topics: ['a'] }), 201, name);
  for (const name of ['', 'x'.repeat(65), 'a.b', 'a b', '~a', 'ä', 5, {}, true])
    refuses(await who.post('/subscriptions', { name, topics: ['a'] }), 'VALIDATION_FAILED', '/data/name', JSON.stringify(name));
  for (const topics of [[], ['a..b'], 'a', undefined])
    refuses(await who.post('/subscriptions', { name: 'y', topics }), 'VALIDATION_FAILED', /^\/data\/topics/, JSON.stringify(topics));
  refuses(await who.post('/subscriptions', { name: 'y', topics: ['a'], after: 'nonsense' }), 'INVALID_CURSOR');
});

scenario('6.2.4 it shows {name, topics, cursor, pending, attached}', { over: 'any' }, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const [name, topic] = [t.name('s'), t.name('t')];
  const first = await publish(t, topic, 0);
  succeeds(await who.post('/subscriptions', { name, topics: [topic], after: first.cursor }), 201);
  for (const n of [1, 2, 3]) await publish(t, topic, n);
  await publish(t, t.name('t'), 'other');
  const shown = succeeds(await who.get(`/subscriptions/${name}`));
  for (const member of ['name', 'topics', 'cursor', 'pending', 'attached']) assert.ok(member in shown, `${member}: ${JSON.stringify(shown)}`);
  assert.deepEqual([shown.name, shown.topics, shown.cursor, shown.pending], [name, [topic], first.cursor, 3]);
  assert.ok(shown.attached === false || shown.attached === null, 'nobody is attached');
  const listed = succeeds(await who.get('/subscriptions'));
  const items: Json[] = listed.items ?? listed;
  assert.deepEqual(
    items.map((one: Json) => [one.name, one.pending]),
    [[name, 3]],
  );
  refuses(await who.get(`/subscriptions/${t.name('s')}`), 'NOT_FOUND');
});

scenario('6.2.4 after is where it begins: a cursor, earliest, or latest, which is the default', { over: 'any' }, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const topic = t.name('t');
  const first = await publish(t, topic, 0);
  await publish(t, topic, 1);
  for (const [after, pending] of [
    [undefined, 0],
    ['latest', 0],
    ['earliest', 2],
    [first.cursor, 1],
  ] as const) {
    const name = t.name('s');
    succeeds(await who.post('/subscriptions', { name, topics: [topic], ...(after === undefined ? {} : { after }) }), 201);
    assert.equal(succeeds(await who.get(`/subscriptions/${name}`)).pending, pending, `${after}`);
  }
});

scenario('6.2.4 PUT changes the topics and keeps the cursor, DELETE removes', { over: 'any' }, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const [name, a, b] = [t.name('s'), t.name('t'), t.name('t')];
  succeeds(await who.post('/subscriptions', { name, topics: [a] }), 201);
  const { cursor } = succeeds(await who.get(`/subscriptions/${name}`));
  await publish(t, a, 1);
  await publish(t, b, 2);
  succeeds(await who.put(`/subscriptions/${name}`, { topics: [b] }));
  const changed = succeeds(await who.get(`/subscriptions/${name}`));
  assert.deepEqual([changed.topics, changed.cursor, changed.pending], [[b], cursor, 1]);
  refuses(await who.put(`/subscriptions/${name}`, { topics: ['a..b'] }), 'VALIDATION_FAILED', /^\/data\/topics/);
  refuses(await who.put(`/subscriptions/${t.name('s')}`, { topics: [b] }), 'NOT_FOUND');
  assert.equal((await who.delete(`/subscriptions/${name}`)).status, 204);
  refuses(await who.get(`/subscriptions/${name}`), 'NOT_FOUND');
  refuses(await who.delete(`/subscriptions/${name}`), 'NOT_FOUND');
  succeeds(await who.post('/subscriptions', { name, topics: [a] }), 201, 'the name is free again');
});

scenario('6.2.4 scopes must cover the topics', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const who = await t.caller(['subscribe:x.*', `subscribe:${collection}.**`]);
  succeeds(await who.post('/subscriptions', { name: 'fine', topics: ['x.a', 'x.*'] }), 201);
  for (const topics of [['**'], ['x.**'], ['x.a', 'y'], [`${collection}.**`]])
    refuses(await who.post('/subscriptions', { name: 'other', topics }), 'FORBIDDEN', undefined, `${topics}`);
  refuses(await who.put('/subscriptions/fine', { topics: ['y'] }), 'FORBIDDEN', undefined, 'PUT');
});

scenario('6.2.4 no client sees or disturbs another’s; admin does with ?client=', { over: 'any' }, async (t) => {
  const client = t.name('client');
  const [mine, sameClient, theirs] = [
    await t.caller(['subscribe:**'], { client }),
    await t.caller(['subscribe:**'], { client }),
    await t.caller(['subscribe:**']),
  ];
  const name = t.name('s');
  succeeds(await mine.post('/subscriptions', { name, topics: ['a'] }), 201);
  succeeds(await sameClient.get(`/subscriptions/${name}`), 200, 'another key of the client');
  refuses(await theirs.get(`/subscriptions/${name}`), 'NOT_FOUND');
  refuses(await theirs.delete(`/subscriptions/${name}`), 'NOT_FOUND');
  refuses(await theirs.post(`/subscriptions/${name}/ack`, { cursor: 'x' }), ['NOT_FOUND', 'INVALID_CURSOR']);
  assert.equal(((d: Json) => d.items ?? d)(succeeds(await theirs.get('/subscriptions'))).length, 0);
  succeeds(await theirs.post('/subscriptions', { name, topics: ['b'] }), 201, 'the same name is another one');
  refuses(await theirs.get(`/subscriptions/${name}?client=${client}`), 'FORBIDDEN');
  assert.deepEqual(succeeds(await t.admin.get(`/subscriptions/${name}?client=${client}`)).topics, ['a']);
  assert.equal(((d: Json) => d.items ?? d)(succeeds(await t.admin.get(`/subscriptions?client=${client}`))).length, 1);
  assert.equal((await t.admin.delete(`/subscriptions/${name}?client=${client}`)).status, 204);
  refuses(await mine.get(`/subscriptions/${name}`), 'NOT_FOUND');
  succeeds(await theirs.get(`/subscriptions/${name}`), 200, 'theirs stays');
});

scenario('6.2.4 at most 1,000 of a client', {}, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const all = (each: (n: number) => Json): Promise<unknown> =>
    Promise.all(
      Array.from({ length: 10 }, async (_, batch) => {
        const operations = Array.from({ length: 100 }, (__, n) => each(batch * 100 + n));
        succeeds(await who.http('POST', '/v1/batch', { data: { operations } }));
      }),
    );
  await all((n) => ({ method: 'POST', path: '/subscriptions', data: { name: `s${n}`, topics: ['a'] } }));
  const over = await who.http('POST', '/v1/subscriptions', { data: { name: 'one-more', topics: ['a'] } });
  assert.ok(over.status >= 400 && over.status < 500, `the 1,001st: ${over.status}`);
  await all((n) => ({ method: 'DELETE', path: `/subscriptions/s${n}` }));
});

scenario('6.2.4 it lives on after a restart, its cursor too', { needs: 'own server' }, async (t) => {
  const one = await t.server();
  succeeds(await one.admin.post('/subscriptions', { name: 'kept', topics: ['t'] }), 201);
  const first = succeeds(await one.admin.post('/topics/t/messages', 1), 201);
  succeeds(await one.admin.post('/topics/t/messages', 2), 201);
  succeeds(await one.admin.post('/subscriptions/kept/ack', { cursor: first.cursor }));
  assert.deepEqual(await one.stop(), { code: 0, signal: null });
  const two = await t.server({ dataDir: one.dataDir });
  const shown = succeeds(await two.admin.get('/subscriptions/kept'));
  assert.deepEqual([shown.topics, shown.cursor, shown.pending], [['t'], first.cursor, 1]);
});

scenario('6.2.5 attach answers {subscription, cursor, pending}, then messages come from the acknowledged cursor on', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const [name, topic] = [t.name('s'), t.name('t')];
  const channel = await t.channel(made.key);
  succeeds(await channel.request('POST', '/subscriptions', { data: { name, topics: [topic] } }), 201);
  for (const n of [1, 2]) await publish(t, topic, n);
  assert.equal(channel.eventsNow().length, 0, 'nothing before it is attached');
  const attached = succeeds(await channel.request('POST', `/subscriptions/${name}/attach`, { data: {} }));
  assert.deepEqual([attached.subscription, attached.pending, isCursor(attached.cursor)], [name, 2, true]);
  await publish(t, topic, 3);
  const events = await channel.events(name, 3);
  assert.deepEqual(data(events), [1, 2, 3]);
  assert.ok(succeeds(await channel.request('GET', `/subscriptions/${name}`)).attached, 'and it says so');
  succeeds(await channel.request('POST', `/subscriptions/${name}/ack`, { data: { cursor: events[1]?.payload.cursor } }));
  channel.socket.terminate();
  const again = await t.channel(made.key);
  assert.equal(succeeds(await again.request('POST', `/subscriptions/${name}/attach`, { data: {} })).cursor, events[1]?.payload.cursor);
  assert.deepEqual(data(await again.events(name, 1)), [3], 'what was not acknowledged comes again');
});

scenario('6.2.5 one attachment at a time: a later one takes over, the earlier is told', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const [name, topic] = [t.name('s'), t.name('t')];
  const [one, two] = [await t.channel(made.key), await t.channel(made.key)];
  succeeds(await one.request('POST', '/subscriptions', { data: { name, topics: [topic] } }), 201);
  succeeds(await one.request('POST', `/subscriptions/${name}/attach`, { data: {} }));
  await publish(t, topic, 1);
  await one.events(name, 1);
  succeeds(await two.request('POST', `/subscriptions/${name}/attach`, { data: {} }));
  const detached = await one.notice('$sys.detached');
  assert.equal(detached.subscription, name);
  assert.ok(typeof detached.reason === 'string' && detached.reason.length > 0);
  await publish(t, topic, 2);
  assert.deepEqual(data(await two.events(name, 2)), [1, 2], 'from the acknowledged cursor on');
  await pause(100);
  assert.equal(one.eventsNow(name).length, 1, 'the earlier gets no more');
});

scenario('6.2.5 detach ends it, the subscription stays', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const [name, topic] = [t.name('s'), t.name('t')];
  const channel = await t.channel(made.key);
  succeeds(await channel.request('POST', '/subscriptions', { data: { name, topics: [topic] } }), 201);
  succeeds(await channel.request('POST', `/subscriptions/${name}/attach`, { data: {} }));
  const detached = await channel.request('POST', `/subscriptions/${name}/detach`, { data: {} });
  assert.ok(detached.status === 200 || detached.status === 204, `${detached.status}`);
  await publish(t, topic, 1);
  await pause(200);
  assert.equal(channel.eventsNow(name).length, 0);
  assert.equal(succeeds(await channel.request('GET', `/subscriptions/${name}`)).pending, 1);
  succeeds(await channel.request('POST', `/subscriptions/${name}/attach`, { data: {} }));
  assert.deepEqual(data(await channel.events(name, 1)), [1]);
});

scenario('6.2.5 elsewhere than on a WebSocket attach is 426; of what does not exist 404', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const who = t.as(made.key);
  const name = t.name('s');
  succeeds(await who.http('POST', '/v1/subscriptions', { data: { name, topics: ['a'] } }), 201);
  refuses(await who.http('POST', `/v1/subscriptions/${name}/attach`, { data: {} }), 'WEBSOCKET_REQUIRED');
  const channel = await t.channel(made.key);
  refuses(await channel.request('POST', `/subscriptions/${t.name('s')}/attach`, { data: {} }), 'NOT_FOUND');
});

scenario('6.2.5 a subscription that is removed while attached ends, and its connection is told', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const [name, topic] = [t.name('s'), t.name('t')];
  const channel = await t.channel(made.key);
  succeeds(await channel.request('POST', '/subscriptions', { data: { name, topics: [topic] } }), 201);
  succeeds(await channel.request('POST', `/subscriptions/${name}/attach`, { data: {} }));
  assert.equal((await t.as(made.key).http('DELETE', `/v1/subscriptions/${name}`)).status, 204);
  assert.equal((await channel.notice('$sys.detached')).subscription, name);
  await publish(t, topic, 1);
  await pause(100);
  assert.equal(channel.eventsNow(name).length, 0);
});
