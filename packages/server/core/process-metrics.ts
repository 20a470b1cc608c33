// What the process itself costs, as metrics (12.1): memory, CPU, the delay of the event loop, open files. Read only when somebody scrapes.
import { readdirSync, statSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 20;
const DESCRIPTORS = '/proc/self/fd';

/** Newer kernels tell the number as the size of the directory; listing it takes milliseconds with ten thousand sockets open. */
const openDescriptors = (): number => statSync(DESCRIPTORS).size || readdirSync(DESCRIPTORS).length - 1;

const countsDescriptors = (): boolean => {
  try {
    return openDescriptors() > 0;
  } catch {
    return false;
  }
};

/** Declares the process metrics; the returned function ends the watching of the event loop. */
export const declareProcessMetrics = (metrics: Metrics): (() => void) => {
  metrics.gauge('godwit_process_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
  metrics.counted('godwit_process_cpu_seconds_total', 'CPU time spent, in seconds.', () => {
    const { user, system } = process.cpuUsage();
    return [
      [{ mode: 'user' }, user / 1e6],
      [{ mode: 'system' }, system / 1e6],
    ];
  });
  metrics.gauge('godwit_process_uptime_seconds', 'Seconds since the process started.', () => process.uptime());
  if (countsDescriptors()) metrics.gauge('godwit_process_open_fds', 'Open file descriptors, sockets included.', openDescriptors);

  // Watched from the first scrape on: where nobody looks, nothing wakes the process.
  let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;
  let ended = false;
  metrics.gauge('godwit_event_loop_delay_seconds', 'Delay of the event loop since the scrape before.', () => {
    if (ended) return [];
    if (delay === undefined) {
      delay = monitorEventLoopDelay({ resolution: RESOLUTION });
      delay.enable();
    }
    // The runtime counts the whole time between two looks, most of which is none of the delay.
    const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1000);
    const values = [
      [{ stat: 'p50' }, seconds(delay.percentile(50))],
      [{ stat: 'p99' }, seconds(delay.percentile(99))],
      [{ stat: 'max' }, seconds(delay.max)],
    ] as const;
    delay.reset();
    return values;
  });
  return () => {
    ended = true;
    delay?.disable();
  };
};
