// The stamp of what the pages are made of: the same for the same content, another for any other.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contentOf, steps } from './pages.mjs';

test('what changes what is seen changes the stamp, and nothing else does', () => {
  const base = mkdtempSync(join(tmpdir(), 'godwit-stamp-'));
  const put = (name, text) => {
    mkdirSync(join(base, name, '..'), { recursive: true });
    writeFileSync(join(base, name), text);
  };
  put('a/one.tsx', '1');
  put('a/deep/two.css', '2');
  put('lock.json', '{}');
  const places = ['a', 'lock.json', 'missing'];
  const of = () => contentOf(base, places);
  const first = of();
  utimesSync(join(base, 'a/one.tsx'), 1, 1);
  for (const name of ['a/one.test.ts', 'a/one.d.ts', 'a/one.js.map', 'a/node_modules/x.js', 'a/.cache/x', 'a/dist.tsbuildinfo', 'a/testing/x.ts'])
    put(name, 'x');
  assert.equal(of(), first, 'times, tests, types and maps are not seen');
  const seen = new Set([first]);
  for (const [name, text] of [
    ['a/one.tsx', '1 '],
    ['a/three.ts', ''],
    ['a/deep/two.css', '3'],
    ['lock.json', '{ }'],
    ['missing', 'x'],
  ]) {
    put(name, text);
    seen.add(of());
  }
  rmSync(join(base, 'a/three.ts'));
  seen.add(of());
  assert.equal(seen.size, 7);
  rmSync(base, { recursive: true });
});

test('both lie below dist, which is published, and neither names a place that is not', () => {
  assert.deepEqual(
    steps.map(({ into }) => into.replaceAll('\\', '/')),
    ['packages/server/dist/console', 'packages/server/dist/docs'],
  );
});
