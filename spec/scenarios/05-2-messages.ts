// 5.2 and 5.3: what goes over a WebSocket, and with which codes it closes.
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { pause, refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';
import type { Channel } from '../websocket.ts';

/** The response to something sent by hand. */
const responseTo = async (channel: Channel, message: string, requestId: string | null): Promise<Json> => {
  const from = channel.messages.length;
  channel.send(message);
  const found = await channel.first((one) => one.type === 'response' && channel.messages.indexOf(one) >= from, `a response to ${message.slice(0, 80)}`);
  assert.equal(found.payload.requestId, requestId, `the requestId of the response to ${message.slice(0, 120)}`);
  return found.payload;
};

const welcomed = async (t: Trial, credential?: string): Promise<Channel> => {
  const channel = await t.channel(credential);
  await channel.notice('$sys.welcome');
  return channel;
};

scenario('5.2.1 a message that is not valid gets a response, and the connection stays open', {}, async (t) => {
  const channel = await welcomed(t);
  for (const text of [
    '',
    '{',
    'nonsense',
    '{"messageId":"x"',
    '{"messageId":"x","type":"request","payload":{},}',
    '{"messageId":"\\ud800"}',
    `${'['.repeat(100_000)}`,
  ]) {
    assert.equal((await responseTo(channel, text, null)).error.code, 'MALFORMED_JSON', text.slice(0, 40));
  }
  const invalid: readonly [string, string | null][] = [
    ['[]', null],
    ['"text"', null],
    ['5', null],
    ['null', null],
    ['{}', null],
    ['{"type":"request","payload":{"method":"GET","path":"/messages"}}', null],
    ['{"messageId":5,"type":"request","payload":{"method":"GET","path":"/messages"}}', null],
    ['{"messageId":"m1","payload":{}}', 'm1'],
    ['{"messageId":"m2","type":"shout","payload":{}}', 'm2'],
    ['{"messageId":"m3","type":"request"}', 'm3'],
    ['{"messageId":"m4","type":"request","payload":[]}', 'm4'],
    ['{"messageId":"m5","type":"request","payload":{"path":"/messages"}}', 'm5'],
    ['{"messageId":"m6","type":"request","payload":{"method":"GET"}}', 'm6'],
    ['{"messageId":"m7","type":"request","payload":{"method":5,"path":"/messages"}}', 'm7'],
    ['{"messageId":"m8","type":"request","timestamp":5,"payload":{"method":"GET","path":"/messages?topics=a"}}', 'm8'],
    ['{"messageId":"m9","type":"event","payload":{"data":1}}', 'm9'],
    ['{"messageId":"m10","type":"event","payload":{"topic":5,"data":1}}', 'm10'],
  ];
  for (const [text, requestId] of invalid) assert.equal((await responseTo(channel, text, requestId)).error.code, 'INVALID_ENVELOPE', text);
  assert.equal(
    (
      await responseTo(channel, `{"messageId":"${'x'.repeat(129)}","type":"request","payload":{"method":"GET","path":"/messages?topics=a"}}`, null).catch(() =>
        responseTo(channel, '{}', null),
      )
    ).error.code,
    'INVALID_ENVELOPE',
    'a messageId is a requestId',
  );
  succeeds(await channel.request('GET', '/messages?topics=a'), 200, 'it is still open');
});

scenario('5.2.1 what is refused as JSON is answered with its messageId where that can be read', {}, async (t) => {
  const channel = await welcomed(t);
  const withData = (id: string, data: string): string =>
    `{"messageId":${id},"type":"request","payload":{"method":"POST","path":"/topics/a/messages","data":${data}}}`;
  const refused: readonly [string, string | null][] = [
    [withData('"s1"', '"\\ud800"'), 's1'],
    [withData('"s2"', '{"__proto__":1}'), 's2'],
    [withData('"s3"', `${'['.repeat(100)}${']'.repeat(100)}`), 's3'],
    [withData('"s4"', '{"a":1,"a":2}'), 's4'],
    [`{"type":"event","messageId":"s5","payload":{"topic":"a","data":"\\udc00"}}`, 's5'],
    [withData('"not one"', '"\\ud800"'), null],
    [withData('5', '"\\ud800"'), null],
    [withData('{"messageId":"s6"}', '"\\ud800"'), null],
    ['["\\ud800"]', null],
    ['"\\ud800"', null],
    [`{"__proto__":{"messageId":"s7"},"type":"request"}`, null],
    [withData('"s8"', '1').slice(0, -1), null],
  ];
  for (const [text, requestId] of refused) assert.equal((await responseTo(channel, text, requestId)).error.code, 'MALFORMED_JSON', text.slice(0, 120));
  succeeds(await channel.request('GET', '/messages?topics=a'), 200, 'it is still open');
});

scenario('5.2.1 timestamp is optional from a client, unknown members are ignored', {}, async (t) => {
  const channel = await welcomed(t);
  for (const [n, more] of ['', ',"timestamp":"2026-11-22T10:00:00.000Z"', ',"other":{"a":1}'].entries()) {
    const payload = await responseTo(
      channel,
      `{"messageId":"m${n}","type":"request","payload":{"method":"GET","path":"/messages?topics=a","more":1}${more}}`,
      `m${n}`,
    );
    assert.equal(payload.statusCode, 200, more);
  }
});

scenario('5.2.1 a binary message closes with 1003', {}, async (t) => {
  const channel = await welcomed(t);
  channel.send(Buffer.from('{"messageId":"x","type":"request","payload":{"method":"GET","path":"/messages?topics=a"}}'));
  assert.equal((await channel.closed).code, 1003);
});

scenario('5.2.2 a request names method, path below /v1 with its query, data and headers; messageId is its requestId', {}, async (t) => {
  const collection = await t.collection();
  const channel = await welcomed(t);
  const requestId = t.name('r');
  const created = await channel.request('POST', `/${collection}`, { data: { id: 'x', n: 1 }, requestId });
  succeeds(created, 201);
  assert.equal(created.requestId, requestId);
  assert.ok(created.headers.etag, 'headers of the answer are there');
  refuses(
    await channel.request('PATCH', `/${collection}/x`, { data: { n: 2 }, headers: { 'If-Match': '"other"' } }),
    'PRECONDITION_FAILED',
    undefined,
    'headers of the request hold',
  );
  succeeds(await channel.request('PATCH', `/${collection}/x`, { data: { n: 2 }, headers: { 'if-match': created.headers.etag } }));
  assert.equal(succeeds(await channel.request('GET', `/${collection}?filter[n]=2&limit=1`)).items.length, 1);
  assert.equal((await channel.request('DELETE', `/${collection}/x`)).status, 204);
  const again = await channel.request('POST', `/${collection}`, { data: { id: 'x', n: 1 }, requestId });
  assert.deepEqual([again.replayed, again.data], [true, created.data], 'messageId is the idempotency key');
});

scenario('5.2.2 what HTTP refuses is refused here alike', {}, async (t) => {
  const collection = await t.collection();
  const channel = await welcomed(t, (await t.key([`read:${collection}`, 'publish:a.*'])).key);
  refuses(await channel.request('GET', `/${collection}/missing`), 'NOT_FOUND');
  refuses(await channel.request('GET', `/${collection}?limit=0`), 'VALIDATION_FAILED', '/query/limit');
  refuses(await channel.request('POST', `/${collection}`, { data: {} }), 'FORBIDDEN');
  refuses(await channel.request('PUT', `/${collection}`, { data: {} }), 'METHOD_NOT_ALLOWED');
  refuses(await channel.request('GET', '/a/b/c/d'), 'NOT_FOUND');
  refuses(await channel.request('POST', '/topics/a..b/messages', { data: 1 }), ['VALIDATION_FAILED', 'FORBIDDEN'], '/path/topic');
  refuses(await channel.request('POST', '/topics/b.a/messages', { data: 1 }), 'FORBIDDEN');
  refuses(await channel.request('GET', '/keys'), 'FORBIDDEN');
  refuses(await channel.request('POST', '/topics/a.b/messages'), 'INVALID_ENVELOPE', /data$/, 'no data');
  succeeds(await channel.request('POST', '/topics/a.b/messages', { data: null }), 201, 'null is data');
});

scenario('5.2.2 a WebSocket within a WebSocket, a path with its host or with /v1 are none', {}, async (t) => {
  const channel = await welcomed(t);
  for (const path of ['messages?topics=a', '/v1/messages?topics=a', 'http://localhost/v1/messages?topics=a', '/ws']) {
    const answer = await channel.request('GET', path);
    assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
  }
});

scenario('5.2.2 /v1 itself is the empty path, or a slash, as over HTTP', { also: ['3.1.3', '9.2.1'] }, async (t) => {
  const channel = await welcomed(t);
  for (const path of ['', '/']) {
    const { protocolVersion } = succeeds(await t.admin.get(path));
    assert.equal(succeeds(await channel.request('GET', path)).protocolVersion, protocolVersion, JSON.stringify(path));
    const { results } = (await channel.request('POST', '/batch', { data: { operations: [{ method: 'GET', path }] } })).data;
    assert.equal(results[0].data.protocolVersion, protocolVersion, `${JSON.stringify(path)} in a batch`);
    refuses(await channel.request('POST', path, { data: {} }), 'METHOD_NOT_ALLOWED');
  }
});

scenario('5.2.2 every operation of the table is a request, batch included', {}, async (t) => {
  const channel = await welcomed(t);
  const collection = t.name('c');
  t.forget(collection);
  succeeds(await channel.request('POST', '/collections', { data: { name: collection } }), 201);
  const operations = [
    { id: 'a', method: 'POST', path: `/${collection}`, data: {} },
    { id: 'b', method: 'GET', path: `/${collection}/missing` },
  ];
  const partial = await channel.request('POST', '/batch', { data: { operations } });
  assert.deepEqual([partial.status, partial.data.succeeded, partial.data.failed], [207, 1, 1]);
  refuses(await channel.request('POST', '/batch', { data: { mode: 'atomic', operations } }), 'BATCH_FAILED');
  assert.equal(succeeds(await channel.request('GET', `/${collection}`)).items.length, 1);
  succeeds(await channel.request('GET', '/keys'));
  succeeds(await channel.request('GET', '/changelog'));
  succeeds(await channel.request('GET', '/stats'));
});

scenario('5.2.3 publishes and batches of one connection take effect in the order sent', {}, async (t) => {
  const channel = await welcomed(t);
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const ids: string[] = [];
  for (let n = 0; n < 150; n++) {
    if (n % 10 === 9)
      ids.push(
        channel.ask('POST', '/batch', { data: { operations: [n, n + 0.5].map((data) => ({ method: 'POST', path: `/topics/${topic}/messages`, data })) } }),
      );
    else ids.push(channel.ask('POST', `/topics/${topic}/messages`, { data: n }));
  }
  await Promise.all(
    ids.map((id) => channel.first(({ type, payload }) => type === 'response' && payload.requestId === id && payload.statusCode < 300, `the response to ${id}`)),
  );
  const seen = (await logAfter(t.admin, topic, start)).map(({ data }) => data);
  assert.deepEqual(seen, Array.from({ length: 150 }, (_, n) => (n % 10 === 9 ? [n, n + 0.5] : [n])).flat());
});

scenario('5.2.3 their order holds however their paths are spelled', {}, async (t) => {
  const topic = t.name('t');
  for (const [batch, publish] of [
    ['/batch?', `/topics/${topic}/messages`],
    ['/b%61tch', `/topics/${topic}/messages`],
    ['/batch', `/topics/${topic}/messages?`],
    ['/batch', `/topics/%${topic.charCodeAt(0).toString(16)}${topic.slice(1)}/messages`],
  ] as const) {
    const channel = await welcomed(t);
    const start = await endOfLog(t.admin);
    const operations = Array.from({ length: 30 }, (_, n) => ({ method: 'POST', path: `/topics/${topic}/messages`, data: n }));
    const [many, one] = await Promise.all([channel.request('POST', batch, { data: { operations } }), channel.request('POST', publish, { data: 'behind' })]);
    succeeds(many);
    succeeds(one, 201);
    const seen = (await logAfter(t.admin, topic, start)).map(({ data }) => data);
    assert.deepEqual(seen, [...operations.map(({ data }) => data), 'behind'], `${batch}, then ${publish}`);
  }
});

scenario('5.2.3 responses are correlated, each request gets one', {}, async (t) => {
  const channel = await welcomed(t);
  const ids = Array.from({ length: 60 }, (_, n) => channel.ask('GET', n % 3 === 0 ? '/nowhere/x' : '/messages?topics=a', { requestId: `${t.name('r')}-${n}` }));
  for (const id of ids) await channel.first(({ type, payload }) => type === 'response' && payload.requestId === id, id);
  await pause(100);
  for (const id of ids) assert.equal(channel.messages.filter(({ type, payload }) => type === 'response' && payload.requestId === id).length, 1);
});

scenario('5.2.4 an event is the message itself: its id, its timestamp, the same for every subscriber', {}, async (t) => {
  const topic = `${t.name('t')}.x`;
  const channels = [await welcomed(t), await welcomed(t, (await t.key(['subscribe:**'])).key)];
  for (const channel of channels) succeeds(await channel.request('POST', '/subscriptions', { data: { topics: [topic] } }), 201);
  const published = succeeds(await t.admin.post(`/topics/${topic}/messages`, { a: [1, null, 'ü'] }), 201);
  for (const channel of channels) {
    const [event] = await channel.events(`~${topic}`, 1);
    assert.deepEqual(
      { ...event },
      {
        messageId: published.messageId,
        type: 'event',
        timestamp: published.timestamp,
        payload: { subscription: `~${topic}`, topic, cursor: published.cursor, data: { a: [1, null, 'ü'] } },
      },
    );
  }
});

scenario('5.2.4 changes of documents come as events', {}, async (t) => {
  const collection = await t.collection();
  const channel = await welcomed(t);
  const { subscription } = succeeds(await channel.request('POST', '/subscriptions', { data: { topics: [`${collection}.**`] } }), 201);
  const document = succeeds(await t.admin.post(`/${collection}`, { id: 'x', n: 1 }), 201);
  assert.equal((await t.admin.delete(`/${collection}/x`)).status, 204);
  const [created, deleted] = await channel.events(subscription, 2);
  assert.deepEqual(created?.payload.data, { change: 'created', id: 'x', version: 1, document });
  assert.equal(deleted?.payload.topic, `${collection}.x.deleted`);
});

scenario('5.2.5 an event from a client is a publish without confirmation: a response only when it is refused', {}, async (t) => {
  const topic = t.name('t');
  const channel = await welcomed(t, (await t.key([`publish:${topic}`, `subscribe:${topic}`])).key);
  const { subscription } = succeeds(await channel.request('POST', '/subscriptions', { data: { topics: [topic] } }), 201);
  const publish = (messageId: string, to: string): void => channel.send(JSON.stringify({ messageId, type: 'event', payload: { topic: to, data: messageId } }));
  publish('good', topic);
  const [event] = await channel.events(subscription, 1);
  assert.equal(event?.payload.data, 'good');
  const codes: Record<string, readonly [string, string]> = {
    scope: [`${topic}.other`, 'FORBIDDEN'],
    topic: ['a..b', 'VALIDATION_FAILED'],
    server: ['$sys.welcome', 'VALIDATION_FAILED'],
  };
  for (const [messageId, [to, expected]] of Object.entries(codes)) {
    publish(messageId, to);
    const { payload } = await channel.first(({ type, payload: one }) => type === 'response' && one.requestId === messageId, messageId);
    assert.equal(payload.error.code, expected, messageId);
  }
  await pause(100);
  assert.equal(channel.messages.filter(({ type, payload }) => type === 'response' && payload.requestId === 'good').length, 0);
});

scenario('5.3 a normal end is 1000, bad UTF-8 1007, a message over 1 MB 1009', {}, async (t) => {
  const normal = await welcomed(t);
  assert.equal((await normal.close()).code, 1000);
  const text = await welcomed(t);
  // A text frame whose bytes are no UTF-8: sent as text by hand, for no library would.
  (text.socket as unknown as { _sender: { sendFrame(frames: Buffer[], done?: () => void): void } })._sender.sendFrame([
    Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]),
  ]);
  assert.equal((await text.closed).code, 1007);
  const large = await welcomed(t);
  large.send(JSON.stringify({ messageId: 'x', type: 'request', payload: { method: 'POST', path: '/topics/a/messages', data: 'x'.repeat(1_048_576) } }));
  assert.equal((await large.closed).code, 1009);
  const fits = await welcomed(t);
  const frame = JSON.stringify({ messageId: 'x', type: 'request', payload: { method: 'POST', path: `/topics/${t.name('t')}/messages`, data: '' } });
  fits.send(frame.replace('"data":""', `"data":"${'x'.repeat(1_048_576 - frame.length)}"`));
  assert.equal((await fits.first(({ type }) => type === 'response', 'an answer to 1 MB')).payload.statusCode, 201);
});

scenario('5.3 who does not read its own responses is closed with 1013, or answered all the same', { needs: 'own server', timeoutMs: 90_000 }, async (t) => {
  const server = await t.server({ flags: ['--messages-per-second', '100000', '--operations-per-minute', '1000000'] });
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  succeeds(await server.admin.post('/things', { id: 'x', text: 'x'.repeat(900_000) }), 201);
  const channel = await t.channel(server.key, { url: server.url });
  await channel.notice('$sys.welcome');
  channel.socket.pause();
  const asked = Array.from({ length: 200 }, () => channel.ask('GET', '/things/x'));
  await pause(2_000);
  succeeds(await server.admin.http('GET', '/v1/things/x'), 200, 'others are served meanwhile');
  channel.socket.resume();
  const all = channel
    .first(() => channel.messages.filter(({ type }) => type === 'response').length >= asked.length, 'all responses', 30_000)
    .then(
      () => 'answered',
      () => 'closed',
    );
  const outcome = await all;
  if (outcome === 'closed') assert.ok([1013, 1006].includes((await channel.closed).code), `${(await channel.closed).code}`);
  assert.notEqual(channel.socket.readyState, WebSocket.CONNECTING);
});

scenario('5.3 ended by an administrator is 4101, a revoked key 4300', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const [ended, revoked] = [await t.channel(made.key), await t.channel(made.key)];
  const { connectionId } = await ended.notice('$sys.welcome');
  await revoked.notice('$sys.welcome');
  assert.equal((await t.admin.http('DELETE', `/v1/connections/${connectionId}`)).status, 204);
  assert.equal((await ended.closed).code, 4101);
  assert.equal((await t.admin.http('DELETE', `/v1/keys/${made.id}`)).status, 204);
  assert.equal((await revoked.closed).code, 4300);
});
