// Servers against each other in one run: the same load on each in turn, A B A B, the first rounds thrown away, medians of the rest. What is compared is
// requests per CPU-second of the server. Server and client share a core unless told otherwise, so that the placement of cores moves nothing.
import { fileURLToPath } from 'node:url';
import type { Job, JobResult } from './load.ts';
import { ended, type Served, spawnPinned } from './processes.ts';

export interface Round extends JobResult {
  readonly serverCpu: number;
  readonly perCpuSecond: number;
}

export interface Loader {
  run(job: Job): Promise<JobResult>;
  stop(): Promise<void>;
}

export const startLoader = (core?: number): Loader => {
  const child = spawnPinned(core, [fileURLToPath(new URL('./load.ts', import.meta.url))], ['ignore', 'inherit', 'inherit', 'ipc']);
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const exit = (): void => reject(new Error('the load process ended'));
        child.once('exit', exit);
        child.once('message', (answer: { result?: JobResult; failure?: string }) => {
          child.off('exit', exit);
          if (answer.result === undefined) reject(new Error(answer.failure));
          else resolve(answer.result);
        });
        child.send(job);
      }),
    stop: async () => {
      child.disconnect();
      await ended(child);
    },
  };
};

/** One round: the load, and what it cost the server. */
export const measure = async (loader: Loader, server: Served, job: Omit<Job, 'port'>): Promise<Round> => {
  const before = server.cpu();
  const result = await loader.run({ ...job, port: server.port });
  const serverCpu = server.cpu() - before;
  return { ...result, serverCpu, perCpuSecond: result.requests / serverCpu };
};

export interface Contender {
  readonly server: Served;
  readonly job: Omit<Job, 'port'>;
}

/** Until the compilers have done their work: thousands of requests. */
const WARMING = 3;

/** `rounds` of every contender, alternating. */
export const alternate = async (loader: Loader, contenders: readonly Contender[], rounds: number): Promise<Round[][]> => {
  const all: Round[][] = contenders.map(() => []);
  for (let round = -WARMING; round < rounds; round++) {
    for (const [index, { server, job }] of contenders.entries()) {
      const measured = await measure(loader, server, job);
      if (round >= 0) all[index]?.push(measured);
    }
  }
  return all;
};

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

export interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export const figure = (values: readonly number[]): Figure => ({ median: median(values), least: Math.min(...values), most: Math.max(...values) });

/** `45.1 [44.0-46.2]` */
export const shown = ({ median, least, most }: Figure, digits = 1, per = 1): string =>
  `${(median / per).toFixed(digits)} [${(least / per).toFixed(digits)}-${(most / per).toFixed(digits)}]`;

/** The ratio of two contenders round by round: neighbours in time have the machine in the same mood. */
export const ratio = (ours: readonly Round[], theirs: readonly Round[]): Figure =>
  figure(ours.map((round, index) => round.perCpuSecond / (theirs[index] as Round).perCpuSecond));
