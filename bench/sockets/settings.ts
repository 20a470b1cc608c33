// What the command line says about a run, and the parts of a report that all scenarios share.
import { type Figure, figure, median, shown } from '../harness/compare.ts';
import { circumstances, option, type Row, report, table } from '../harness/report.ts';
import { type Round, ratioOf, type Side } from './loader.ts';
import { readLatency } from './mood.ts';

export const quick = process.argv.includes('--quick');
export const apart = process.argv.includes('--apart');
export const profiled = process.argv.includes('--profile');
export const seconds = Number(option('seconds', quick ? '1.5' : '3'));
export const rounds = Number(option('rounds', quick ? '3' : '5'));
/** Only Godwit, for work on it. */
export const alone = process.argv.includes('--alone');

/** Where the load runs in scenarios that count CPU: beside the server, so that where the cores happen to be moves nothing. */
export const LOAD_CORE = apart ? 1 : 0;
/** Where it runs in scenarios that look at the clock. */
export const OTHER_CORE = 1;

export const HEAD: Row = ['server', 'k per CPU-s', 'us CPU each', 'of the first peer', 'k per s', 'server CPU', 'load CPU'];

const percent = (all: readonly Round[], pick: (round: Round) => number): string =>
  `${Math.round(median(all.map((round) => pick(round) / round.seconds)) * 100)} %`;

/** A row for each side; the ratio is to the side after the first. */
export const rows = (sides: readonly Side[], all: readonly Round[][], goal: string): Row[] =>
  sides.map(({ server }, index) => {
    const mine = all[index] as Round[];
    const perCpu = mine.map((round) => round.perCpuSecond);
    const peer = all[1]?.map((round) => round.perCpuSecond);
    const ratio: Figure | undefined = peer === undefined || index === 1 ? undefined : ratioOf(perCpu, peer);
    return [
      server.name,
      shown(figure(perCpu), 1, 1000),
      (1e6 / median(perCpu)).toFixed(2),
      ratio === undefined ? '1' : `${shown(ratio, 2)}${index === 0 ? `, ${goal}` : ''}`,
      (median(mine.map((round) => round.units / round.seconds)) / 1000).toFixed(1),
      percent(mine, (round) => round.serverCpu),
      percent(mine, (round) => round.cpu),
    ];
  });

export const PLACED = apart ? 'server and load on two cores' : 'server and load on one core';

/** Prints a scenario's section, and keeps it where the command line says so. */
export const section = (title: string, how: string, head: Row, body: readonly Row[]): void =>
  report(
    `websocket: ${title}${quick ? ', quick' : ''}${apart ? ', load on another core' : ''}`,
    `${circumstances(['socket.io', 'ws'])} A read out of 4 MB took ${readLatency()}.\n${how}\n\n${table(head, body)}`,
  );
