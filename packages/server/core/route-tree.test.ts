// Routing by the tree against the rule that it stands for: `matches`, one pattern at a time (clause 1).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPattern, isTopic, matches } from '@godwit/protocol';
import fc from 'fast-check';
import { RouteTree } from './route-tree.ts';

// Few words, so that they meet; some that an object would know.
const word = fc.constantFrom('a', 'b', 'c', 'constructor', '__proto__');
const topic = fc.array(word, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('.'));
const pattern = fc
  .tuple(fc.array(fc.oneof(word, fc.constant('*')), { maxLength: 4 }), fc.boolean())
  .filter(([segments, open]) => open || segments.length > 0)
  .map(([segments, open]) => [...segments, ...(open ? ['**'] : [])].join('.'));

const found = (tree: RouteTree<number>, at: string): number[] => [...tree.match(at)].sort((one, other) => one - other);

test('a topic finds what its patterns match, once for each of them', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 30 }), fc.array(topic, { minLength: 1, maxLength: 10 }), (patterns, topics) => {
      const tree = new RouteTree<number>();
      assert(patterns.every(isPattern) && topics.every(isTopic));
      for (const [value, one] of patterns.entries()) tree.add(one, value);
      for (const at of topics) {
        const expected = patterns.flatMap((one, value) => (matches(one, at) ? [value] : []));
        // Walked for, and as it was kept.
        assert.deepEqual(found(tree, at), expected);
        assert.deepEqual(found(tree, at), expected);
      }
    }),
    { numRuns: 2000 },
  );
});

test('what was taken out is found no more, the rest is, and in the end nothing is left', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pattern, fc.boolean()), { maxLength: 30 }), fc.array(topic, { minLength: 1, maxLength: 5 }), (entries, topics) => {
      const tree = new RouteTree<number>();
      for (const [value, [one]] of entries.entries()) tree.add(one, value);
      for (const at of topics) tree.match(at);
      for (const [value, [one, stays]] of entries.entries()) if (!stays) tree.delete(one, value);
      for (const at of topics) {
        assert.deepEqual(
          found(tree, at),
          entries.flatMap(([one, stays], value) => (stays && matches(one, at) ? [value] : [])),
        );
      }
      for (const [value, [one]] of entries.entries()) tree.delete(one, value);
      assert(tree.isEmpty);
    }),
    { numRuns: 2000 },
  );
});

test('the same value under the same pattern twice is there twice, and is taken out one at a time', () => {
  const tree = new RouteTree<number>();
  tree.add('a.*', 1);
  tree.add('a.*', 1);
  tree.delete('a.*', 1);
  assert.deepEqual(found(tree, 'a.b'), [1]);
  tree.delete('a.*', 2);
  tree.delete('a.**', 1);
  tree.delete('x.y.z', 1);
  assert.deepEqual(found(tree, 'a.b'), [1]);
  tree.delete('a.*', 1);
  assert(tree.isEmpty);
});

test('what a topic led to is forgotten when anything changes, and with it what it held', () => {
  const tree = new RouteTree<number>();
  assert.deepEqual(found(tree, 'a.b'), []);
  tree.add('a.*', 1);
  assert.deepEqual(found(tree, 'a.b'), [1]);
  tree.add('**', 2);
  assert.deepEqual(found(tree, 'a.b'), [1, 2]);
  assert.equal(tree.match('a.b'), tree.match('a.b'));
  tree.delete('a.*', 1);
  assert.deepEqual(found(tree, 'a.b'), [2]);
});

test('however many topics there are, little of what they led to is kept', () => {
  const tree = new RouteTree<number>();
  for (let value = 0; value < 20_000; value++) tree.add('**', value);
  const first = tree.match('a');
  assert.equal(first.length, 20_000);
  // Two of them are more than is kept together.
  tree.match('b');
  assert.notEqual(tree.match('a'), first);
  for (let value = 0; value < 20_000; value++) tree.add('*', value);
  assert.equal(tree.match('a').length, 40_000);
  assert.notEqual(tree.match('a'), tree.match('a'));
});
