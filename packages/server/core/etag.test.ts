// Preconditions (3.2.3, RFC 9110 section 13.1): lists, weak forms, `*`, and headers that are none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import { checkIfMatch, namesTag } from './etag.ts';

test('3.2.3: which headers name a tag', () => {
  for (const header of ['"1-a"', 'W/"1-a"', '*', ' "1-a" ', '"x", "1-a"', '"x","1-a"', 'W/"x" , W/"1-a"', ',, "x",,"1-a",', '"", "1-a"', '"a,b", "1-a"']) {
    assert(namesTag(header, '"1-a"'), header);
  }
  for (const header of [
    '',
    '"1-b"',
    '1-a',
    "'1-a'",
    'w/"1-a"',
    '"1-a',
    '1-a"',
    '"x" "1-a"',
    '"1-a"x',
    'W/ "1-a"',
    '"\u0000", "1-a"',
    '""',
    ',',
    '"1-A"',
    '**',
  ]) {
    assert(!namesTag(header, '"1-a"'), header);
  }
});

test('a hostile header is read in time that grows with its length', () => {
  for (const header of [' '.repeat(16_000), ','.repeat(16_000), '"x",'.repeat(4000), `${'"'.repeat(16_000)}`, `W/${'"!",'.repeat(4000)}`]) {
    assert(!namesTag(header, '"1-a"'));
  }
});

test('3.2.3: If-Match that does not match', () => {
  checkIfMatch(undefined, '"1-a"');
  checkIfMatch('"1-a"', '"1-a"');
  assert.throws(
    () => checkIfMatch('"2-a"', '"1-a"'),
    (error) => error instanceof ProtocolError && error.code === 'PRECONDITION_FAILED' && error.details.field === '/headers/if-match',
  );
});
