import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './pace.ts';

/** Frames that come when the test says so. */
const stage = () => {
  let now = 0;
  const due: { at: number; callback: () => void }[] = [];
  return {
    frames: {
      now: () => now,
      next: (callback: () => void, afterMs: number) => {
        const entry = { at: now + afterMs, callback };
        due.push(entry);
        return () => void due.splice(due.indexOf(entry), 1);
      },
    },
    pass: (ms: number) => {
      now += ms;
      for (const entry of due.filter(({ at }) => at <= now)) {
        due.splice(due.indexOf(entry), 1);
        entry.callback();
      }
    },
  };
};

test('little is drawn at each frame, however often it changes between', () => {
  const { frames, pass } = stage();
  let draws = 0;
  const pace = new Pace(frames, () => draws++);
  for (let frame = 0; frame < 10; frame++) {
    pace.changed(1);
    pace.changed(1);
    pass(16);
  }
  assert.equal(draws, 10);
});

test('a flood is drawn five times a second, and the figures say how much of it', () => {
  const { frames, pass } = stage();
  let draws = 0;
  const pace = new Pace(frames, () => {
    draws++;
    pace.drew(30);
  });
  for (let ms = 0; ms < 1010; ms += 10) {
    pace.changed(100);
    pass(10);
  }
  draws = 0;
  for (let ms = 0; ms < 2000; ms += 10) {
    pace.changed(100);
    pass(10);
  }
  assert.ok(draws >= 9 && draws <= 11, String(draws));
  assert.ok(pace.isFlood && Math.abs(pace.perSecond - 10_000) < 300, String(pace.perSecond));
  assert.ok(pace.drawnPerSecond >= 120 && pace.drawnPerSecond <= 180, String(pace.drawnPerSecond));
});

test('when nothing comes any more the figures fall', () => {
  const { frames, pass } = stage();
  const pace = new Pace(frames, () => {});
  pace.changed(500);
  pass(1000);
  assert.equal(pace.tick(), true);
  assert.equal(pace.perSecond, 500);
  pass(1000);
  assert.equal(pace.tick(), true);
  assert.equal(pace.perSecond, 0);
  assert.equal(pace.tick(), false);
});
