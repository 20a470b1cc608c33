// The real command as a process of its own: started with words, an environment and standard input of the test's, and told of whole when it has ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ADMIN_KEY } from './process.ts';

const PROGRAM = fileURLToPath(new URL('../bin/godwit.js', import.meta.url));

export interface CommandOptions {
  /** The server; none where it is empty. */
  readonly url?: string;
  /** Besides `PATH`, the URL and the admin key. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output, a JSON value a line. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
  values(): any[];
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  /** Resolves when standard output or error holds the text; rejects when it has ended without. */
  says(text: string): Promise<void>;
}

export const startCommand = (words: readonly string[], { url, env = {}, cwd, stdin }: CommandOptions = {}): Running => {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, GODWIT_ADMIN_KEY: ADMIN_KEY, ...(url === undefined ? {} : { GODWIT_URL: url }), ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = '';
  let stderr = '';
  let look = (): void => {};
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
    look();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
    look();
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({
        code,
        signal,
        stdout,
        stderr,
        values: () =>
          stdout
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as unknown),
      }),
    );
  });
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      look = () => {
        if (stdout.includes(text) || stderr.includes(text)) resolve();
      };
      look();
      ended.then(() => reject(new Error(`it ended without saying ${text}: ${stdout}${stderr}`)), reject);
    });
  return { child, ended, stdout: () => stdout, stderr: () => stderr, says };
};

/** Runs the command to its end. */
export const runCommand = (words: readonly string[], options: CommandOptions = {}): Promise<Ended> => startCommand(words, options).ended;
