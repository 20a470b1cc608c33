// Latencies in buckets: percentiles within a 32nd of the exact ones, and the sum of several processes is that of all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, seedOfRun } from '../../testing/random.ts';
import { Histogram } from './histogram.ts';

test('percentiles are within a 32nd above the exact ones, also when they were counted apart', () => {
  const seed = seedOfRun();
  const random = seededRandom(seed);
  const all: number[] = [];
  const total = new Histogram();
  for (let worker = 0; worker < 3; worker++) {
    const own = new Histogram();
    for (let index = 0; index < 2000; index++) {
      const ms = 10 ** (random.next() * 6 - 2);
      all.push(ms);
      own.add(ms);
    }
    total.merge(own.counted());
  }
  all.sort((one, other) => one - other);
  assert.equal(total.count, all.length);
  assert.equal(total.max, all.at(-1));
  for (const part of [0.001, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = all[Math.ceil(part * all.length) - 1] as number;
    const told = total.percentile(part);
    assert(told >= exact * 0.999 && told <= exact * 1.03, `seed ${seed}: ${part}: ${told} for ${exact}`);
  }
});
