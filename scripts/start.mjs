// `npm start`: from a fresh clone to a running server. Installs, builds, then runs `godwit serve` under the project's own
// Node with whatever follows `--`; what to serve and where is the server's own affair. package.json says `exec` so that npm's
// signals reach this script and not the shell in between, which would die of them and leave the server behind.

import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { becomeNode, stop } from './workspace.mjs';

if (!prepare()) stop('the build failed; the compiler’s words are above');
becomeNode([join('packages', 'server', 'bin', 'godwit.js'), 'serve', ...process.argv.slice(2)]);
