// The newest messages in memory: what they cover, in order, and that what was let go of is gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { commitOf } from '../ports/commit.ts';
import type { StoredMessage } from '../ports/storage.ts';
import { settled } from '../testing/clock.ts';
import { RecentMessages } from './recent.ts';

const MEGABYTE = 1 << 20;

const message = (seq: number, bytes = 10): StoredMessage => ({
  seq,
  messageId: `m-${seq}`,
  topic: 't',
  timestamp: 0,
  data: JSON.stringify('x'.repeat(bytes)),
  change: false,
});

const after = (recent: RecentMessages, place: number, most = Number.POSITIVE_INFINITY): number[] => {
  const seen: number[] = [];
  recent.each(place, (commit, index) => {
    if (seen.length >= most) return false;
    seen.push(commit.seqAt(index));
    return true;
  });
  return seen;
};

test('everything after a place that is covered, oldest first, until it is enough', () => {
  fc.assert(
    fc.property(
      fc.nat(1000),
      fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 20 }), { maxLength: 20 }),
      fc.nat(100),
      fc.nat(50),
      (start, commits, back, most) => {
        const recent = new RecentMessages(start);
        const all: number[] = [];
        let seq = start;
        for (const steps of commits) {
          const messages = steps.map((step) => message((seq += step)));
          recent.add(commitOf(messages));
          all.push(...messages.map((one) => one.seq));
        }
        const place = seq - Math.min(back, seq - start);
        assert(recent.covers(place) && recent.covers(start) && !recent.covers(start - 1));
        const expected = all.filter((one) => one > place);
        assert.deepEqual(after(recent, place), expected);
        assert.deepEqual(after(recent, place, most), expected.slice(0, most));
      },
    ),
  );
});

test('bounded in number', () => {
  const recent = new RecentMessages(0);
  for (let seq = 1; seq <= 50_000; seq++) recent.add(commitOf([message(seq)]));
  const kept = after(recent, 0);
  assert(kept.length >= 4096 && kept.length <= 16_384, String(kept.length));
  assert.equal(kept.at(-1), 50_000);
  assert(recent.covers((kept[0] as number) - 1) && !recent.covers((kept[0] as number) - 2));
});

test('bounded in bytes, and a message that is too large for it is not covered by it', () => {
  const recent = new RecentMessages(0);
  for (let seq = 1; seq <= 100; seq++) recent.add(commitOf([message(seq, MEGABYTE)]));
  const kept = after(recent, 0);
  assert(kept.length >= 4 && kept.length <= 16, String(kept.length));
  assert.equal(kept.at(-1), 100);
  recent.add(commitOf([message(101, 20 * MEGABYTE)]));
  assert.deepEqual(after(recent, 0), []);
  assert(recent.covers(101) && !recent.covers(100));
});

test('what was let go of can be collected', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const recent = new RecentMessages(0);
  const refs: WeakRef<StoredMessage>[] = [];
  for (let seq = 1; seq <= 200; seq++) {
    const one = message(seq, MEGABYTE / 4);
    refs.push(new WeakRef(one));
    recent.add(commitOf([one]));
  }
  // A weak reference holds until the turn in which it was made is over.
  await settled();
  collect();
  const alive = refs.filter((ref) => ref.deref() !== undefined).length;
  assert.equal(alive, after(recent, 0).length);
});
