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

/** The delay of the event loop between two looks, in seconds; nothing once it is stopped. Watched from the first look on: where nobody looks, nothing wakes the process. */
const eventLoopDelay = () => {
  let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;
  let ended = false;
  return {
    look: (): Readonly<Record<string, number>> => {
      if (ended) return {};
      if (delay === undefined) {
        delay = monitorEventLoopDelay({ resolution: RESOLUTION });
        delay.enable();
      }
      // The runtime counts the whole time between two looks, most of which is none of the delay.
      const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1000);
      const values = { p50: seconds(delay.percentile(50)), p99: seconds(delay.percentile(99)), max: seconds(delay.max) };
      delay.reset();
      return values;
    },
    stop: (): void => {
      ended = true;
      delay?.disable();
    },
  };
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

  const delay = eventLoopDelay();
  metrics.gauge('godwit_event_loop_delay_seconds', 'Delay of the event loop since the scrape before.', () =>
    Object.entries(delay.look()).map(([stat, seconds]) => [{ stat }, seconds] as const),
  );
  return delay.stop;
};

/** What the process costs, for who asks through the protocol (11.5): the delay of the event loop is counted apart from that of the scrapes. */
export const watchProcess = () => {
  const delay = eventLoopDelay();
  let looked = false;
  return {
    look: (): Readonly<Record<string, unknown>> => {
      const { user, system } = process.cpuUsage();
      const eventLoop = delay.look();
      const value = { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6, eventLoopDelay: looked ? eventLoop : null };
      looked = true;
      return value;
    },
    stop: delay.stop,
  };
};
