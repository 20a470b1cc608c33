// The index of remembered requests at a size at which generations are closed, stored, read again and swept away.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openPlain, prepareRows, rows } from './database.ts';
import { fingerprints } from './fingerprint.ts';
import { Generation, MOST_SLOTS } from './generation.ts';
import { findIn } from './remembered.ts';
import { MOST_SPAN, RequestIndex } from './request-index.ts';
import { migrate } from './schema.ts';
import { preparePart, readOrphans, readStored, StoredGeneration } from './stored-generation.ts';

const fresh = () => {
  const database = openPlain(':memory:');
  migrate(database, () => '0123456789abcdef');
  return { database, index: new RequestIndex(database, 'publish', { next: 1 }) };
};
// Stands for a hash: one to one, and spread over all 32 bits.
const fingerprint = (place: number): number => Math.imul(place, 0x9e3779b1) >>> 0;
const place = (wanted: number) => (found: number) => (found === wanted ? found : undefined);
const COUNT = Math.floor(MOST_SLOTS * 0.625) * 4;

const settle = (index: RequestIndex, last: number): void => {
  for (let commit = 0; commit < 2_000; commit++) {
    index.step(last);
    index.committed();
  }
};

describe('the index of remembered requests', () => {
  it('finds everything through growing, storing, a start and the other thread’s view', () => {
    const { database, index } = fresh();
    for (let n = 1; n <= COUNT; n++) {
      index.add(fingerprint(n), n, n);
      if (n % 100 === 0) {
        index.step(n);
        index.committed();
      }
    }
    settle(index, COUNT);
    const shared = index.share();
    assert.ok(
      shared.some(({ filter }) => filter !== undefined),
      'older generations are stored',
    );
    const bytes = shared.reduce((sum, { slots, filter }) => sum + (slots?.byteLength ?? 0) + (filter?.byteLength ?? 0), 0);
    assert.ok(bytes < COUNT * 12, `${bytes} bytes of memory`);
    const part = preparePart(database);
    const view = shared.map(({ id, base, slots, filter }) =>
      filter === undefined ? new Generation(id, base, slots) : new StoredGeneration(id, base, 0, 0, filter, part),
    );
    for (let n = 1; n <= COUNT; n += 997) {
      assert.equal(index.find(fingerprint(n), place(n)), n);
      assert.equal(findIn(view, fingerprint(n), place(n)), n);
    }
    assert.equal(
      index.find(fingerprint(COUNT + 1), () => true),
      undefined,
    );

    const from = index.storedThrough(COUNT);
    assert.ok(COUNT - from <= MOST_SPAN, 'a start reads a bounded part again');
    const again = new RequestIndex(database, 'publish', { next: 1_000 });
    for (let n = from + 1; n <= COUNT; n++) again.add(fingerprint(n), n, n);
    for (let n = 1; n <= COUNT; n += 997) assert.equal(again.find(fingerprint(n), place(n)), n);
    assert.deepEqual(readOrphans(database), []);

    again.forget(({ last }) => last <= COUNT / 2);
    assert.ok(again.removed.length > 0);
    assert.equal(again.find(fingerprint(1), place(1)), undefined);
    assert.equal(again.find(fingerprint(COUNT), place(COUNT)), COUNT);
    assert.ok(readStored(database, 'publish').length > 0);
    database.close();
  });

  it('stores a generation with few entries when places have gone far beyond it', () => {
    const { database, index } = fresh();
    index.add(fingerprint(1), 1, 1);
    settle(index, MOST_SPAN / 2);
    assert.equal(index.storedThrough(MOST_SPAN / 2), 0);
    settle(index, MOST_SPAN * 2);
    assert.equal(index.storedThrough(MOST_SPAN * 2), MOST_SPAN * 2);
    assert.equal(rows(prepareRows(database, 'SELECT id FROM generations')).length, 1);
    index.add(fingerprint(7), MOST_SPAN * 2 + 1, 1);
    assert.equal(index.find(fingerprint(1), place(1)), 1);
    assert.equal(index.find(fingerprint(7), place(MOST_SPAN * 2 + 1)), MOST_SPAN * 2 + 1);
    database.close();
  });

  it('goes on from lower places after a rollback', () => {
    const { database, index } = fresh();
    for (let n = 1; n <= 10; n++) index.add(fingerprint(n), n, n);
    index.forget(() => true);
    for (let n = 11; n <= 20; n++) index.add(fingerprint(n), n, n);
    for (let n = 6; n <= 30; n++) index.add(fingerprint(100 + n), n, n);
    for (let n = 6; n <= 30; n++) assert.equal(index.find(fingerprint(100 + n), place(n)), n);
    assert.ok(index.storedThrough(30) <= 5);
    database.close();
  });

  it('keeps names apart that look alike joined', () => {
    const name = fingerprints('0123456789abcdef').ofTexts;
    const pairs = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['', 'abc'],
      ['abc', ''],
      ['a', 'b'],
      ['b', 'a'],
      ['é', ''],
      ['', 'é'],
    ] as const;
    assert.equal(new Set(pairs.map(([client, requestId]) => name(client, requestId))).size, pairs.length);
    const many = new Set(Array.from({ length: 200_000 }, (_, n) => name('client', `id-${n}`)));
    assert.ok(many.size > 199_900, `${many.size} of 200,000`);
    assert.notEqual(name('a', 'b'), fingerprints('fedcba9876543210').ofTexts('a', 'b'));
  });
});
