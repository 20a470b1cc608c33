// 5.1, 5.4 and 5.5: how a WebSocket is opened, kept, renewed and replaced.
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { caller } from '../caller.ts';
import { eventually, pause, refuses, succeeds } from '../expect.ts';
import { checkResponse, isCursor, isTimestamp } from '../invariants.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';
import { refusedHandshake } from '../websocket.ts';
import { openSocket, rawExchange } from '../wire.ts';

scenario('5.1.1 credentials come in the Authorization header, or in the subprotocol list; godwit.v1 is selected', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  for (const bySubprotocol of [false, true]) {
    const channel = await t.channel(made.key, { bySubprotocol });
    await channel.notice('$sys.welcome');
    assert.equal(channel.socket.protocol, 'godwit.v1');
  }
  const { token } = succeeds(await caller(t.url, made.key).post('/tokens', { ttl: 60 }), 201);
  await (await t.channel(token, { bySubprotocol: true })).notice('$sys.welcome');
});

scenario('5.1.1 a client that offers no subprotocol is served too', {}, async (t) => {
  const socket = new WebSocket(`${t.url.replace(/^http/, 'ws')}/v1/ws`, {
    headers: { authorization: `Bearer ${t.admin.credential}` },
    rejectUnauthorized: false,
  });
  t.after(async () => socket.terminate());
  const first = await new Promise<string>((resolve, reject) => {
    socket.once('message', (data) => resolve(String(data)));
    socket.once('error', reject);
  });
  assert.match(first, /\$sys\.welcome/);
});

scenario('5.1.1 a refused handshake is a plain HTTP response with the error envelope', {}, async (t) => {
  refuses(await refusedHandshake(t.url), 'UNAUTHENTICATED', undefined, 'no credentials');
  refuses(await refusedHandshake(t.url, { credential: 'no-such-key-0123456789' }), 'UNAUTHENTICATED', undefined, 'an unknown key');
  refuses(
    await refusedHandshake(t.url, { query: `?access_token=${t.admin.credential}` }),
    ['UNAUTHENTICATED', 'VALIDATION_FAILED'],
    undefined,
    'never in the URL',
  );
});

scenario('5.1.1 credentials in a subprotocol that are refused are accepted and closed: 4300 unknown, 4200 expired', {}, async (t) => {
  const unknown = await t.channel('no-such-key-0123456789', { bySubprotocol: true });
  assert.equal((await unknown.closed).code, 4300);
  assert.deepEqual(
    unknown.messages.filter(({ payload }) => payload.topic === '$sys.welcome'),
    [],
    'and not welcomed',
  );
  const who = await t.caller(['subscribe:**']);
  const { token } = succeeds(await who.post('/tokens', { ttl: 1 }), 201);
  await eventually(
    'the token expires',
    async () => ((await caller(t.url, token).http('GET', '/v1/messages?topics=a')).status === 401 ? true : undefined),
    10_000,
    200,
  );
  assert.equal((await (await t.channel(token, { bySubprotocol: true })).closed).code, 4200);
});

scenario('5.1.1 without an upgrade it is 426', {}, async (t) => {
  const answer = await t.admin.http('GET', '/v1/ws');
  refuses(answer, 'WEBSOCKET_REQUIRED');
  assert.match(String(answer.headers.upgrade), /websocket/i, 'RFC 9110 15.5.22');
});

scenario('5.1.2 the first message is $sys.welcome', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const channel = await t.channel(made.key);
  const welcome = await channel.notice('$sys.welcome');
  assert.equal(channel.messages[0]?.payload.topic, '$sys.welcome');
  assert.deepEqual(Object.keys(welcome).sort(), ['connectionId', 'expiresAt', 'heartbeatInterval', 'limits', 'protocolVersion']);
  assert.equal(welcome.protocolVersion, '1.0');
  assert.ok(typeof welcome.connectionId === 'string' && typeof welcome.limits === 'object' && welcome.heartbeatInterval !== undefined);
  assert.equal(welcome.expiresAt, null, 'a key does not expire');
  const { token, expiresAt } = succeeds(await caller(t.url, made.key).post('/tokens', { ttl: 600 }), 201);
  const held = await (await t.channel(token)).notice('$sys.welcome');
  assert.equal(held.expiresAt, expiresAt, 'a token does');
  assert.notEqual(held.connectionId, welcome.connectionId);
  const limited = await t.key(['subscribe:**'], { limits: { messagesPerSecond: 7 } });
  const { limits } = await (await t.channel(limited.key)).notice('$sys.welcome');
  assert.equal(limits.messagesPerSecond, 7, 'the limits are those of the connection: a client paces itself by them');
});

scenario('5.1.3 every interval a ping and an event on $sys.heartbeat, whose cursor is up to where all was sent', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--heartbeat-interval', '1s'] });
  const channel = await t.channel(server.key, { url: server.url });
  const { subscription } = succeeds(await channel.request('POST', '/subscriptions', { data: { topics: ['quiet'] } }), 201);
  const { cursor: loud } = succeeds(await server.admin.post('/topics/loud/messages', 1), 201);
  const beat = await channel.first(
    ({ payload }) => payload.topic === '$sys.heartbeat' && payload.data.cursor >= loud,
    'a heartbeat beyond what does not match',
    8_000,
  );
  assert.ok(isCursor(beat.payload.data.cursor));
  assert.ok(channel.pings() > 0, 'pings come as well');
  succeeds(await server.admin.post('/topics/quiet/messages', 'at last'), 201);
  await channel.events(subscription, 1);
  const resumed = succeeds(await server.admin.get(`/messages?topics=quiet&after=${beat.payload.data.cursor}`));
  assert.equal(resumed.items.length, 1, 'going on from a heartbeat’s cursor misses nothing');
});

scenario('5.1.3 a connection from which nothing came for two intervals is closed with 4001', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--heartbeat-interval', '1s'] });
  const dead = await t.channel(server.key, { url: server.url, pongs: false });
  const started = Date.now();
  assert.equal((await dead.closed).code, 4001);
  const after = Date.now() - started;
  assert.ok(after >= 1_500 && after <= 6_000, `after ${after} ms`);
});

scenario('5.1.3 one that answers pings, or asks for something now and then, lives on', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--heartbeat-interval', '2s'] });
  // Where this program stood still, its connections were silent in truth: only an attempt at which it did not says something.
  for (let attempt = 1; ; attempt++) {
    const pongs = await t.channel(server.key, { url: server.url });
    const talks = await t.channel(server.key, { url: server.url, pongs: false });
    const silence = { pongs: 0, talks: 0 };
    const said = { pongs: performance.now(), talks: performance.now() };
    const say = (who: 'pongs' | 'talks'): void => {
      silence[who] = Math.max(silence[who], performance.now() - said[who]);
      said[who] = performance.now();
    };
    pongs.socket.on('ping', () => say('pongs'));
    for (let asked = 0; asked < 14; asked++) {
      await pause(500);
      if (talks.socket.readyState !== WebSocket.OPEN) break;
      talks.ask('GET', '/messages?topics=a');
      say('talks');
    }
    const states = { pongs: pongs.socket.readyState, talks: talks.socket.readyState };
    say('pongs');
    say('talks');
    const whole = Math.max(silence.pongs, silence.talks) < 3_500;
    if (!whole && attempt < 5) continue;
    assert.ok(pongs.pings() >= 2, 'it was pinged');
    assert.equal(states.pongs, WebSocket.OPEN, 'a pong is something');
    assert.equal(states.talks, WebSocket.OPEN, 'so is a request');
    return;
  }
});

scenario('5.4 before credentials expire comes $sys.expiring; renewed with POST /session the connection lives on', {}, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const mint = async (ttl: number, sub = 'me'): Promise<{ token: string; expiresAt: string }> => succeeds(await who.post('/tokens', { ttl, sub }), 201);
  const first = await mint(3);
  const channel = await t.channel(first.token);
  assert.equal((await channel.notice('$sys.expiring', 3_000)).expiresAt, first.expiresAt, 'less than a minute is left: at once');
  refuses(
    await channel.request('POST', '/session', { data: { token: (await mint(600, 'somebody-else')).token } }),
    ['FORBIDDEN', 'UNAUTHENTICATED', 'VALIDATION_FAILED', 'CONFLICT'],
    undefined,
    'a token of another client',
  );
  refuses(
    await channel.request('POST', '/session', { data: { token: 'nonsense-0123456789' } }),
    ['UNAUTHENTICATED', 'FORBIDDEN', 'VALIDATION_FAILED'],
    undefined,
    'no token at all',
  );
  const second = await mint(600);
  assert.equal(succeeds(await channel.request('POST', '/session', { data: { token: second.token } })).expiresAt, second.expiresAt);
  await pause(Math.max(0, Date.parse(first.expiresAt) - Date.now()) + 1_000);
  succeeds(await channel.request('GET', '/messages?topics=a'), 200, 'beyond the first token’s end');
});

scenario('5.4 at expiry without renewal the connection is closed with 4200', {}, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const { token, expiresAt } = succeeds(await who.post('/tokens', { ttl: 2 }), 201);
  const channel = await t.channel(token);
  assert.ok(isTimestamp((await channel.notice('$sys.welcome')).expiresAt));
  assert.equal((await channel.closed).code, 4200);
  assert.ok(Date.now() >= Date.parse(expiresAt) - 1_000, 'not before');
});

scenario('5.4 subscriptions that the new scopes no longer cover end with $sys.detached', {}, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const [kept, lost] = [t.name('t'), t.name('t')];
  const mint = async (scopes: string[]): Promise<string> => succeeds(await who.post('/tokens', { ttl: 600, sub: 'me', scopes }), 201).token;
  const channel = await t.channel(await mint(['subscribe:**']));
  const keeps = succeeds(await channel.request('POST', '/subscriptions', { data: { topics: [kept] } }), 201).subscription;
  const loses = succeeds(await channel.request('POST', '/subscriptions', { data: { topics: [lost] } }), 201).subscription;
  succeeds(await channel.request('POST', '/session', { data: { token: await mint([`subscribe:${kept}`]) } }));
  const detached = await channel.notice('$sys.detached');
  assert.equal(detached.subscription, loses);
  assert.ok(typeof detached.reason === 'string' && detached.reason.length > 0);
  for (const topic of [lost, kept]) succeeds(await t.admin.post(`/topics/${topic}/messages`, topic), 201);
  await channel.events(keeps, 1);
  assert.equal(channel.eventsNow(loses).length, 0);
  refuses(await channel.request('POST', '/subscriptions', { data: { topics: [lost] } }), 'FORBIDDEN', undefined, 'the new scopes hold');
});

scenario('5.4 POST /session is for a WebSocket', {}, async (t) => {
  const who = await t.caller(['subscribe:**']);
  const { token } = succeeds(await who.post('/tokens', { ttl: 60 }), 201);
  refuses(await who.http('POST', '/v1/session', { data: { token } }), 'WEBSOCKET_REQUIRED');
});

scenario('5.5 a new connection of the same client and instance replaces the old one: 4301', {}, async (t) => {
  const made = await t.key(['subscribe:**'], { limits: { connectionsPerClient: 2 } });
  const open = (instance: string): ReturnType<typeof t.channel> => t.channel(made.key, { query: `?instance=${instance}` });
  const [one, other] = [await open('one'), await open('other')];
  await Promise.all([one.notice('$sys.welcome'), other.notice('$sys.welcome')]);
  const again = await open('one');
  await again.notice('$sys.welcome');
  assert.equal((await one.closed).code, 4301, 'though the client has all its connections: the old one no longer counts');
  succeeds(await again.request('GET', '/messages?topics=a'));
  succeeds(await other.request('GET', '/messages?topics=a'), 200, 'another instance stays');
  refuses(await refusedHandshake(t.url, { credential: made.key, query: '?instance=third' }), 'TOO_MANY_CONNECTIONS', undefined, 'a third is one too many');
  const stranger = await t.key(['subscribe:**']);
  await (await t.channel(stranger.key, { query: '?instance=one' })).notice('$sys.welcome');
  succeeds(await again.request('GET', '/messages?topics=a'), 200, 'another client’s instance of that name is another');
});

scenario('5.5 an instance is 1 to 64 of [A-Za-z0-9_-]', {}, async (t) => {
  for (const instance of ['x', 'A-z_0-9', 'x'.repeat(64)]) await (await t.channel(undefined, { query: `?instance=${instance}` })).notice('$sys.welcome');
  for (const instance of ['', 'x'.repeat(65), 'a.b', 'a%20b', '%C3%A4']) {
    const answer = await refusedHandshake(t.url, { credential: t.admin.credential, query: `?instance=${instance}` });
    refuses(answer, 'VALIDATION_FAILED', '/query/instance', instance);
  }
});

const HANDSHAKE: Record<string, string> = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** The bytes of a handshake of the administrator's, with other headers, another method or another target. */
const handshake = (t: Trial, headers: Record<string, string> = {}, method = 'GET', target = '/v1/ws'): string => {
  const sent = { Host: new URL(t.url).host, Authorization: `Bearer ${t.admin.credential}`, ...HANDSHAKE, ...headers };
  const lines = Object.entries(sent).map(([name, text]) => `${name}: ${text}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
};

scenario('5.1.1 a handshake that is no WebSocket’s is refused by the catalogue, and told what would be one', {}, async (t) => {
  const bad: readonly (readonly [string, Record<string, string>, string?])[] = [
    ['another version', { 'Sec-WebSocket-Version': '99' }],
    ['a version that is no more', { 'Sec-WebSocket-Version': '12' }],
    ['a short key', { 'Sec-WebSocket-Key': 'short' }],
    ['another protocol', { Upgrade: 'h2c' }],
    ['another method', {}, 'POST'],
  ];
  for (const [what, headers, method] of bad) {
    const response = await rawExchange(t.url, handshake(t, headers, method));
    assert.ok(response !== undefined, `${what}: an answer, not silence`);
    assert.ok(response.status >= 400 && response.status < 500, `${what}: ${response.status}`);
    checkResponse('GET', '/v1/ws', { 'x-request-id': 'raw' }, response);
    if (response.status === 426) {
      assert.match(String(response.headers.upgrade), /websocket/i, `${what}: RFC 9110 15.5.22`);
      assert.match(String(response.headers.connection), /upgrade/i, `${what}: RFC 9110 7.8`);
    }
    if ('Sec-WebSocket-Version' in headers) assert.equal(response.headers['sec-websocket-version'], '13', `${what}: RFC 6455 4.4`);
  }
});

scenario('5.1.1 the target of a handshake may be the whole URL: RFC 9112 3.2.2', {}, async (t) => {
  const { host } = new URL(t.url);
  for (const target of [`http://${host}/v1/ws`, `HTTP://${host}/v1/ws?instance=whole`]) {
    const socket = await openSocket(t.url);
    t.after(async () => socket.destroy());
    const first = new Promise<string>((resolve) => {
      socket.once('data', (part: Buffer) => resolve(part.toString('latin1', 0, 12)));
      socket.once('close', () => resolve('closed'));
    });
    socket.write(handshake(t, {}, 'GET', target));
    assert.equal(await first, 'HTTP/1.1 101', target);
  }
  const refused = await rawExchange(t.url, handshake(t, {}, 'GET', `http://${host}/v1/elsewhere`));
  assert.equal(JSON.parse(refused?.text ?? '').error.code, 'NOT_FOUND');
});

scenario('3.1.1 a handshake below another major version is 404 UNSUPPORTED_VERSION as well', {}, async (t) => {
  for (const target of ['/v2/ws', '/v10/ws', '/v11', '/v100/ws?x=1']) {
    const refused = await rawExchange(t.url, handshake(t, {}, 'GET', target));
    assert.equal(refused?.status, 404, target);
    const { code, details } = JSON.parse(refused.text).error as Json;
    assert.equal(code, 'UNSUPPORTED_VERSION', target);
    assert.ok(Array.isArray(details.supported) && details.supported.length > 0, target);
  }
});
