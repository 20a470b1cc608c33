// Counts what zlib does in this process, so that a test need not measure time.
import { createHook } from 'node:async_hooks';

/** How many were gzipped or unpacked while `work` was done, and how many at once. */
export const gzips = async (work: () => Promise<unknown>): Promise<{ all: number; atOnce: number }> => {
  const running = new Set<number>();
  let all = 0;
  let atOnce = 0;
  const hook = createHook({
    init: (id, type) => {
      if (type !== 'ZLIB') return;
      all++;
      atOnce = Math.max(atOnce, running.add(id).size);
    },
    after: (id) => running.delete(id),
  }).enable();
  try {
    await work();
  } finally {
    hook.disable();
  }
  return { all, atOnce };
};
