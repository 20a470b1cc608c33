// Units: all or nothing, in the order of the calls, on stable storage before they are answered, none at another's cost.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { messagesOf } from './commit.ts';
import { StorageError, type StoredMessage, type WriteOutcome } from './storage.ts';
import {
  type ContractSubject,
  conflict,
  creation,
  document,
  itWithStore,
  makeCollection,
  message,
  nextOf,
  publish,
  readAll,
  removal,
  replacement,
} from './storage-subject.contract.ts';

export const writesContract = (subject: ContractSubject): void => {
  describe('units', () => {
    itWithStore(subject, 'get places from 1 on, without gaps within a unit, in the order of the calls', async ({ storage }) => {
      const sizes = [1, 3, 0, 2, 1];
      const outcomes = await Promise.all(sizes.map((size) => storage.write({ messages: Array.from({ length: size }, () => message('a')) })));
      const expected = [1, 2, 0, 5, 7].map((firstSeq): WriteOutcome => ({ status: 'written', firstSeq }));
      assert.deepEqual(outcomes, expected);
      assert.deepEqual(
        (await readAll(storage)).map(({ seq }) => seq),
        [1, 2, 3, 4, 5, 6, 7],
      );
    });

    itWithStore(subject, 'each see what those before them wrote, also within one commit', async ({ storage }) => {
      await makeCollection(storage, 'docs');
      let state = document('one', { n: 0 });
      const writes = [storage.write({ documents: [creation('docs', state)] })];
      for (let n = 1; n <= 200; n++) {
        const next = nextOf(state, { n });
        writes.push(storage.write({ documents: [replacement('docs', state, next)] }));
        state = next;
      }
      assert.ok((await Promise.all(writes)).every(({ status }) => status === 'written'));
      assert.deepEqual(await storage.getDocument('docs', 'one'), state);
    });

    itWithStore(subject, 'keep documents, messages and records exactly as given', async ({ storage }) => {
      await makeCollection(storage, 'docs');
      const body = { text: `"\\ \u0001 é 漢 😀 ${'x'.repeat(5_000)}`, deep: [{ n: 1.5e-7 }, null, true], '': 0, "o'clock": '$."a"' };
      const to = document('odd-_1', body, { version: 7, createdAt: 1_763_000_000_000, updatedAt: 1_763_000_000_001 });
      const sent = message('a.b-c_d.1', { data: '"é漢😀"', timestamp: 1_763_000_000_002 });
      await storage.write({ documents: [creation('docs', to)], messages: [sent], records: [{ kind: 'k', id: 'é', body: '["漢"]' }] });
      assert.deepEqual(await storage.getDocument('docs', 'odd-_1'), to);
      assert.deepEqual(await readAll(storage), [{ seq: 1, ...sent }]);
      assert.deepEqual(await storage.records('k'), [{ id: 'é', body: '["漢"]' }]);
    });

    itWithStore(subject, 'may be large', async ({ storage }) => {
      await makeCollection(storage, 'docs', { indexes: [['kind']] });
      const to = document('large', { kind: 'x', text: 'y'.repeat(10_000_000) });
      const outcomes = await Promise.all([
        storage.write({ documents: [creation('docs', to)], messages: [message('a', { data: to.body })] }),
        storage.write({ messages: [message('b')] }),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['written', 'written'],
      );
      assert.equal((await storage.getDocument('docs', 'large'))?.body, to.body);
      const page = await storage.readLog({ after: 0, filter: { patterns: ['**'], collections: '*' }, limit: 10, maxBytes: 100 });
      assert.deepEqual(
        page.messages.map(({ data }) => data.length),
        [to.body.length],
      );
    });

    itWithStore(subject, 'that are refused leave no trace, whatever they carry', async ({ storage }) => {
      await makeCollection(storage, 'docs');
      const there = document('there');
      await storage.write({ documents: [creation('docs', there)] });
      const rest = {
        messages: [message('a')],
        records: [{ kind: 'k', id: 'r', body: '1' }],
        request: { kind: 'change', client: 'c', requestId: 'r', operation: 'o', outcome: '{}' },
      } as const;
      const fine = creation('docs', document('new'));
      const refused = [
        storage.write({ ...rest, documents: [fine, creation('docs', document('there'))] }),
        storage.write({ ...rest, documents: [fine, removal('docs', { ...there, version: 2 })] }),
        storage.write({ ...rest, documents: [fine, removal('docs', { ...there, tag: 'other' })] }),
        storage.write({ ...rest, documents: [fine], expectations: [{ collection: 'docs', id: 'there', state: null }] }),
        storage.write({ ...rest, documents: [fine], expectations: [{ collection: 'docs', id: 'none', state: there }] }),
      ];
      assert.deepEqual(
        await Promise.all(refused),
        refused.map(() => conflict('document')),
      );
      assert.deepEqual(await storage.write({ ...rest, documents: [fine, creation('nowhere', document('x'))] }), conflict('missing'));
      assert.deepEqual(await storage.write({ documents: [fine], records: [{ kind: 'k', id: 'r', body: null, expect: 'present' }] }), conflict('record'));
      assert.equal(await storage.getDocument('docs', 'new'), undefined);
      assert.deepEqual(await readAll(storage), []);
      assert.equal(storage.log.last, 0);
      assert.deepEqual(await storage.records('k'), []);
      assert.equal(await storage.findRequest('c', 'r'), undefined);
    });

    itWithStore(subject, 'are written where what they rely on is so', async ({ storage }) => {
      await makeCollection(storage, 'docs');
      const one = document('one');
      await storage.write({ documents: [creation('docs', one)] });
      const outcome = await storage.write({
        expectations: [
          { collection: 'docs', id: 'one', state: one },
          { collection: 'docs', id: 'two', state: null },
          { collection: 'nowhere', id: 'three', state: null },
        ],
        messages: [message('a')],
      });
      assert.deepEqual(outcome, { status: 'written', firstSeq: 1 });
      const two = nextOf(one, { n: 2 });
      assert.equal((await storage.write({ documents: [replacement('docs', one, two)] })).status, 'written');
      assert.deepEqual(await storage.write({ documents: [replacement('docs', one, two)] }), conflict('document'));
      assert.equal((await storage.write({ documents: [removal('docs', two)] })).status, 'written');
      assert.equal(await storage.getDocument('docs', 'one'), undefined);
    });

    itWithStore(
      subject,
      'build on one state, never on another of the same version: of rivals one is written, and nothing that rests on the others',
      async ({ storage }) => {
        await makeCollection(storage, 'docs');
        const one = document('one');
        await storage.write({ documents: [creation('docs', one)] });
        const [mine, theirs] = [nextOf(one, { by: 'me' }), nextOf(one, { by: 'them' })];
        const outcomes = await Promise.all([
          storage.write({ documents: [replacement('docs', one, mine)] }),
          storage.write({ documents: [replacement('docs', one, theirs)] }),
          storage.write({ documents: [replacement('docs', theirs, nextOf(theirs, { by: 'them', more: 1 }))] }),
          storage.write({ expectations: [{ collection: 'docs', id: 'one', state: theirs }], messages: [message('a')] }),
          storage.write({ expectations: [{ collection: 'docs', id: 'one', state: mine }], messages: [message('b')] }),
        ]);
        assert.deepEqual(
          outcomes.map(({ status }) => status),
          ['written', 'conflict', 'conflict', 'conflict', 'written'],
        );
        assert.deepEqual(await storage.getDocument('docs', 'one'), mine);
      },
    );

    itWithStore(subject, 'do not share the refusal of a neighbour in the same commit', async ({ storage }) => {
      await makeCollection(storage, 'docs');
      const outcomes = await Promise.all(
        Array.from({ length: 300 }, (_, index) =>
          index % 3 === 0
            ? storage.write({ documents: [removal('docs', document('none'))], messages: [message('bad')] })
            : storage.write(publish(`r${index}`, message(`good.${index}`))),
        ),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'conflict').length, 100);
      const topics = (await readAll(storage)).map(({ topic }) => topic);
      assert.deepEqual(
        topics,
        Array.from({ length: 300 }, (_, index) => `good.${index}`).filter((_, index) => index % 3 !== 0),
      );
    });

    itWithStore(subject, 'are heard of once per commit, in log order, before they are answered, the log up to date', async ({ storage }) => {
      const heard: StoredMessage[] = [];
      const answered: number[] = [];
      storage.onCommit((commit) => {
        const messages = messagesOf(commit);
        assert.equal(messages.at(-1)?.seq, storage.log.last);
        for (const { seq } of messages) assert.ok(!answered.includes(seq));
        heard.push(...messages);
      });
      const sent = Array.from({ length: 500 }, (_, index) => message(`t.${index % 7}`, { change: index % 5 === 0 }));
      await Promise.all(
        sent.map(async (one) => {
          const outcome = await storage.write({ messages: [one, message('second')] });
          assert.ok(outcome.status === 'written' && outcome.firstSeq < storage.log.last);
          assert.ok(heard.some(({ seq }) => seq === outcome.firstSeq + 1));
          answered.push(outcome.firstSeq);
        }),
      );
      await storage.write(publish('r', message('last')));
      await storage.write(publish('r', message('last', { data: '0' })));
      assert.deepEqual(heard, await readAll(storage));
      assert.equal(heard.length, 1_001);
    });

    itWithStore(subject, 'survive a restart', async (bench) => {
      await makeCollection(bench.storage, 'docs', { schema: '{"type":"object"}' });
      const to = document('one', { a: 1 });
      await bench.storage.write({ documents: [creation('docs', to)], messages: [message('docs.one.created', { change: true })] });
      const before = { log: await readAll(bench.storage), bytes: bench.storage.log.bytes, collections: await bench.storage.collections() };
      await bench.restart();
      assert.deepEqual(await readAll(bench.storage), before.log);
      assert.deepEqual(await bench.storage.getDocument('docs', 'one'), to);
      assert.deepEqual(await bench.storage.collections(), before.collections);
      assert.equal(bench.storage.log.bytes, before.bytes);
      assert.deepEqual([bench.storage.log.first, bench.storage.log.last], [1, 1]);
    });

    itWithStore(subject, 'given before the close are finished, later ones are refused as closed', async (bench) => {
      const writes = Array.from({ length: 50 }, () => bench.storage.write({ messages: [message('a')] }));
      const closed = bench.storage.close();
      const isClosed = (error: unknown): boolean => error instanceof StorageError && error.problem === 'closed';
      await assert.rejects(bench.storage.write({ messages: [message('a')] }), isClosed);
      await assert.rejects(bench.storage.probe(), isClosed);
      assert.equal((await Promise.all(writes)).length, 50);
      await closed;
      await assert.rejects(bench.storage.readLog({ after: 0, filter: { patterns: ['**'], collections: '*' }, limit: 1, maxBytes: 1 }), isClosed);
      await bench.restart();
      assert.equal((await readAll(bench.storage)).length, 50);
    });

    itWithStore(subject, 'are counted, and a probe is a write that leaves nothing to see', async ({ storage }) => {
      await storage.probe();
      await Promise.all([storage.write({ messages: [message('a'), message('b')] }), storage.write({ messages: [message('c')] })]);
      const { commits, syncs, messagesWritten, units } = storage.counters;
      assert.ok(commits >= 2 && syncs >= 2);
      assert.equal(messagesWritten, 3);
      assert.equal(units, 2);
      assert.equal(storage.log.last, 3);
    });
  });

  describe('records', () => {
    itWithStore(subject, 'are put, replaced and removed, each kind for itself', async (bench) => {
      await bench.storage.write({
        records: [
          { kind: 'key', id: 'a', body: '1', expect: 'absent' },
          { kind: 'sub', id: 'a', body: '2' },
        ],
      });
      assert.deepEqual(await bench.storage.write({ records: [{ kind: 'key', id: 'a', body: '3', expect: 'absent' }] }), conflict('record'));
      await bench.storage.write({
        records: [
          { kind: 'key', id: 'a', body: '4', expect: 'present' },
          { kind: 'key', id: 'none', body: null },
        ],
      });
      await bench.storage.write({ records: [{ kind: 'key', id: 'b', body: '5' }] });
      await bench.restart();
      const byId = (one: { id: string }, other: { id: string }): number => (one.id < other.id ? -1 : 1);
      assert.deepEqual([...(await bench.storage.records('key'))].sort(byId), [
        { id: 'a', body: '4' },
        { id: 'b', body: '5' },
      ]);
      await bench.storage.write({ records: [{ kind: 'key', id: 'a', body: null }] });
      assert.deepEqual(await bench.storage.records('key'), [{ id: 'b', body: '5' }]);
      assert.deepEqual(await bench.storage.records('sub'), [{ id: 'a', body: '2' }]);
      assert.deepEqual(await bench.storage.records('none'), []);
    });
  });
};
