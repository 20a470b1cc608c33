// What an idle subscribed connection holds: resident memory of the server's process, the kernel's buffers not counted.
import { type Figure, figure, shown } from '../harness/compare.ts';
import type { Row } from '../harness/report.ts';
import type { Side } from '../sockets/loader.ts';
import { alone, OTHER_CORE, quick, section } from '../sockets/settings.ts';
import { bareNode, bareWs, godwit, socketIo, withSides } from '../sockets/sides.ts';

const CONNECTIONS = 10_000;
/** Connections that come first, so that code and heap have grown to their working size. */
const FIRST = 500;
const SETTLE_MS = quick ? 3000 : 8000;
const RUNS = quick ? 1 : 3;
const TOPICS = Array.from({ length: 100 }, (_, index) => `rooms.r${index}.events`);

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

interface Held {
  readonly bytes: number;
  readonly perSecond: number;
}

const holdMany = async (start: (core: number) => Promise<Side>): Promise<Held & { readonly name: string }> =>
  withSides([() => start(OTHER_CORE)], async ([side]) => {
    const { server, target, ask } = side as Side;
    const open = (count: number) => ask({ do: 'subscribe', target, count, topics: TOPICS, perLink: 1, parallel: 64 });
    await open(FIRST);
    await settle();
    const before = server.memory();
    const { seconds } = await open(CONNECTIONS);
    await settle();
    return { name: server.name, bytes: (server.memory() - before) / CONNECTIONS, perSecond: CONNECTIONS / seconds };
  });

export const memory = async (): Promise<void> => {
  const body: Row[] = [];
  let peer: Figure | undefined;
  const starts = alone ? [godwit] : [socketIo, bareWs, bareNode, godwit];
  for (const start of starts) {
    const runs: (Held & { name: string })[] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await holdMany((core) => start(core)));
    const held = figure(runs.map(({ bytes }) => bytes));
    peer ??= held;
    const rate = figure(runs.map(({ perSecond }) => perSecond));
    const goal = start === godwit ? ', at most 8, goal 6' : '';
    body.push([runs[0]?.name ?? '', `${shown(held, 1, 1024)}${goal}`, (held.median / peer.median).toFixed(2), shown(rate, 1, 1000)]);
  }
  section(
    `memory per idle subscribed connection, ${CONNECTIONS.toLocaleString('en')} connections`,
    `Growth of resident memory from ${FIRST} connections on, ${SETTLE_MS / 1000} s after the last, over the connections added; a fresh server each time, ${RUNS} runs: median [least-most]; 100 topics.`,
    ['server', 'KB per connection', 'of the first', 'k connected and subscribed per s'],
    body,
  );
};
