// `npm test [-- <folder or file or node option> …]`: installs, builds, lints, then runs the tests on node's own runner under
// the project's Node. With folders or files named it runs only those and leaves the lint out. `--node-26` runs them on Node 26.
// A broken build or lint does not keep the tests from running, but it fails the run all the same.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { lint } from './lint.mjs';
import { node26 } from './node26.mjs';
import { prepare } from './prepare.mjs';
import { projectNode, root, runNode, say, stop } from './workspace.mjs';

const args = process.argv.slice(2);
const places = args.filter((arg) => !arg.startsWith('-'));
const options = args.filter((arg) => arg.startsWith('-') && arg !== '--node-26');
const wrong = [];

if (!prepare()) wrong.push('the build');
if (places.length === 0 && !lint()) wrong.push('lint');
const node = args.includes('--node-26') ? node26() : projectNode;

const files = (places.length > 0 ? places : ['packages', 'spec', 'scripts', 'bench', 'examples']).flatMap(testsIn).sort();
if (files.length === 0) stop(`no test file in ${places.join(', ') || 'the workspace'}: a run without tests proves nothing`);

const reporter = pathForNode('scripts/test-report.mjs');
const runner = ['--test', '--test-concurrency=2', '--test-timeout=120000', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout'];
const env = { ...process.env, PATH: dirname(node) + delimiter + process.env.PATH };
if (runNode([...runner, `--import=${pathForNode('scripts/test-guard.mjs')}`, ...options, ...files], node, env) !== 0) wrong.push('the tests');

if (wrong.length > 0) {
  say(`failed: ${wrong.join(', ')}`);
  process.exitCode = 1;
}

function testsIn(place) {
  const path = join(root, place);
  if (!existsSync(path)) return places.length > 0 ? stop(`there is no ${place}`) : [];
  if (statSync(path).isFile()) return [place];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : testsIn(join(place, entry.name));
    return /\.test\.(ts|mjs)$/.test(entry.name) ? [relative(root, join(path, entry.name))] : [];
  });
}

function pathForNode(file) {
  return new URL(`../${file}`, import.meta.url).href;
}
