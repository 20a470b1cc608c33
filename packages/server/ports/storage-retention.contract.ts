// Letting go: by age and by bytes, from the oldest, in bounded steps; places are never given twice (6.2.9, 4.1.3).
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Storage } from './storage.ts';
import { type ContractSubject, itWithStore, KEEP_ALL, message, publish, readAll, tidyAll } from './storage-subject.contract.ts';

const write = (storage: Storage, count: number, timestamp: (index: number) => number): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, (_, index) => storage.write({ messages: [message('a.b', { timestamp: timestamp(index), data: '"0123456789"' })] })),
  );

export const retentionContract = (subject: ContractSubject): void => {
  describe('letting go', () => {
    itWithStore(subject, 'of messages by age keeps the rest and the state of the log right', async (bench) => {
      await write(bench.storage, 100, (index) => 1_000 + index);
      const whole = bench.storage.log.bytes;
      assert.ok(whole >= 100 * 15);
      assert.equal(bench.storage.log.oldest, 1_000);
      await tidyAll(bench.storage, { messagesBefore: 1_030 });
      const check = async (): Promise<void> => {
        const { first, last, oldest, bytes } = bench.storage.log;
        assert.deepEqual({ first, last, oldest }, { first: 31, last: 100, oldest: 1_030 });
        assert.equal(bytes, whole * 0.7);
        assert.deepEqual(
          (await readAll(bench.storage)).map(({ seq }) => seq),
          Array.from({ length: 70 }, (_, index) => 31 + index),
        );
        const page = await bench.storage.readLog({ after: 3, filter: { patterns: ['**'], collections: '*' }, limit: 1, maxBytes: 1e6 });
        assert.deepEqual([page.first, page.messages[0]?.seq], [31, 31]);
      };
      await check();
      await bench.restart();
      await check();
      assert.deepEqual(await bench.storage.tidy({ ...KEEP_ALL, messagesBefore: 1_030 }), { done: true });
    });

    itWithStore(subject, 'of messages by bytes ends at or below the bound', async ({ storage }) => {
      await write(storage, 200, () => 5);
      const bound = storage.log.bytes / 4;
      await tidyAll(storage, { maxLogBytes: bound });
      assert.ok(storage.log.bytes <= bound && storage.log.bytes > bound * 0.9);
      assert.equal(storage.log.last - storage.log.first + 1, (await readAll(storage)).length);
    });

    itWithStore(subject, 'of everything leaves an empty log that goes on above its last place, restarts included', async (bench) => {
      await write(bench.storage, 5, () => 5);
      await tidyAll(bench.storage, { messagesBefore: 6 });
      const { first, last, bytes, oldest } = bench.storage.log;
      assert.deepEqual({ first, last, bytes, oldest }, { first: 6, last: 5, bytes: 0, oldest: null });
      await bench.restart();
      assert.deepEqual([bench.storage.log.first, bench.storage.log.last], [6, 5]);
      const page = await bench.storage.readLog({ after: 2, filter: { patterns: ['**'], collections: '*' }, limit: 1, maxBytes: 1 });
      assert.deepEqual({ messages: page.messages, more: page.more, first: page.first }, { messages: [], more: false, first: 6 });
      assert.deepEqual(await bench.storage.write({ messages: [message('a', { timestamp: 9 })] }), { status: 'written', firstSeq: 6 });
      assert.deepEqual([bench.storage.log.first, bench.storage.log.oldest], [6, 9]);
    });

    itWithStore(subject, 'comes in steps between which units are written', async ({ storage }) => {
      await write(storage, 20_000, () => 5);
      let steps = 0;
      for (let done = false; !done; steps++) {
        const before = storage.log.first;
        const [tidied, outcome] = await Promise.all([
          storage.tidy({ ...KEEP_ALL, messagesBefore: 6 }),
          storage.write({ messages: [message('b', { timestamp: 7 })] }),
        ]);
        done = tidied.done;
        assert.equal(outcome.status, 'written');
        assert.ok(storage.log.first - before <= 5_000, 'a step is bounded');
      }
      assert.ok(steps > 4);
      assert.equal(storage.log.first, 20_001);
    });

    itWithStore(subject, 'of publishes makes their names free, and their messages stay', async (bench) => {
      await bench.storage.write(publish('old', message('a', { timestamp: 10, data: '1' })));
      await bench.storage.write(publish('new', message('a', { timestamp: 20, data: '1' })));
      await tidyAll(bench.storage, { publishesBefore: 15 });
      const check = async (): Promise<void> => {
        assert.equal(await bench.storage.findRequest('client', 'old'), undefined);
        assert.equal((await bench.storage.findRequest('client', 'new'))?.kind, 'publish');
      };
      await check();
      await bench.restart();
      await check();
      assert.equal((await readAll(bench.storage)).length, 2);
      assert.deepEqual(await bench.storage.write(publish('old', message('b', { timestamp: 30 }))), { status: 'written', firstSeq: 3 });
      assert.equal((await bench.storage.write(publish('old', message('c', { timestamp: 31 })))).status, 'reused');
      assert.equal((await bench.storage.write(publish('new', message('a', { data: '1' })))).status, 'replayed');
    });

    itWithStore(subject, 'of a message forgets its publish', async ({ storage }) => {
      await storage.write(publish('r', message('a', { timestamp: 10, data: '1' })));
      await tidyAll(storage, { messagesBefore: 11 });
      assert.equal(await storage.findRequest('client', 'r'), undefined);
      assert.deepEqual(await storage.write(publish('r', message('a', { timestamp: 12, data: '1' }))), { status: 'written', firstSeq: 2 });
    });

    itWithStore(subject, 'of changes makes their names free', async (bench) => {
      const unit = (requestId: string) =>
        bench.storage.write({
          request: { kind: 'change', client: 'client', requestId, operation: 'o', outcome: '{}' },
          records: [{ kind: 'k', id: requestId, body: '1' }],
        });
      for (let index = 0; index < 1_500; index++) void unit(`r${index}`);
      await unit('last');
      await tidyAll(bench.storage, { requestsBefore: 5 });
      assert.equal((await unit('r7')).status, 'replayed');
      await tidyAll(bench.storage, { requestsBefore: Number.MAX_SAFE_INTEGER });
      assert.equal(await bench.storage.findRequest('client', 'r7'), undefined);
      await bench.restart();
      assert.equal((await unit('r7')).status, 'written');
      assert.equal((await unit('r7')).status, 'replayed');
    });
  });
};
