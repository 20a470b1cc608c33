import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sideBySide } from './diff.ts';

test('a changed line stands beside what it was, the others beside themselves', () => {
  assert.deepEqual(sideBySide('a\nb\nc', 'a\nx\nc'), [
    { left: 'a', right: 'a', same: true },
    { left: 'b', right: 'x', same: false },
    { left: 'c', right: 'c', same: true },
  ]);
  assert.deepEqual(sideBySide('a\nc', 'a\nb\nc')[1], { left: undefined, right: 'b', same: false });
});

test('each side is whole and in order, and what is the same is the same', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '')).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, text, (left, right) => {
      const pairs = sideBySide(left, right);
      const side = (of: 'left' | 'right') => pairs.flatMap((pair) => pair[of] ?? []).join('\n');
      assert.deepEqual([side('left'), side('right')], [left, right]);
      for (const pair of pairs) assert.equal(pair.same, pair.left === pair.right && pair.same);
      if (left === right) assert.ok(pairs.every(({ same }) => same));
    }),
  );
});
