// How much is ahead of a durable subscription (6.2.4): what matches, after the acknowledged place, counted up to 10,000.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CountQuery, NewMessage, Storage } from '../ports/storage.ts';
import { type Assembly, assemble } from '../testing/assembly.ts';
import type { Durable } from './durables.ts';
import { countPending } from './pending.ts';

let assembly: Assembly;
const asked: CountQuery[] = [];
before(async () => {
  const wrap = (storage: Storage): Storage =>
    new Proxy(storage, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (property === 'readLog') return () => assert.fail('what is only counted is not read');
        if (property === 'countLog') {
          return (query: CountQuery) => {
            asked.push(query);
            return target.countLog(query);
          };
        }
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  assembly = await assemble({ wrap });
});
after(() => assembly.close());

const durable = (acknowledged: number, attachment?: Durable['attachment']): Durable => ({
  client: 'c',
  name: 'n',
  topics: ['a.*'],
  ackWait: 1000,
  acknowledged,
  sent: 0,
  redeliveries: 0,
  attachment,
});
const pending = (of: Durable, readable: '*' | readonly string[] = '*'): Promise<number> => countPending(assembly.core, of, readable);

let made = 0;
const add = async (topic: string, count: number, change = false): Promise<void> => {
  const messages = Array.from({ length: count }, (): NewMessage => ({ messageId: `m-${++made}`, topic, timestamp: made, data: '1', change }));
  await assembly.core.storage.write({ messages });
};

test('what matches, after the acknowledged place', async () => {
  assert.equal(await pending(durable(0)), 0);
  await add('a.x', 3);
  await add('b.x', 5);
  await add('a.y', 2);
  assert.equal(await pending(durable(0)), 5);
  assert.equal(await pending(durable(2)), 3);
  assert.equal(await pending(durable(8)), 2);
  assert.equal(await pending(durable(10)), 0);
});

const attached = (acknowledged: number, outstandingIsAll: number | undefined, collections: '*' | readonly string[]): Durable =>
  durable(acknowledged, { detach() {}, acknowledged() {}, passedOver() {}, restart() {}, outstandingIsAll, doneUntil: undefined, collections });

test('the one that gets its messages knows, where they all are with it', async () => {
  assert.equal(await pending(attached(0, 4, '*')), 4);
  assert.equal(await pending(attached(0, 20_000, '*')), 10_000);
  assert.equal(await pending(attached(0, undefined, '*')), 5);
});

test('beyond much that does not match', async () => {
  await add('b.x', 60_000);
  await add('a.z', 1);
  assert.equal(await pending(durable(10)), 1);
});

test('at most 10,000, and then no more is looked at', async () => {
  const from = assembly.core.storage.log.last;
  await add('a.many', 15_000);
  asked.length = 0;
  const rows = assembly.core.storage.counters.logRowsRead;
  assert.equal(await pending(durable(from)), 10_000);
  assert.equal(assembly.core.storage.counters.logRowsRead - rows, 10_000);
  assert(asked.length <= 12, String(asked.length));
});

test('one that is counted again and again costs what came between, not its backlog', async () => {
  const { storage } = assembly.core;
  const start = storage.log.last;
  await add('a.backlog', 9_000);
  const one = durable(start);
  assert.equal(await pending(one), 9_000);
  const rows = storage.counters.logRowsRead;
  for (let done = 1; done <= 50; done++) {
    await add('b.other', 1);
    await add('a.new', 2);
    one.acknowledged += 3;
    assert.equal(await pending(one), 9_000 - done);
  }
  assert.equal(storage.counters.logRowsRead - rows, 50 * 6);
  one.acknowledged = storage.log.last;
  assert.equal(await pending(one), 0);
  one.topics = ['b.*'];
  one.acknowledged = start;
  assert.equal(await pending(one), 50, 'other topics are another count, and so is a place before it');
});

test('beyond 10,000 it slides along', async () => {
  const start = assembly.core.storage.log.last;
  await add('a.more', 12_000);
  const one = durable(start);
  for (const [done, left] of [
    [0, 10_000],
    [1_500, 10_000],
    [2_100, 9_900],
    [11_999, 1],
    [12_000, 0],
  ] as const) {
    one.acknowledged = start + done;
    assert.equal(await pending(one), left);
  }
});

test('messages of collections that may not be read are passed over (11.3); one that is attached counts what it gets', async () => {
  const start = assembly.core.storage.log.last;
  await add('a.plain', 2);
  await add('a.change', 3, true);
  const one = durable(start);
  assert.deepEqual([await pending(one, []), await pending(one, ['b']), await pending(one, ['a']), await pending(one)], [2, 2, 5, 5]);
  assert.equal(await pending(attached(start, undefined, []), '*'), 2);
  assert.equal(await pending(attached(start, undefined, '*'), []), 5);
});

test('what one asks with its rights does not undo what was counted with others', async () => {
  const { storage } = assembly.core;
  const one = durable(storage.log.last);
  await add('a.backlog', 2_000);
  for (const readable of ['*', []] as const) assert.equal(await pending(one, readable), 2_000);
  const rows = storage.counters.logRowsRead;
  for (const readable of ['*', [], '*', []] as const) assert.equal(await pending(one, readable), 2_000);
  assert.equal(storage.counters.logRowsRead - rows, 0);
});

test('what retention took is not pending', async () => {
  const { storage } = assembly.core;
  const start = storage.log.last;
  await add('a.kept', 40);
  const one = durable(start);
  assert.equal(await pending(one), 40);
  const messagesBefore = made - 9;
  for (let done = false; !done; ) ({ done } = await storage.tidy({ messagesBefore, maxLogBytes: 2 ** 40, publishesBefore: 0, requestsBefore: 0 }));
  assert.equal(storage.log.first, storage.log.last - 9);
  assert.equal(await pending(one), 10);
  one.acknowledged = storage.log.last - 3;
  assert.equal(await pending(one), 3);
});
