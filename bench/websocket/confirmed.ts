// Confirmed publishes that nobody follows: what a message costs on its way to stable storage and back, against an acknowledgement of nothing.
import { median } from '../harness/compare.ts';
import type { Command } from '../sockets/commands.ts';
import { alternate, type Side } from '../sockets/loader.ts';
import { alone, HEAD, LOAD_CORE, PLACED, rounds, rows, seconds, section } from '../sockets/settings.ts';
import { bareNode, bareWs, godwit, socketIo, withSides } from '../sockets/sides.ts';

const WINDOW = { connections: 16, inFlight: 16, topics: ['orders.42.updated'] };
const LOAD = 0.7;
const starts = (alone ? [godwit] : [godwit, socketIo, bareWs, bareNode]).map((start) => () => start(LOAD_CORE));

export const confirmed = (): Promise<void> =>
  withSides(starts, async (sides) => {
    const full = await alternate(sides, ({ target }) => ({ do: 'publish', target, ...WINDOW, seconds }), rounds);
    const rates = full.map((measured) => median(measured.map((round) => round.units / round.seconds)));
    const paced = (side: Side): Command => ({
      do: 'publish',
      target: side.target,
      ...WINDOW,
      seconds,
      perSecond: Math.floor((rates[sides.indexOf(side)] as number) * LOAD),
    });
    const partly = await alternate(sides, paced, rounds);
    const latency = (index: number): string[] => {
      const at = (pick: 'p50' | 'p99' | 'p999'): string => median((partly[index] ?? []).map((round) => round[pick])).toFixed(2);
      return [`${at('p50')} / ${at('p99')} / ${at('p999')}`];
    };
    section(
      'confirmed publish, 16 connections with 16 in flight',
      `Godwit: on stable storage, with its requestId, before it is confirmed. Socket.IO: emit with acknowledgement, nothing is stored; ws: an 'ok'. No subscriber.
k confirmations per CPU-second of the server, all its threads: median [least-most] of ${rounds} alternating rounds of ${seconds} s; ${PLACED}.
Latency at 70 % of the rate that each reached, open loop, from the intended time; goal p99 at most 10 ms.`,
      [...HEAD, 'p50 / p99 / p99.9 ms at 70 %'],
      rows(sides, full, 'at least 1; 158 k, goal 250 k').map((row, index) => [...row, ...latency(index)]),
    );
  });
