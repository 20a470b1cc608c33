// What the build made: small, and nothing in it that the server's policy would refuse.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const FOLDER = fileURLToPath(new URL('../server/dist/console/', import.meta.url));
const MOST_BYTES = 150 * 1024;

const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => ({ name: entry.name, bytes: readFileSync(join(entry.parentPath, entry.name)) }));

test('all of it is under 150 KB gzipped', (t) => {
  const size = files.reduce((sum, { bytes }) => sum + gzipSync(bytes).length, 0);
  t.diagnostic(`${(size / 1024).toFixed(0)} KB gzipped`);
  assert.ok(size > 0 && size < MOST_BYTES, String(size));
});

test('nothing is inline, nothing is evaluated, nothing comes from elsewhere', () => {
  for (const { name, bytes } of files) {
    const text = bytes.toString();
    if (extname(name) === '.html') {
      assert.doesNotMatch(text, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
      for (const [, address] of text.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(address ?? '', /^\/console\//);
    }
    if (extname(name) === '.js') assert.doesNotMatch(text, /\beval\(|new Function\(/);
    if (extname(name) === '.css') assert.doesNotMatch(text, /url\((?!['"]?\/console\/)|@import/);
  }
});
