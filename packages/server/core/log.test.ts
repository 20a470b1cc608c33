// Cursors (clause 1, 6.2.9): they compare in log order, name their log, and what is gone or never was is told apart.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import type { LogState } from '../ports/storage.ts';
import { LogCursors } from './log.ts';

const state = (more: Partial<LogState> = {}): { log: LogState } => ({
  log: { first: 1, last: 0, bytes: 0, oldest: null, epochs: [{ first: 1, tag: 'aaaaaaaa' }], ...more },
});

const refused = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    assert(error instanceof ProtocolError);
    return `${error.code} ${error.details.field}`;
  }
  assert.fail('was taken');
};

test('clause 1: cursors of one log compare as byte strings in log order, whichever run of the server wrote them', () => {
  const epochs = [
    { first: 1, tag: 'zzzzzzzz' },
    { first: 40, tag: 'mmmmmmmm' },
    { first: 40, tag: 'kkkkkkkk' },
    { first: 1300, tag: '00000000' },
  ];
  const storage = state({ last: 5_000_000, epochs });
  const cursors = new LogCursors(storage);
  const places = [0, 1, 9, 10, 35, 36, 39, 40, 41, 1299, 1300, 46_655, 46_656, 4_999_999, 5_000_000];
  const texts = places.map((place) => cursors.format(place));
  assert.deepEqual([...texts].sort(), texts);
  assert.deepEqual(
    texts.map((text) => cursors.place(text, '/query/after')),
    places,
  );
  for (const text of texts) assert.match(text, /^[A-Za-z0-9_-]{1,128}$/);
  assert.equal(cursors.format(39).slice(-8), 'zzzzzzzz');
  assert.equal(cursors.format(40).slice(-8), 'kkkkkkkk', 'an epoch that wrote nothing has no places');
});

test('clause 1: a cursor of another log, past the end, or none at all is INVALID_CURSOR', () => {
  const cursors = new LogCursors(state({ last: 100 }));
  const other = new LogCursors(state({ last: 100, epochs: [{ first: 1, tag: 'bbbbbbbb' }] }));
  const restored = new LogCursors(
    state({
      last: 100,
      epochs: [
        { first: 1, tag: 'aaaaaaaa' },
        { first: 51, tag: 'cccccccc' },
      ],
    }),
  );
  const invalid = 'INVALID_CURSOR /query/after';
  for (const text of [
    other.format(50),
    cursors.format(101),
    restored.format(60),
    '',
    'x',
    'earliest ',
    '0'.repeat(19),
    `${cursors.format(5)}x`,
    cursors.format(5).toUpperCase(),
    '\0'.repeat(19),
  ]) {
    assert.equal(
      refused(() => cursors.place(text, '/query/after')),
      invalid,
      text,
    );
  }
  // A store that was put back to place 50 knows the first fifty, and not what the lost run wrote after them.
  assert.equal(restored.place(cursors.format(50), '/query/after'), 50);
  assert.equal(
    refused(() => restored.place(cursors.format(51), '/query/after')),
    invalid,
  );
});

test('6.2.2, 6.2.9: where to start, and what is no longer kept', () => {
  const storage = state({ first: 21, last: 100 });
  const cursors = new LogCursors(storage);
  assert.equal(cursors.start(undefined, '/query/after'), 100);
  assert.equal(cursors.start('latest', '/query/after'), 100);
  assert.equal(cursors.start('earliest', '/query/after'), 20);
  assert.equal(cursors.start(cursors.format(7), '/query/after'), 7);
  cursors.checkKept(20, '/query/after');
  assert.throws(
    () => cursors.checkKept(19, '/query/after'),
    (error) => error instanceof ProtocolError && error.code === 'CURSOR_EXPIRED' && error.status === 410 && error.details['earliest'] === cursors.format(20),
  );
  // The log goes on: the store gives another state after each commit.
  storage.log = { ...storage.log, first: 51, last: 200 };
  assert.deepEqual([cursors.earliest, cursors.latest, cursors.place(cursors.format(200), '')], [50, 200, 200]);
});

test('6.2.2: an empty log has a place to start from', () => {
  const cursors = new LogCursors(state());
  assert.equal(cursors.start('earliest', ''), 0);
  assert.equal(cursors.place(cursors.format(0), ''), 0);
});
