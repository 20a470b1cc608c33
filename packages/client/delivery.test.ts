// What a subscription hands to its handler: once, in order, one after the other, with bounded memory; and what it does when the handler fails.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Gap, Message } from './api.ts';
import { Delivery, type DeliveryOptions } from './delivery.ts';
import { environmentOf } from './environment.ts';
import { settle, TestClock } from './testing/clock.ts';

const cursorOf = (place: number): string => `c${String(place).padStart(8, '0')}`;
const arrival = (place: number) => ({ messageId: `m${place}`, topic: 'a.b', cursor: cursorOf(place), timestamp: 't', data: place, redelivered: false });

const made = (more: Partial<DeliveryOptions> = {}) => {
  const clock = new TestClock();
  const seen = { handed: [] as unknown[], gaps: [] as Gap[], errors: [] as unknown[], finished: [] as string[], rooms: 0 };
  const delivery = new Delivery({
    environment: environmentOf({ clock }),
    outcome: { ready: () => {}, ended: () => {}, failed: () => {} },
    topics: ['a.*'],
    handler: ({ data }) => void seen.handed.push(data),
    insists: false,
    onGap: (gap) => seen.gaps.push(gap),
    onError: (error) => seen.errors.push(error),
    onFinished: (cursor) => seen.finished.push(cursor),
    onRoom: () => seen.rooms++,
    ...more,
  });
  return { clock, delivery, seen };
};

describe('a delivery', () => {
  test('takes nothing before its place is known, and nothing twice, whatever order two streams bring it in', async () => {
    const { delivery, seen } = made();
    delivery.offer(arrival(1), 1);
    delivery.begin(cursorOf(1));
    for (const place of [1, 2, 3, 2, 4, 3, 4, 5]) delivery.offer(arrival(place), 1);
    await settle();
    assert.deepEqual(seen.handed, [2, 3, 4, 5]);
    assert.equal(delivery.finished, cursorOf(5));
  });

  test('begun again in another log, it drops what waits and takes what it is sent; what is in hand counts for nothing', async () => {
    let release = (): void => {};
    const handed: unknown[] = [];
    const { delivery, seen } = made({
      handler: ({ data }) => {
        handed.push(data);
        return new Promise<void>((resolve) => (release = resolve));
      },
    });
    delivery.begin(cursorOf(4));
    for (const place of [5, 6]) delivery.offer(arrival(place), 1);
    await settle();
    delivery.restart();
    delivery.begin(cursorOf(1));
    delivery.offer(arrival(2), 1);
    release();
    await settle();
    assert.deepEqual(handed, [5, 2]);
    assert.equal(delivery.finished, cursorOf(1));
    release();
    await settle();
    assert.deepEqual(seen.finished, [cursorOf(2)]);
  });

  test('hands over one after the other: the next waits for an async handler', async () => {
    const waiting: (() => void)[] = [];
    const handed: unknown[] = [];
    const { delivery } = made({
      handler: ({ data }) => {
        handed.push(data);
        return new Promise<void>((resolve) => waiting.push(resolve));
      },
    });
    delivery.begin('c');
    delivery.offer(arrival(1), 1);
    delivery.offer(arrival(2), 1);
    await settle();
    assert.deepEqual(handed, [1]);
    assert.equal(delivery.finished, 'c');
    waiting.shift()?.();
    await settle();
    assert.deepEqual(handed, [1, 2]);
    assert.equal(delivery.finished, cursorOf(1));
  });

  test('leaves its stream when a thousand wait, and hears when half are done; what it passed over it takes when it comes again', async () => {
    let release = (): void => {};
    const handed: number[] = [];
    const { delivery, seen } = made({
      handler: ({ data }) => {
        handed.push(data as number);
        return handed.length === 1 ? new Promise<void>((resolve) => (release = resolve)) : undefined;
      },
    });
    delivery.begin('c');
    for (let place = 1; place <= 1200; place++) delivery.offer(arrival(place), 1);
    await settle();
    assert.equal(delivery.isBehind, true);
    assert.equal(delivery.received, cursorOf(1000));
    delivery.advance(cursorOf(5000));
    delivery.gap('x', cursorOf(900));
    assert.equal(delivery.received, cursorOf(1000), 'behind it does not move on');
    release();
    await settle();
    assert.equal(seen.rooms, 1);
    assert.equal(delivery.isBehind, false);
    for (let place = 990; place <= 1200; place++) delivery.offer(arrival(place), 1);
    await settle();
    assert.deepEqual(
      handed,
      Array.from({ length: 1200 }, (_, index) => index + 1),
    );
  });

  test('leaves its stream at 8 MB too', async () => {
    const { delivery } = made({ handler: () => new Promise(() => {}) });
    delivery.begin('c');
    for (let place = 1; place <= 20; place++) delivery.offer(arrival(place), 1024 * 1024);
    assert.equal(delivery.isBehind, true);
    assert.equal(delivery.received, cursorOf(8));
  });

  test('a gap is told in its place among the messages', async () => {
    const order: unknown[] = [];
    const { delivery } = made({ handler: ({ data }) => void order.push(data), onGap: (gap) => order.push(gap) });
    delivery.begin(cursorOf(1));
    delivery.offer(arrival(2), 1);
    delivery.gap(cursorOf(2), cursorOf(7));
    delivery.gap(cursorOf(2), cursorOf(6));
    delivery.offer(arrival(5), 1);
    delivery.offer(arrival(8), 1);
    await settle();
    assert.deepEqual(order, [2, { from: cursorOf(2), to: cursorOf(7) }, 8]);
  });

  test('6.2.6: a handler that fails is given the message again, after 1 s, 2 s, 4 s up to 30 s, before anything behind it, and nothing is finished meanwhile', async () => {
    const handed: Message[] = [];
    const { clock, delivery, seen } = made({
      insists: true,
      handler: (message) => {
        handed.push(message);
        if (message.data === 2 && handed.length < 9) throw new Error('not now');
      },
    });
    delivery.begin('c');
    for (const place of [1, 2, 3]) delivery.offer(arrival(place), 1);
    await settle();
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const { length } = handed;
      await clock.advance(wait - 1);
      assert.equal(handed.length, length);
      assert.deepEqual(seen.finished, [cursorOf(1)]);
      await clock.advance(1);
      assert.equal(handed.length > length, true);
    }
    await settle();
    assert.deepEqual(
      handed.map(({ data }) => data),
      [1, 2, 2, 2, 2, 2, 2, 2, 2, 3],
    );
    assert.deepEqual(handed[1]?.redelivered, false);
    assert.deepEqual(handed[2]?.redelivered, true);
    assert.equal(seen.errors.length, 7);
    assert.equal(clock.timers, 0);
  });

  test('without a name a failure is reported and the next message follows', async () => {
    const { delivery, seen } = made({
      handler: async ({ data }) => {
        if (data === 1) throw new Error('no');
        seen.handed.push(data);
      },
    });
    delivery.begin('c');
    for (const place of [1, 2]) delivery.offer(arrival(place), 1);
    await settle();
    assert.deepEqual(seen.handed, [2]);
    assert.equal(seen.errors.length, 1);
  });

  test('what is quiet moves on, and finishes what it moved over behind the last message', async () => {
    let release = (): void => {};
    const { delivery, seen } = made({ handler: () => new Promise<void>((resolve) => (release = resolve)) });
    delivery.begin(cursorOf(1));
    delivery.advance(cursorOf(3));
    assert.equal(delivery.finished, cursorOf(3));
    delivery.offer(arrival(4), 1);
    await settle();
    delivery.advance(cursorOf(9));
    assert.equal(delivery.finished, cursorOf(3));
    release();
    await settle();
    assert.deepEqual(seen.finished, [cursorOf(3), cursorOf(4), cursorOf(9)]);
  });

  test('once ended it hands over nothing more, and its end waits for the handler', async () => {
    let release = (): void => {};
    const handed: unknown[] = [];
    const { delivery, seen } = made({
      handler: ({ data }) => {
        handed.push(data);
        return new Promise<void>((resolve) => (release = resolve));
      },
    });
    delivery.begin('c');
    for (const place of [1, 2]) delivery.offer(arrival(place), 1);
    await settle();
    let ended = false;
    void delivery.end().then(() => (ended = true));
    delivery.offer(arrival(3), 1);
    await settle();
    assert.equal(ended, false);
    release();
    await settle();
    assert.equal(ended, true);
    assert.deepEqual(handed, [1]);
    assert.deepEqual(seen.finished, [cursorOf(1)]);
  });
});
