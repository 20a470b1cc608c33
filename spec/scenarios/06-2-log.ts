// 6.2.1 and 6.2.2: publishing, and reading the log.
import assert from 'node:assert/strict';
import { eventually, refuses, succeeds } from '../expect.ts';
import { isCursor, isTimestamp, UUID_V7 } from '../invariants.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

scenario('6.2.1 a publish answers 201 with messageId, topic, cursor and timestamp', { over: 'any' }, async (t) => {
  const topic = `${t.name('t')}.x`;
  const published = succeeds(await t.admin.post(`/topics/${topic}/messages`, { a: 1 }), 201);
  assert.deepEqual(Object.keys(published).sort(), ['cursor', 'messageId', 'timestamp', 'topic']);
  assert.match(published.messageId, UUID_V7);
  assert.equal(published.topic, topic);
  assert.ok(isCursor(published.cursor) && isTimestamp(published.timestamp));
});

scenario('6.2.1 the data of a message is any JSON, and comes back as it went', { over: 'any' }, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const values: Json[] = [
    null,
    true,
    false,
    0,
    -1.5,
    1e300,
    '',
    'text',
    'ünïcode 😀 \u0000',
    [],
    {},
    [[], {}],
    { a: { b: [1, 'x', null] } },
    { '': 1, 'a.b': 2, ' ': 3 },
    '$',
    { cursor: 'x', messageId: 1 },
  ];
  for (const value of values) succeeds(await t.admin.post(`/topics/${topic}/messages`, value), 201, JSON.stringify(value));
  assert.deepEqual(
    (await logAfter(t.admin, topic, start)).map(({ data }) => data),
    values,
  );
});

scenario('6.2.1 a message can be read as soon as it is confirmed, and is the last of the log then', { over: 'any' }, async (t) => {
  const topic = t.name('t');
  for (let count = 0; count < 10; count++) {
    const start = await endOfLog(t.admin, topic);
    const { messageId } = succeeds(await t.admin.post(`/topics/${topic}/messages`, count), 201);
    const seen = await logAfter(t.admin, topic, start);
    assert.deepEqual(
      seen.map((message) => message.messageId),
      [messageId],
    );
  }
});

scenario('6.2.1 published at once, each message is in the log once, where its cursor says', {}, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const published = await Promise.all(Array.from({ length: 60 }, async (_, n) => succeeds(await t.admin.post(`/topics/${topic}.${n % 7}/messages`, n), 201)));
  const seen = await logAfter(t.admin, `${topic}.*`, start);
  const inOrder = [...published].sort((left, right) => Buffer.compare(Buffer.from(left.cursor), Buffer.from(right.cursor)));
  assert.deepEqual(
    seen.map(({ messageId, cursor }) => [messageId, cursor]),
    inOrder.map(({ messageId, cursor }) => [messageId, cursor]),
  );
});

scenario('6.2.1 a server killed at any instant loses no message that it confirmed', { needs: 'own server' }, async (t) => {
  let server = await t.server({ flags: ['--operations-per-minute', '1000000'] });
  const { dataDir } = server;
  const confirmed = new Map<string, Json>();
  for (let life = 0; life < 3; life++) {
    const { admin } = server;
    let going = true;
    const before = confirmed.size;
    const publishers = Array.from({ length: 8 }, async (_, publisher) => {
      for (let n = 0; going && n < 10_000; n++) {
        const answer = await admin.post(`/topics/t.${publisher}/messages`, { life, publisher, n }).catch(() => undefined);
        if (answer?.status !== 201) break;
        confirmed.set(answer.data.messageId, answer.data);
      }
    });
    // In the middle of it, wherever that is: some are confirmed, some are under way.
    await eventually('some are confirmed', () => (confirmed.size >= before + 20 + life * 15 ? true : undefined), 20_000, 1);
    await server.kill();
    going = false;
    await Promise.all(publishers);
    server = await t.server({ dataDir, flags: ['--operations-per-minute', '1000000'] });
  }
  assert.ok(confirmed.size > 10, `${confirmed.size} were confirmed`);
  const seen = await logAfter(server.admin, '**', 'earliest');
  const there = new Map(seen.map((message) => [message.messageId, message]));
  for (const [id, published] of confirmed) {
    const { data: _, ...message } = there.get(id) ?? {};
    assert.deepEqual(message, published, 'a confirmed message is in the log as it was confirmed');
  }
  assert.equal(there.size, seen.length, 'each message once');
});

scenario('6.2.2 after is a cursor, earliest, or latest, which is the default', { over: 'any' }, async (t) => {
  const topic = t.name('t');
  const cursors: string[] = [];
  for (let n = 0; n < 4; n++) cursors.push(succeeds(await t.admin.post(`/topics/${topic}/messages`, n), 201).cursor);
  const data = async (query: string): Promise<Json[]> => succeeds(await t.admin.get(`/messages?topics=${topic}${query}`)).items.map((item: Json) => item.data);
  assert.deepEqual(await data(`&after=${cursors[1]}`), [2, 3]);
  assert.deepEqual(await data(`&after=${cursors[3]}`), []);
  assert.deepEqual(await data('&after=earliest'), [0, 1, 2, 3]);
  assert.deepEqual(await data('&after=latest'), []);
  assert.deepEqual(await data(''), []);
});

scenario('6.2.2 data is {items, cursor, more}: going on from the cursor sees each once, in log order', { over: 'any' }, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  for (let n = 0; n < 11; n++) succeeds(await t.admin.post(`/topics/${topic}.${n % 2}/messages`, n), 201);
  for (const limit of [1, 2, 3, 10, 11, 12, 1_000]) {
    let after = start;
    const seen: number[] = [];
    for (let page = 0; page < 20; page++) {
      const data = succeeds(await t.admin.get(`/messages?topics=${topic}.*&after=${after}&limit=${limit}`));
      assert.deepEqual(Object.keys(data).sort(), ['cursor', 'items', 'more']);
      assert.ok(data.items.length <= limit && isCursor(data.cursor) && typeof data.more === 'boolean');
      seen.push(...data.items.map((item: Json) => item.data));
      after = data.cursor;
      if (!data.more) break;
      assert.ok(seen.length <= 11);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 11 }, (_, n) => n),
      `${limit} a page`,
    );
  }
});

scenario('6.2.2 more tells that there is more now', { over: 'any' }, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  for (let n = 0; n < 3; n++) succeeds(await t.admin.post(`/topics/${topic}/messages`, n), 201);
  assert.equal(succeeds(await t.admin.get(`/messages?topics=${topic}&after=${start}&limit=2`)).more, true);
  assert.equal(succeeds(await t.admin.get(`/messages?topics=${topic}&after=${start}&limit=100`)).more, false);
});

scenario('6.2.2 the cursor of an empty page is where to go on, over what does not match', { over: 'any' }, async (t) => {
  const [quiet, loud] = [t.name('t'), t.name('t')];
  let after = await endOfLog(t.admin, quiet);
  for (let round = 0; round < 3; round++) {
    const last = succeeds(await t.admin.post(`/topics/${loud}/messages`, round), 201);
    const data = succeeds(await t.admin.get(`/messages?topics=${quiet}&after=${after}`));
    assert.deepEqual([data.items, data.more], [[], false]);
    assert.ok(Buffer.compare(Buffer.from(data.cursor), Buffer.from(last.cursor)) >= 0, 'it moves over what does not match');
    after = data.cursor;
  }
  succeeds(await t.admin.post(`/topics/${quiet}/messages`, 'at last'), 201);
  assert.deepEqual(
    (await logAfter(t.admin, quiet, after)).map(({ data }) => data),
    ['at last'],
    'and misses nothing',
  );
});

scenario('6.2.2 a message that several patterns match comes once', { over: 'any' }, async (t) => {
  const root = t.name('t');
  const start = await endOfLog(t.admin);
  for (const topic of [`${root}.a`, `${root}.b`, `${root}.a.x`, `${root}z`]) succeeds(await t.admin.post(`/topics/${topic}/messages`, topic), 201);
  const seen = async (patterns: string): Promise<string[]> => (await logAfter(t.admin, patterns, start)).map(({ data }) => data.slice(root.length));
  assert.deepEqual(await seen(`${root}.a,${root}.*,${root}.**,${root}.a`), ['.a', '.b', '.a.x']);
  assert.deepEqual(await seen(`${root}.a.x,${root}.a`), ['.a', '.a.x'], 'in log order, not in that of the patterns');
  assert.deepEqual(await seen(`${root}z,${root}.b`), ['.b', 'z']);
});

scenario('6.2.2 topics are required, and bad ones named', { over: 'any' }, async (t) => {
  for (const query of ['', '?after=earliest', '?topics=', '?topics=,', '?topics=a,,b', '?topics=a,', '?topics=a..b', '?topics=a,**.b']) {
    refuses(await t.admin.get(`/messages${query}`), 'VALIDATION_FAILED', /^\/query\/topics/, query);
  }
});

scenario('6.2.2 limit is 1 to 1,000, and 100 unless told', {}, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  for (let batch = 0; batch < 2; batch++) {
    const operations = Array.from({ length: 60 }, (_, n) => ({ method: 'POST', path: `/topics/${topic}/messages`, data: n }));
    succeeds(await t.admin.http('POST', '/v1/batch', { data: { operations } }));
  }
  const count = async (query: string): Promise<number> => succeeds(await t.admin.get(`/messages?topics=${topic}&after=${start}${query}`)).items.length;
  assert.deepEqual([await count(''), await count('&limit=1'), await count('&limit=1000')], [100, 1, 120]);
  for (const limit of ['0', '1001', '-1', '1.5', 'x', ''])
    refuses(await t.admin.get(`/messages?topics=a&limit=${limit}`), 'VALIDATION_FAILED', '/query/limit', limit);
});

scenario('6.2.2 an unknown parameter is 422 and named', { over: 'any' }, async (t) => {
  for (const parameter of ['foo', 'sort', 'topic']) refuses(await t.admin.get(`/messages?topics=a&${parameter}=1`), 'VALIDATION_FAILED', `/query/${parameter}`);
});

scenario('6.2.2 a page ends early at 4 MB, and the next goes on', {}, async (t) => {
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  const text = 'x'.repeat(900_000);
  for (let n = 0; n < 11; n++) succeeds(await t.admin.post(`/topics/${topic}/messages`, { n, text }), 201);
  let after = start;
  const seen: number[] = [];
  let pages = 0;
  for (; pages < 20; pages++) {
    const answer = await t.admin.http('GET', `/v1/messages?topics=${topic}&after=${after}&limit=1000`);
    const data = succeeds(answer);
    assert.ok(answer.text.length <= 4 * 1_048_576 + 4_096, `a page of ${answer.text.length} bytes`);
    seen.push(...data.items.map((item: Json) => item.data.n));
    after = data.cursor;
    if (!data.more) break;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 11 }, (_, n) => n),
  );
  assert.ok(pages >= 2, 'it took several');
});

scenario('6.2.2 a cursor goes on after a restart', { needs: 'own server' }, async (t) => {
  const one = await t.server();
  const first = succeeds(await one.admin.post('/topics/t/messages', 1), 201);
  const second = succeeds(await one.admin.post('/topics/t/messages', 2), 201);
  assert.deepEqual(await one.stop(), { code: 0, signal: null });
  const two = await t.server({ dataDir: one.dataDir });
  const third = succeeds(await two.admin.post('/topics/t/messages', 3), 201);
  const seen = await logAfter(two.admin, 't', first.cursor);
  assert.deepEqual(
    seen.map(({ cursor, messageId }) => [cursor, messageId]),
    [second, third].map(({ cursor, messageId }) => [cursor, messageId]),
  );
  assert.ok(third.cursor > second.cursor, 'the order goes on as well');
});
