// The clock of the system, set back and forth under a server: time goes on.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { systemClock } from './clock.ts';

const HOUR_MS = 3_600_000;

const steps = (moves: readonly number[]): number[] => {
  let wall = 1_000_000_000;
  const date = mock.method(Date, 'now', () => wall);
  try {
    const clock = systemClock();
    const times = [clock.now()];
    for (const ms of moves) {
      wall += ms;
      times.push(clock.now());
    }
    return times.map((time) => time - 1_000_000_000);
  } finally {
    date.mock.restore();
  }
};

test('it goes on while the clock of the system makes up for being set back, and then with it', () => {
  assert.deepEqual(steps([100, 0, 50]), [0, 100, 100, 150]);
  assert.deepEqual(steps([100, -1_600, 160, 160]), [0, 100, 100, 250, 400]);
  // A sixteenth slower, until nothing is left of it.
  assert.deepEqual(steps([-HOUR_MS, 17 * HOUR_MS, 1_000]), [0, 0, 16 * HOUR_MS, 16 * HOUR_MS + 1_000]);
});

test('an hour ahead for a moment does not stop it', () => {
  const [, ahead, back, later] = steps([HOUR_MS, -HOUR_MS, 1_600]);
  assert.deepEqual([ahead, back, later], [HOUR_MS, HOUR_MS, HOUR_MS + 1_500]);
});

test('it never goes back', () => {
  const moves = Array.from({ length: 1_000 }, (_, index) => Math.round(Math.sin(index * 7.3) * 1_000));
  const times = steps(moves);
  for (let index = 1; index < times.length; index++) assert.ok((times[index] as number) >= (times[index - 1] as number));
});
