// What the build makes for people to look at: the console, by Vite, and the reference, by scripts/docs. Each is made again only when the
// content of what it is made of has changed, known by a stamp beside it; to find that there is nothing to do takes some milliseconds.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root, runNode, say } from './workspace.mjs';

const dist = join('packages', 'server', 'dist');

/**
 * needs: without it there is nothing to build. from: files and folders that it is made of. run: what makes `into`. Maps and types
 * change nothing that is seen.
 */
export const steps = [
  {
    name: 'console',
    needs: join('packages', 'console', 'index.html'),
    from: [join('packages', 'console'), join('packages', 'client', 'dist'), join('packages', 'protocol', 'dist'), 'package-lock.json'],
    into: join(dist, 'console'),
    run: () => runNode([join('node_modules', 'vite', 'bin', 'vite.js'), 'build', join('packages', 'console'), '--logLevel', 'warn']),
    failure: 'the console could not be built; the words of Vite are above',
  },
  {
    name: 'reference',
    needs: join('scripts', 'docs', 'build.ts'),
    from: [
      join('scripts', 'docs'),
      join('scripts', 'markdown.ts'),
      join('scripts', 'reference.ts'),
      join('docs', 'protocol.md'),
      join('docs', 'reference', 'examples.json'),
      join('packages', 'protocol', 'dist'),
      join('packages', 'server', 'config.ts'),
      join('packages', 'server', 'settings.ts'),
      join('packages', 'server', 'version.ts'),
    ],
    into: join(dist, 'docs'),
    run: () => runNode([join('scripts', 'docs', 'build.ts')]),
    failure: 'the reference could not be made; what is wrong is above',
  },
];

/** Makes what is not fresh; returns whether all is well. */
export function buildPages() {
  return steps.filter((step) => existsSync(join(root, step.needs))).every(make);
}

function make({ name, from, into, run, failure }) {
  const stampFile = join(root, dist, `.${name}-stamp`);
  const stamp = contentOf(root, from);
  const last = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (last === stamp && existsSync(join(root, into, 'index.html'))) return true;
  // A build that is cut off must not look finished.
  rmSync(stampFile, { force: true });
  if (run() !== 0) {
    say(failure);
    return false;
  }
  mkdirSync(join(root, dist), { recursive: true });
  writeFileSync(stampFile, stamp);
  say(`built the ${name}: ${sizes(join(root, into))}`);
  return true;
}

const passedOver = /^(?:node_modules|testing|\..*)$|\.(?:d\.ts|map|tsbuildinfo)$|\.test\.\w+$/;

/** One line that is the same as long as these files, and the files in these folders, hold the same. */
export function contentOf(base, places) {
  const hash = createHash('sha256');
  const add = (place) => {
    const path = join(base, place);
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) if (!passedOver.test(name)) add(join(place, name));
    } else {
      const bytes = readFileSync(path);
      hash.update(`${place.replaceAll('\\', '/')} ${bytes.length}\n`).update(bytes);
    }
  };
  for (const place of places) add(place);
  return `${hash.digest('hex')}\n`;
}

function sizes(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const all = files.map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  const kb = (bytes) => `${(bytes.reduce((sum, one) => sum + one.length, 0) / 1024).toFixed(0)} KB`;
  return `${files.length} files, ${kb(all)}, ${kb(all.map((one) => gzipSync(one)))} gzipped`;
}
