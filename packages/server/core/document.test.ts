// Documents as clients see them, and merge patches: every case of RFC 7396, appendix A (3.2.1, 3.2.2).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StoredDocument } from '../ports/storage.ts';
import { documentText, documentValue, entityTag, mergePatch, withoutKept } from './document.ts';

test('3.2.1: RFC 7396, appendix A', () => {
  for (const [original, patch, result] of [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ] as const) {
    const before = structuredClone(original);
    assert.deepEqual(mergePatch(original, patch), result);
    assert.deepEqual(original, before, 'what is patched is not changed');
  }
});

test('3.2.1: members that objects have from elsewhere are none of the document', () => {
  assert.deepEqual(mergePatch({}, { constructor: { a: 1 }, toString: { b: null } }), { constructor: { a: 1 }, toString: {} });
  assert.equal(({} as Record<string, unknown>)['a'], undefined);
});

test('3.2.1: a patch applied twice is as one applied once', () => {
  fc.assert(
    fc.property(fc.object(), fc.object({ withNullPrototype: false }), (original, patch) => {
      const once = mergePatch(original, patch);
      assert.deepEqual(mergePatch(once, patch), once);
    }),
  );
});

const document: StoredDocument = { id: 'a-1', version: 3, createdAt: 0, updatedAt: 1500, incarnation: 'inc', tag: 'tag', body: '{"n":1}' };

test('3.2.2: the members that the server keeps come first, as text and as a value', () => {
  assert.equal(documentText(document), '{"id":"a-1","version":3,"createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:01.500Z","n":1}');
  assert.equal(
    documentText({ ...document, body: '{}' }),
    '{"id":"a-1","version":3,"createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:01.500Z"}',
  );
  assert.deepEqual(documentValue(document), { id: 'a-1', version: 3, createdAt: '1970-01-01T00:00:00.000Z', updatedAt: '1970-01-01T00:00:01.500Z', n: 1 });
  assert.deepEqual(withoutKept(documentValue(document)), { n: 1 }, 'what was read can be sent back');
  const own = { n: 1 };
  assert.equal(withoutKept(own), own);
});

test('3.2.3: an entity tag names one state of one life', () => {
  assert.equal(entityTag(document), '"3-tag"');
  assert.notEqual(entityTag(document), entityTag({ version: 3, tag: 'other' }));
});
