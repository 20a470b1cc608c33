import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count, duration, milliseconds, preview, rate, weight } from './format.ts';

test('numbers, sizes and durations read as a person says them', () => {
  assert.deepEqual([count(9876.4), rate(0.34), rate(12.3), rate(0)], ['9,876', '0.3', '12', '0']);
  assert.deepEqual([bytes(0), bytes(1023), bytes(1024), bytes(1536), bytes(10 * 1024 ** 3)], ['0 B', '1023 B', '1 KB', '1.5 KB', '10 GB']);
  assert.deepEqual(
    [duration(0), duration(999), duration(1000), duration(61_000), duration(7 * 86_400_000), duration(90_000_000)],
    ['0 ms', '999 ms', '1 s', '1 min 1 s', '7 d', '1 d 1 h'],
  );
  assert.deepEqual([milliseconds(0.512), milliseconds(12.34), milliseconds(250.4)], ['0.51 ms', '12.3 ms', '250 ms']);
});

test('a preview is one line and cut; a weight is near the length of the text and bounded', () => {
  assert.equal(preview({ a: [1, 'x\ny'] }), '{"a":[1,"x\\ny"]}');
  assert.equal(preview('x'.repeat(50), 10).length, 11);
  const value = { name: 'x'.repeat(1000), list: Array.from({ length: 100 }, (_, n) => n) };
  const length = JSON.stringify(value).length;
  assert.ok(weight(value) > length / 2 && weight(value) < length * 3);
  assert.ok(
    weight(
      Array.from({ length: 100_000 }, () => 'x'.repeat(100)),
      1000,
    ) < 2000,
  );
});
