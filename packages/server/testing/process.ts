// The real program as a process of its own: started on a data directory, asked over HTTP, told to stop or killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../bin/godwit.js', import.meta.url));
export const ADMIN_KEY = 'a-key-of-the-fault-tests';
const START_MS = 30_000;

export interface ProcessOptions {
  readonly data: string;
  readonly flags?: readonly string[];
  /** Besides `PATH` and the admin key; nothing else of this process's environment is handed on. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Words before the program: what runs it elsewhere. */
  readonly within?: readonly string[];
  /** Hears of the process before it is ready. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly child: ChildProcess;
  /** `http://127.0.0.1:<port>`; empty where it did not start. */
  readonly url: string;
  stdout(): string;
  stderr(): string;
  readonly exited: Promise<Exit>;
  kill(signal?: NodeJS.Signals): void;
}

/** Starts the program; resolves when it says that it is ready, or when it has ended. */
export const startProcess = async ({ data, flags = [], env = {}, cwd, within = [], onSpawn }: ProcessOptions): Promise<ServerProcess> => {
  const [command, ...args] = [...within, process.execPath, PROGRAM, 'serve', '--port', '0', '--host', '127.0.0.1', '--data', data, ...flags] as [
    string,
    ...string[],
  ];
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, GODWIT_ADMIN_KEY: ADMIN_KEY, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  onSpawn?.(child);
  let stdout = '';
  let stderr = '';
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const url = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the server did not start in ${START_MS / 1000} s: ${stderr}`));
    }, START_MS);
    const answer = (text: string): void => {
      clearTimeout(late);
      resolve(text);
    };
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk;
      const port = /Godwit is ready: https?:\/\/\S+?:(\d+)\n/.exec(stdout)?.[1];
      if (port !== undefined) answer(`http://127.0.0.1:${port}`);
    });
    exited.then(() => answer(''), reject);
  });
  return { child, url, stdout: () => stdout, stderr: () => stderr, exited, kill: (signal = 'SIGTERM') => child.kill(signal) };
};

/** Waits in real time: processes have no clock that a test could move. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
