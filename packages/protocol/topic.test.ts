// Topics and patterns (clause 1, 11.3): the rules against what they say, word by word, over all topics of a small alphabet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { covers, firstSegment, isPattern, isServerTopic, isTopic, matcher, matches, meets } from './topic.ts';

const segments = (most: number, words: readonly string[]): string[][] =>
  most === 0 ? [[]] : segments(most - 1, words).flatMap((some) => (some.length === most - 1 ? [some, ...words.map((word) => [...some, word])] : [some]));

const joined = (most: number, words: readonly string[]): string[] =>
  segments(most, words)
    .filter((some) => some.length > 0)
    .map((some) => some.join('.'));

/** All topics of up to four segments; `z` stands in no pattern, so that a word never does for a wildcard. */
const TOPICS = joined(4, ['a', 'b', 'z']);
const PATTERNS = joined(3, ['a', 'b', '*', '**']).filter(isPattern);

/** Matching as clause 1 defines it, as a regular expression. */
const meaning = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\*\*|\*/g, (wildcard) => (wildcard === '**' ? '[^.]+(?:\\.[^.]+)*' : '[^.]+'))}$`);

const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,4}$/);
const topic = fc.array(word, { minLength: 1, maxLength: 16 }).map((some) => some.join('.'));
const pattern = fc
  .tuple(fc.array(fc.oneof(word, fc.constantFrom('*', 'a')), { minLength: 1, maxLength: 15 }), fc.boolean())
  .map(([some, rest]) => [...some, ...(rest ? ['**'] : [])].join('.'));

test('what is a topic', () => {
  for (const good of ['a', 'orders.42.updated', 'A-_9', Array(16).fill('a').join('.'), 'a'.repeat(255)]) assert(isTopic(good), good);
  for (const bad of [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a\n',
    'é',
    '*',
    'a.*',
    '**',
    '$sys',
    '$sys.welcome',
    'a.$b',
    'a/b',
    Array(17).fill('a').join('.'),
    'a'.repeat(256),
  ]) {
    assert(!isTopic(bad), bad);
  }
});

test('what is a pattern', () => {
  for (const good of ['a', '*', '**', 'a.*', '*.b', '*.*', 'orders.**', '*.**', Array(16).fill('*').join('.')]) assert(isPattern(good), good);
  for (const bad of ['', '.', 'a..b', '**.a', 'a.**.b', '**.**', '***', 'a*', '*a', 'a.b*', '$sys.*', 'a\n', Array(17).fill('*').join('.'), 'a'.repeat(256)]) {
    assert(!isPattern(bad), bad);
  }
});

test('property: a topic is a pattern that matches itself', () => {
  fc.assert(fc.property(topic, (text) => isTopic(text) && isPattern(text) && matches(text, text) && matcher([text])(text)));
  fc.assert(fc.property(fc.string(), (text) => isTopic(text) === (isPattern(text) && !text.includes('*'))));
});

test('matching is what clause 1 says, for every small topic and pattern', () => {
  for (const one of PATTERNS) for (const other of TOPICS) assert.equal(matches(one, other), meaning(one).test(other), `${one} ${other}`);
});

test('property: matching is what clause 1 says, for any topic and pattern', () => {
  fc.assert(fc.property(pattern, topic, (one, other) => matches(one, other) === meaning(one).test(other)));
});

test("topics of the server's own are matched by no pattern", () => {
  for (const one of PATTERNS) {
    assert(!matches(one, '$sys.welcome'));
    assert(!matcher([one, 'x.y', '**'])('$sys.welcome'));
  }
  assert(isServerTopic('$sys.welcome') && !isServerTopic('sys.$'));
});

test('property: a prepared matcher says what matching each by itself says', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 6 }), topic, (some, other) => matcher(some)(other) === some.some((one) => matches(one, other))),
    { numRuns: 500 },
  );
  for (const one of PATTERNS) {
    for (const two of ['a', 'b.*', '*.a.**']) {
      const both = matcher([one, two]);
      for (const other of TOPICS) assert.equal(both(other), matches(one, other) || matches(two, other), `${one} ${two} ${other}`);
    }
  }
});

test('covering: all that the inner matches, the outer matches, by enumeration', () => {
  const matched = new Map(PATTERNS.map((one) => [one, TOPICS.filter((other) => matches(one, other))]));
  for (const outer of PATTERNS) {
    const within = new Set(matched.get(outer));
    for (const inner of PATTERNS)
      assert.equal(
        covers(outer, inner),
        matched.get(inner)?.every((other) => within.has(other)),
        `${outer} ${inner}`,
      );
  }
});

test('property: covering is reflexive and transitive, and never allows more than it says', () => {
  fc.assert(fc.property(pattern, (one) => covers(one, one) && covers('**', one)));
  const small = fc.constantFrom(...PATTERNS);
  fc.assert(fc.property(small, small, small, (one, two, three) => !covers(one, two) || !covers(two, three) || covers(one, three)));
  fc.assert(fc.property(pattern, pattern, topic, (outer, inner, other) => !covers(outer, inner) || !matches(inner, other) || matches(outer, other)));
});

test('the first segment', () => {
  fc.assert(fc.property(topic, (text) => firstSegment(text) === text.split('.')[0]));
});

test('two patterns meet where there is a topic that both match', () => {
  for (const one of PATTERNS) {
    const own = TOPICS.filter((each) => matches(one, each));
    for (const other of PATTERNS) {
      // Topics of four segments tell of patterns of up to three.
      assert.equal(
        meets(one, other),
        own.some((each) => matches(other, each)),
        `${one} ${other}`,
      );
      assert.equal(meets(one, other), meets(other, one));
    }
  }
});
