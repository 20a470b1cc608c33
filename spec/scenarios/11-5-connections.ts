// 11.5, and what 10.1, 11.1 and 11.4 say of WebSockets: who is connected, from where, and how it is ended.
import assert from 'node:assert/strict';
import { caller } from '../caller.ts';
import { eventually, refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';
import { refusedHandshake } from '../websocket.ts';

const connections = async (t: { admin: { http: ReturnType<typeof caller>['http'] } }): Promise<Json[]> => {
  const items: Json[] = [];
  let after = '';
  for (let page = 0; page < 100; page++) {
    const { data } = await t.admin.http('GET', `/v1/connections${after}`);
    items.push(...(data.items ?? data));
    if (!data.next) break;
    after = `?after=${encodeURIComponent(data.next)}`;
  }
  return items;
};

scenario('11.5 GET /connections shows what is connected, DELETE ends it with 4101', { also: ['5.1.2'] }, async (t) => {
  const made = await t.key(['subscribe:**']);
  const channel = await t.channel(made.key);
  const { connectionId } = await channel.notice('$sys.welcome');
  const shown = (await connections(t)).find((one) => JSON.stringify(one).includes(connectionId));
  assert.ok(shown !== undefined, 'it is in the list');
  assert.ok(JSON.stringify(shown).includes(made.client), 'and says whose it is');
  assert.ok(!JSON.stringify(shown).includes(made.key), 'but not by which key');
  const remove = { headers: { 'idempotency-key': t.name('r') } };
  assert.equal((await t.admin.http('DELETE', `/v1/connections/${connectionId}`, remove)).status, 204);
  assert.equal((await channel.closed).code, 4101);
  await eventually('it is gone', async () => ((await connections(t)).some((one) => JSON.stringify(one).includes(connectionId)) ? undefined : true));
  refuses(await t.admin.http('DELETE', `/v1/connections/${connectionId}`, remove), 'NOT_FOUND', undefined, 'a repeat ends nothing, and is not remembered');
});

scenario('11.5 GET /stats tells in numbers', {}, async (t) => {
  const data = succeeds(await t.admin.http('GET', '/v1/stats'));
  assert.ok(Object.keys(data).length > 0 && /\d/.test(JSON.stringify(data)), JSON.stringify(data));
});

scenario('11.5 they are for scope admin', {}, async (t) => {
  const who = await t.caller(['read:*', 'write:*', 'publish:**', 'subscribe:**']);
  for (const [method, path] of [
    ['GET', '/v1/connections'],
    ['DELETE', '/v1/connections/x'],
    ['GET', '/v1/stats'],
  ] as const)
    refuses(await who.http(method, path), 'FORBIDDEN', undefined, `${method} ${path}`);
});

scenario('11.1 deleting a key closes its connections with 4300, those of its tokens too', { also: ['5.1.1'] }, async (t) => {
  const made = await t.key(['subscribe:**']);
  const kept = await t.key(['subscribe:**'], { client: made.client });
  const { token } = succeeds(await caller(t.url, made.key).post('/tokens', { ttl: 600, sub: 's' }), 201);
  const [byKey, byToken, other] = [await t.channel(made.key), await t.channel(token), await t.channel(kept.key)];
  for (const channel of [byKey, byToken, other]) await channel.notice('$sys.welcome');
  assert.equal((await t.admin.http('DELETE', `/v1/keys/${made.id}`)).status, 204);
  assert.deepEqual([(await byKey.closed).code, (await byToken.closed).code], [4300, 4300]);
  succeeds(await other.request('GET', '/messages?topics=a'), 200, 'another key of the same client stays');
});

scenario('10.1 a WebSocket handshake says its version, and refuses another major', { also: ['5.1.1'] }, async (t) => {
  const channel = await t.channel();
  assert.equal((await channel.notice('$sys.welcome')).protocolVersion, '1.0');
  const answer = await refusedHandshake(t.url, { credential: t.admin.credential, headers: { 'x-protocol-version': '2.0' } });
  refuses(answer, 'UNSUPPORTED_VERSION');
  assert.equal(answer.status, 400);
  await (await t.channel(undefined, { headers: { 'x-protocol-version': '1.7' } })).notice('$sys.welcome');
});

scenario('11.4 WebSockets from another origin are refused unless it is configured', { needs: 'own server', also: ['5.1.1'] }, async (t) => {
  const [none, some] = [await t.server(), await t.server({ flags: ['--origins', 'https://a.example'] })];
  for (const server of [none, some])
    refuses(await refusedHandshake(server.url, { credential: server.key, headers: { origin: 'https://evil.example' } }), 'FORBIDDEN');
  refuses(await refusedHandshake(none.url, { credential: none.key, headers: { origin: 'https://a.example' } }), 'FORBIDDEN');
  await (await t.channel(some.key, { url: some.url, headers: { origin: 'https://a.example' } })).notice('$sys.welcome');
  await (await t.channel(none.key, { url: none.url, headers: { origin: none.url } })).notice('$sys.welcome');
});

scenario('3.1.3 AsyncAPI 3.0 describes the WebSocket', { also: ['5.1.1'] }, async (t) => {
  const answer = await t.admin.http('GET', '/v1/asyncapi.json');
  assert.equal(answer.status, 200);
  const document = JSON.parse(answer.text) as Json;
  assert.match(document.asyncapi, /^3\.0\./);
  assert.ok(Object.keys(document.channels).length > 0 && Object.keys(document.operations).length > 0);
  assert.equal(document.requestId, undefined, 'without an envelope');
});

scenario('4.1.3 what was done over one transport is replayed over another', { also: ['5.2.2'] }, async (t) => {
  const collection = await t.collection();
  const made = await t.key([`write:${collection}`, 'publish:**']);
  const channel = await t.channel(made.key);
  const who = caller(t.url, made.key);
  const [one, two, three] = [t.name('r'), t.name('r'), t.name('r')];
  const byHttp = await who.http('POST', `/v1/${collection}`, { data: { a: 1 }, requestId: one });
  const overSocket = await channel.request('POST', `/${collection}`, { data: { a: 1 }, requestId: one });
  assert.deepEqual([overSocket.status, overSocket.data, overSocket.replayed], [201, byHttp.data, true]);
  const topic = t.name('t');
  const published = await channel.request('POST', `/topics/${topic}/messages`, { data: 1, requestId: two });
  const again = await who.http('POST', `/v1/topics/${topic}/messages`, { data: 1, requestId: two });
  assert.deepEqual([again.status, again.data, again.replayed], [201, succeeds(published, 201), true]);
  refuses(await channel.request('POST', `/topics/${topic}/messages`, { data: 2, requestId: two }), 'REQUEST_ID_REUSED');
  assert.equal((await who.http('DELETE', `/v1/${collection}/${byHttp.data.id}`, { headers: { 'idempotency-key': three } })).status, 204);
  const gone = await channel.request('DELETE', `/${collection}/${byHttp.data.id}`, { requestId: three });
  assert.deepEqual([gone.status, gone.replayed], [204, true]);
});

scenario('4.1.3 what belongs to a connection is never replayed, ack and pull are not remembered', { also: ['6.2.5', '6.2.7'] }, async (t) => {
  const made = await t.key(['subscribe:**']);
  const [name, topic, requestId] = [t.name('s'), t.name('t'), t.name('r')];
  const channel = await t.channel(made.key);
  for (const turn of ['first', 'second']) {
    const opened = await channel.request('POST', '/subscriptions', { data: { topics: [topic] }, requestId });
    succeeds(opened, [200, 201], turn);
    assert.equal(opened.replayed, false, `an unnamed subscription, ${turn}`);
  }
  succeeds(await channel.request('POST', '/subscriptions', { data: { name, topics: [topic] } }), 201);
  for (const [path, data, id] of [
    [`/subscriptions/${name}/attach`, {}, t.name('r')],
    [`/subscriptions/${name}/pull`, {}, t.name('r')],
  ] as const) {
    for (const turn of ['first', 'second']) {
      const answer = await channel.request('POST', path, { data, requestId: id });
      succeeds(answer, 200, `${path}, ${turn}`);
      assert.equal(answer.replayed, false, `${path}, ${turn}`);
    }
  }
  const { cursor } = succeeds(await t.admin.post(`/topics/${topic}/messages`, 1), 201);
  const again = t.name('r');
  for (const turn of ['first', 'second'])
    assert.equal((await channel.request('POST', `/subscriptions/${name}/ack`, { data: { cursor }, requestId: again })).replayed, false, `ack, ${turn}`);
});
