// The parent's side: a load process for each server, and rounds that alternate between servers, each with what it cost the server.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Figure, figure } from '../harness/compare.ts';
import { ended, type Served, spawnPinned } from '../harness/processes.ts';
import type { Answer, Command, Target } from './commands.ts';
import type { DialectName } from './dialects.ts';

/** A server with its load. */
export interface Side {
  readonly server: Served;
  readonly target: Target;
  ask(command: Command): Promise<Answer>;
  /** Ends both. */
  stop(): Promise<void>;
}

export interface Round extends Answer {
  readonly serverCpu: number;
  readonly perCpuSecond: number;
}

export interface SideOptions {
  readonly server: Served;
  readonly dialect: DialectName;
  readonly tls?: boolean;
  /** Where the load runs. */
  readonly core?: number;
}

/**
 * A load that shares its core with the server must not take the core at the first byte that the server writes to it, or a switch of processes is measured
 * with every write: as a batch job it waits for its turn. Where the system has no such thing, figures are lower for everyone.
 */
const yieldToServer = (pid: number): void => {
  spawnSync('chrt', ['--batch', '--all-tasks', '--pid', '0', String(pid)], { stdio: 'ignore' });
};

export const startSide = ({ server, dialect, tls = false, core = 0 }: SideOptions): Side => {
  const child = spawnPinned(core, [fileURLToPath(new URL('./load.ts', import.meta.url))], ['ignore', 'inherit', 'inherit', 'ipc']);
  yieldToServer(child.pid as number);
  return {
    server,
    target: { dialect, port: server.port, tls },
    ask: (command) =>
      new Promise((resolve, reject) => {
        const exit = (): void => reject(new Error(`the load of ${server.name} ended`));
        child.once('exit', exit);
        child.once('message', (answer: { result?: Answer; failure?: string }) => {
          child.off('exit', exit);
          if (answer.result === undefined) reject(new Error(`${server.name}: ${answer.failure}`));
          else resolve(answer.result);
        });
        child.send(command);
      }),
    stop: async () => {
      child.disconnect();
      await ended(child);
      await server.stop();
    },
  };
};

/** One command, and what it cost the server. */
export const measure = async (side: Side, command: Command): Promise<Round> => {
  const before = side.server.cpu();
  const answer = await side.ask(command);
  const serverCpu = side.server.cpu() - before;
  return { ...answer, serverCpu, perCpuSecond: answer.units / serverCpu };
};

/** `rounds` of every side, alternating, after one that is thrown away. */
export const alternate = async (sides: readonly Side[], command: (side: Side) => Command, rounds: number): Promise<Round[][]> => {
  const all: Round[][] = sides.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const measured = await measure(side, command(side));
      if (!measured.complete) throw new Error(`${side.server.name}: not everyone got exactly what was sent`);
      if (round > 0) all[index]?.push(measured);
    }
  }
  return all;
};

/** Ours against theirs round by round: neighbours in time have the machine in the same mood. */
export const ratioOf = (ours: readonly number[], theirs: readonly number[]): Figure => figure(ours.map((value, index) => value / (theirs[index] as number)));
