// Preconditions (3.2.3, RFC 9110 section 13.1): lists, weak forms, `*`, and headers that are none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import { checkPreconditions, namesTag } from './etag.ts';

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

test('3.2.3: If-Match that does not match, If-None-Match that does', () => {
  for (const conditions of [{}, { ifMatch: '"1-a"' }, { ifMatch: '*' }, { ifNoneMatch: '"2-a"' }, { ifMatch: '"1-a"', ifNoneMatch: '"2-a"' }])
    checkPreconditions(conditions, '"1-a"');
  for (const [conditions, field] of [
    [{ ifMatch: '"2-a"' }, '/headers/if-match'],
    [{ ifNoneMatch: '"1-a"' }, '/headers/if-none-match'],
    [{ ifNoneMatch: '*' }, '/headers/if-none-match'],
    [{ ifMatch: '*', ifNoneMatch: 'W/"1-a"' }, '/headers/if-none-match'],
    [{ ifMatch: '"2-a"', ifNoneMatch: '*' }, '/headers/if-match'],
  ] as const) {
    assert.throws(
      () => checkPreconditions(conditions, '"1-a"'),
      (error) => error instanceof ProtocolError && error.code === 'PRECONDITION_FAILED' && error.details.field === field,
    );
  }
});
