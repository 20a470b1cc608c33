// The text of a place in a list: how long it gets, what becomes of it when its rows change, and that no text is read as more than it says.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StorageError } from '../../ports/storage.ts';
import type { Value } from './database.ts';
import { readPosition, writePosition } from './list-position.ts';

const SHAPE = { mark: 'the mark', keyCount: 4, descending: false };
const LONG = 'x'.repeat(4_000);
/** Rows by their place: two strings, the time of creation, the place. */
const rows = (...texts: [string, string][]): Map<number, Value[]> => new Map(texts.map(([one, other], place) => [place, [one, other, 5, place]]));
const written = (at: Map<number, Value[]>): string => writePosition(SHAPE, 'an id', at.get(0) as Value[], 1, (place) => at.get(place));
const read = (text: string, at: Map<number, Value[]>, descending = false) => readPosition(text, { ...SHAPE, descending }, (place) => at.get(place));

describe('a position', () => {
  it('holds short strings, and needs no row for them', () => {
    const none = new Map<number, Value[]>();
    const keys: Value[] = ['x'.repeat(200), new Uint8Array([2]), -1.5, 0];
    const text = writePosition(SHAPE, 'an id', keys, 1, () => assert.fail('no row is asked for'));
    assert.deepEqual(read(text, none), { keys, isBeginning: false, id: 'an id' });
  });

  it('stays short, whatever the strings', () => {
    for (const unit of ['x', '漢', '😀', '"', '\\', '\u0001', 'é\n']) {
      const long = unit.repeat(100_000);
      const row: Value[] = [...Array.from({ length: 8 }, (_, n) => long + n), 1_800_000_000_000, 2 ** 50];
      const text = writePosition(SHAPE, 'i'.repeat(128), row, 2 ** 50, () => row);
      assert.ok(Buffer.byteLength(text) <= 2_048, `${Buffer.byteLength(text)} bytes of ${JSON.stringify(unit)}`);
      assert.deepEqual(readPosition(text, { ...SHAPE, keyCount: 10 }, () => row).keys, row);
      const lost = readPosition(text, { ...SHAPE, keyCount: 10 }, () => undefined);
      assert.equal(lost.keys.length, 1);
      assert.ok(long.startsWith(lost.keys[0] as string) && (lost.keys[0] as string).isWellFormed());
    }
  });

  it('is that of the row while its long strings are the same, whatever else changes', () => {
    const before = rows([`${LONG}a`, 'b'], [`${LONG}b`, 'a']);
    const after = rows([`${LONG}a`, 'changed'], ['changed', 'a']);
    assert.deepEqual(read(written(before), after), { keys: [`${LONG}a`, 'b', 5, 0], isBeginning: false, id: 'an id' });
  });

  it('is just before the next row where the row has others, or is gone', () => {
    const before = rows([`${LONG}a`, 'b'], [`${LONG}b`, 'a']);
    for (const changed of [`${LONG}z`, 'x', 5, undefined]) {
      const after = new Map(before);
      if (changed === undefined) after.delete(0);
      else after.set(0, [changed, 'b', 5, 0]);
      assert.deepEqual(read(written(before), after), { keys: [`${LONG}b`, 'a', 5, 0], isBeginning: false, id: undefined });
      assert.deepEqual(read(written(before), after, true).keys, [`${LONG}b`, 'a', 5, 2]);
    }
  });

  it('is the beginning where both are others', () => {
    const before = rows(['a', `${LONG}a`], ['a', `${LONG}b`]);
    const after = rows(['a', `${LONG}z`], ['b', `${LONG}b`]);
    assert.deepEqual(read(written(before), after), { keys: ['a', 'x'.repeat(200)], isBeginning: true, id: undefined });
    const first = rows([`${LONG}a`, `${LONG}a`], ['a', `${LONG}b`]);
    const half = new Map([[0, [`${LONG}a`, `${LONG}b`, 5, 0]]]);
    assert.deepEqual(read(written(first), half).keys, [`${LONG}a`, 'x'.repeat(200)], 'what is still known stands whole');
  });

  it('is refused or read, whatever the text', () => {
    const at = rows([`${LONG}a`, 'b'], [`${LONG}b`, 'a']);
    const good = JSON.parse(written(at)) as unknown[];
    const keys = good[2] as unknown[];
    const part = fc.oneof(fc.jsonValue(), fc.constantFrom(...good, ...keys));
    const changed = fc
      .tuple(fc.nat(good.length), fc.nat(4), part, fc.boolean())
      .map(([index, key, to, inside]) => (inside ? good.with(2, keys.toSpliced(key, 1, to as never)) : good.toSpliced(index, 1, to)));
    fc.assert(
      fc.property(
        fc.oneof(
          changed.map((one) => JSON.stringify(one)),
          fc.json(),
          fc.string(),
        ),
        (text) => {
          try {
            const position = read(text, at);
            assert.ok(position.keys.every((key) => typeof key === 'string' || typeof key === 'number' || key instanceof Uint8Array));
          } catch (error) {
            assert.ok(error instanceof StorageError && error.problem === 'position', String(error));
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
