// What is committed must work on every machine: no file names this machine's folders, and the lockfile names no host and lists
// the packages of every platform (npm leaves out what a registry could not give it when the file was made, and `npm ci` then
// refuses the whole file elsewhere).

import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './workspace.mjs';

const common = /^\/(app|data|mnt|opt|srv|tmp|usr|var)?(\/|$)/;
const largest = 1_000_000;

/** The folders of this machine that no file may name: where the workspace lies, and the home of who works here. */
export function machineFolders(workspace, home) {
  return [dirname(workspace.replace(/\/$/, '')), home].filter((folder) => !common.test(folder)).map((folder) => `${folder}/`);
}

/** The sentences that say what is wrong in a lockfile. */
export function lockfileFaults({ packages }) {
  const names = Object.keys(packages);
  return names.flatMap((name) => {
    const { resolved = '', optionalDependencies = {} } = packages[name];
    const absent = Object.keys(optionalDependencies).filter((wanted) => !names.some((other) => `/${other}`.endsWith(`/node_modules/${wanted}`)));
    return [...(/^https?:/.test(resolved) ? [`${name} names a host`] : []), ...absent.map((wanted) => `${wanted}, of ${name}, is missing`)];
  });
}

/** Whether a text names a folder; one that only ends like it, in a longer path, is another. */
export function names(text, folder) {
  for (let at = text.indexOf(folder); at !== -1; at = text.indexOf(folder, at + 1)) {
    if (at === 0 || !/[\w.-]/.test(text.toString('latin1', at - 1, at))) return true;
  }
  return false;
}

function committed() {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.split('\0').filter((name) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile()) : [];
}

function faults() {
  const folders = machineFolders(root, homedir());
  const found = lockfileFaults(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))).map((fault) => `package-lock.json: ${fault}`);
  for (const name of committed()) {
    const bytes = readFileSync(join(root, name));
    if (bytes.length > largest || bytes.includes(0)) continue;
    for (const folder of folders) if (names(bytes, folder)) found.push(`${name} names a folder of this machine: ${folder}`);
  }
  return found;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const found = faults();
  for (const sentence of found) console.error(`portable: ${sentence}`);
  if (found.length > 0) process.exitCode = 1;
}
