// The token bucket of a connection (7.2.1), second by second.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageRate } from './message-rate.ts';

test('a second of messages at once, then as they come in again', () => {
  const rate = new MessageRate(100, 0);
  for (let sent = 0; sent < 100; sent++) assert(rate.take(1, 100, 0));
  assert(!rate.take(1, 100, 0));
  assert.equal(rate.retryAfter(1, 100), 10);
  assert(!rate.take(1, 100, 9));
  assert(rate.take(1, 100, 10));
  assert(!rate.take(1, 100, 10));
  // It never holds more than a second's.
  for (let sent = 0; sent < 100; sent++) assert(rate.take(1, 100, 60_000));
  assert(!rate.take(1, 100, 60_000));
});

test('never more than the rate and a bucket, however they come; who waits as told is let through', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 20 })), { maxLength: 100 }), (limit, steps) => {
      const rate = new MessageRate(limit, 0);
      let now = 0;
      let taken = 0;
      for (const [pause, wanted] of steps) {
        const cost = Math.min(wanted, limit);
        now += pause;
        if (!rate.take(cost, limit, now)) {
          const wait = rate.retryAfter(cost, limit);
          assert(wait >= 1 && wait <= 1000, String(wait));
          now += wait;
          assert(rate.take(cost, limit, now), `after ${wait} ms`);
        }
        taken += cost;
        assert(taken <= limit + (now * limit) / 1000 + 1e-6);
      }
    }),
  );
});

test('a batch costs all its operations', () => {
  const rate = new MessageRate(100, 0);
  assert(rate.take(60, 100, 0));
  assert(!rate.take(60, 100, 0));
  assert.equal(rate.retryAfter(60, 100), 200);
  assert(rate.take(40, 100, 0));
});

test('a limit that is lowered holds from then on', () => {
  const rate = new MessageRate(100, 0);
  let taken = 0;
  while (rate.take(1, 10, 0)) taken++;
  assert.equal(taken, 10);
});

test('refusals in each of ten seconds in a row are too many, however many in one; a second without one begins anew', () => {
  const rate = new MessageRate(1, 0);
  for (let second = 100; second < 109; second++) {
    for (let refusal = 0; refusal < 50; refusal++) assert(!rate.refused(second * 1000 + refusal));
  }
  assert(rate.refused(109_999));
  const other = new MessageRate(1, 0);
  for (let second = 0; second < 9; second++) assert(!other.refused(second * 1000));
  for (let second = 10; second < 19; second++) assert(!other.refused(second * 1000));
  assert(other.refused(19_000));
});

test('one that was made a moment after the time that it is asked at is full', () => {
  const rate = new MessageRate(1, 1_001);
  assert.equal(rate.isEmpty(1, 1_000), false);
  assert(rate.take(1, 1, 1_000));
  assert(!rate.take(1, 1, 2_000));
  assert(rate.take(1, 1, 2_001));
});
