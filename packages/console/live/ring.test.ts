import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring } from './ring.ts';

const item = (n: number, weight = 1) => ({ n, weight });
const all = (ring: Ring<{ n: number; weight: number }>) => Array.from({ length: ring.length }, (_, index) => ring.at(index)?.n);

test('it keeps the newest within the number', () => {
  const ring = new Ring<{ n: number; weight: number }>(3, 1000);
  for (let n = 1; n <= 5000; n++) ring.push(item(n));
  assert.deepEqual(all(ring), [4998, 4999, 5000]);
  assert.deepEqual([ring.oldest?.n, ring.newest?.n, ring.at(-1), ring.at(3)], [4998, 5000, undefined, undefined]);
});

test('and within the weight, but always the one that came last', () => {
  const ring = new Ring<{ n: number; weight: number }>(100, 10);
  for (const [n, weight] of [
    [1, 4],
    [2, 4],
    [3, 4],
  ] as const)
    ring.push(item(n, weight));
  assert.deepEqual(all(ring), [2, 3]);
  ring.push(item(4, 50));
  assert.deepEqual(all(ring), [4]);
  ring.push(item(5, 1));
  assert.deepEqual(all(ring), [5]);
});

test('older ones go before the oldest, and push the newest out', () => {
  const ring = new Ring<{ n: number; weight: number }>(4, 1000);
  for (const n of [5, 6, 7]) ring.push(item(n));
  ring.unshift([item(3), item(4)]);
  assert.deepEqual(all(ring), [3, 4, 5, 6]);
  ring.push(item(7));
  assert.deepEqual(all(ring), [4, 5, 6, 7]);
  ring.clear();
  assert.deepEqual([all(ring), ring.newest], [[], undefined]);
});
