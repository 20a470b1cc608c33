#!/usr/bin/env node
// The command's door. It is plain JavaScript that an old Node can read as well, and it looks before it loads the program: on a
// Node without a sound `node:sqlite` it says in one sentence what is needed instead of failing somewhere inside.

import { existsSync } from 'fs';

const main = new URL('../dist/main.js', import.meta.url);

if (existsSync(main)) {
  import('../dist/node-version.js').then(({ nodeRefusal }) => {
    const refusal = nodeRefusal();
    if (refusal !== undefined) return refuse(refusal);
    stopWithParent();
    return import(main.href);
  });
} else {
  refuse('Godwit is not built yet: run `npm run build` in its workspace.');
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
