// 6.2.2, `before`: looking back into the log, and 6.2.4, whose subscriptions an administrator may list.
import assert from 'node:assert/strict';
import type { Caller } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';

const back = async (who: Caller, query: string): Promise<Json> => succeeds(await who.http('GET', `/v1/messages?${query}`));
const numbers = ({ items }: Json): Json[] => items.map(({ data }: Json) => data);

scenario('6.2.2 before reads the last messages that match, in log order, and pages go on backwards to the beginning', { over: 'any' }, async (t) => {
  const [topic, other] = [t.name('t'), t.name('o')];
  const published: Json[] = [];
  for (let n = 0; n < 25; n++) {
    published.push(succeeds(await t.admin.post(`/topics/${topic}.x/messages`, n), 201));
    for (let between = 0; between < n % 4; between++) succeeds(await t.admin.post(`/topics/${other}/messages`, 'other'), 201);
  }
  const seen: Json[] = [];
  let before = 'latest';
  for (let page = 0; seen.length < 25 && page < 50; page++) {
    const answer = await back(t.admin, `topics=${topic}.*&before=${before}&limit=7`);
    assert.ok(answer.items.length <= 7);
    seen.unshift(...answer.items);
    before = answer.cursor;
    if (!answer.more) break;
  }
  assert.deepEqual(
    seen.map(({ messageId, cursor }) => [messageId, cursor]),
    published.map(({ messageId, cursor }) => [messageId, cursor]),
  );
  const middle = published[10] as Json;
  assert.deepEqual(numbers(await back(t.admin, `topics=${topic}.x&before=${middle.cursor}&limit=3`)), [8, 9, 10], 'a cursor lies behind its message');
  const place = await back(t.admin, `topics=${topic}.x&before=${middle.cursor}&limit=1`);
  const forwards = succeeds(await t.admin.http('GET', `/v1/messages?topics=${topic}.x&after=${place.cursor}&limit=2`));
  assert.deepEqual(numbers(forwards), [10, 11], 'and the cursor of a page leads forwards again');
});

scenario('6.2.2 before takes a time', {}, async (t) => {
  const topic = t.name('t');
  const first = succeeds(await t.admin.post(`/topics/${topic}/messages`, 1), 201);
  let second = first;
  while (second.timestamp <= first.timestamp) second = succeeds(await t.admin.post(`/topics/${topic}/messages`, 2), 201);
  const items = numbers(await back(t.admin, `topics=${topic}&before=${encodeURIComponent(second.timestamp)}`));
  assert.ok(items.includes(1), JSON.stringify(items));
  assert.ok(!(await back(t.admin, `topics=${topic}&before=${second.timestamp}`)).items.some(({ messageId }: Json) => messageId === second.messageId));
  assert.deepEqual(numbers(await back(t.admin, `topics=${topic}&before=2001-01-01T00:00:00Z`)), []);
});

scenario('6.2.2 before goes with neither after, wait nor a stream, and takes only places of this log', {}, async (t) => {
  const topic = t.name('t');
  refuses(await t.admin.http('GET', `/v1/messages?topics=${topic}&before=latest&after=latest`), 'VALIDATION_FAILED', '/query/after');
  refuses(await t.admin.http('GET', `/v1/messages?topics=${topic}&before=latest&wait=1`), 'VALIDATION_FAILED', '/query/wait');
  const stream = await t.admin.http('GET', `/v1/messages?topics=${topic}&before=latest`, { headers: { accept: 'text/event-stream' } });
  refuses(stream, 'VALIDATION_FAILED', '/query/before');
  refuses(await t.admin.http('GET', `/v1/messages?topics=${topic}&before=nonsense`), 'INVALID_CURSOR', '/query/before');
});

scenario('6.2.2 looking back shows no message of a collection that may not be read', { also: ['11.3'] }, async (t) => {
  const [collection, id] = [await t.collection(), t.name('id')];
  const topic = `${t.name('t')}.${id}.created`;
  const who = await t.caller(['subscribe:**']);
  succeeds(await t.admin.post(`/topics/${topic}/messages`, 'seen'), 201);
  succeeds(await t.admin.post(`/${collection}`, { id }), 201);
  const { items } = await back(who, `topics=*.${id}.*&before=latest`);
  assert.deepEqual(
    items.map((item: Json) => item.topic),
    [topic],
  );
  refuses(await who.http('GET', `/v1/messages?topics=${collection}.**&before=latest`), 'FORBIDDEN');
});

scenario('6.2.4 with all, an administrator lists the durable subscriptions of every client, each with its client', {}, async (t) => {
  const made = await t.key(['subscribe:**']);
  const name = t.name('s');
  succeeds(await t.as(made.key).post('/subscriptions', { name, topics: ['a.*'] }), 201);
  const { items } = succeeds(await t.admin.http('GET', '/v1/subscriptions?all=true'));
  assert.equal(items.find((one: Json) => one.name === name)?.client, made.client);
  refuses(await t.as(made.key).http('GET', '/v1/subscriptions?all=true'), 'FORBIDDEN', '/query/all');
});
