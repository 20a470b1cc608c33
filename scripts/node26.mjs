// Brings Node 26 into a folder of its own, beside the Node that the workspace is built with: the second line of Node that the
// product declares, for `npm run test:26` alone.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeIn, npm, quietNpm, root, say, stop } from './workspace.mjs';

const version = '26.10.0';

export function node26() {
  const folder = join(root, 'node_modules', '.cache', `node-${version}`);
  const node = nodeIn(join(folder, 'node_modules'));
  if (existsSync(node)) return node;
  say(`installing Node ${version} for this run ...`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
  const { status, stderr } = npm(['install', `node@${version}`, '--save-exact', ...quietNpm], folder);
  if (status !== 0 || !existsSync(node)) {
    process.stderr.write(stderr || '');
    stop(`Node ${version} could not be installed; npm’s own words are above`);
  }
  return node;
}
