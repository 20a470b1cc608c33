// The budget of a connection (7.2.1).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageRate } from './message-rate.ts';

test('7.2.1: a bucket that was made a moment after the time that it is asked at is full', () => {
  const rate = new MessageRate(1, 1_001);
  assert.equal(rate.isEmpty(1, 1_000), false);
  assert.equal(rate.take(1, 1, 1_000), true);
  assert.equal(rate.take(1, 1, 2_000), false);
  assert.equal(rate.take(1, 1, 2_001), true);
});
