// `npm run lint`: every check that reads the code without running it. All of them run, so that one run shows all there is.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';
import { runNode, say } from './workspace.mjs';

const program = (...path) => join('node_modules', ...path);
const checks = [
  ['format and base rules', [program('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '--max-diagnostics=50']],
  ['types of all files', [program('typescript', 'bin', 'tsc'), '-p', 'tsconfig.check.json']],
  ['promises', [program('oxlint', 'bin', 'oxlint')]],
  ['arrows', [join('scripts', 'arrows.mjs')]],
  ['portable', [join('scripts', 'portable.mjs')]],
];

/** Returns whether all passed. */
export function lint() {
  const broken = checks.filter(([, args]) => runNode(args) !== 0).map(([name]) => name);
  if (broken.length > 0) say(`lint failed: ${broken.join(', ')}`);
  return broken.length === 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const built = prepare();
  if (!lint() || !built) process.exitCode = 1;
}
