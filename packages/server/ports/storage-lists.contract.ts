// Lists against a plain model in memory: conditions, order, pages while others come and go.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import fc from 'fast-check';
import { compareKeys, creationSign, meets, orderKeys } from '../core/list-order.ts';
import { type Condition, type ListQuery, type SortKey, type Storage, StorageError, type StoredDocument, type WriteOutcome } from './storage.ts';
import { type ContractSubject, creation, document, itWithStore, makeCollection, nextOf, removal, replacement } from './storage-subject.contract.ts';

const MEGABYTE = 1 << 20;
const INDEXES = [['a'], ['deep.b'], ['a', 'deep.b'], ['c', 'createdAt'], ['version'], ['o\'dd."x']];

// What tells comparisons apart: surrogates (their order in UTF-16 is not that in UTF-8), what looks like another type, ends of ranges.
const TEXTS = ['', 'a', 'B', 'b', 'é', '\uff5e', '😀', '1', 'true', 'null', '[]', '{"x":1}', 'a\u0000b', "'; --"];
const NUMBERS = [0, 1, -1, 1.5, 2, 1e21, 9_007_199_254_740_992, 1_234_567_890_123_456_800, 0.1 + 0.2, -1e-300];
const scalar = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.constantFrom(...NUMBERS),
  fc.boolean(),
  fc.constant(null),
  fc.string({ maxLength: 3 }),
  fc.integer({ min: -3, max: 3 }),
);
const value = fc.oneof({ weight: 5, arbitrary: scalar }, { weight: 1, arbitrary: fc.constantFrom([], {}, ['a'], { b: 1 }, [1, null]) });
const body = fc.record(
  { a: value, c: scalar, deep: fc.oneof(fc.record({ b: value }, { requiredKeys: [] }), scalar), "o'dd": fc.record({ '"x': scalar }) },
  { requiredKeys: [] },
);
// Longer than a `next` may be, and the same for long: what sorts them lies behind what it can hold.
const MUCH = ['x'.repeat(3_000), '漢'.repeat(3_000), '\u0001"'.repeat(3_000)];
const LONG = MUCH.flatMap((much) => ['', 'a', '\uff5e', '😀'].map((end) => much + end));
const long = fc.constantFrom(...LONG);
/** As `body`, but mostly of long strings. */
const longBody = fc
  .tuple(body, fc.record({ a: long, c: long, deep: fc.record({ b: long }) }, { requiredKeys: [] }))
  .map(([one, other]) => ({ ...one, ...other }));

const PATHS = [['a'], ['deep', 'b'], ['c'], ["o'dd", '"x'], ['deep'], ['none'], ['id'], ['version'], ['createdAt'], ['updatedAt'], ['id', 'b']];
const path = fc.constantFrom(...PATHS);
const comparison = fc.constantFrom('eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in') as fc.Arbitrary<Condition['comparison']>;
const condition: fc.Arbitrary<Condition> = fc
  .tuple(path, comparison, fc.array(scalar, { minLength: 1, maxLength: 3 }))
  .map(([where, how, values]) => ({ path: where, comparison: how, values: how === 'in' ? values : values.slice(0, 1) }));
const sortKey: fc.Arbitrary<SortKey> = fc.record({ path, descending: fc.boolean() });

interface Kept {
  readonly document: StoredDocument;
  /** The order of creation. */
  readonly place: number;
}

const order =
  (sort: readonly SortKey[]) =>
  (one: Kept, other: Kept): number =>
    compareKeys(orderKeys(one.document, sort), orderKeys(other.document, sort), sort) || creationSign(sort) * (one.place - other.place);

const query = (more: Partial<ListQuery>): ListQuery => ({ collection: 'docs', conditions: [], sort: [], limit: 100, maxBytes: MEGABYTE, ...more });

const walk = async (
  storage: Storage,
  asked: ListQuery,
  between: (page: readonly StoredDocument[]) => Promise<void> = async () => {},
): Promise<StoredDocument[]> => {
  const seen: StoredDocument[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page = await storage.listDocuments(after === undefined ? asked : { ...asked, after });
    assert.ok(page.documents.length <= asked.limit && (page.next === null || page.documents.length > 0));
    assert.ok(Buffer.byteLength(page.next ?? '') <= 2_048, `a place of ${page.next?.length} characters`);
    seen.push(...page.documents);
    after = page.next;
    if (after !== null) await between(page.documents);
  }
  return seen;
};

const idsOf = (documents: readonly StoredDocument[]): string[] => documents.map(({ id }) => id);

const fill = async (storage: Storage, bodies: readonly unknown[]): Promise<Kept[]> => {
  await makeCollection(storage, 'docs', { indexes: INDEXES });
  const kept = bodies.map(
    (one, place): Kept => ({
      place,
      document: document(`d${(place * 7919) % 1000}`, one, { createdAt: 1_000 + ((place * 31) % 5), updatedAt: 2_000 + (place % 3), version: 1 + (place % 4) }),
    }),
  );
  await Promise.all(kept.map((one) => storage.write({ documents: [creation('docs', one.document)] })));
  return kept;
};

export const listsContract = (subject: ContractSubject): void => {
  describe('lists', () => {
    itWithStore(subject, 'are those that meet the conditions, in order, each once, whatever the pages', async ({ storage }) => {
      const kept = await fill(storage, [...fc.sample(body, { numRuns: 150, seed: 7 }), ...fc.sample(longBody, { numRuns: 50, seed: 7 })]);
      await fc.assert(
        fc.asyncProperty(
          fc.array(condition, { maxLength: 2 }),
          fc.array(sortKey, { maxLength: 3 }),
          fc.integer({ min: 1, max: 40 }),
          async (conditions, sort, limit) => {
            const expected = kept.filter((one) => meets(one.document, conditions)).sort(order(sort));
            const listed = await walk(storage, query({ conditions, sort, limit }));
            assert.deepEqual(
              listed.map(({ id }) => id),
              expected.map(({ document: { id } }) => id),
            );
            assert.deepEqual(
              listed,
              expected.map((one) => one.document),
            );
          },
        ),
        { numRuns: 200 },
      );
    });

    itWithStore(subject, 'show a document that stays exactly once, however many others come, change and go between pages', async ({ storage }) => {
      const kept = await fill(storage, fc.sample(body, { numRuns: 40, seed: 11 }));
      const property = fc.asyncProperty(
        fc.array(sortKey, { maxLength: 2 }),
        fc.integer({ min: 2, max: 12 }),
        fc.array(fc.tuple(fc.nat(15), body), { minLength: 1, maxLength: 30 }),
        async (sort, limit, churn) => {
          const others = new Map<number, StoredDocument>();
          let next = 0;
          const listed = await walk(storage, query({ sort, limit }), async () => {
            const writes: Promise<WriteOutcome>[] = [];
            for (const [which, text] of [churn[next++ % churn.length], churn[next++ % churn.length]] as [number, unknown][]) {
              const old = others.get(which);
              const made = document(`other-${which}`, text, { createdAt: 1_000 + (which % 7) });
              const changed = old === undefined ? creation('docs', made) : next % 3 === 0 ? removal('docs', old) : replacement('docs', old, nextOf(old, text));
              if (changed.to === null) others.delete(which);
              else others.set(which, changed.to);
              writes.push(storage.write({ documents: [changed] }));
            }
            assert.ok((await Promise.all(writes)).every(({ status }) => status === 'written'));
          });
          await storage.write({ documents: [...others.values()].map((old) => removal('docs', old)) });
          const expected = [...kept].sort(order(sort)).map(({ document: { id } }) => id);
          assert.deepEqual(
            listed.map(({ id }) => id).filter((id) => !id.startsWith('other')),
            expected,
          );
        },
      );
      await fc.assert(property, { numRuns: 40 });
    });

    itWithStore(subject, 'go on where the last document of a page was removed or changed its place', async ({ storage }) => {
      await makeCollection(storage, 'docs', { indexes: [['n']] });
      const all = Array.from({ length: 9 }, (_, n) => document(`d${n}`, { n }));
      await storage.write({ documents: all.map((one) => creation('docs', one)) });
      const sort = [{ path: ['n'], descending: false }];
      const first = await storage.listDocuments(query({ sort, limit: 3 }));
      await storage.write({ documents: [removal('docs', all[2] as StoredDocument)] });
      const second = await storage.listDocuments(query({ sort, limit: 3, after: first.next ?? '' }));
      await storage.write({ documents: [replacement('docs', all[5] as StoredDocument, nextOf(all[5] as StoredDocument, { n: -1 }))] });
      const third = await storage.listDocuments(query({ sort, limit: 3, after: second.next ?? '' }));
      const ids = [first, second, third].flatMap(({ documents }) => documents.map(({ id }) => id));
      assert.deepEqual(
        ids,
        all.map(({ id }) => id),
      );
      assert.equal(third.next, null);
    });

    itWithStore(subject, 'go on exactly though a long string at the end of each page goes or changes', async ({ storage }) => {
      await makeCollection(storage, 'docs', { indexes: INDEXES });
      let serial = 0;
      for (const [field, descending, limit] of ['a', 'c'].flatMap((name) =>
        [true, false].flatMap((down) => [1, 3].map((most) => [name, down, most] as const)),
      )) {
        const all = fc
          .sample(longBody, { numRuns: 30, seed: 3 })
          .map((one, place): Kept => ({ place, document: document(`d${serial++}`, one, { createdAt: 1_000 + (place % 3) }) }));
        await storage.write({ documents: all.map((one) => creation('docs', one.document)) });
        const sort = [{ path: [field], descending }];
        const expected = [...all].sort(order(sort)).map((one) => one.document);
        const seen = await walk(storage, query({ sort, limit }), async (page) => {
          const last = page.at(-1) as StoredDocument;
          if (last.version > 1) return;
          // Elsewhere among those that begin like it: in front of all others, behind them, or nowhere.
          const to = [nextOf(last, { [field]: MUCH[0] }), nextOf(last, { [field]: `${MUCH[0]}\u{10ffff}` }), null][serial++ % 3] as StoredDocument | null;
          await storage.write({ documents: [to === null ? removal('docs', last) : replacement('docs', last, to)] });
        });
        assert.deepEqual(idsOf(seen.filter(({ version }) => version === 1)), idsOf(expected), `${field} ${descending} ${limit}`);
        const left = await walk(storage, query({}));
        await storage.write({ documents: left.map((one) => removal('docs', one)) });
      }
    });

    itWithStore(subject, 'leave none out where everything around a long string goes, and repeat only what begins like it', async ({ storage }) => {
      await makeCollection(storage, 'docs', { indexes: INDEXES });
      for (const [field, descending] of ['a', 'c'].flatMap((name) => [true, false].map((down) => [name, down] as const))) {
        const texts = [undefined, 'a', 'z', true, ...LONG, ...LONG];
        const all = texts.map(
          (text, place): Kept => ({ place, document: document(`${field}${descending}${place}`, { [field]: text, deep: { b: place % 3 } }) }),
        );
        const sort = [
          { path: [field], descending },
          { path: ['deep', 'b'], descending: !descending },
        ];
        const expected = [...all].sort(order(sort)).map((one) => one.document);
        for (let at = 1; at < expected.length - 1; at++) {
          await storage.write({ documents: all.map((one) => creation('docs', one.document)) });
          const { next } = await storage.listDocuments(query({ sort, limit: at }));
          const gone = expected.slice(at - 1, at + 1);
          await storage.write({ documents: gone.map((one) => removal('docs', one)) });
          const asked = query({ sort, limit: 2, after: next ?? '' });
          const { behind } = await storage.listDocuments(asked);
          const listed = await walk(storage, asked);
          const last = JSON.parse(gone[0]?.body ?? '')[field] as string | undefined;
          const isLong = LONG.includes(last ?? '');
          assert.equal(behind?.isBeginning, isLong);
          const again = listed.slice(0, listed.length - (expected.length - at - 1));
          assert.deepEqual(idsOf(listed), idsOf([...again, ...expected.slice(at + 1)]), 'in order, none left out');
          const begins = (one: StoredDocument): boolean => String(JSON.parse(one.body)[field]).slice(0, 10) === last?.slice(0, 10);
          assert.deepEqual(idsOf(again), idsOf(isLong ? expected.slice(0, at - 1).filter(begins) : []));
          await storage.write({ documents: expected.filter((one) => !gone.includes(one)).map((one) => removal('docs', one)) });
        }
      }
    });

    itWithStore(subject, 'say what a page lies behind', async ({ storage }) => {
      await makeCollection(storage, 'docs');
      const texts = ['a', `${MUCH[0]}a`, `${MUCH[0]}b`, `${MUCH[0]}c`, `${MUCH[0]}d`];
      const all = texts.map((a, n) => document(`d${n}`, { a, c: [1], deep: n === 0 }, { createdAt: n }));
      await storage.write({ documents: all.map((one) => creation('docs', one)) });
      const sort = ['a', 'c', 'deep', 'none', 'createdAt'].map((name) => ({ path: [name], descending: false }));
      const placeOf = async (limit: number): Promise<string> => (await storage.listDocuments(query({ sort, limit }))).next ?? '';
      const behind = async (after: string) => (await storage.listDocuments(query({ sort, after }))).behind;
      const exact = (n: number) => ({ id: `d${n}`, values: [texts[n], {}, n === 0, null, n], isBeginning: false, createdAt: n });
      const places = [await placeOf(1), await placeOf(2), await placeOf(3)] as const;
      assert.equal((await storage.listDocuments(query({ sort }))).behind, undefined);
      assert.deepEqual(await behind(places[0]), exact(0));
      assert.deepEqual(await behind(places[1]), exact(1));
      await storage.write({ documents: [removal('docs', all[0] as StoredDocument), removal('docs', all[1] as StoredDocument)] });
      assert.deepEqual(await behind(places[0]), exact(0));
      // It is known by the one that came next, which lies behind it.
      const { id: _, ...keys } = exact(2);
      assert.deepEqual(await behind(places[1]), keys);
      await storage.write({ documents: [removal('docs', all[2] as StoredDocument), removal('docs', all[3] as StoredDocument)] });
      const beginning = await behind(places[2]);
      assert.ok(beginning?.values.length === 1 && texts[2]?.startsWith(beginning.values[0] as string));
      assert.deepEqual({ ...beginning, values: [] }, { values: [], isBeginning: true });
    });

    itWithStore(subject, 'end a page before the bytes pass, but never without a document', async ({ storage }) => {
      await makeCollection(storage, 'docs');
      const all = Array.from({ length: 6 }, (_, n) => document(`d${n}`, { text: 'é'.repeat(500) }));
      await storage.write({ documents: all.map((one) => creation('docs', one)) });
      const sizes: number[] = [];
      for (const maxBytes of [1, 1_012, 2_100, 1e6]) {
        const page = await storage.listDocuments(query({ maxBytes }));
        sizes.push(page.documents.length);
        assert.equal(page.next === null, page.documents.length === 6);
        assert.equal((await walk(storage, query({ maxBytes }))).length, 6);
      }
      assert.deepEqual(sizes, [1, 1, 2, 6]);
    });

    itWithStore(subject, 'refuse a place that is not one of this list', async ({ storage }) => {
      await fill(storage, [{ a: 1 }, { a: 2 }, { a: 3 }]);
      const { next } = await storage.listDocuments(query({ limit: 1, sort: [{ path: ['a'], descending: false }] }));
      const isPosition = (error: unknown): boolean => error instanceof StorageError && error.problem === 'position';
      for (const after of ['', 'x', '[]', '{}', 'null', '[1,2,3]', '["x",{"b":900},1,1]', next?.replace(/\d/, 'x') ?? '']) {
        await assert.rejects(storage.listDocuments(query({ after })), isPosition, after);
      }
      await assert.rejects(storage.listDocuments(query({ after: next ?? '', sort: [{ path: ['a'], descending: true }] })), isPosition);
      await assert.rejects(storage.listDocuments(query({ after: next ?? '', conditions: [{ path: ['a'], comparison: 'eq', values: [1] }] })), isPosition);
    });

    itWithStore(subject, 'of an unknown collection are empty', async ({ storage }) => {
      assert.deepEqual(await storage.listDocuments(query({ collection: 'none' })), { documents: [], next: null });
      assert.equal(await storage.getDocument('none', 'x'), undefined);
    });

    itWithStore(subject, 'are not read for who is gone, neither are pages of the log', async ({ storage }) => {
      await fill(storage, [{ a: 1 }, { a: 2 }]);
      const isLate = (error: unknown): boolean => error instanceof StorageError && error.problem === 'late';
      const before = { ...storage.counters };
      const asker = { client: 'gone', isGone: true };
      const filter = { patterns: ['**'], collections: '*' as const };
      await assert.rejects(storage.listDocuments(query({ asker })), isLate);
      await assert.rejects(storage.readLog({ after: 0, filter, limit: 1, maxBytes: MEGABYTE, asker }), isLate);
      assert.deepEqual(storage.counters, before);
      assert.equal((await storage.listDocuments(query({ asker: { ...asker, isGone: false } }))).documents.length, 2);
    });

    itWithStore(subject, 'take turns: the many of one client do not come before those that others ask for later', async ({ storage }) => {
      await fill(storage, [{ a: 1 }, { a: 2 }]);
      const order: string[] = [];
      const unserved = { conditions: [{ path: ['none'], comparison: 'ne', values: [1] }], sort: [{ path: ['none'], descending: true }] } as const;
      const ask = async (client: string): Promise<void> => {
        await storage.listDocuments(query({ ...unserved, asker: { client, isGone: false } }));
        order.push(client);
      };
      await Promise.all([...Array.from({ length: 60 }, () => ask('many')), ask('one'), ask('another')]);
      for (const client of ['one', 'another']) assert.ok(order.indexOf(client) < order.length / 2, order.join());
    });

    itWithStore(subject, 'do not keep the event loop, however large the collection', async ({ storage }) => {
      await makeCollection(storage, 'docs');
      for (let part = 0; part < 10; part++) {
        await storage.write({ documents: Array.from({ length: 2_000 }, (_, n) => creation('docs', document(`d${part}-${n}`, { n: (n * 7919) % 2_000 }))) });
      }
      let turns = 0;
      let listing = true;
      const turn = (): void => {
        turns++;
        if (listing) setImmediate(turn);
      };
      setImmediate(turn);
      const sort = [{ path: ['n'], descending: false }];
      await Promise.all(
        Array.from({ length: 3 }, () => storage.listDocuments(query({ sort, limit: 10, conditions: [{ path: ['n'], comparison: 'gt', values: [1_000] }] }))),
      );
      listing = false;
      assert.ok(turns > 50, `only ${turns} turns of the event loop during the lists`);
    });
  });
};
