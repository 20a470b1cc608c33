// Makes the workspace ready to run: installs what is missing, builds what changed. When there is nothing to do it costs
// a tenth of a second. What is installed is known by a stamp inside node_modules, so removing that folder removes the stamp.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPages } from './pages.mjs';
import { prune } from './prune.mjs';
import { checkTools, npm, projectNode, quietNpm, root, runNode, say, stop } from './workspace.mjs';

const modules = join(root, 'node_modules');
const stampFile = join(modules, '.godwit-stamp');
const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT/;

/** Installs and builds; returns whether the build passed, so that tests can still run beside a broken room. */
export function prepare() {
  checkTools();
  install();
  return build();
}

export function install() {
  const stamp = `${process.platform}-${process.arch} ${createHash('sha256').update(read('package-lock.json')).digest('hex')}\n`;
  const found = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (found !== stamp && !npmAgrees()) {
    say('installing packages; this takes up to a minute, once ...');
    const { status, stderr, error } = npm(['ci', '--include=dev', ...quietNpm], root);
    if (error) stop(`npm cannot be run (${error.message}): install npm 10 or later and have it on the PATH`);
    if (status !== 0) failed(stderr);
  }
  if (!existsSync(projectNode)) {
    stop("the project's own Node is missing because install scripts were switched off: run `npm rebuild node --ignore-scripts=false`");
  }
  if (found !== stamp) writeFileSync(stampFile, stamp);
}

/** Compiles, takes away what is no more, then makes the pages that the server carries out of what was compiled. */
export function build() {
  if (runNode([join('node_modules', 'typescript', 'bin', 'tsc'), '-b']) !== 0) return false;
  prune();
  return buildPages();
}

/** A developer who ran `npm install` by hand has it all: npm's own note of what it installed says so. */
function npmAgrees() {
  const note = join(modules, '.package-lock.json');
  if (!existsSync(note)) return false;
  const wanted = JSON.parse(read('package-lock.json')).packages;
  const present = JSON.parse(readFileSync(note, 'utf8')).packages;
  return Object.keys(wanted).every((name) => {
    if (name === '' || (wanted[name].optional && !present[name])) return true;
    return present[name] !== undefined && present[name].version === wanted[name].version;
  });
}

function failed(stderr) {
  process.stderr.write(stderr);
  if (offline.test(stderr)) stop('the packages could not be fetched: check the connection to the npm registry (proxy settings are npm’s own) and try again');
  stop('npm could not install the packages; its own words are above');
}

function read(name) {
  return readFileSync(join(root, name), 'utf8');
}
