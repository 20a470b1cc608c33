#!/usr/bin/env node
// The command's door. It is plain JavaScript that an old Node can read as well, and it looks before it loads anything: on a
// Node without a sound `node:sqlite` it says in one sentence what is needed instead of failing somewhere inside.

import { existsSync } from 'fs';

const [major, minor] = process.versions.node.split('.').map(Number);
const main = new URL('../dist/main.js', import.meta.url);

if (!((major === 24 && minor >= 15) || major >= 26)) {
  refuse(
    `Godwit needs Node 24.15 or later in the 24 line, or Node 26 or later, and this is Node ${process.versions.node}: get it from https://nodejs.org/en/download.`,
  );
} else if (!existsSync(main)) {
  refuse('Godwit is not built yet: run `npm run build` in its workspace.');
} else {
  stopWithParent();
  import(main.href);
}

/** npm and npx start a shell and tell only that to stop; the program notices that it was left behind, and stops as if told. */
function stopWithParent() {
  if (!/^(npx|start)$/.test(process.env.npm_lifecycle_event || '')) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}

function refuse(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}
