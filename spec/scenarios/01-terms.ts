// Section 1: topics, patterns, messages, cursors, clients, ids: the words that the other sections use.
import assert from 'node:assert/strict';
import { refuses, succeeds } from '../expect.ts';
import { isCursor, isTimestamp, UUID_V7 } from '../invariants.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

scenario('1 a topic has 1 to 16 segments of [A-Za-z0-9_-] and at most 255 bytes', { over: 'any' }, async (t) => {
  const root = t.name('t');
  const longest = `${root}.`.padEnd(255, 'x');
  for (const topic of [root, `${root}.A-z_0-9`, [root, ...Array(15).fill('s')].join('.'), longest]) {
    succeeds(await t.admin.post(`/topics/${topic}/messages`, topic.length), 201, topic);
  }
  const bad = [
    [root, ...Array(16).fill('s')].join('.'),
    `${longest}x`,
    `${root}..x`,
    `.${root}`,
    `${root}.`,
    `${root}.a%20b`,
    `${root}.%C3%A4`,
    `${root}.*`,
    `${root}.**`,
    '*',
    `${root}.a%2Fb`,
    `${root}.a~b`,
    `${root}:a`,
  ];
  for (const topic of bad) refuses(await t.admin.post(`/topics/${topic}/messages`, 1), 'VALIDATION_FAILED', '/path/topic', topic);
});

scenario('1 a pattern: * stands for exactly one segment, a last ** for one or more', { over: 'any' }, async (t) => {
  const root = t.name('t');
  const start = await endOfLog(t.admin);
  const topics = [root, `${root}.a`, `${root}.b`, `${root}.a.x`, `${root}.b.x`, `${root}.a.x.y`];
  for (const topic of topics) succeeds(await t.admin.post(`/topics/${topic}/messages`, topic), 201);
  const expected: Record<string, number[]> = {
    [root]: [0],
    [`${root}.a`]: [1],
    [`${root}.*`]: [1, 2],
    [`${root}.**`]: [1, 2, 3, 4, 5],
    [`${root}.a.**`]: [3, 5],
    [`${root}.*.x`]: [3, 4],
    [`${root}.*.*`]: [3, 4],
    [`${root}.*.**`]: [3, 4, 5],
    [`${root}.*.*.*`]: [5],
    '*.a.x': [3],
    [`${root}.c`]: [],
  };
  for (const [pattern, which] of Object.entries(expected)) {
    const seen = (await logAfter(t.admin, pattern, start)).filter(({ topic }) => topic === root || topic.startsWith(`${root}.`));
    assert.deepEqual(
      seen.map(({ data }) => data),
      which.map((index) => topics[index]),
      `what ${pattern} matches`,
    );
  }
  const all = (await logAfter(t.admin, '**', start)).filter(({ data }) => topics.includes(data));
  assert.deepEqual(
    all.map(({ topic }) => topic),
    topics,
    '** matches every topic',
  );
});

scenario('1 what is not a pattern is refused', { over: 'any' }, async (t) => {
  for (const pattern of ['a..b', '.a', 'a.', '**.a', 'a.**.b', 'a*', '*a.b', '***', 'a.%20', 'a.%C3%A4', Array(17).fill('a').join('.'), 'x'.repeat(256)]) {
    refuses(await t.admin.get(`/messages?topics=${pattern}`), 'VALIDATION_FAILED', /^\/query\/topics/, pattern);
  }
});

scenario('1 a message has an id, a topic, a cursor, a timestamp and its data', { over: 'any' }, async (t) => {
  const topic = `${t.name('t')}.x`;
  const start = await endOfLog(t.admin);
  const published = succeeds(await t.admin.post(`/topics/${topic}/messages`, { a: 1 }), 201);
  const [message] = await logAfter(t.admin, topic, start);
  assert.deepEqual(message, { ...published, data: { a: 1 } });
  assert.deepEqual(Object.keys(message).sort(), ['cursor', 'data', 'messageId', 'timestamp', 'topic']);
  assert.match(message.messageId, UUID_V7, 'ids made by the server are UUIDv7');
  assert.ok(isTimestamp(message.timestamp), 'times are RFC 3339 UTC with milliseconds');
});

scenario('1 ids made by the server are UUIDv7', {}, async (t) => {
  const collection = await t.collection();
  const document = succeeds(await t.admin.post(`/${collection}`, {}), 201);
  assert.match(document.id, UUID_V7, 'a document’s');
  const reply = await t.admin.http('GET', '/v1');
  assert.match(reply.requestId ?? '', UUID_V7, 'a requestId made up');
  assert.match((await t.key(['read:*'])).id, UUID_V7, 'a key’s');
});

scenario('1 a cursor is URL-safe, at most 128 bytes, and compares as bytes in log order', { over: 'any' }, async (t) => {
  const topic = `${t.name('t')}.x`;
  const cursors: string[] = [await endOfLog(t.admin)];
  for (let count = 0; count < 25; count++) cursors.push(succeeds(await t.admin.post(`/topics/${topic}/messages`, count), 201).cursor);
  for (const cursor of cursors) assert.ok(isCursor(cursor), `a cursor: ${cursor}`);
  const bytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));
  assert.deepEqual([...cursors].sort(bytes), cursors);
  assert.equal(new Set(cursors.slice(1)).size, 25, 'each message has its own');
});

scenario('1 what was never a cursor of this log is INVALID_CURSOR', { over: 'any' }, async (t) => {
  const genuine = succeeds(await t.admin.post(`/topics/${t.name('t')}/messages`, 1), 201).cursor;
  for (const cursor of ['x', 'Earliest', '0', '-1', 'null', '%00', `${genuine}x`, genuine.slice(0, -1), 'z'.repeat(128), "'%20OR%201=1--"]) {
    refuses(await t.admin.get(`/messages?topics=**&after=${cursor}`), 'INVALID_CURSOR', undefined, cursor);
  }
  refuses(await t.admin.get(`/messages?topics=**&after=${'z'.repeat(129)}`), ['INVALID_CURSOR', 'VALIDATION_FAILED'], undefined, 'longer than a cursor can be');
});

scenario('1 a cursor from another log, or from before the store was wiped, is INVALID_CURSOR', { needs: 'own server' }, async (t) => {
  const one = await t.server();
  const cursors: string[] = [];
  for (let count = 0; count < 3; count++) cursors.push(succeeds(await one.admin.post('/topics/a/messages', count), 201).cursor);
  succeeds(await one.admin.get(`/messages?topics=a&after=${cursors[0]}`), 200, 'its own');
  const other = await t.server();
  for (const log of ['an empty one', 'one with as many messages', 'one with more']) {
    for (const cursor of cursors) refuses(await other.admin.get(`/messages?topics=**&after=${cursor}`), 'INVALID_CURSOR', undefined, `in another log, ${log}`);
    for (let count = 0; count < 3; count++) succeeds(await other.admin.post('/topics/a/messages', count), 201);
  }
});

scenario('1 keys of one client name are one client, and no client disturbs another', { over: 'any' }, async (t) => {
  const client = t.name('client');
  const topic = t.name('t');
  const [first, second] = [await t.caller(['publish:**'], { client }), await t.caller(['publish:**'], { client })];
  const [stranger, own] = [await t.caller(['publish:**']), await t.caller(['publish:**'])];
  const requestId = t.name('r');
  const publish = async (who: typeof first): Promise<Json> => {
    const answer = await who.post(`/topics/${topic}/messages`, 1, { requestId });
    return { replayed: answer.replayed, id: succeeds(answer, 201).messageId };
  };
  const original = await publish(first);
  assert.equal(original.replayed, false);
  assert.deepEqual(await publish(second), { replayed: true, id: original.id }, 'the same client with another key');
  const others = [await publish(stranger), await publish(own)];
  for (const other of others) assert.equal(other.replayed, false, 'another client');
  assert.equal(new Set([original.id, ...others.map(({ id }) => id)]).size, 3);
});
