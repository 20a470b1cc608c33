// Before retention takes messages away (6.2.6, 6.2.9): durable subscriptions move over what is none of theirs, never over what is, and that outlives a crash.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { NewMessage, Storage } from '../ports/storage.ts';
import { type Assembly, assemble } from '../testing/assembly.ts';
import { settled } from '../testing/clock.ts';
import { type Durable, Durables } from './durables.ts';
import { Passing } from './passing.ts';
import { startRetention } from './retention.ts';

let assembly: Assembly;
let passing: Passing;
let reads = 0;
/** Called before each reading of the log. */
let onRead = (): void => {};
beforeEach(async () => {
  reads = 0;
  onRead = () => {};
  const wrap = (storage: Storage): Storage =>
    new Proxy(storage, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (property !== 'readLog') return typeof value === 'function' ? value.bind(target) : value;
        return (query: Parameters<Storage['readLog']>[0]) => {
          reads++;
          onRead();
          return target.readLog(query);
        };
      },
    });
  assembly = await assemble({ wrap, settings: { retentionAge: '1h' } });
  passing = new Passing(assembly.core.storage, assembly.core.durables);
});
afterEach(() => assembly.close());

const EVERYTHING = { messagesBefore: Number.MAX_SAFE_INTEGER, maxLogBytes: 0, publishesBefore: 0, requestsBefore: 0 };

let made = 0;
const add = async (topic: string | ((n: number) => string), count: number, change = false): Promise<void> => {
  const messages = Array.from(
    { length: count },
    (_, n): NewMessage => ({ messageId: `m-${++made}`, topic: typeof topic === 'string' ? topic : topic(n), timestamp: made, data: '1', change }),
  );
  await assembly.core.storage.write({ messages });
};
const durable = async (name: string, topics: readonly string[], acknowledged: number, attachment?: Durable['attachment']): Promise<Durable> => {
  const { durables, storage } = assembly.core;
  const one: Durable = { client: 'c', name, topics, ackWait: 1000, acknowledged, sent: 0, redeliveries: 0, attachment };
  await storage.write({ records: [durables.record(one, 'c', name, 'absent')] });
  durables.set(one);
  return one;
};
const attached = (doneUntil: number | undefined): Durable['attachment'] => ({
  detach: () => {},
  acknowledged: () => {},
  passedOver: () => {},
  restart: () => {},
  outstandingIsAll: undefined,
  doneUntil,
  collections: '*',
});

test('a quiet one moves, one that has something ahead moves to just before it, and a crash loses neither', async () => {
  await add('other', 10);
  await add('mine.1', 1);
  await add('other', 10);
  const places = new Map<string, number>();
  for (const [name, topics, acknowledged] of [
    ['quiet', ['quiet.**', 'none'], 0],
    ['next', ['mine.*'], 3],
    ['done', ['mine.*'], 11],
    ['both', ['other', 'mine.*'], 10],
    ['here', ['other'], 4],
    ['all', ['**'], 0],
  ] as const)
    places.set(name, (await durable(name, topics, acknowledged)).acknowledged);
  await passing.before(EVERYTHING);
  const after = new Durables(assembly.core.storage, assembly.core.cursors, assembly.core.clock);
  await after.load();
  for (const durables of [assembly.core.durables, after]) {
    const where = Object.fromEntries(durables.all().map(({ name, acknowledged }) => [name, acknowledged]));
    assert.deepEqual(where, { quiet: 21, next: 10, done: 21, both: 10, here: 4, all: 0 });
  }
});

test('a change of a collection matches by its topic: who will read it is not known', async () => {
  await add('docs.a.created', 1, true);
  const one = await durable('one', ['docs.**'], 0);
  await passing.before(EVERYTHING);
  assert.equal(one.acknowledged, 0);
});

test('one that is attached goes by what it was sent, without a look at the log', async () => {
  await add('a', 30);
  const [done, part, unknown] = [
    await durable('done', ['a'], 0, attached(30)),
    await durable('part', ['a'], 0, attached(12)),
    await durable('unknown', ['b'], 0, attached(undefined)),
  ];
  await passing.before(EVERYTHING);
  assert.deepEqual(
    [done, part, unknown].map(({ acknowledged }) => acknowledged),
    [30, 12, 30],
  );
  assert.equal(reads, 1);
});

test('who has lost something stays, so that it is told', async () => {
  await add('a', 20);
  const lost = await durable('lost', ['a'], 3);
  for (let done = false; !done; )
    ({ done } = await assembly.core.storage.tidy({ ...EVERYTHING, messagesBefore: made - 5, maxLogBytes: Number.MAX_SAFE_INTEGER }));
  assert.equal(assembly.core.cursors.earliest, 14);
  await passing.before(EVERYTHING);
  assert.equal(lost.acknowledged, 3);
});

test('while nothing is to go, and far from what is, nobody moves and nothing is read', async () => {
  await add('a', 5_000);
  const [near, far] = [await durable('near', ['b'], 0), await durable('far', ['b'], 4_000)];
  await passing.before({ ...EVERYTHING, messagesBefore: 0, maxLogBytes: Number.MAX_SAFE_INTEGER });
  assert.deepEqual([near.acknowledged, far.acknowledged, reads], [0, 4_000, 0]);
  await passing.before(EVERYTHING);
  assert.deepEqual([near.acknowledged, far.acknowledged], [5_000, 4_000]);
});

test('one that stands before something of its own is not looked for again until it is acknowledged, or other topics are its', async () => {
  await add((n) => (n === 50 ? 'mine' : 'other'), 100);
  const one = await durable('one', ['mine'], 0);
  await passing.before(EVERYTHING);
  const { logReads } = assembly.core.storage.counters;
  await passing.before(EVERYTHING);
  assert.deepEqual([one.acknowledged, assembly.core.storage.counters.logReads - logReads], [50, 0]);
  assembly.core.durables.acknowledge(one, 51);
  await passing.before(EVERYTHING);
  assert.equal(one.acknowledged, 100);
});

test('one whose topics change, that acknowledges or that is removed while the log is read is left as it is then', async () => {
  await add('a', 10);
  const [changed, removed, further] = [await durable('changed', ['b'], 0), await durable('removed', ['b'], 0), await durable('further', ['b'], 0)];
  onRead = () => {
    changed.topics = ['a'];
    assembly.core.durables.delete(removed);
    assembly.core.durables.acknowledge(further, 7);
  };
  await passing.before(EVERYTHING);
  assert.deepEqual(
    [changed, removed, further].map(({ acknowledged }) => acknowledged),
    [0, 0, 10],
  );
  assert.equal(assembly.core.durables.find('c', 'removed'), undefined);
  onRead = () => {};
  await passing.before(EVERYTHING);
  assert.equal(changed.acknowledged, 0);
});

test('ten thousand idle ones cost a few readings of what is about to go, not one each', async () => {
  const { storage, durables } = assembly.core;
  for (let part = 0; part < 10; part++) await add('busy.topic', 1_500);
  const idle = await Promise.all(Array.from({ length: 10_000 }, (_, n) => durable(`d${n}`, [`idle.${n}.**`], n % 1_000)));
  const { logRowsRead } = storage.counters;
  await passing.before(EVERYTHING);
  assert(idle.every(({ acknowledged }) => acknowledged === 15_000));
  assert(storage.counters.logRowsRead - logRowsRead <= 6 * 15_000, String(storage.counters.logRowsRead - logRowsRead));
  assert.equal([...durables].length, 10_000);
});

test('against a model: never over what matches and was not acknowledged, and as far as it may', async () => {
  const topics = ['a.1', 'a.2', 'b.1', 'c.1.x', 'd'];
  const pick = <T>(some: readonly T[], n: number): T => some[n % some.length] as T;
  await add((n) => (n % 97 === 0 ? pick(topics, n / 97) : 'flood'), 1_990);
  const { storage, durables } = assembly.core;
  const filters = [['a.*'], ['b.**', 'd'], ['c.1.x'], ['*.1'], ['d'], ['none'], ['**']];
  for (let n = 0; n < 300; n++) await durable(`d${n}`, pick(filters, n), (n * 37) % 1_990);
  const before = new Map([...durables].map((one) => [one, one.acknowledged]));
  await passing.before(EVERYTHING);
  for (const [one, place] of before) {
    const { messages } = await storage.readLog({ after: place, filter: { patterns: one.topics, collections: '*' }, limit: 1, maxBytes: 1 });
    assert.equal(one.acknowledged, messages[0] === undefined ? 1_990 : messages[0].seq - 1, `${one.topics} from ${place}`);
  }
});

test('retention lets everyone pass before each of its steps: a pull and an attachment that lost nothing hear of nothing', async () => {
  const { core, ask, clock } = assembly;
  const stop = startRetention(core);
  for (const name of ['quiet', 'behind']) assert.equal((await ask('POST', '/subscriptions', { data: { name, topics: [`${name}.*`] } })).status, 201);
  const { cursor } = (await ask('POST', '/topics/quiet.1/messages', { data: 1 })).data;
  await ask('POST', '/topics/behind.1/messages', { data: 1 });
  await ask('POST', '/subscriptions/quiet/ack', { data: { cursor } });
  const { storage } = core;
  for (let n = 0; n < 20; n++) await ask('POST', '/topics/flood/messages', { data: n });
  await clock.advance(3_600_000);
  await ask('POST', '/topics/flood/messages', { data: 'kept' });
  while (storage.log.first < 23) {
    await clock.advance(30_000);
    await storage.probe();
    await settled();
  }
  stop();
  const pulled = await ask('POST', '/subscriptions/quiet/pull', { data: {} });
  assert.deepEqual([pulled.status, pulled.data?.items], [200, []]);
  assert.equal((await ask('POST', '/subscriptions/behind/pull', { data: {} })).code, 'CURSOR_EXPIRED');
});
