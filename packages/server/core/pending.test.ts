// How much is ahead of a durable subscription (6.2.4): what matches, after the acknowledged place, counted up to 10,000.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LogQuery, NewMessage, Storage } from '../ports/storage.ts';
import { type Assembly, assemble } from '../testing/assembly.ts';
import type { Durable } from './durables.ts';
import { countPending } from './pending.ts';

let assembly: Assembly;
const asked: LogQuery[] = [];
before(async () => {
  const wrap = (storage: Storage): Storage =>
    new Proxy(storage, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (property === 'readLog') {
          return (query: LogQuery) => {
            asked.push(query);
            return target.readLog(query);
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
const pending = (of: Durable): Promise<number> => countPending(assembly.core, of, { patterns: of.topics, collections: '*' });

let made = 0;
const add = async (topic: string, count: number, data = '1'): Promise<void> => {
  const messages = Array.from({ length: count }, (): NewMessage => ({ messageId: `m-${++made}`, topic, timestamp: made, data, change: false }));
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

test('the one that gets its messages knows, where they all are with it', async () => {
  const attached = (outstandingIsAll: number | undefined): Durable =>
    durable(0, { detach: () => {}, acknowledged: () => {}, restart: () => {}, outstandingIsAll });
  assert.equal(await pending(attached(4)), 4);
  assert.equal(await pending(attached(20_000)), 10_000);
  assert.equal(await pending(attached(undefined)), 5);
});

test('beyond much that does not match', async () => {
  await add('b.x', 60_000);
  await add('a.z', 1);
  assert.equal(await pending(durable(10)), 1);
});

test('large ones are counted a few at a time', async () => {
  const from = assembly.core.storage.log.last;
  for (let n = 0; n < 12; n++) await add('a.large', 1, JSON.stringify('x'.repeat(1_000_000)));
  asked.length = 0;
  assert.equal(await pending(durable(from)), 12);
  assert(asked.length >= 3 && asked.every(({ maxBytes }) => maxBytes <= 4 * 1024 * 1024), String(asked.length));
});

test('at most 10,000, and then no more is read', async () => {
  const from = assembly.core.storage.log.last;
  await add('a.many', 15_000);
  asked.length = 0;
  assert.equal(await pending(durable(from)), 10_000);
  assert(asked.length <= 12, String(asked.length));
});
