// Group commit seen from outside: what fails alone, how much goes into one sync, how long the WAL gets.
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Storage, StorageError } from '../../ports/storage.ts';
import { creation, document, makeCollection, message, nextOf, publish, readAll, removal, replacement } from '../../ports/storage-subject.contract.ts';
import { openSqliteStorage } from './index.ts';

const withStore = async (test: (storage: Storage, directory: string) => Promise<void>): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-commit-'));
  const storage = await openSqliteStorage({ directory });
  try {
    await test(storage, directory);
  } finally {
    await storage.close();
    await rm(directory, { recursive: true, force: true });
  }
};

describe('group commit', () => {
  it('fails one unit alone where writing it fails, and writes its neighbours in order', () =>
    withStore(async (storage) => {
      await makeCollection(storage, 'docs', { indexes: [['a']] });
      // The core lets no such body through: it stands for any failure that shows only while a unit is written.
      const broken = { ...document('broken'), body: '{"a":' };
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, n) =>
          n % 10 === 3
            ? storage.write({ messages: [message('broken')], documents: [creation('docs', document(`before-${n}`)), creation('docs', broken)] })
            : storage.write(publish(`r${n}`, message(`good.${n}`))),
        ),
      );
      for (const [n, result] of results.entries()) {
        if (n % 10 === 3) assert.ok(result.status === 'rejected' && result.reason instanceof StorageError && result.reason.problem === 'failed');
        else assert.ok(result.status === 'fulfilled' && result.value.status === 'written');
      }
      assert.deepEqual(
        (await readAll(storage)).map(({ seq }) => seq),
        Array.from({ length: 36 }, (_, n) => n + 1),
      );
      assert.equal(await storage.getDocument('docs', 'before-3'), undefined);
      assert.equal((await storage.write(publish('r5', message('good.5', { data: '0' })))).status, 'reused');
      await storage.probe();
    }));

  it('takes a collection back that was made in the transaction that failed', () =>
    withStore(async (storage) => {
      await makeCollection(storage, 'docs', { indexes: [['a']] });
      const broken = { ...document('broken'), body: '{' };
      const [made, failed, used] = await Promise.allSettled([
        makeCollection(storage, 'more'),
        storage.write({ documents: [creation('docs', broken)] }),
        storage.write({ documents: [creation('more', document('one'))] }),
      ]);
      assert.deepEqual([made.status, failed.status, used.status], ['fulfilled', 'rejected', 'fulfilled']);
      assert.deepEqual(
        (await storage.collections()).map(({ name }) => name),
        ['docs', 'more'],
      );
      assert.equal((await storage.getDocument('more', 'one'))?.id, 'one');
    }));

  it('lets a unit change one document twice, and make the collection that it uses', () =>
    withStore(async (storage) => {
      const one = document('one', { n: 1 });
      const two = nextOf(one, { n: 2 });
      const made = { name: 'docs', schema: null, indexes: [], createdAt: 1, updatedAt: 1 };
      const first = await storage.write({
        collections: [{ kind: 'create', collection: made }],
        documents: [creation('docs', one), replacement('docs', one, two)],
      });
      assert.equal(first.status, 'written');
      assert.deepEqual(await storage.getDocument('docs', 'one'), two);
      const again = document('one');
      assert.equal((await storage.write({ documents: [removal('docs', two), creation('docs', again)] })).status, 'written');
      assert.deepEqual(await storage.getDocument('docs', 'one'), again);
      assert.equal((await storage.write({ documents: [removal('docs', again), replacement('docs', again, nextOf(again, {}))] })).status, 'conflict');
    }));

  it('puts what arrives together into few syncs', () =>
    withStore(async (storage) => {
      const before = storage.counters.syncs;
      await Promise.all(Array.from({ length: 10_000 }, (_, n) => storage.write(publish(`r${n}`, message('a')))));
      assert.ok(storage.counters.syncs - before <= 10, `${storage.counters.syncs - before} syncs`);
      assert.equal(storage.counters.largestCommit, 4096);
    }));

  it('keeps the WAL short under constant load, with readers at work', () =>
    withStore(async (storage, directory) => {
      let writing = true;
      const reading = (async () => {
        while (writing) await storage.readLog({ after: 0, filter: { patterns: ['none'], collections: '*' }, limit: 10, maxBytes: 1 << 20 });
      })();
      const data = JSON.stringify('x'.repeat(4_000));
      let longest = 0;
      for (let round = 0; round < 100; round++) {
        await Promise.all(Array.from({ length: 256 }, (_, n) => storage.write({ messages: [message('a', { data, messageId: `${round}-${n}` })] })));
        longest = Math.max(longest, (await stat(join(directory, 'godwit.db-wal'))).size);
      }
      writing = false;
      await reading;
      const written = (await stat(join(directory, 'godwit.db'))).size;
      assert.ok(written > 80e6, 'the load is larger than the bound');
      assert.ok(longest < 48e6, `the WAL grew to ${longest} bytes`);
    }));
});
