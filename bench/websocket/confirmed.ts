// Confirmed publishes that nobody follows: what a message costs on its way to stable storage and back, against an acknowledgement of nothing.
import { figure, median, shown } from '../harness/compare.ts';
import type { Command } from '../sockets/commands.ts';
import { alternate, type Round, type Side } from '../sockets/loader.ts';
import { alone, HEAD, LOAD_CORE, OTHER_CORE, PLACED, rounds, rows, seconds, section } from '../sockets/settings.ts';
import { bareNode, bareWs, godwit, socketIo, withSides } from '../sockets/sides.ts';

const WINDOW = { connections: 16, inFlight: 16, topics: ['orders.42.updated'] };
const LOAD = 0.7;
const starts = (core: number) => (alone ? [godwit] : [godwit, socketIo, bareWs, bareNode]).map((start) => () => start(core));

const flatOut = (sides: readonly Side[]): Promise<Round[][]> => alternate(sides, ({ target }) => ({ do: 'publish', target, ...WINDOW, seconds }), rounds);

/** Of each side at 70 % of the rate that it reaches with the load beside it. */
const latencies = (): Promise<string[]> =>
  withSides(starts(OTHER_CORE), async (sides) => {
    const rates = (await flatOut(sides)).map((measured) => median(measured.map((round) => round.units / round.seconds)));
    const paced = (side: Side): Command => ({
      do: 'publish',
      target: side.target,
      ...WINDOW,
      seconds,
      perSecond: Math.floor((rates[sides.indexOf(side)] as number) * LOAD),
    });
    const partly = await alternate(sides, paced, rounds);
    return partly.map((measured) => {
      const p99 = figure(measured.map((round) => round.p99));
      const at = (pick: 'p50' | 'p999'): string => median(measured.map((round) => round[pick])).toFixed(2);
      return `${at('p50')} / ${shown(p99, 2)} / ${at('p999')}`;
    });
  });

export const confirmed = async (): Promise<void> => {
  const latency = await latencies();
  await withSides(starts(LOAD_CORE), async (sides) => {
    const full = await flatOut(sides);
    section(
      'confirmed publish, 16 connections with 16 in flight',
      `Godwit: on stable storage, with its requestId, before it is confirmed. Socket.IO: emit with acknowledgement, nothing is stored; ws: an 'ok'. No subscriber.
k confirmations per CPU-second of the server, all its threads: median [least-most] of ${rounds} alternating rounds of ${seconds} s; ${PLACED}.
Latency at 70 % of the rate that each reached, open loop, from the intended time, load on another core; goal p99 at most 10 ms.`,
      [...HEAD, 'p50 / p99 / p99.9 ms at 70 %'],
      rows(sides, full, 'at least 1; 158 k, goal 250 k').map((row, index) => [...row, latency[index] as string]),
    );
  });
};
