// Starts a server of the build under test (or another implementation's, by command), waits until it says its URL, and ends it
// by the id of the process that was started. Every wait is bounded.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Caller, caller } from './caller.ts';

export interface ServerOptions {
  /** Flags beside `--port 0 --data DIR`. */
  readonly flags?: readonly string[];
  readonly env?: Record<string, string>;
  /** A data directory of an earlier server; a fresh one unless told. */
  readonly dataDir?: string;
  /** The working directory; a fresh one unless told. */
  readonly cwd?: string;
  /** No flags but `flags`: not even port and data. */
  readonly bare?: boolean;
  /** Start through this shell text, which ends in `exec "$@"`: limits, namespaces. */
  readonly shell?: string;
  /** No GODWIT_ADMIN_KEY. */
  readonly keyless?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Process {
  readonly pid: number;
  readonly dataDir: string;
  readonly cwd: string;
  readonly exited: Promise<Exit>;
  /** All that it printed, standard output and error. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Ends it and removes its directories. */
  discard(): Promise<void>;
}

export interface OwnServer extends Process {
  readonly url: string;
  readonly key: string;
  /** With the server's admin key, over HTTP. */
  readonly admin: Caller;
  /** SIGTERM, and how it ended. */
  stop(): Promise<Exit>;
  /** SIGKILL, and gone. */
  kill(): Promise<Exit>;
}

const START_MS = 30_000;
const STOP_MS = 20_000;
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export const ADMIN_KEY = 'spec-admin-key-0123456789';

/** The project's own build; where this runs as `godwit spec`, the program that started it. */
export const ownBuild = (): readonly string[] => [
  process.execPath,
  process.env.GODWIT_SPEC_OWN ?? fileURLToPath(new URL('../packages/server/bin/godwit.js', import.meta.url)),
  'serve',
];

const printedUrl = (output: string): string | undefined => {
  const match = /https?:\/\/(?:\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):\d+/.exec(output)?.[0];
  return match?.replace(/\/\/(?:localhost|0\.0\.0\.0|\[::\])(?=:)/, '//127.0.0.1');
};

const within = <T>(promise: Promise<T>, ms: number, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/** Starts the command and waits for nothing. */
export const startProcess = (command: readonly string[] | undefined, options: ServerOptions = {}): Process => {
  const [program = '', ...first] = command ?? ownBuild();
  const cwd = options.cwd ?? mkdtempSync(join(tmpdir(), 'godwit-spec-cwd-'));
  const dataDir = options.dataDir ?? join(mkdtempSync(join(tmpdir(), 'godwit-spec-')), 'data');
  const flags = [...first, ...(options.bare === true ? [] : ['--port', '0', '--data', dataDir]), ...(options.flags ?? [])];
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GODWIT_') && !name.startsWith('NODE_')));
  const env = { ...inherited, ...(options.keyless === true ? {} : { GODWIT_ADMIN_KEY: ADMIN_KEY }), ...options.env };
  const [file, args] = options.shell === undefined ? [program, flags] : ['sh', ['-c', options.shell, 'sh', program, ...flags]];
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let printed = '';
  const keep = (part: Buffer): void => {
    if (printed.length < 1_000_000) printed += part.toString('utf8');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  void exited.then(() => running.delete(child));
  return {
    pid: child.pid ?? 0,
    dataDir,
    cwd,
    exited,
    output: () => printed,
    signal: (signal) => {
      child.kill(signal);
    },
    discard: async () => {
      child.kill('SIGKILL');
      await within(exited, STOP_MS, 'ending a server');
      if (options.cwd === undefined) rmSync(cwd, { recursive: true, force: true });
      if (options.dataDir === undefined) rmSync(join(dataDir, '..'), { recursive: true, force: true });
    },
  };
};

/** Starts a server and waits until it has printed its URL. */
export const startServer = async (command: readonly string[] | undefined, options: ServerOptions = {}): Promise<OwnServer> => {
  const started = startProcess(command, options);
  let gone: Exit | undefined;
  void started.exited.then((exit) => {
    gone = exit;
  });
  const end = Date.now() + START_MS;
  let url: string | undefined;
  for (;;) {
    url = printedUrl(started.output());
    if (url !== undefined) break;
    if (gone !== undefined || Date.now() > end) {
      await started.discard();
      throw new Error(
        `the server did not start (${gone === undefined ? `no URL in ${START_MS} ms` : `ended with ${gone.code ?? gone.signal}`}): ${started.output().slice(0, 2_000)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const key = options.env?.GODWIT_ADMIN_KEY ?? ADMIN_KEY;
  return {
    ...started,
    url,
    key,
    admin: caller(url, key),
    stop: async () => {
      started.signal('SIGTERM');
      return within(started.exited, STOP_MS, 'a server told to stop');
    },
    kill: async () => {
      started.signal('SIGKILL');
      return within(started.exited, STOP_MS, 'a server killed');
    },
  };
};

/** Starts a server that is expected to refuse to start: how it ended, and what it said. */
export const refusedStart = async (command: readonly string[] | undefined, options: ServerOptions = {}): Promise<Exit & { readonly output: string }> => {
  const started = startProcess(command, options);
  try {
    const exit = await within(started.exited, START_MS, 'a server that must refuse to start');
    return { ...exit, output: started.output() };
  } finally {
    await started.discard();
  }
};
