// What is taken as it stands means the same as what the strict reading makes of it, and is written the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalEnd } from './canonical.ts';
import { parseJson } from './json.ts';

const DEPTH = 20;
const endOf = (text: string): number => {
  const bytes = new TextEncoder().encode(`??${text}`);
  const end = canonicalEnd(bytes, 2, bytes.length, DEPTH);
  return end === -1 ? -1 : end - 2;
};
const isTaken = (text: string): boolean => endOf(text) === new TextEncoder().encode(text).length;

test('what is ordinary is taken', () => {
  for (const text of [
    '{}',
    '[]',
    '0',
    '-1',
    '12.5',
    '0.5',
    '-0.125',
    '123456789012345',
    'true',
    'false',
    'null',
    '""',
    '"größer 𝄞"',
    '{"n":1,"text":"abc","list":[1,2,{"n":3}],"more":{"n":{"n":null}}}',
  ])
    assert(isTaken(text), text);
});

test('what would be written otherwise, or is refused, is not', () => {
  for (const text of [
    ' {}',
    '{ }',
    '[1, 2]',
    '{"a" :1}',
    '-0',
    '01',
    '1.',
    '1.0',
    '.5',
    '1e3',
    '1E3',
    '1.5e3',
    '+1',
    '-',
    '0.0000001',
    '1234567890123456789',
    '0.12345678901234567',
    '"\\u0041"',
    '"a\\nb"',
    '"a\nb"',
    '"open',
    '{"a":1,"a":2}',
    '{"b":{"a":1,"a":1}}',
    '{"1":1}',
    '{"b":1,"2":1}',
    '{"__proto__":1}',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '[1,]',
    '[,1]',
    '{a:1}',
    'tru',
    'truE',
    'nul',
    'undefined',
    'NaN',
    '[',
    '{',
    '{"a":[}',
    '',
    `${'['.repeat(DEPTH + 1)}${']'.repeat(DEPTH + 1)}`,
  ])
    assert(!isTaken(text), text);
});

test('a name that one object has, another may have too', () => {
  assert(isTaken('{"a":{"a":1},"b":{"a":1}}'));
  assert(isTaken('[{"a":1},{"a":2}]'));
  assert(!isTaken('{"a":{"a":1},"b":{"b":1},"a":3}'));
});

test('as deep as it is told, and never deeper than it can follow', () => {
  for (const depth of [20, 40, 64, 200]) {
    const bytes = new TextEncoder().encode(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
    assert.equal(canonicalEnd(bytes, 0, bytes.length, depth), depth > 40 ? -1 : bytes.length);
    assert.equal(canonicalEnd(bytes, 0, bytes.length, depth - 1), -1);
  }
});

test('a refusal leaves nothing behind for the next text', () => {
  for (let round = 0; round < 5000; round++) assert(!isTaken('{"a":{"b":{"c":01'));
  assert(isTaken('{"a":{"b":{"c":1}}}'));
});

test('whatever is taken, the strict reading accepts and writes the same', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(), fc.constantFrom('', ' ', '"', '0', '-', '.', 'e', ',', '}', ']', '\\', '1'), (value, where, more) => {
      const sound = JSON.stringify(value);
      const at = where % (sound.length + 1);
      for (const text of [sound, sound.slice(0, at) + more + sound.slice(at), sound.slice(0, at) + sound.slice(at + 1)]) {
        if (!text.isWellFormed() || !isTaken(text)) continue;
        taken++;
        assert.equal(JSON.stringify(parseJson(text)), text);
      }
    }),
    { numRuns: 3000 },
  );
  assert(taken > 1000, String(taken));
});

test('numbers of few digits are taken, and written as they were', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.stringMatching(/^-?\d{1,17}(?:\.\d{1,17})?$/), (text) => {
      if (!isTaken(text)) return;
      taken++;
      assert.equal(JSON.stringify(JSON.parse(text)), text);
    }),
    { numRuns: 5000 },
  );
  assert(taken > 300, String(taken));
});
