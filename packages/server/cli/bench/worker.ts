// A worker of `godwit bench`, a process of its own: it opens its clients, publishes or listens, and counts. Its parent tells it when.
import { type Client, createClient } from '@godwit/client';
import { failureOf, sentenceOf } from '../frame/failure.ts';
import { Histogram } from './histogram.ts';
import { type Order, paddingFor, payload, type Task, type Word, wallClock } from './words.ts';

const COUNT_MS = 250;
const OPENING_AT_ONCE = 50;

const say = (word: Word): void => {
  process.send?.(word);
};

let latencies = new Histogram();
let measuring = false;
let stopped = false;
let failed = 0;
let failure: string | undefined;
let begun = { at: 0, cpu: process.cpuUsage() };
const clients: Client[] = [];

const note = (error: unknown): void => {
  if (stopped) return;
  failed++;
  failure ??= sentenceOf(failureOf(error));
};

const clientFor = ({ whom: { url, key, token } }: Task): Client => {
  const client = createClient({ url, transport: 'websocket', ...(key === undefined ? {} : { key }), ...(token === undefined ? {} : { token }) });
  clients.push(client);
  return client;
};

const publishOn = (client: Client, topic: string, { inFlight, size }: Task): void => {
  const padding = paddingFor(size);
  const one = async (): Promise<void> => {
    while (!stopped) {
      const at = performance.now();
      try {
        await client.publish(topic, payload(wallClock(), padding));
        if (measuring) latencies.add(performance.now() - at);
      } catch (error) {
        note(error);
      }
    }
  };
  for (let count = 0; count < inFlight; count++) void one();
};

const listenOn = async (client: Client, topic: string): Promise<void> => {
  const subscription = client.subscribe(topic, ({ data }) => {
    if (measuring) latencies.add(Math.max(0, wallClock() - (data as { at: number }).at));
  });
  subscription.closed.catch(note);
  await subscription.ready;
};

const open = async (task: Task): Promise<void> => {
  const made = Array.from({ length: task.clients }, () => clientFor(task));
  for (let from = 0; from < made.length; from += OPENING_AT_ONCE) {
    const some = made.slice(from, from + OPENING_AT_ONCE);
    await Promise.all(some.map((client) => (task.kind === 'subscribe' ? listenOn(client, task.topic) : client.connect())));
  }
  // Publishing begins before it is counted, so that nothing that only happens once is.
  if (task.kind === 'publish') for (const [index, client] of made.entries()) publishOn(client, `${task.topic}.${task.number}-${index}`, task);
};

const finish = async (): Promise<void> => {
  const { user, system } = process.cpuUsage(begun.cpu);
  const seconds = (performance.now() - begun.at) / 1000;
  measuring = false;
  stopped = true;
  say({ said: 'result', result: { latencies: latencies.counted(), failed, failure, cpu: (user + system) / 1e6 / seconds, seconds } });
  await Promise.allSettled(clients.map((client) => client.close()));
  process.disconnect();
};

process.on('message', (order: Order) => {
  if (order.do === 'open') {
    open(order.task).then(
      () => say({ said: 'open' }),
      (error: unknown) => {
        const told = failureOf(error);
        say({ said: 'failed', sentence: told.message, code: told.code });
      },
    );
  } else if (order.do === 'measure') {
    latencies = new Histogram();
    begun = { at: performance.now(), cpu: process.cpuUsage() };
    measuring = true;
    setInterval(() => say({ said: 'count', count: latencies.count }), COUNT_MS).unref();
  } else void finish().finally(() => process.exit(0));
});
// Its parent is gone: nobody asks any more.
process.on('disconnect', () => process.exit(0));
