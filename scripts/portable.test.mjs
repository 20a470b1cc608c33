import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockfileFaults, machineFolders, names } from './portable.mjs';

test('a lockfile that names a host is refused', () => {
  assert.deepEqual(lockfileFaults({ packages: { 'node_modules/a': { resolved: 'https://registry.example/a.tgz' } } }), ['node_modules/a names a host']);
});

test('a lockfile without the packages of other platforms is refused', () => {
  const packages = { 'node_modules/a': { optionalDependencies: { '@a/linux': '1.0.0', '@a/macos': '1.0.0' } }, 'node_modules/@a/linux': {} };
  assert.deepEqual(lockfileFaults({ packages }), ['@a/macos, of node_modules/a, is missing']);
});

test('links inside the workspace and complete lists pass', () => {
  const packages = { 'node_modules/a': { resolved: 'packages/a', link: true, optionalDependencies: { b: '1.0.0' } }, 'node_modules/a/node_modules/b': {} };
  assert.deepEqual(lockfileFaults({ packages }), []);
});

test("the folders of this machine are the workspace's parent and the home, but not such as every machine has", () => {
  assert.deepEqual(machineFolders('/home/ann/code/godwit/', '/home/ann'), ['/home/ann/code/', '/home/ann/']);
  assert.deepEqual(machineFolders('/tmp/godwit/', '/'), []);
});

test('a folder is named where its path begins, not where a longer one goes on', () => {
  const named = (text) => names(Buffer.from(text), '/code/');
  for (const text of ['/code/x', 'see /code/x', "'/code/x'", 'file:///code/x', '/a/code/ and /code/x']) assert.equal(named(text), true, text);
  for (const text of ['/subscriptions/code/pull', 'a/code/b', '../code/x', '/encode/x', '']) assert.equal(named(text), false, text);
});
