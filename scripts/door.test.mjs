import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from './workspace.mjs';

const door = join(root, 'packages/server/bin/godwit.js');
const library = join(root, 'packages/server/dist/index.js');
const skip = !existsSync(join(root, 'packages/server/dist/main.js')) && 'not built';

/** Runs node as if it were that one. */
function under(version, ...args) {
  const disguise = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, ...args], {
    encoding: 'utf8',
  });
  return { out: stdout + stderr, status };
}

/** Imports the library, and starts a server with it where it can. */
const embedding = `import(${JSON.stringify(pathToFileURL(library).href)}).then(({ createServer }) => createServer({ prot: 1 })).catch(({ message }) => console.log(message))`;

for (const version of ['18.20.8', '20.19.0', '22.23.3', '24.14.9', '25.9.0']) {
  test(`Node ${version} is told in one sentence what is needed, by the command and by the library`, { skip }, () => {
    const sentence = new RegExp(`^Godwit needs .* this is Node ${version}: .*\\.\n$`);
    const { out, status } = under(version, door, '--version');
    assert.match(out, sentence);
    assert.equal(status, 1);
    // As far as it can be had here, a Node of that kind: it has no node:sqlite.
    assert.match(under(version, '--no-experimental-sqlite', '-e', embedding).out, sentence);
  });
}

for (const version of ['24.15.0', '24.21.0', '26.0.0', '28.1.0']) {
  test(`Node ${version} passes the door`, { skip }, () => {
    assert.equal(under(version, door, '--version').status, 0);
    assert.match(under(version, '-e', embedding).out, /^"prot" is no option/);
  });
}

test('the package declares what the door tests', () => {
  assert.equal(JSON.parse(readFileSync(join(root, 'packages/server/package.json'), 'utf8')).engines.node, '^24.15.0 || >=26.0.0');
});
