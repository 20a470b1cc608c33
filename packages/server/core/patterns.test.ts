// Patterns that were asked for: each once, in the order of their bytes, and a sentence for each that is none (6.2.3).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import fc from 'fast-check';
import { readPatterns } from './patterns.ts';

const refusal = (patterns: readonly string[]): ProtocolError => {
  try {
    readPatterns(patterns, '/data/topics');
  } catch (error) {
    assert(error instanceof ProtocolError);
    return error;
  }
  return assert.fail('not refused');
};

test('each once, sorted bytewise, whatever the order', () => {
  assert.deepEqual(readPatterns(['b', 'a.**', '_x', 'B', 'b', '*', '-', 'a.*', '0'], '/x'), ['*', '-', '0', 'B', '_x', 'a.*', 'a.**', 'b']);
  const segment = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '_', '-'), minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 100 }), (patterns) => {
      const read = readPatterns(patterns, '/x');
      assert.deepEqual(
        read,
        [...new Set(patterns)].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
      );
      assert.deepEqual(readPatterns(patterns.toReversed(), '/x'), read);
    }),
  );
});

test('what is no pattern is named, all of them', () => {
  const error = refusal(['a', 'a..b', '', '**.a', '$sys.*', `${'x'.repeat(300)}`]);
  assert.equal(error.code, 'VALIDATION_FAILED');
  const errors = error.details['errors'] as { field: string; message: string }[];
  assert.equal(errors.length, 5);
  assert(errors.every(({ field, message }) => field === '/data/topics' && message.length < 120));
});

test('1 to 100 of them', () => {
  assert.equal(refusal([]).code, 'VALIDATION_FAILED');
  const many = Array.from({ length: 101 }, (_, n) => `t${n}`);
  assert.equal(refusal(many).details['field'], '/data/topics');
  assert.equal(readPatterns(many.slice(1), '/x').length, 100);
  // Counted when each is there once.
  assert.equal(readPatterns([...many.slice(1), ...many.slice(1)], '/x').length, 100);
});
