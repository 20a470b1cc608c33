// What must hold of the SDK's subscribers when everyone has drained: in each life each message once, in log order and none left out, from where that life began; and
// over all lives together everything.
import assert from 'node:assert/strict';
import type { Message } from '../../testing/story.ts';
import { expectedOf } from '../messages/judge.ts';
import { digestOf } from '../messages/subscriber.ts';
import type { SdkSubscriber } from './subscriber.ts';

export interface SdkVerdict {
  readonly deliveries: number;
  readonly lives: number;
  /** Handed over in an earlier life as well: what was not kept, or not acknowledged, when that ended. */
  readonly again: number;
}

export const judgeSdkSubscriber = (subscriber: SdkSubscriber, log: readonly Message[]): SdkVerdict => {
  const { name, chapters, patterns } = subscriber;
  const expected = expectedOf(subscriber, log);
  const indexes = new Map(expected.map(({ cursor }, index) => [cursor, index]));
  let covered = 0;
  let deliveries = 0;
  for (const [number, { from, got }] of chapters.entries()) {
    const label = `${name} of ${patterns.join(',')} in its life ${number + 1} of ${chapters.length}`;
    let due = from === undefined ? undefined : from === 'earliest' ? 0 : expected.filter(({ cursor }) => cursor <= from).length;
    if (due !== undefined) assert(due <= covered, `${label}: began after ${from}, and ${expected[covered]?.cursor} had not been handed over`);
    for (const { cursor, messageId, topic, timestamp, digest } of got) {
      const index = indexes.get(cursor);
      assert(index !== undefined, `${label}: got ${topic} at ${cursor}, which is not for it or was never published`);
      due ??= index;
      assert(index === due, `${label}: got number ${index}, ${cursor}, where number ${due}, ${expected[due]?.cursor}, was due`);
      assert(index <= covered, `${label}: ${expected[covered]?.cursor} was never handed over, and ${cursor} is`);
      const { data, ...rest } = expected[index] as Message;
      assert.deepEqual({ messageId, topic, timestamp, cursor }, rest, `${label} at ${cursor}`);
      assert.equal(digest, digestOf(data), `${label}: other data at ${cursor}`);
      due++;
      covered = Math.max(covered, due);
    }
    deliveries += got.length;
  }
  assert.equal(covered, expected.length, `${name} of ${patterns.join(',')} did not get ${expected[covered]?.cursor} and what comes after it`);
  assert.deepEqual(subscriber.complaints, []);
  return { deliveries, lives: chapters.length, again: deliveries - covered };
};
