// The processes of a measurement: servers, each pinned to one core, and the CPU time that the system counts for all of their threads. That time,
// not the clock's, is what figures are made of: other work on the machine, and where its cores happen to be, hardly move it.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const ADMIN_KEY = 'an-admin-key-for-measuring-only-0123456789';

const START_MS = 30_000;
const STOP_MS = 10_000;
const TICKS_PER_SECOND = 100;
const TASKSET = '/usr/bin/taskset';

export interface Served {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** Seconds of CPU so far, all threads. */
  cpu(): number;
  /** Bytes resident. */
  memory(): number;
  stop(): Promise<void>;
}

/** Starts a program under this Node, on one core where the system can pin. */
export const spawnPinned = (
  core: number | undefined,
  args: readonly string[],
  stdio: ('ignore' | 'pipe' | 'inherit' | 'ipc')[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess => {
  const pinned = core !== undefined && existsSync(TASKSET);
  const command = pinned ? TASKSET : process.execPath;
  const before = pinned ? ['-c', String(core), process.execPath] : [];
  return spawn(command, [...before, ...args], { stdio, env: { ...process.env, ...env } });
};

/** CPU seconds of a process: user and system time of all its threads. Linux only, as the figures are. */
export const cpuOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
};

const memoryOf = (pid: number): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;

export const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

const stopChild = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended(child);
  clearTimeout(late);
};

/** Resolves with the port that the first line `http://…:<port>` of its output tells. */
const portOf = (name: string, child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    let text = '';
    const late = setTimeout(() => reject(new Error(`${name} did not start in time: ${text}`)), START_MS);
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const port = /https?:\/\/[^\s:]+:(\d+)/.exec(text)?.[1];
      if (port === undefined) return;
      clearTimeout(late);
      resolve(Number(port));
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it listened: ${text}`)));
  });

const serve = async (name: string, child: ChildProcess, cleanUp: () => void): Promise<Served> => {
  const stop = async (): Promise<void> => {
    await stopChild(child);
    cleanUp();
  };
  try {
    const port = await portOf(name, child);
    const pid = child.pid as number;
    return { name, pid, port, cpu: () => cpuOf(pid), memory: () => memoryOf(pid), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

export interface GodwitOptions {
  readonly name?: string;
  readonly core?: number | undefined;
  /** The store's folder, kept; without it one is made and removed. */
  readonly data?: string;
  /** Another checkout that is built, to compare with. */
  readonly checkout?: string;
  readonly flags?: readonly string[];
  /** Flags of Node, such as `--cpu-prof`. */
  readonly nodeFlags?: readonly string[];
}

/** Starts the built server, with every feature on and budgets that a measurement does not exhaust. */
export const startGodwit = ({ name = 'Godwit', core, data, checkout = root, flags = [], nodeFlags = [] }: GodwitOptions = {}): Promise<Served> => {
  const directory = data ?? mkdtempSync(join(tmpdir(), 'godwit-bench-'));
  const program = join(checkout, 'packages/server/bin/godwit.js');
  const args = [...nodeFlags, program, 'serve', '--port', '0', '--data', directory, '--log-level', 'warn', '--operations-per-minute', '1000000000', ...flags];
  const child = spawnPinned(core, args, ['ignore', 'pipe', 'inherit'], { GODWIT_ADMIN_KEY: ADMIN_KEY });
  return serve(name, child, () => {
    if (data === undefined) rmSync(directory, { recursive: true, force: true });
  });
};

/** Starts one of `peers/`, which prints its address when it listens. */
export const startPeer = (name: string, file: string, core?: number): Promise<Served> =>
  serve(name, spawnPinned(core, [join(root, 'bench/peers', file)], ['ignore', 'pipe', 'inherit']), () => {});
