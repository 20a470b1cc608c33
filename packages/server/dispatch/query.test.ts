// Query strings as values (3.2.4, 6.2.2): decoded, typed, each parameter once, nothing that is not known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DocumentListQuery, MessagesQuery, ProtocolError } from '@godwit/protocol';
import fc from 'fast-check';
import { queryReader } from './query.ts';

const list = queryReader(DocumentListQuery);

const refused = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    assert(error instanceof ProtocolError, String(error));
    assert.equal(error.code, 'VALIDATION_FAILED');
    return String(error.details.field);
  }
  assert.fail('was taken');
};

test('3.2.4: parameters as values', () => {
  assert.deepEqual({ ...list('') }, {});
  assert.deepEqual({ ...list('&&limit=10&') }, { limit: 10 });
  assert.deepEqual({ ...list('limit=007&sort=-a%2Cb') }, { limit: 7, sort: '-a,b' });
  assert.deepEqual({ ...list('filter[name]=a+b%2B&filter%5Bn%5D%5Bgt%5D=5') }, { 'filter[name]': 'a b+', 'filter[n][gt]': '5' });
  assert.deepEqual({ ...list('filter[a]=&filter[b]') }, { 'filter[a]': '', 'filter[b]': '' });
  assert.deepEqual({ ...queryReader(MessagesQuery)('topics=a.*,b&wait=1.5') }, { topics: 'a.*,b', wait: 1.5 });
  assert.deepEqual({ ...queryReader(undefined)('whatever=1') }, {}, 'a row without a query looks at none');
});

test('3.2.4: what is wrong is named', () => {
  for (const [query, field] of [
    ['limit=0', '/query/limit'],
    ['limit=101', '/query/limit'],
    ['limit=1.5', '/query/limit'],
    ['limit=1e1', '/query/limit'],
    ['limit=', '/query/limit'],
    ['limit=9999999999999999', '/query/limit'],
    ['limit=1&limit=2', '/query/limit'],
    ['filter[a]=1&filter%5Ba%5D=2', '/query/filter[a]'],
    ['nothing=1', '/query/nothing'],
    ['a%2Fb~=1', '/query/a~1b~0'],
    ['__proto__=1', '/query/__proto__'],
    ['constructor=1', '/query/constructor'],
    ['toString=1', '/query/toString'],
    ['sort=', '/query/sort'],
    ['limit=%zz', '/query'],
    ['%c3%28=1', '/query'],
  ] as const) {
    assert.equal(
      refused(() => list(query)),
      field,
      query,
    );
  }
});

test('whatever is sent, it is read or refused by the catalogue', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (query) => {
      try {
        list(query);
      } catch (error) {
        assert(error instanceof ProtocolError, String(error));
      }
    }),
  );
});
