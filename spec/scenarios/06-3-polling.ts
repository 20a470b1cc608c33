// 6.3: long-polling and server-sent events, on the same cursors.
import assert from 'node:assert/strict';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { caller } from '../caller.ts';
import { eventually, pause, refuses, succeeds } from '../expect.ts';
import { isCursor } from '../invariants.ts';
import type { Json } from '../json.ts';
import { endOfLog } from '../reading.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';

const publish = async (t: Trial, topic: string, data: Json): Promise<Json> =>
  succeeds(await t.admin.http('POST', `/v1/topics/${topic}/messages`, { data }), 201);

scenario('6.3.1 wait holds the request until a message matches', {}, async (t) => {
  const topic = t.name('t');
  const after = await endOfLog(t.admin);
  const waiting = t.admin.http('GET', `/v1/messages?topics=${topic},${topic}.*&after=${after}&wait=20`);
  await pause(200);
  await publish(t, t.name('t'), 'does not match');
  await pause(100);
  const started = Date.now();
  const published = await publish(t, `${topic}.x`, 'matches');
  const data = succeeds(await waiting);
  assert.ok(Date.now() - started < 5_000, 'at once');
  assert.deepEqual(
    data.items.map((item: Json) => item.messageId),
    [published.messageId],
  );
});

scenario('6.3.1 when the time is over it is 200 with empty items and where to go on', {}, async (t) => {
  const topic = t.name('t');
  const after = await endOfLog(t.admin);
  const started = Date.now();
  const waiting = t.admin.http('GET', `/v1/messages?topics=${topic}&after=${after}&wait=1`);
  const other = await publish(t, t.name('t'), 1);
  const data = succeeds(await waiting);
  const took = Date.now() - started;
  assert.ok(took >= 900 && took < 6_000, `${took} ms`);
  assert.deepEqual([data.items, data.more, isCursor(data.cursor)], [[], false, true]);
  assert.ok(data.cursor >= other.cursor, 'over what does not match');
});

scenario('6.3.1 what is there already is answered at once', {}, async (t) => {
  const topic = t.name('t');
  await publish(t, topic, 1);
  const started = Date.now();
  assert.equal(succeeds(await t.admin.http('GET', `/v1/messages?topics=${topic}&after=earliest&wait=30`)).items.length, 1);
  assert.deepEqual(succeeds(await t.admin.http('GET', `/v1/messages?topics=${t.name('t')}&wait=0`)).items, [], 'wait=0 waits for nothing');
  assert.ok(Date.now() - started < 5_000);
});

scenario('6.3.1 wait is 0 to 60 s, larger is 422', {}, async (t) => {
  for (const wait of ['61', '3600', '-1', 'x', '', '1e9'])
    refuses(await t.admin.http('GET', `/v1/messages?topics=a&wait=${wait}`), 'VALIDATION_FAILED', '/query/wait', wait);
});

scenario('6.3.1 many wait at once, and each gets the message', {}, async (t) => {
  const topic = t.name('t');
  const made = await t.key(['subscribe:**']);
  const after = await endOfLog(t.admin);
  const waiting = Array.from({ length: 40 }, () => caller(t.url, made.key).http('GET', `/v1/messages?topics=${topic}&after=${after}&wait=20`));
  await pause(400);
  const { messageId } = await publish(t, topic, 1);
  for (const answer of await Promise.all(waiting))
    assert.deepEqual(
      succeeds(answer).items.map((item: Json) => item.messageId),
      [messageId],
    );
});

scenario('6.3.1 a wait is on top of requestTimeout, and pollTimeout is its bound', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--request-timeout', '1s', '--poll-timeout', '5s'] });
  const started = Date.now();
  succeeds(await server.admin.http('GET', '/v1/messages?topics=a&wait=3'));
  assert.ok(Date.now() - started >= 2_900, 'it is not cut short');
  refuses(await server.admin.http('GET', '/v1/messages?topics=a&wait=6'), 'VALIDATION_FAILED', '/query/wait');
});

scenario('6.3.1 scopes hold for a poll, and while it waits', {}, async (t) => {
  const collection = await t.collection();
  const who = await t.caller(['subscribe:**']);
  refuses(await who.http('GET', `/v1/messages?topics=${collection}.**&wait=5`), 'FORBIDDEN');
  const topic = t.name('t');
  const after = await endOfLog(t.admin);
  const waiting = who.http('GET', `/v1/messages?topics=*.*.created,${topic}&after=${after}&wait=10`);
  await pause(200);
  succeeds(await t.admin.post(`/${collection}`, {}), 201);
  await pause(200);
  await publish(t, topic, 'mine');
  const { items } = succeeds(await waiting);
  assert.deepEqual(
    items.filter((item: Json) => item.topic.startsWith(collection)),
    [],
  );
});

scenario('6.3.1 a poll and a pull end when their credentials do, and get nothing that came after', {}, async (t) => {
  const topic = t.name('t');
  const made = await t.key(['subscribe:**']);
  const who = caller(t.url, made.key);
  succeeds(await who.post('/subscriptions', { name: 's', topics: [topic] }), 201);
  const other = await t.key(['subscribe:**']);
  const { token } = succeeds(await caller(t.url, other.key).post('/tokens', { ttl: 1 }), 201);
  const expired = caller(t.url, token).http('GET', `/v1/messages?topics=${topic}&wait=30`);
  const revoked = [who.http('GET', `/v1/messages?topics=${topic}&wait=30`), who.http('POST', '/v1/subscriptions/s/pull', { data: { wait: 30 } })];
  await pause(300);
  const started = Date.now();
  assert.equal((await t.admin.http('DELETE', `/v1/keys/${made.id}`)).status, 204);
  for (const answer of revoked) refuses(await answer, 'UNAUTHENTICATED');
  refuses(await expired, 'TOKEN_EXPIRED');
  assert.ok(Date.now() - started < 15_000, 'not when the wait is over');
});

scenario('6.3.1 a WebSocket request waits as well, and what it waits for may come', {}, async (t) => {
  const [name, topic] = [t.name('s'), t.name('t')];
  const channel = await t.channel();
  await channel.notice('$sys.welcome');
  succeeds(await t.admin.post('/subscriptions', { name, topics: [topic] }), 201);
  const started = Date.now();
  assert.deepEqual(succeeds(await channel.request('GET', `/messages?topics=${topic}&wait=1`)).items, []);
  assert.ok(Date.now() - started >= 900, 'it waited');
  const waiting = [channel.request('GET', `/messages?topics=${topic}&wait=30`), channel.request('POST', `/subscriptions/${name}/pull`, { data: { wait: 30 } })];
  await pause(200);
  const { messageId } = await publish(t, topic, 1);
  for (const answer of waiting)
    assert.deepEqual(
      succeeds(await answer).items.map((item: Json) => item.messageId),
      [messageId],
    );
  assert.ok(Date.now() - started < 15_000, 'at once');
  refuses(await channel.request('GET', `/messages?topics=${topic}&wait=61`), 'VALIDATION_FAILED', '/query/wait');
});

scenario('6.3.1 beyond 100 requests that wait on one WebSocket it is 429', {}, async (t) => {
  const topic = t.name('t');
  const made = await t.key(['subscribe:**', 'publish:**'], { limits: { messagesPerSecond: 1000, operationsPerMinute: 1_000_000 } });
  const channel = await t.channel(made.key);
  await channel.notice('$sys.welcome');
  const after = await endOfLog(t.admin);
  const waiting = Array.from({ length: 101 }, () => channel.request('GET', `/messages?topics=${topic}&after=${after}&wait=30`));
  refuses(await Promise.race(waiting), 'TOO_MANY_CONNECTIONS');
  await publish(t, topic, 1);
  const answers = await Promise.all(waiting);
  assert.equal(answers.filter(({ status }) => status === 200).length, 100);
});

scenario('6.3.2 from a WebSocket to polling and back, from the same cursors: nothing is skipped, nothing comes twice', {}, async (t) => {
  const topic = t.name('t');
  const made = await t.key(['subscribe:**']);
  const seen: number[] = [];
  let after = await endOfLog(t.admin);
  for (let round = 0; round < 3; round++) {
    const channel = await t.channel(made.key);
    const { subscription } = succeeds(await channel.request('POST', '/subscriptions', { data: { topics: [topic], after } }), 201);
    await publish(t, topic, seen.length);
    const events = await channel.events(subscription, 1);
    seen.push(...events.map(({ payload }) => payload.data));
    after = events.at(-1)?.payload.cursor;
    channel.socket.terminate();
    const waiting = t.as(made.key).http('GET', `/v1/messages?topics=${topic}&after=${after}&wait=10`);
    await publish(t, topic, seen.length);
    const page = succeeds(await waiting);
    seen.push(...page.items.map((item: Json) => item.data));
    after = page.cursor;
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
});

interface Stream {
  readonly status: number;
  readonly headers: Json;
  text(): string;
  readonly ended: Promise<void>;
  readonly request: ClientRequest;
}

const stream = (t: Trial, url: string, credential: string, path: string, headers: Record<string, string> = {}): Promise<Stream> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const request = httpRequest({ host: hostname, port, path, headers: { authorization: `Bearer ${credential}`, accept: 'text/event-stream', ...headers } });
    t.after(async () => request.destroy());
    request.once('error', reject);
    request.once('response', (incoming) => {
      let text = '';
      incoming.on('data', (part: Buffer) => {
        text += part.toString('utf8');
      });
      const ended = new Promise<void>((done) => incoming.once('close', () => done()));
      incoming.on('error', () => {});
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: () => text, ended, request });
    });
    request.end();
  });

interface ServerSent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Json;
}

const sent = (text: string): ServerSent[] =>
  text
    .replaceAll('\r\n', '\n')
    .split('\n\n')
    .slice(0, -1)
    .map((block) => {
      const field = (name: string): string[] =>
        block
          .split('\n')
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).replace(/^ /, ''));
      const data = field('data');
      return { event: field('event')[0] ?? 'message', id: field('id')[0], data: data.length === 0 ? undefined : (JSON.parse(data.join('\n')) as Json) };
    })
    .filter(({ data }) => data !== undefined);

const came = (one: Stream, count: number): Promise<ServerSent[]> =>
  eventually(`${count} events`, () => (sent(one.text()).length >= count ? sent(one.text()) : undefined), 10_000, 20);

scenario('6.3.3 with Accept: text/event-stream messages are streamed: event message, id the cursor, data the message', {}, async (t) => {
  const topic = t.name('t');
  const before = await publish(t, topic, 0);
  const published = await publish(t, topic, { a: 'ü\n\r\n' });
  const one = await stream(t, t.url, t.admin.credential ?? '', `/v1/messages?topics=${topic}&after=${before.cursor}`);
  assert.equal(one.status, 200);
  assert.match(one.headers['content-type'], /^text\/event-stream\b/);
  assert.match(one.headers['cache-control'], /no-store/);
  assert.equal(one.headers['x-protocol-version'], '1.0');
  const live = await publish(t, topic, 2);
  const events = await came(one, 2);
  assert.deepEqual(
    events,
    [published, live].map((message, n) => ({ event: 'message', id: message.cursor, data: { ...message, data: n === 0 ? { a: 'ü\n\r\n' } : 2 } })),
  );
});

scenario('6.3.3 Last-Event-ID wins over after', {}, async (t) => {
  const topic = t.name('t');
  const published = [await publish(t, topic, 0), await publish(t, topic, 1), await publish(t, topic, 2)];
  const one = await stream(t, t.url, t.admin.credential ?? '', `/v1/messages?topics=${topic}&after=earliest`, { 'last-event-id': published[1]?.cursor });
  assert.deepEqual(
    (await came(one, 1)).map(({ data }) => data.data),
    [2],
  );
});

scenario('6.3.3 a stream that is refused is refused in the envelope', {}, async (t) => {
  const who = await t.caller(['subscribe:a']);
  const headers = { accept: 'text/event-stream' };
  for (const [call, codes, field] of [
    [who.http('GET', '/v1/messages?topics=b', { headers }), ['FORBIDDEN']],
    [who.http('GET', '/v1/messages?topics=a..b', { headers }), ['VALIDATION_FAILED']],
    [who.http('GET', '/v1/messages?topics=a&after=nonsense', { headers }), ['INVALID_CURSOR'], '/query/after'],
    [who.http('GET', '/v1/messages?topics=a', { headers: { ...headers, 'last-event-id': 'nonsense' } }), ['INVALID_CURSOR'], '/headers/last-event-id'],
    [who.http('GET', '/v1', { headers }), ['NOT_ACCEPTABLE']],
  ] as const) {
    refuses(await call, codes, field);
  }
});

scenario('6.3.3 media types are written in any case', {}, async (t) => {
  const one = await stream(t, t.url, t.admin.credential ?? '', `/v1/messages?topics=${t.name('t')}`, { accept: 'Text/Event-Stream' });
  assert.equal(one.status, 200);
  assert.match(one.headers['content-type'], /^text\/event-stream\b/);
});

scenario('6.3.1 a wait that is too long is 422 with a stream as well', {}, async (t) => {
  const headers = { accept: 'text/event-stream' };
  refuses(await t.admin.http('GET', '/v1/messages?topics=a&wait=61', { headers }), 'VALIDATION_FAILED', '/query/wait');
  assert.equal((await stream(t, t.url, t.admin.credential ?? '', '/v1/messages?topics=a&wait=60')).status, 200, 'one that is not is passed over');
});

scenario('7.1.1 an event stream costs an operation, and tells the budget', {}, async (t) => {
  const { key } = await t.key(['subscribe:**'], { limits: { operationsPerMinute: 2 } });
  for (const remaining of ['1', '0']) {
    const { status, headers } = await stream(t, t.url, key, '/v1/messages?topics=a');
    assert.equal(status, 200);
    assert.deepEqual([headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']], ['2', remaining]);
    const reset = Number(headers['x-ratelimit-reset']);
    assert.ok(Number.isInteger(reset) && reset >= 1 && reset <= 60, `X-RateLimit-Reset: ${reset}`);
  }
  const refused = await t.as(key).http('GET', '/v1/messages?topics=a', { headers: { accept: 'text/event-stream' } });
  refuses(refused, 'RATE_LIMITED');
  assert.equal(refused.headers['x-ratelimit-remaining'], '0');
});

scenario('6.3.3 a comment at least every 15 s', { timeoutMs: 60_000 }, async (t) => {
  const one = await stream(t, t.url, t.admin.credential ?? '', `/v1/messages?topics=${t.name('t')}`);
  const comments = (): number =>
    one
      .text()
      .split('\n')
      .filter((line) => line.startsWith(':')).length;
  const first = comments();
  await eventually('a comment', () => (comments() > first ? true : undefined), 16_500, 100);
});

scenario('6.3.3 a stream ends when its credentials do', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const { token } = succeeds(await caller(t.url, made.key).post('/tokens', { ttl: 2 }), 201);
  const [byToken, byKey] = [await stream(t, t.url, token, '/v1/messages?topics=a'), await stream(t, t.url, made.key, '/v1/messages?topics=a')];
  const ends = (one: Stream, what: string): Promise<void> => Promise.race([one.ended, pause(15_000).then(() => assert.fail(`${what} goes on`))]);
  await ends(byToken, 'the stream of an expired token');
  assert.equal((await t.admin.http('DELETE', `/v1/keys/${made.id}`)).status, 204);
  await ends(byKey, 'the stream of a deleted key');
});

scenario('6.3.3 a cursor that retention overtook is an event: gap, or 410', { needs: 'own server', timeoutMs: 90_000 }, async (t) => {
  const server = await t.server({ flags: ['--retention-age', '1s', '--operations-per-minute', '1000000'] }).catch(() => undefined);
  if (server === undefined) return t.skip('retention does not go as low as 1s');
  const first = succeeds(await server.admin.post('/topics/t/messages', 0), 201);
  succeeds(await server.admin.post('/topics/t/messages', 1), 201);
  await pause(1_500);
  await eventually(
    'the cursor expires',
    async () => {
      succeeds(await server.admin.http('POST', '/v1/topics/t/messages', { data: 'later' }), 201);
      return (await server.admin.http('GET', `/v1/messages?topics=t&after=${first.cursor}`)).status === 410 ? true : undefined;
    },
    40_000,
    500,
  );
  const one = await stream(t, server.url, server.key, `/v1/messages?topics=t&after=${first.cursor}`);
  if (one.status !== 410) {
    const [gap] = await came(one, 1);
    assert.equal(gap?.event, 'gap');
    assert.ok(gap?.data.from !== undefined && gap.data.to > gap.data.from, JSON.stringify(gap));
  }
});
