// 100,000 patterns against 100: every message reaches exactly one subscriber, so that what differs is the routing.
import { RouteTree } from '../../packages/server/core/route-tree.ts';
import { figure, median, shown } from '../harness/compare.ts';
import type { Row } from '../harness/report.ts';
import { alternate, ratioOf, type Side } from '../sockets/loader.ts';
import { LOAD_CORE, PLACED, rounds, seconds, section } from '../sockets/settings.ts';
import { godwit, withSides } from '../sockets/sides.ts';

const FEW = 100;
const MANY = 100_000;
const CONNECTIONS = 100;
/** Topics that are published to: of the many, spread over all of them. */
const TOPICS = 1000;

const patternOf = (index: number): string => {
  if (index % 3 === 0) return `tenants.t${index}.orders.created`;
  return index % 3 === 1 ? `tenants.*.k${index}.changed` : `tenants.t${index}.**`;
};
const topicOf = (index: number): string => {
  if (index % 3 === 0) return patternOf(index);
  return index % 3 === 1 ? `tenants.any.k${index}.changed` : `tenants.t${index}.devices.d1`;
};

const follow = async ({ ask, target }: Side, patterns: number): Promise<void> => {
  const topics = Array.from({ length: patterns }, (_, index) => patternOf(index));
  await ask({ do: 'subscribe', target, count: CONNECTIONS, topics, perLink: patterns / CONNECTIONS, parallel: 8 });
};

const topicsOf = (patterns: number): string[] => {
  const count = Math.min(patterns, TOPICS);
  return Array.from({ length: count }, (_, index) => topicOf(Math.floor((index * patterns) / count)));
};

const ROUTINGS = 200_000;

/** CPU nanoseconds of routing alone: the tree by itself, topics taken in turn. */
const routing = (patterns: number, topics: readonly string[]): number[] => {
  const tree = new RouteTree<number>();
  for (let index = 0; index < patterns; index++) tree.add(patternOf(index), index);
  let found = 0;
  const took = Array.from({ length: rounds + 1 }, () => {
    const { user: before } = process.cpuUsage();
    // Through the tree each time: `match` would find most of it kept.
    for (let turn = 0; turn < ROUTINGS; turn++) found += tree.find(topics[turn % topics.length] as string).length;
    return ((process.cpuUsage().user - before) * 1000) / ROUTINGS;
  });
  if (found !== ROUTINGS * (rounds + 1)) throw new Error('a topic was not routed to exactly one');
  return took.slice(1);
};

/** The few, the many with the traffic of the few, the many with traffic for all of them. */
const routingRows = (): Row[] => {
  const all: [string, number[]][] = [
    [`${FEW}, routing alone`, routing(FEW, topicsOf(FEW))],
    [`${MANY.toLocaleString('en')}, routing alone, the same ${FEW} topics`, routing(MANY, topicsOf(FEW))],
    [`${MANY.toLocaleString('en')}, routing alone, topics of all`, routing(MANY, topicsOf(MANY))],
  ];
  const first = all[0]?.[1] as number[];
  return all.map(([name, mine]) => [
    name,
    shown(figure(mine), 2, 1000),
    mine === first ? '1' : shown(ratioOf(mine, first), 2),
    ((median(mine) - median(first)) / 1000).toFixed(2),
  ]);
};

export const patterns = (): Promise<void> => {
  const few = (): Promise<Side> => godwit(LOAD_CORE, { name: `${FEW} patterns` });
  const many = (): Promise<Side> => godwit(LOAD_CORE, { name: `${MANY.toLocaleString('en')} patterns` });
  return withSides([few, many], async (sides) => {
    const counts = [FEW, MANY];
    for (const [index, side] of sides.entries()) await follow(side, counts[index] as number);
    const topics = counts.map(topicsOf);
    const measured = await alternate(
      sides,
      (side) => ({ do: 'fan-out', target: side.target, topics: topics[sides.indexOf(side)] as string[], inFlight: 256, seconds }),
      rounds,
    );
    const costs = measured.map((all) => all.map(({ perCpuSecond }) => 1e6 / perCpuSecond));
    const body = sides.map(({ server }, index): Row => {
      const mine = costs[index] as number[];
      return [
        server.name,
        shown(figure(mine), 1),
        index === 0 ? '1' : `${shown(ratioOf(mine, costs[0] as number[]), 2)}, at most 2`,
        (median(mine) - median(costs[0] as number[])).toFixed(1),
      ];
    });
    section(
      `${MANY.toLocaleString('en')} patterns`,
      `A third exact, a third with \`*\`, a third with \`**\`, on ${CONNECTIONS} connections; confirmed publishes, 256 in flight, round robin over ${TOPICS.toLocaleString('en')} topics of all of them (over all ${FEW} of the few); every message
matches one pattern and reaches one subscriber. CPU microseconds of the server for a message, all of it: publish, store, route, deliver; ${rounds} alternating rounds of ${seconds} s; ${PLACED}.`,
      ['subscribed', 'us CPU per message', 'times the first', 'more, us'],
      [...body, ...routingRows()],
    );
  });
};
