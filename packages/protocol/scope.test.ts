// Scopes (11.3): which texts are scopes, and that holding one allows exactly what it names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allows, isScope } from './scope.ts';
import { covers } from './topic.ts';

const collection = fc.constantFrom('orders', 'o', 'orders_2', '*');
const pattern = fc.constantFrom('**', '*', 'orders.*', 'orders.**', 'orders.42', '*.42', 'a.b.c');
const scope = fc.oneof(
  fc.constant('admin'),
  fc.tuple(fc.constantFrom('read', 'write'), collection).map((parts) => parts.join(':')),
  fc.tuple(fc.constantFrom('publish', 'subscribe'), pattern).map((parts) => parts.join(':')),
);

test('what is a scope', () => {
  for (const good of ['admin', 'read:*', 'write:orders', 'read:a-b_9', 'publish:**', 'subscribe:orders.*', 'publish:a.b']) assert(isScope(good), good);
  for (const bad of [
    '',
    'admin:',
    'admin:x',
    'Admin',
    '*',
    'read',
    'read:',
    'read:Orders',
    'read:**',
    'read:orders.*',
    'read:a,b',
    'write:9a',
    'delete:orders',
    'publish',
    'publish:',
    'publish:**.a',
    'publish:$sys.x',
    'subscribe:a b',
    'read:*\n',
    'publish:a\n',
    `read:${'a'.repeat(64)}`,
  ]) {
    assert(!isScope(bad), bad);
  }
});

test('property: what is allowed is itself, less of the same, or everything by admin', () => {
  fc.assert(fc.property(scope, (one) => isScope(one) && allows(one, one) && allows('admin', one) && (one === 'admin' || !allows(one, 'admin'))));
  fc.assert(fc.property(scope, scope, scope, (one, two, three) => !allows(one, two) || !allows(two, three) || allows(one, three)));
  fc.assert(
    fc.property(scope, scope, (held, asked) => {
      const [heldVerb, heldWhat = ''] = held.split(':');
      const [askedVerb, askedWhat = ''] = asked.split(':');
      const expected =
        held === 'admin' ||
        (heldVerb === askedVerb && (heldWhat === askedWhat || (/^(?:read|write)$/.test(String(heldVerb)) ? heldWhat === '*' : covers(heldWhat, askedWhat))));
      assert.equal(allows(held, asked), expected, `${held} ${asked}`);
    }),
    { numRuns: 1000 },
  );
});

test('verbs do not lend themselves to each other', () => {
  const verbs = ['read', 'write', 'publish', 'subscribe'];
  for (const held of verbs) for (const asked of verbs) assert.equal(allows(`${held}:*`, `${asked}:orders`), held === asked);
  // One segment is not many: `*` as a pattern covers no deeper topic, as a collection it is all of them.
  assert(!allows('subscribe:*', 'subscribe:orders.**') && allows('read:*', 'read:orders') && !allows('read:orders', 'read:*'));
});
