// What the compiler made of a file that was since renamed, deleted or moved out of the build stays in `dist`, and would be published. It is taken away.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const packages = ['protocol', 'client', 'server'];
const made = /(?:\.d\.ts|\.js|\.js\.map)$/;
/** Not compiled, so what is found of them was compiled once. */
const left = /\.(?:test|contract)$|^(?:testing|faults)\//;
/** Pages, made by other tools, which empty their folder themselves. */
const pages = /^(?:console|docs)\//;

/** Whether `path`, below the `dist` of a package, stands for a source that is there and built; what no compiler makes is kept. */
export function isFresh(path, hasSource) {
  if (pages.test(path) || !made.test(path)) return true;
  const name = path.replace(made, '');
  return !left.test(name) && hasSource(`${name}.ts`);
}

/** Removes what is stale; returns the paths. */
export function prune(base = root) {
  return packages.flatMap((name) => {
    const source = join(base, 'packages', name);
    const dist = join(source, 'dist');
    if (!existsSync(dist)) return [];
    // The specification is compiled beside the command, which runs it.
    const hasSource = (path) => existsSync(path.startsWith('spec/') ? join(base, path) : join(source, path));
    const files = readdirSync(dist, { recursive: true }).map((path) => path.replaceAll('\\', '/'));
    const stale = files.filter((path) => !isFresh(path, hasSource)).map((path) => join(dist, path));
    for (const path of stale) rmSync(path, { recursive: true, force: true });
    return stale;
  });
}
