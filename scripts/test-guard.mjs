// Loaded into every test file's process. The runner bounds each test but waits for ever for a file that does not end: a server
// left open, a timer. This ends such a file, names what is still open, and thereby fails it.

import { after } from 'node:test';
import { isMainThread } from 'node:worker_threads';

const lingerMs = 10_000;
const fileMs = 15 * 60_000;

// Workers and programs started by a test inherit this module: it is for the test file alone.
if (isMainThread && process.env.NODE_TEST_CONTEXT && /\.test\.\w+$/.test(process.argv[1] || '')) {
  endAfter(fileMs, 'is still running');
  after(() => endAfter(lingerMs, 'has finished its tests but does not end'));
}

function endAfter(ms, what) {
  const timer = setTimeout(() => {
    console.error(`${process.argv[1]} ${what} after ${ms / 1000} s; still open: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit(1);
  }, ms);
  timer.unref();
}
