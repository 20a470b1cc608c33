// How much memory garbage may take. The runtime lets its heap grow to several times what lives in it before it collects, and keeps what it has taken: a
// hundred megabytes that a bounded outbox cannot bound (6.2.10). A server's process collects earlier instead; a program that embeds one decides for itself.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Enough for what is in flight at any moment under full load to die young. */
const ENOUGH_YOUNG_BYTES = 8 * 1024 * 1024;
const LOOK_MS = 250;

/** Bounds the heap of this process to what lives in it and half as much again; its young generation grows as far as it pays and no further. */
export const boundHeap = (): void => {
  setFlagsFromString('--heap-growing-percent=50');
  // By itself marking begins once no more than a young generation's room is left. A small heap never has more than that, so it would be marked without end, and every
  // half second each message would wait for it.
  setFlagsFromString('--incremental-marking-soft-trigger=75');
  setFlagsFromString('--incremental-marking-hard-trigger=90');
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (young === undefined || young.space_size < ENOUGH_YOUNG_BYTES) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(timer);
  }, LOOK_MS);
  timer.unref();
};
