// 7.1.2, 7.2.1 and 7.2.3: how many connections, how many messages a second, how long.
import assert from 'node:assert/strict';
import { caller } from '../caller.ts';
import { eventually, pause, refuses, succeeds } from '../expect.ts';
import { isTimestamp } from '../invariants.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';
import { refusedHandshake } from '../websocket.ts';

scenario('7.1.2 open WebSockets beyond connectionsPerClient are refused, until one is closed', { also: ['5.1.1'] }, async (t) => {
  const made = await t.key(['subscribe:**'], { limits: { connectionsPerClient: 2 } });
  const open = [await t.channel(made.key), await t.channel(made.key)];
  for (const channel of open) await channel.notice('$sys.welcome');
  refuses(await refusedHandshake(t.url, { credential: made.key }), 'TOO_MANY_CONNECTIONS');
  const bySubprotocol = await t.channel(made.key, { bySubprotocol: true });
  assert.equal((await bySubprotocol.closed).code, 4100, 'a browser is told by a close code');
  await open[0]?.close();
  await eventually(
    'there is room again',
    async () => {
      try {
        await (await t.channel(made.key)).notice('$sys.welcome', 1_000);
        return true;
      } catch {
        return undefined;
      }
    },
    5_000,
  );
});

scenario('7.1.2 parked polls and event streams count as connections, other requests do not', { also: ['6.3.1', '6.3.3'] }, async (t) => {
  const made = await t.key(['subscribe:**'], { limits: { connectionsPerClient: 2 } });
  const who = caller(t.url, made.key);
  const topic = t.name('t');
  const after = await endOfLog(t.admin);
  const parked = [0, 1].map(() => who.http('GET', `/v1/messages?topics=${topic}&after=${after}&wait=15`));
  await pause(300);
  refuses(await who.http('GET', `/v1/messages?topics=${topic}&after=${after}&wait=5`), 'TOO_MANY_CONNECTIONS', undefined, 'a third poll');
  refuses(await who.http('GET', `/v1/messages?topics=${topic}`, { headers: { accept: 'text/event-stream' } }), 'TOO_MANY_CONNECTIONS', undefined, 'a stream');
  refuses(await refusedHandshake(t.url, { credential: made.key }), 'TOO_MANY_CONNECTIONS', undefined, 'a WebSocket');
  succeeds(await who.http('GET', `/v1/messages?topics=${topic}`), 200, 'what does not wait is served');
  succeeds(await t.admin.http('POST', `/v1/topics/${topic}/messages`, { data: 1 }), 201);
  for (const answer of await Promise.all(parked)) succeeds(answer);
  succeeds(await who.http('GET', `/v1/messages?topics=${topic}&after=${after}&wait=5`), 200, 'and there is room again');
});

scenario('7.1.2 connections are counted by client: another client’s do not count, another key’s of the client do', { also: ['5.1.1'] }, async (t) => {
  const client = t.name('client');
  const limits = { connectionsPerClient: 1 };
  const [one, two, other] = [
    await t.key(['subscribe:**'], { client, limits }),
    await t.key(['subscribe:**'], { client, limits }),
    await t.key(['subscribe:**'], { limits }),
  ];
  await (await t.channel(one.key)).notice('$sys.welcome');
  refuses(await refusedHandshake(t.url, { credential: two.key }), 'TOO_MANY_CONNECTIONS');
  await (await t.channel(other.key)).notice('$sys.welcome');
  const { token } = succeeds(await caller(t.url, one.key).post('/tokens', { ttl: 60, sub: 'x' }), 201);
  await (await t.channel(token)).notice('$sys.welcome');
});

scenario('7.2.1 beyond messagesPerSecond a message is answered with RATE_LIMITED and not carried out', {}, async (t) => {
  const made = await t.key(['publish:**'], { limits: { messagesPerSecond: 10, operationsPerMinute: 1_000_000 } });
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const channel = await t.channel(made.key);
  await channel.notice('$sys.welcome');
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => channel.request('POST', `/topics/${topic}/messages`, { data: n })));
  const done = answers.filter(({ status }) => status === 201).length;
  assert.ok(done >= 10 && done <= 15, `${done} of 30 at once, of 10 a second`);
  for (const answer of answers) if (answer.status !== 201) refuses(answer, 'RATE_LIMITED');
  assert.equal((await logAfter(t.admin, topic, start)).length, done);
  await pause(1_200);
  succeeds(await channel.request('POST', `/topics/${topic}/messages`, { data: 'later' }), 201, 'the bucket fills again');
});

scenario('7.2.1 a batch costs its operations, unconfirmed publishes count, acknowledgements are free', {}, async (t) => {
  const made = await t.key(['publish:**', 'subscribe:**'], { limits: { messagesPerSecond: 10, operationsPerMinute: 1_000_000 } });
  const topic = t.name('t');
  const { cursor } = succeeds(await t.admin.http('POST', `/v1/topics/${topic}/messages`, { data: 1 }), 201);
  succeeds(await caller(t.url, made.key).http('POST', '/v1/subscriptions', { data: { name: 's', topics: [topic] } }), 201);
  const acking = await t.channel(made.key);
  await acking.notice('$sys.welcome');
  const acks = await Promise.all(Array.from({ length: 60 }, () => acking.request('POST', '/subscriptions/s/ack', { data: { cursor } })));
  for (const answer of acks) succeeds(answer, 200, 'an acknowledgement');
  const batching = await t.channel(made.key);
  await batching.notice('$sys.welcome');
  const operations = Array.from({ length: 8 }, () => ({ method: 'POST', path: `/topics/${topic}/messages`, data: 1 }));
  // Both at once: a slow machine would otherwise give the bucket time to fill again.
  const [taken, beyond] = await Promise.all([
    batching.request('POST', '/batch', { data: { operations } }),
    batching.request('POST', '/batch', { data: { operations } }),
  ]);
  succeeds(taken);
  refuses(beyond, 'RATE_LIMITED', undefined, '16 operations of 10 a second');
  const events = await t.channel(made.key);
  await events.notice('$sys.welcome');
  for (let n = 0; n < 30; n++) events.send(JSON.stringify({ messageId: `e${n}`, type: 'event', payload: { topic, data: n } }));
  const refused = await events.first(({ type }) => type === 'response', 'the refusal of an unconfirmed publish');
  assert.equal(refused.payload.error.code, 'RATE_LIMITED');
});

scenario('7.2.1 a batch costs its operations however its path is spelled', {}, async (t) => {
  const made = await t.key(['publish:**'], { limits: { messagesPerSecond: 10, operationsPerMinute: 1_000_000 } });
  const operations = Array.from({ length: 8 }, () => ({ method: 'POST', path: `/topics/${t.name('t')}/messages`, data: 1 }));
  for (const path of ['/batch?', '/b%61tch', '/batch?x=1']) {
    const channel = await t.channel(made.key);
    await channel.notice('$sys.welcome');
    const [taken, beyond] = await Promise.all([
      channel.request('POST', path, { data: { operations } }),
      channel.request('POST', path, { data: { operations } }),
    ]);
    succeeds(taken, 200, path);
    refuses(beyond, 'RATE_LIMITED', undefined, path);
  }
});

scenario('7.2.1 refusals in each of ten seconds in a row close with 4100', { timeoutMs: 60_000 }, async (t) => {
  const made = await t.key(['publish:**'], { limits: { messagesPerSecond: 5, operationsPerMinute: 1_000_000 } });
  const channel = await t.channel(made.key);
  await channel.notice('$sys.welcome');
  const started = Date.now();
  const flooding = setInterval(() => {
    for (let n = 0; n < 8; n++) if (channel.socket.readyState === 1) channel.ask('GET', '/messages?topics=a');
  }, 200);
  t.after(async () => clearInterval(flooding));
  const { code } = await Promise.race([channel.closed, pause(25_000).then(() => assert.fail('it is never closed'))]);
  assert.equal(code, 4100);
  assert.ok(Date.now() - started >= 7_000, `not after ${Date.now() - started} ms already`);
});

scenario('7.2.3 at the end of its life $sys.goaway, then 4000', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--connection-lifetime', '3s'] }).catch(() => undefined);
  if (server === undefined) return t.skip('connectionLifetime does not go as low as 3s');
  const started = Date.now();
  const channel = await t.channel(server.key, { url: server.url });
  const { subscription } = succeeds(await channel.request('POST', '/subscriptions', { data: { topics: ['t'] } }), 201);
  const goaway = await channel.notice('$sys.goaway');
  assert.deepEqual(Object.keys(goaway).sort(), ['closesAt', 'reason', 'reconnectAfterMs']);
  assert.ok(isTimestamp(goaway.closesAt) && typeof goaway.reason === 'string' && goaway.reconnectAfterMs >= 0);
  assert.equal((await channel.closed).code, 4000);
  const lived = Date.now() - started;
  assert.ok(lived >= 2_500 && lived <= 8_000, `${lived} ms, of 3 s shortened by up to 10 %`);
  const published = succeeds(await server.admin.post('/topics/t/messages', 1), 201);
  const again = await t.channel(server.key, { url: server.url });
  succeeds(await again.request('POST', '/subscriptions', { data: { topics: ['t'], after: 'earliest' } }), 201);
  assert.equal((await again.events(subscription, 1))[0]?.messageId, published.messageId, 'and a client goes on without loss');
});
