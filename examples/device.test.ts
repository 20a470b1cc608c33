// The device, its network and its power failing: every reading that it measured is in the log once and in order, and every command reaches it in order, those too
// that were sent while it was off (6.2.1, 4.1.3, 6.2.8). `SEED=n` repeats the choices of a run.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient } from '@godwit/client';
import { httpClient } from '../packages/server/testing/http.ts';
import { Middlebox } from '../packages/server/testing/middlebox.ts';
import { ADMIN_KEY, pause, startProcess } from '../packages/server/testing/process.ts';
import { seededRandom, seedOfRun } from '../packages/server/testing/random.ts';
import { messagesOf } from '../packages/server/testing/story.ts';
import type api from './device/godwit.config.ts';

const LIVES = 5;
const END_MS = 60_000;
const PROGRAM = `${import.meta.dirname}/device/device.ts`;
const FLAGS = [
  '--config',
  `${import.meta.dirname}/device/godwit.config.ts`,
  '--operations-per-minute',
  '1000000',
  '--heartbeat-interval',
  '1s',
  '--log-level',
  'error',
];

test('a device whose network and power fail publishes every reading once and in order, and misses no command', { timeout: 110_000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`SEED=${seed}`);
  const random = seededRandom(seed);
  const data = await mkdtemp(join(tmpdir(), 'godwit-device-'));
  const server = await startProcess({ data: join(data, 'server'), flags: FLAGS });
  assert.notEqual(server.url, '', server.stderr());
  const network = await Middlebox.listen();
  network.aim(server.url);
  const office = createClient<typeof api>({ url: server.url, key: ADMIN_KEY });
  const env = { GODWIT_URL: network.url, GODWIT_KEY: ADMIN_KEY, DEVICE: 'd1', FOLDER: join(data, 'device') };
  const commands: number[] = [];
  const command = async (everyMs: number): Promise<void> => {
    commands.push(everyMs);
    await office.publish('devices.d1.command', { everyMs });
  };
  let measured = 0;
  const heard: number[][] = [];
  let errors = '';
  let device: ChildProcess | undefined;
  const boot = (): void => {
    const told: number[] = [];
    heard.push(told);
    let text = '';
    device = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    device.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    device.stdout?.on('data', (chunk: Buffer) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const [word, number] = line.split(' ');
        if (word === 'measured') measured = Math.max(measured, Number(number));
        else told.push(Number(number));
      }
    });
  };
  const until = async (what: string, done: () => boolean | Promise<boolean>): Promise<void> => {
    for (const late = Date.now() + END_MS; !(await done()); await pause(50)) assert(Date.now() < late, `${what}; ${errors}`);
  };
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    const exited = new Promise<number | null>((resolve) => device?.once('close', resolve));
    device?.kill(signal);
    return exited;
  };

  try {
    await command(30);
    for (let life = 0; life < LIVES; life++) {
      boot();
      const from = measured;
      const enough = from + 20 + random.below(60);
      await until('it measures nothing', () => measured > from);
      // Answers get lost first: what was confirmed is not known to be.
      network.mute();
      await pause(50 + random.below(100));
      if (random.chance(0.7)) network.cut();
      // No network at all: it goes on to measure.
      if (life % 2 === 1) {
        network.aim('http://127.0.0.1:1');
        network.cut();
      }
      await until('it does not go on to measure', () => measured >= enough);
      network.mute();
      await pause(50 + random.below(100));
      await end('SIGKILL');
      network.aim(server.url);
      await command(20 + life);
    }
    boot();
    await command(3_600_000);
    const client = httpClient(server.url, ADMIN_KEY);
    const readings = async () => (await messagesOf(client)).filter(({ topic }) => topic === 'devices.d1.reading');
    await until('the last command did not come', () => heard.at(-1)?.at(-1) === 3_600_000);
    await until('not all readings came', async () => (await readings()).length >= measured);
    assert.equal(await end('SIGTERM'), 0, errors);

    const log = await readings();
    client.close();
    assert.deepEqual(
      log.map(({ data }) => data.n),
      Array.from({ length: measured }, (_, index) => index + 1),
    );
    let next = 0;
    let repeats = 0;
    for (const told of heard) {
      if (told.length === 0) continue;
      const first = commands.indexOf(told[0] as number);
      assert.deepEqual(told, commands.slice(first, first + told.length), 'commands out of order, or twice in one life');
      assert(first <= next, `command ${next} was missed`);
      repeats += next - first;
      next = first + told.length;
    }
    assert.equal(next, commands.length);
    assert(repeats <= LIVES, `${repeats} commands came again, and only the last one of each life may`);
    const { connections, cut, lonely } = network.counters;
    t.diagnostic(
      `${log.length} readings, ${commands.length} commands (${repeats} came again), ${LIVES} power cuts; ${connections} connections, ${cut} cut, ${lonely} found no server`,
    );
    assert.equal(errors, '');
  } finally {
    device?.kill('SIGKILL');
    await office.close();
    server.kill('SIGKILL');
    await server.exited;
    await network.close();
    await rm(data, { recursive: true, force: true });
  }
});
