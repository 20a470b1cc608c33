// The contract's own figures of waiting (5.3, 6.3.2, 8.2.1).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UPGRADE_MAX_MS } from './figures.ts';
import { settle, TestClock } from './testing/clock.ts';
import { pause, reconnectWait, retryWait } from './waits.ts';

const least = () => 0;
const most = () => 0.999_999_999;

test('8.2.1: retries wait 1 s, 2 s and 4 s, spread by up to 20 %, and never less than the server asked for', () => {
  assert.deepEqual(
    [1, 2, 3].map((attempt) => retryWait(attempt, () => 0.5)),
    [1000, 2000, 4000],
  );
  assert.equal(retryWait(1, least), 800);
  assert.ok(retryWait(3, most) <= 4800 && retryWait(3, most) > 4799);
  assert.equal(retryWait(1, most, 9000), 9000);
});

test('5.3: every reconnect is spread by up to 1 s, and backs off to 30 s, or to 60 s beside long-polling', () => {
  assert.equal(reconnectWait(0, least), 0);
  assert.ok(reconnectWait(0, most) < 1000);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 100].map((failures) => reconnectWait(failures, least)),
    [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  );
  assert.ok(reconnectWait(3, most) < 5000);
  assert.deepEqual(
    [6, 7, 100].map((failures) => reconnectWait(failures, most, UPGRADE_MAX_MS)),
    [32_999.999_999, 60_000, 60_000].map((ms) => Math.min(ms, 60_000)),
  );
});

test('a pause ends with its time, or with its signal, and leaves nothing behind', async () => {
  const clock = new TestClock();
  let done = false;
  void pause(clock, 1000).then(() => (done = true));
  await clock.advance(999);
  assert.equal(done, false);
  await clock.advance(1);
  assert.equal(done, true);
  const ending = new AbortController();
  const reason = new Error('enough');
  const paused = assert.rejects(pause(clock, 1000, ending.signal), reason);
  ending.abort(reason);
  await paused;
  await settle();
  assert.equal(clock.timers, 0);
  await assert.rejects(pause(clock, 1, ending.signal), reason);
});
