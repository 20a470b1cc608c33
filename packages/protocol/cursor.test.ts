// Cursors (clause 1): what is written is read back, their byte order is the order of the log, and anything else is no cursor.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCursor, parseCursor } from './cursor.ts';
import { BOUNDS } from './limits.ts';

const place = fc.maxSafeNat();
const tag = fc.stringMatching(/^[0-9a-z]{8}$/);

test('property: what is written is read back', () => {
  fc.assert(
    fc.property(place, tag, (number, name) => {
      const text = formatCursor(number, name);
      assert.deepEqual(parseCursor(text), { place: number, tag: name });
      assert(/^[A-Za-z0-9_-]+$/.test(text) && text.length <= BOUNDS.cursorLength);
    }),
    {
      examples: [
        [0, '00000000'],
        [Number.MAX_SAFE_INTEGER, 'zzzzzzzz'],
      ],
    },
  );
});

test('property: the byte order of cursors is the order of the log', () => {
  const near = fc.tuple(place, fc.nat(100)).map(([number, more]) => [number, Math.min(number + more, Number.MAX_SAFE_INTEGER)] as const);
  fc.assert(
    fc.property(fc.oneof(fc.tuple(place, place), near), tag, tag, ([one, other], name, later) => {
      if (one === other) return;
      const order = Buffer.compare(Buffer.from(formatCursor(one, name)), Buffer.from(formatCursor(other, later)));
      assert.equal(order, Math.sign(one - other));
    }),
    {
      examples: [
        [[35, 36], '00000000', '00000000'],
        [[0, Number.MAX_SAFE_INTEGER], 'zzzzzzzz', '00000000'],
      ],
    },
  );
});

test('what is no cursor', () => {
  for (const text of [
    '',
    'earliest',
    'latest',
    '0',
    `${'0'.repeat(18)}`,
    `${'0'.repeat(20)}`,
    `${'0'.repeat(18)}A`,
    `${'0'.repeat(18)}\n`,
    ` ${'0'.repeat(18)}`,
  ]) {
    assert.equal(parseCursor(text), undefined, text);
  }
  // Places past what a number holds would be read as others.
  assert.equal(parseCursor(`${'z'.repeat(11)}00000000`), undefined);
  assert.equal(parseCursor(`${(2 ** 53).toString(36)}00000000`), undefined);
});

test('property: any text is a cursor that is written the same, or none', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-z]{19}$/), fc.stringMatching(/^0{3}[0-9a-z]{16}$/));
  fc.assert(
    fc.property(text, (some) => {
      const cursor = parseCursor(some);
      if (cursor !== undefined) assert.equal(formatCursor(cursor.place, cursor.tag), some);
    }),
  );
});
