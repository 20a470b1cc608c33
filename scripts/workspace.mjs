// What every script here stands on: where the workspace is, where its own Node is, how a program is run.
// These scripts run before anything is installed, under whatever Node the machine has: they need nothing but
// Node itself, and they speak in one sentence when they cannot go on.

import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const windows = process.platform === 'win32';
const echoMs = 1000;

/** The Node that the `node` package brings: development runs on this one, whatever the machine has. */
export const projectNode = nodeIn(join(root, 'node_modules'));

export function nodeIn(modules) {
  return join(modules, 'node', 'bin', windows ? 'node.exe' : 'node');
}

export function say(line) {
  process.stderr.write(`godwit: ${line}\n`);
}

export function stop(sentence) {
  say(sentence);
  process.exit(1);
}

/** Two commands are promised on Node 20.19 and npm 10, which came with it. */
export function checkTools() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    stop(`this is Node ${process.versions.node}; Node 20.19 or later is needed (24 is best): see https://nodejs.org/en/download`);
  }
  const npm = /\bnpm\/(\d+)/.exec(process.env.npm_config_user_agent || '');
  if (npm && Number(npm[1]) < 10) stop(`this is npm ${npm[1]}; npm 10 or later is needed: run \`npm install --global npm@10\``);
}

/** The PATH without this workspace's own programs: npm must not run on the Node that it is about to replace. */
export function outerPath() {
  const own = join(root, 'node_modules');
  return (process.env.PATH || '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(own))
    .join(delimiter);
}

/** npm says what failed and nothing else; without a network it gives up in seconds where its own waits would take many minutes. */
export const quietNpm = ['--loglevel=error', '--no-audit', '--no-fund', '--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];

/** Runs npm outside the workspace's own Node; npm is a shell script on Windows. Returns status and output. */
export function npm(args, cwd) {
  const options = { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], shell: windows, env: { ...process.env, PATH: outerPath() } };
  return spawnSync('npm', args, options);
}

/** Runs one of the workspace's JavaScript programs under its own Node, on this terminal; returns its exit code. */
export function runNode(args, node = projectNode, env = process.env) {
  const { status, error } = spawnSync(node, args, { cwd: root, stdio: 'inherit', env });
  if (error) stop(`cannot run ${node}: ${error.message}`);
  return status === null ? 1 : status;
}

/**
 * Runs a program in this one's place: stop signals go on to it, and its end is ours. A Ctrl-C arrives here twice, from the
 * terminal and from npm; the program stands outside the terminal's group so that it hears of it once, and a second one that a
 * person presses later means a second. Should npm itself be killed, the program is told to stop.
 */
export function becomeNode(args) {
  const child = spawn(projectNode, args, { cwd: root, stdio: 'inherit', detached: !windows });
  let last = Number.NEGATIVE_INFINITY;
  const tell = (signal) => {
    if (performance.now() - last < echoMs) return;
    last = performance.now();
    child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tell(signal));
  process.on('SIGHUP', () => tell('SIGTERM'));
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid === parent || tell('SIGTERM'), 250).unref();
  child.on('error', (error) => stop(`cannot run ${projectNode}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}
