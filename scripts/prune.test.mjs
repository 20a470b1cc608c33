import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isFresh, prune } from './prune.mjs';

test('what the compiler made is kept where its source is there and built', () => {
  const sources = new Set(['a.ts', 'deep/b.ts', 'a.test.ts', 'testing/t.ts', 'spec/main.ts']);
  const fresh = (path) => isFresh(path, (source) => sources.has(source));
  for (const path of ['a.js', 'a.d.ts', 'a.js.map', 'deep/b.js', 'spec/main.js', '.tsbuildinfo', 'console/assets/x.js', 'docs/index.html', 'deep'])
    assert(fresh(path), path);
  for (const path of ['c.js', 'c.d.ts', 'c.js.map', 'deep/a.js', 'a.test.js', 'testing/t.js', 'spec/a.js']) assert(!fresh(path), path);
});

test('and taken away where it is not', () => {
  const base = mkdtempSync(join(tmpdir(), 'godwit-prune-'));
  const write = (path) => {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), '');
  };
  const kept = ['packages/client/a.ts', 'packages/client/dist/a.js', 'packages/server/dist/spec/main.js', 'spec/main.ts', 'packages/server/dist/docs/x.js'];
  const stale = ['packages/client/dist/b.js', 'packages/server/dist/cli/old.d.ts', 'packages/server/dist/spec/old.js'];
  for (const path of [...kept, ...stale]) write(path);
  assert.equal(prune(base).length, stale.length);
  for (const path of kept) assert(existsSync(join(base, path)), path);
  for (const path of stale) assert(!existsSync(join(base, path)), path);
  rmSync(base, { recursive: true });
});
