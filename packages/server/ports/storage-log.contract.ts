// Pages of the log: what a filter lets through, in order, each once, a bounded stretch at a time; and the epochs of places.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { matches } from '@godwit/protocol';
import fc from 'fast-check';
import type { LogCount, LogFilter, LogPage, Storage, StoredMessage } from './storage.ts';
import { type ContractSubject, itWithStore, message, publish, readAll, tidyAll } from './storage-subject.contract.ts';

const ALL: LogFilter = { patterns: ['**'], collections: '*' };
const MEGABYTE = 1 << 20;

const lets = ({ patterns, collections }: LogFilter, { topic, change }: StoredMessage): boolean =>
  patterns.some((pattern) => matches(pattern, topic)) && (!change || collections === '*' || collections.includes(topic.split('.')[0] ?? ''));

const segment = fc.constantFrom('a', 'b', 'c-1', 'orders');
const topic = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('.'));
const pattern = fc
  .tuple(fc.array(fc.oneof(segment, fc.constant('*')), { minLength: 0, maxLength: 3 }), fc.boolean())
  .map(([segments, open]) => (open || segments.length === 0 ? [...segments, '**'] : segments).join('.'));
const filter: fc.Arbitrary<LogFilter> = fc.record({
  patterns: fc.array(pattern, { minLength: 1, maxLength: 3 }),
  collections: fc.oneof(fc.constant('*' as const), fc.subarray(['a', 'orders'])),
});

/** Walks pages from a place to the end, checking what every page promises. */
const walk = async (storage: Storage, after: number, through: LogFilter, limit: number, maxBytes: number): Promise<StoredMessage[]> => {
  const seen: StoredMessage[] = [];
  for (let cursor = after, pages = 0; ; pages++) {
    assert.ok(pages < 10_000, 'reading makes no headway');
    const page: LogPage = await storage.readLog({ after: cursor, filter: through, limit, maxBytes });
    assert.ok(page.messages.length <= limit);
    assert.ok(page.cursor >= cursor && (page.cursor > cursor || !page.more));
    assert.equal(page.more, page.cursor < storage.log.last);
    assert.equal(page.first, storage.log.first);
    const bytes = page.messages.map((one) => Buffer.byteLength(one.topic) + Buffer.byteLength(one.data));
    assert.ok(page.messages.length <= 1 || bytes.reduce((sum, one) => sum + one, 0) <= maxBytes);
    assert.ok(page.messages.every(({ seq }) => seq > cursor && seq <= page.cursor));
    seen.push(...page.messages);
    cursor = page.cursor;
    if (!page.more) return seen;
  }
};

export const logContract = (subject: ContractSubject): void => {
  describe('reading the log', () => {
    itWithStore(subject, 'gives what matches, in order, each once, whatever the pages', async ({ storage }) => {
      const sent = fc.sample(fc.record({ topic, change: fc.boolean(), data: fc.string({ maxLength: 30 }).map((text) => JSON.stringify(text)) }), 400);
      await Promise.all(sent.map(({ topic: name, ...more }) => storage.write({ messages: [message(name, more)] })));
      const log = await readAll(storage);
      assert.equal(log.length, sent.length);
      await fc.assert(
        fc.asyncProperty(filter, fc.nat(420), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 2_000 }), async (through, after, limit, maxBytes) => {
          const expected = log.filter((one) => one.seq > after && lets(through, one));
          assert.deepEqual(await walk(storage, after, through, limit, maxBytes), expected);
        }),
        { numRuns: 60 },
      );
    });

    itWithStore(subject, 'counts what reading gives, from anywhere to anywhere', async ({ storage }) => {
      const sent = fc.sample(fc.record({ topic, change: fc.boolean() }), 400);
      await Promise.all(sent.map(({ topic: name, ...more }) => storage.write({ messages: [message(name, more)] })));
      await storage.write({ messages: [message('$sys.x')] });
      const log = await readAll(storage);
      await fc.assert(
        fc.asyncProperty(filter, fc.nat(420), fc.nat(420), fc.integer({ min: 0, max: 400 }), async (filter, after, through, most) => {
          const matching = log.filter((one) => one.seq > after && one.seq <= through && lets(filter, one)).map(({ seq }) => seq);
          const enough = most <= matching.length && most > 0;
          const reached = enough ? matching[most - 1] : Math.max(after, Math.min(through, storage.log.last));
          const counted: LogCount = await storage.countLog({ after, through, filter, most });
          assert.deepEqual(counted, { count: Math.min(most, matching.length), cursor: most === 0 ? after : reached, first: 1 });
        }),
        { numRuns: 200 },
      );
    });

    itWithStore(subject, 'never reaches topics of the server and only the readable collections’ changes', async ({ storage }) => {
      await storage.write({ messages: [message('$sys.x'), message('orders.1.created', { change: true }), message('orders.1.created')] });
      const read = async (through: LogFilter): Promise<number[]> => (await walk(storage, 0, through, 10, MEGABYTE)).map(({ seq }) => seq);
      assert.deepEqual(await read(ALL), [2, 3]);
      assert.deepEqual(await read({ patterns: ['orders.**'], collections: [] }), [3]);
      assert.deepEqual(await read({ patterns: ['orders.*.created'], collections: ['orders'] }), [2, 3]);
    });

    itWithStore(subject, 'says where to go on where nothing matches, in stretches', async ({ storage }) => {
      const count = 45_000;
      await Promise.all(Array.from({ length: count / 100 }, () => storage.write({ messages: Array.from({ length: 100 }, () => message('a.b')) })));
      await storage.write({ messages: [message('rare')] });
      const before = storage.counters.logRowsRead;
      const found = await walk(storage, 0, { patterns: ['rare'], collections: '*' }, 10, MEGABYTE);
      assert.deepEqual(
        found.map(({ seq }) => seq),
        [count + 1],
      );
      assert.equal(storage.counters.logRowsRead - before, count + 1);
      const first = await storage.readLog({ after: 0, filter: { patterns: ['rare'], collections: '*' }, limit: 10, maxBytes: MEGABYTE });
      assert.ok(first.more && first.messages.length === 0 && first.cursor < count, 'one page looks at a bounded stretch');
    });

    itWithStore(subject, 'answers at and past its end', async ({ storage }) => {
      const read = (after: number): Promise<LogPage> => storage.readLog({ after, filter: ALL, limit: 10, maxBytes: MEGABYTE });
      assert.deepEqual(await read(0), { messages: [], cursor: 0, more: false, first: 1 });
      await storage.write({ messages: [message('a'), message('b')] });
      assert.deepEqual(await read(2), { messages: [], cursor: 2, more: false, first: 1 });
      assert.deepEqual(await read(7), { messages: [], cursor: 7, more: false, first: 1 });
      assert.deepEqual(
        (await read(1)).messages.map(({ seq }) => seq),
        [2],
      );
    });

    itWithStore(subject, 'holds what was confirmed when it was asked', async ({ storage }) => {
      for (let round = 1; round <= 50; round++) {
        await storage.write(publish(`r${round}`, message('a')));
        const page = await storage.readLog({ after: round - 1, filter: ALL, limit: 10, maxBytes: MEGABYTE });
        assert.deepEqual(
          page.messages.map(({ seq }) => seq),
          [round],
        );
      }
    });

    itWithStore(subject, 'does not keep the event loop: other work goes on beside many pages', async ({ storage }) => {
      await Promise.all(Array.from({ length: 200 }, () => storage.write({ messages: Array.from({ length: 100 }, () => message('a.b')) })));
      let turns = 0;
      let reading = true;
      const turn = (): void => {
        turns++;
        if (reading) setImmediate(turn);
      };
      setImmediate(turn);
      await Promise.all(
        Array.from({ length: 50 }, () => storage.readLog({ after: 0, filter: { patterns: ['none'], collections: '*' }, limit: 1, maxBytes: 1 })),
      );
      reading = false;
      assert.ok(turns > 50, `only ${turns} turns of the event loop during 50 reads`);
    });
  });

  describe('epochs', () => {
    itWithStore(subject, 'begin with each start that could write, above every place before; empty ones leave no trail', async (bench) => {
      const first = bench.storage.log.epochs;
      assert.equal(first.length, 1);
      assert.match(first[0]?.tag ?? '', /^[0-9a-z]{8}$/);
      assert.ok((first[0]?.first ?? 9) <= 1);
      await bench.restart();
      const second = bench.storage.log.epochs;
      assert.deepEqual(second.slice(0, 1), first, 'place 0 stays with the first epoch');
      await bench.storage.write({ messages: [message('a'), message('b')] });
      await bench.restart();
      await bench.restart();
      const { epochs } = bench.storage.log;
      assert.deepEqual(epochs.slice(0, 2), second);
      assert.deepEqual(
        epochs.slice(2).map((epoch) => epoch.first),
        [3],
        'the empty one was replaced',
      );
      assert.equal(new Set(epochs.map(({ tag }) => tag)).size, epochs.length);
      await bench.storage.write({ messages: [message('c')] });
      await bench.restart();
      assert.deepEqual(bench.storage.log.epochs.slice(0, 3), epochs);
    });

    itWithStore(subject, 'go on above places that are gone', async (bench) => {
      await bench.storage.write({ messages: [message('a'), message('b')] });
      await tidyAll(bench.storage, { messagesBefore: Number.MAX_SAFE_INTEGER });
      await bench.restart();
      assert.equal(bench.storage.log.epochs.at(-1)?.first, 3);
    });
  });
};
