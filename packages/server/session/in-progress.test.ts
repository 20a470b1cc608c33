// How many requests of one client are in progress at once (7.1.2).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import { InProgress } from './in-progress.ts';

test('7.1.2: 100 of one client, whatever others do', () => {
  const inProgress = new InProgress();
  for (let request = 0; request < 100; request++) inProgress.enter('a');
  assert.throws(
    () => inProgress.enter('a'),
    (error) => error instanceof ProtocolError && error.code === 'TOO_MANY_CONNECTIONS' && error.headers['retry-after'] === '1',
  );
  inProgress.enter('b');
  assert.equal(inProgress.total, 101);
  inProgress.leave('a');
  inProgress.enter('a');
  // One that waited for a message comes back, even where there is no room left.
  inProgress.reenter('a');
  assert.equal(inProgress.total, 102);
  for (let request = 0; request < 101; request++) inProgress.leave('a');
  inProgress.leave('b');
  assert.equal(inProgress.total, 0);
  for (let request = 0; request < 100; request++) inProgress.enter('a');
});
