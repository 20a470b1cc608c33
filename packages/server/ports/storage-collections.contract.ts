// Collections as the store keeps them: made, replaced and removed under their conditions, with their indexes (3.2.5).
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import {
  type ContractSubject,
  collection,
  conflict,
  creation,
  document,
  itWithStore,
  makeCollection,
  message,
  publish,
  removal,
  tidyAll,
} from './storage-subject.contract.ts';

export const collectionsContract = (subject: ContractSubject): void => {
  describe('collections', () => {
    itWithStore(subject, 'are made once, replaced where they are, removed when empty', async (bench) => {
      const { storage } = bench;
      const orders = collection('orders', { schema: '{"é":1}', indexes: [['a.b'], ['c', 'd']] });
      assert.equal((await storage.write({ collections: [{ kind: 'create', collection: orders }] })).status, 'written');
      assert.deepEqual(await makeCollection(storage, 'orders'), conflict('exists'));
      assert.deepEqual(await storage.write({ collections: [{ kind: 'replace', collection: collection('none') }] }), conflict('missing'));
      assert.deepEqual(await storage.write({ collections: [{ kind: 'remove', name: 'none' }] }), conflict('missing'));
      const changed = { ...orders, schema: null, indexes: [['c', 'd'], ['e']], updatedAt: 9 };
      assert.equal((await storage.write({ collections: [{ kind: 'replace', collection: changed }] })).status, 'written');
      await bench.restart();
      assert.deepEqual(await bench.storage.collections(), [changed]);
      const one = document('one');
      await bench.storage.write({ documents: [creation('orders', one)] });
      assert.deepEqual(await bench.storage.write({ collections: [{ kind: 'remove', name: 'orders' }] }), conflict('not-empty'));
      await bench.storage.write({ documents: [removal('orders', one)] });
      assert.equal((await bench.storage.write({ collections: [{ kind: 'remove', name: 'orders' }] })).status, 'written');
      assert.deepEqual(await bench.storage.collections(), []);
    });

    itWithStore(subject, 'made anew hold nothing of the ones before', async ({ storage }) => {
      await makeCollection(storage, 'orders', { indexes: [['a']] });
      const one = document('one', { a: 1 });
      await storage.write({ documents: [creation('orders', one)] });
      await storage.write({ documents: [removal('orders', one)] });
      await storage.write({ collections: [{ kind: 'remove', name: 'orders' }] });
      assert.equal(await storage.getDocument('orders', 'one'), undefined);
      assert.deepEqual(await storage.write({ documents: [creation('orders', one)] }), conflict('missing'));
      await makeCollection(storage, 'orders', { indexes: [['a']] });
      const again = document('one', { a: 2 });
      assert.equal((await storage.write({ documents: [creation('orders', again)] })).status, 'written');
      assert.deepEqual(await storage.getDocument('orders', 'one'), again);
    });

    itWithStore(subject, 'can be used by the very next unit, before the first is answered', async ({ storage }) => {
      const outcomes = await Promise.all([
        makeCollection(storage, 'orders'),
        storage.write({ documents: [creation('orders', document('one'))] }),
        storage.write({ collections: [{ kind: 'remove', name: 'orders' }] }),
        makeCollection(storage, 'orders'),
      ]);
      assert.deepEqual(
        outcomes.map((outcome) => ('reason' in outcome ? outcome.reason : outcome.status)),
        ['written', 'written', 'not-empty', 'exists'],
      );
      assert.notEqual(await storage.getDocument('orders', 'one'), undefined);
    });

    itWithStore(subject, 'list the same whatever their indexes', async ({ storage }) => {
      await makeCollection(storage, 'orders');
      const all = Array.from({ length: 50 }, (_, n) => document(`d${n}`, { n: n % 5, nested: { s: `s${n % 3}` } }));
      await storage.write({ documents: all.map((one) => creation('orders', one)) });
      const list = async (): Promise<string[]> => {
        const page = await storage.listDocuments({
          collection: 'orders',
          conditions: [{ path: ['nested', 's'], comparison: 'eq', values: ['s1'] }],
          sort: [{ path: ['n'], descending: true }],
          limit: 100,
          maxBytes: 1e6,
        });
        return page.documents.map(({ id }) => id);
      };
      const plain = await list();
      assert.ok(plain.length > 10);
      for (const indexes of [[['nested.s']], [['nested.s', 'n'], ['n']], [['n'], ['n']], []]) {
        assert.equal((await storage.write({ collections: [{ kind: 'replace', collection: collection('orders', { indexes }) }] })).status, 'written');
        assert.deepEqual(await list(), plain);
      }
    });

    itWithStore(subject, 'are not made where the log holds a client’s messages under their name', async (bench) => {
      await bench.storage.write({ messages: [message('mine'), message('orders.1', { timestamp: 10 }), message('changes.1', { change: true })] });
      await bench.storage.write(publish('r', message('a-very-long-first-segment.1', { timestamp: 10 })));
      const check = async (): Promise<void> => {
        for (const name of ['mine', 'orders', 'a-very-long-first-segment'])
          assert.deepEqual(await makeCollection(bench.storage, name), conflict('client-messages'));
      };
      await check();
      await bench.restart();
      await check();
      for (const name of ['changes', 'order', 'orders-2', '1']) assert.equal((await makeCollection(bench.storage, name)).status, 'written');
      await tidyAll(bench.storage, { messagesBefore: Number.MAX_SAFE_INTEGER });
      assert.equal((await makeCollection(bench.storage, 'orders')).status, 'written');
      await bench.restart();
      assert.equal((await makeCollection(bench.storage, 'mine')).status, 'written');
    });

    itWithStore(subject, 'are not made behind a client’s message of the same commit', async ({ storage }) => {
      const [, made] = await Promise.all([storage.write({ messages: [message('orders.1')] }), makeCollection(storage, 'orders')]);
      assert.deepEqual(made, conflict('client-messages'));
    });
  });
};
