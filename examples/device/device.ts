// A device on a bad network: it measures whether there is a network or not, publishes what it measured in its order and once, and takes commands, those too
// that were sent while it was away.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, GodwitError } from '@godwit/client';
import type api from './godwit.config.ts';
import { Outbox } from './outbox.ts';
import { files } from './place.ts';

const { GODWIT_URL = 'http://localhost:7117', GODWIT_KEY = '', DEVICE = 'thermometer-1', FOLDER = './device-data' } = process.env;
mkdirSync(FOLDER, { recursive: true });

const client = createClient<typeof api>({ url: GODWIT_URL, key: GODWIT_KEY });
const kept = files(FOLDER);
const outbox = new Outbox<{ readonly n: number; readonly at: string; readonly celsius: number }>(join(FOLDER, 'outbox'));
const ended = new AbortController();

/** Not longer than this between two attempts: what was confirmed without our hearing of it is remembered for an hour, `publishWindow`. */
const RETRY_MS = 5000;
let wake = (): void => {};
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });

const measure = (): void => {
  const { n } = outbox.put((n) => ({ n, at: new Date().toISOString(), celsius: Math.round(200 + 20 * Math.sin(n / 10)) / 10 }));
  console.log(`measured ${n}`);
  wake();
};

/** Publishes what waits, one after the other: the order is that of measuring. */
const publish = async (): Promise<void> => {
  while (!ended.signal.aborted) {
    const entry = outbox.first;
    if (entry === undefined) {
      await pause(RETRY_MS);
      continue;
    }
    try {
      await client.publish(`devices.${DEVICE}.reading`, entry.data, { requestId: entry.requestId, timeout: 10_000, signal: ended.signal });
      outbox.shift();
    } catch (error) {
      if (ended.signal.aborted) return;
      if (error instanceof GodwitError && !error.retryable) {
        // What the server will never take must not hold up the rest.
        console.error(`reading ${entry.n} is refused: ${error.message}`);
        outbox.shift();
      } else await pause(RETRY_MS);
    }
  }
};

let timer: NodeJS.Timeout | undefined;
const every = (ms: number): void => {
  clearInterval(timer);
  timer = setInterval(measure, ms);
};

// The cursor is kept after the handler has finished, so a command may come again, and none is missed. Setting an interval twice does no harm.
const commands = client.subscribe(
  `devices.${DEVICE}.command`,
  ({ data }) => {
    kept.set('every', String(data.everyMs));
    every(data.everyMs);
    console.log(`every ${data.everyMs} ms`);
  },
  { after: 'earliest', store: { key: 'commands.cursor', cursors: kept }, onGap: () => console.error('commands were missed: they are kept for 7 days') },
);
commands.closed.catch((error: unknown) => console.error(`no commands any more: ${String(error)}`));

every(Number(kept.get('every') ?? 1000));
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    clearInterval(timer);
    ended.abort();
    wake();
  });
await publish();
await client.close();
