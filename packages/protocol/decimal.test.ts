// Multiples by decimals (3.2.5): prices, integers as far as a double counts, the smallest and the largest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMultipleOf } from './decimal.ts';

const MOST = Number.MAX_SAFE_INTEGER;

test('3.2.5: what is a multiple by its decimal, and what is not', () => {
  for (const [value, divisor] of [
    [19.99, 0.01],
    [0.07, 0.01],
    [4.35, 0.01],
    [-4.35, 0.01],
    [0, 0.01],
    [-0, 0.01],
    [123456789.01, 0.01],
    [1.5, 0.5],
    [3, 1.5],
    [1e-7, 1e-7],
    [3e-7, 1e-7],
    [1, 1e-7],
    [5e-324, 5e-324],
    [1e-5, 5e-324],
    [1e308, 1e-7],
    [1.7976931348623157e308, 5e-324],
    [1e300, 3e299 / 3],
    [2 ** 53, 2],
    [MOST, 1],
    [MOST, 6361],
    [1e21, 1e3],
  ] as const)
    assert(isMultipleOf(value, divisor), `${value} of ${divisor}`);
  for (const [value, divisor] of [
    [19.995, 0.01],
    [0.075, 0.01],
    [1e-7, 0.01],
    [1.5e-7, 1e-7],
    [1, 3],
    [0.1 + 0.2, 0.1],
    [MOST, 2],
    [MOST - 1, MOST],
    [1e-7, 1e308],
    [1e21, 7],
    [5e-324, 1],
    [1.5, 0],
    [Number.POSITIVE_INFINITY, 0.1],
    [0.1, Number.POSITIVE_INFINITY],
    [Number.NaN, 0.1],
  ] as const)
    assert(!isMultipleOf(value, divisor), `${value} of ${divisor}`);
});

test('3.2.5: any whole number of cents is a multiple of one, and half a cent more is not', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 46), max: 2 ** 46 }), (cents) => {
      const price = Number(`${cents}e-2`);
      return isMultipleOf(price, 0.01) && !isMultipleOf(Number(`${cents}5e-3`), 0.01);
    }),
  );
});
