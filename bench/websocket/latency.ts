// A steady trickle to many: what a subscriber waits, from the time at which a message was meant to be sent, and what it costs.
import { median } from '../harness/compare.ts';
import type { Row } from '../harness/report.ts';
import { alternate, type Round } from '../sockets/loader.ts';
import { alone, OTHER_CORE, quick, rounds, section } from '../sockets/settings.ts';
import { bareNode, bareWs, godwit, socketIo, withSides } from '../sockets/sides.ts';
import { subscribe } from './fan-out.ts';

const SUBSCRIBERS = 1000;
const PER_SECOND = 50;
const SECONDS = quick ? 4 : 10;
const ROUNDS = Math.min(rounds, 3);
const TOPIC = 'news.of.today';
const starts = (alone ? [godwit] : [godwit, socketIo, bareWs, bareNode]).map((start) => () => start(OTHER_CORE));

const middle = (all: readonly Round[], pick: (round: Round) => number, digits = 2): string => median(all.map(pick)).toFixed(digits);
const range = (all: readonly Round[], pick: (round: Round) => number, digits = 2): string =>
  `${middle(all, pick, digits)} [${Math.min(...all.map(pick)).toFixed(digits)}-${Math.max(...all.map(pick)).toFixed(digits)}]`;

export const latency = (): Promise<void> =>
  withSides(starts, async (sides) => {
    await subscribe(sides, SUBSCRIBERS, [TOPIC]);
    const measured = await alternate(sides, ({ target }) => ({ do: 'paced', target, topic: TOPIC, perSecond: PER_SECOND, seconds: SECONDS }), ROUNDS);
    const body = sides.map(({ server }, index): Row => {
      const all = measured[index] as Round[];
      return [
        server.name,
        middle(all, (round) => round.p50),
        range(all, (round) => round.p99),
        middle(all, (round) => round.p999),
        `${range(all, (round) => (round.serverCpu / round.seconds) * 100, 0)} %`,
        `${middle(all, (round) => (round.cpu / round.seconds) * 100, 0)} %`,
      ];
    });
    section(
      `${PER_SECOND} messages per second to ${SUBSCRIBERS.toLocaleString('en')}, open loop`,
      `Milliseconds from the intended time of sending to each subscriber; ${ROUNDS} alternating rounds of ${SECONDS} s: median [least-most]; server and load on two cores.
Goal: p99 below Socket.IO's at less than its CPU. CPU is of one core.`,
      ['server', 'p50 ms', 'p99 ms', 'p99.9 ms', 'server CPU', 'load CPU'],
      body,
    );
  });
