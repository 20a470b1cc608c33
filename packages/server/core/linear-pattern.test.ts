// Held against the engine of JavaScript, whose meaning it has to have.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linearPattern } from './linear-pattern.ts';

const CHARACTERS = [
  'a',
  'b',
  'A',
  '0',
  '_',
  '-',
  '.',
  '[',
  ']',
  ':',
  '$',
  '/',
  ' ',
  '\t',
  '\n',
  '\r',
  '\v',
  '\0',
  '\u0001',
  '\u0085',
  '\u00a0',
  '\u1680',
  '\u2003',
];
const OTHERS = ['\u200b', '\u2028', '\u2029', '\u202f', '\u205f', '\u2060', '\u3000', '\ufeff', 'é', 'Σ', 'ſ', 'K', '😀', '\ud83d', '\ude00', '\u{10ffff}'];
const character = fc.constantFrom(...CHARACTERS, ...OTHERS);
const text = fc.array(character, { maxLength: 5 }).map((characters) => characters.join(''));

const shorthand = fc.constantFrom(
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\p{L}',
  '\\P{Lu}',
  '\\n',
  '\\t',
  '\\v',
  '\\f',
  '\\r',
  '\\0',
  '\\cA',
  '\\x41',
  '\\u00a0',
);
const escaped = fc.oneof(shorthand, fc.constantFrom('\\u{1F600}', '\\.', '\\[', '\\]', '\\$', '\\/', '\\\\', '\\*'));
const within = fc.oneof(escaped, fc.constantFrom('a', 'b-z', '0-9', '.', '[', ':', '[:alpha:', '$', '\\-', '(', '&&', '--0', 'é', '😀', ' '));
const set = fc.tuple(fc.constantFrom('[', '[^'), fc.array(within, { maxLength: 3 })).map(([open, parts]) => `${open}${parts.join('')}]`);
const atom = fc.oneof(escaped, set, fc.constantFrom('.', 'a', 'b', 'é', '😀', ' ', '-'));
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '+?');
const { pattern } = fc.letrec<{ pattern: string; group: string; piece: string }>((tie) => ({
  pattern: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => `${one}|${other}`),
  ),
  group: fc.tuple(fc.constantFrom('(', '(?:', '(?=', '(?!', '(?<='), tie('pattern')).map(([open, inner]) => `${open}${inner})`),
  piece: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(atom, quantifier).map(([one, times]) => one + times),
    // Not `\B`: V8 finds it between the halves of one character, where ECMA-262 does not look.
    fc.constantFrom('^', '$', '\\b'),
    fc.tuple(tie('group'), quantifier).map(([one, times]) => one + times),
  ),
}));

test('a pattern means what it means in JavaScript', () => {
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 20 }), (source, texts) => {
      let native: RegExp;
      try {
        native = new RegExp(source, 'u');
      } catch {
        assert.throws(() => linearPattern(source, 'u'), SyntaxError);
        return;
      }
      const linear = linearPattern(source, 'u');
      for (const each of texts) assert.equal(linear.test(each), native.test(each), JSON.stringify([source, each]));
    }),
    { numRuns: 3000 },
  );
});

test('what takes for ever in JavaScript is judged at once', () => {
  for (const source of ['^(a+)+$', '^(a|a)*$', '(a*)*b', '^([\\s\\S]+\\.)+$', '.*.*.*=', '(?<word>a+)+!']) {
    assert.equal(linearPattern(source, 'u').test(`${'a'.repeat(100_000)}!!`), source.endsWith('!'), source);
  }
});

test('what the other engine cannot say is left to that of JavaScript', () => {
  for (const source of ['^(?!admin)', '(a)\\1', '(?<=a)b', '^\\p{Script=Greek}+$', 'a{1,1500}', '(?s:.)', '^\\ud83d\\ude00$']) {
    assert(linearPattern(source, 'u') instanceof RegExp, source);
  }
});
