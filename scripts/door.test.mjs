import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './workspace.mjs';

const door = join(root, 'packages/server/bin/godwit.js');

/** Runs the command's door as if under that Node. */
function under(version) {
  const disguise = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, door, '--version'], {
    encoding: 'utf8',
  });
  return { out: stdout + stderr, status };
}

for (const version of ['18.20.8', '20.19.0', '22.23.3', '24.14.9', '25.9.0']) {
  test(`Node ${version} is told in one sentence what is needed`, () => {
    const { out, status } = under(version);
    assert.match(out, new RegExp(`^Godwit needs .* this is Node ${version}: .*\\.\n$`));
    assert.equal(status, 1);
  });
}

for (const version of ['24.15.0', '24.21.0', '26.0.0', '28.1.0']) {
  test(`Node ${version} passes the door`, { skip: !existsSync(join(root, 'packages/server/dist/main.js')) && 'not built' }, () => {
    assert.equal(under(version).status, 0);
  });
}

test('the package declares what the door tests', () => {
  assert.equal(JSON.parse(readFileSync(join(root, 'packages/server/package.json'), 'utf8')).engines.node, '^24.15.0 || >=26.0.0');
});
