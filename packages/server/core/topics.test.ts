// Declared topics as a look-up: who judges what, and that what does not match costs nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import { DeclaredTopics } from './topics.ts';
import { judgeSchema, type Validate } from './validation.ts';

const topic = (pattern: string, validate: Validate | undefined) => ({ pattern, schema: null, summary: undefined, validate });
const faultsOf = (topics: DeclaredTopics, name: string, data: unknown): string[] => {
  try {
    topics.judge(name, data, '/data');
  } catch (error) {
    assert(error instanceof ProtocolError);
    return (error.details.errors ?? []).map(({ field, message }) => `${field} ${message}`);
  }
  return [];
};

test('every pattern that matches judges, and none besides', () => {
  let judged = 0;
  const topics = new DeclaredTopics([
    ...Array.from({ length: 1000 }, (_, index) => topic(`a.${index}.*`, () => void judged++)),
    topic('b.*', judgeSchema({ type: 'string' })),
    topic('b.**', judgeSchema({ const: 'x' })),
    topic('c', undefined),
  ]);
  assert.deepEqual(faultsOf(topics, 'a.7.x', 1), []);
  assert.equal(judged, 1);
  assert.deepEqual(faultsOf(topics, 'b.1', 1), ['/data must be "x"', '/data must be of type string']);
  assert.deepEqual(faultsOf(topics, 'b.1', 'y'), ['/data must be "x"']);
  assert.deepEqual([topics.judges('b.1'), topics.judges('a.1.x'), topics.judges('c'), topics.judges('a.1')], [true, true, false, false]);
  assert.deepEqual([topics.takes('b.1', 'x'), topics.takes('b.1', 'y'), topics.takes('c', 1), topics.takes('d', 1)], [true, false, true, true]);
});

test('what is no refusal is not taken for one', () => {
  const topics = new DeclaredTopics([
    topic('a', () => {
      throw new TypeError('broken');
    }),
  ]);
  assert.throws(() => topics.judge('a', 1, ''), TypeError);
  assert.throws(() => topics.takes('a', 1), TypeError);
});

test('the names that collections must not have are those that patterns begin with', () => {
  assert.deepEqual(new DeclaredTopics(['a.*', '*.b', '**', 'c'].map((pattern) => topic(pattern, undefined))).names, ['a', 'c']);
});
