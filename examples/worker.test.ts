// The worker, killed and started again while orders come in, the server too: every order is shipped once, in the order of the log, and what is repeated is no more than
// what was not acknowledged when it was killed (6.2.6). `SEED=n` repeats the choices of a run.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient } from '@godwit/client';
import { httpClient } from '../packages/server/testing/http.ts';
import { Middlebox } from '../packages/server/testing/middlebox.ts';
import { ADMIN_KEY, pause, type ServerProcess, startProcess } from '../packages/server/testing/process.ts';
import { seededRandom, seedOfRun } from '../packages/server/testing/random.ts';
import { documentsOf, messagesOf } from '../packages/server/testing/story.ts';
import type api from './worker/godwit.config.ts';

const ORDERS = 150;
const KILLS = 6;
const DONE_MS = 40_000;
const PROGRAM = `${import.meta.dirname}/worker/worker.ts`;
const FLAGS = ['--config', `${import.meta.dirname}/worker/godwit.config.ts`, '--operations-per-minute', '1000000', '--log-level', 'error'];

/** One life of the worker. */
class Life {
  readonly done: string[] = [];
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  isKilled = false;
  errors = '';
  #text = '';

  constructor(url: string) {
    this.child = spawn(process.execPath, [PROGRAM], { env: { GODWIT_URL: url, GODWIT_KEY: ADMIN_KEY }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk;
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (this.#text + chunk).split('\n');
      this.#text = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('done ')) this.done.push(line.slice(5));
    });
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.isKilled = signal === 'SIGKILL';
    this.child.kill(signal);
    return this.exited;
  }
}

test('a worker that is killed again and again ships every order once', { timeout: 110_000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`SEED=${seed}`);
  const random = seededRandom(seed);
  const data = await mkdtemp(join(tmpdir(), 'godwit-worker-'));
  const box = await Middlebox.listen();
  const shop = createClient<typeof api>({ url: box.url, key: ADMIN_KEY });
  const lives: Life[] = [];
  let server: ServerProcess | undefined;
  const start = async (): Promise<void> => {
    server = await startProcess({ data, flags: FLAGS });
    assert.notEqual(server.url, '', server.stderr());
    box.aim(server.url);
  };
  const live = (): Life => {
    const life = new Life(box.url);
    lives.push(life);
    return life;
  };
  const total = (): number => new Set(lives.flatMap(({ done }) => done)).size;
  const until = async (count: number): Promise<void> => {
    for (const late = Date.now() + DONE_MS; total() < count; await pause(20))
      assert(Date.now() < late, `${total()} of ${count} done; ${lives.map(({ errors }) => errors).join('')}`);
  };

  try {
    await start();
    const ordering = (async () => {
      for (let n = 0; n < ORDERS; n++) {
        await shop.create('orders', { id: `o${n}`, customer: `customer ${n}`, address: n % 10 === 3 ? '' : `street ${n}` });
        await pause(random.below(60));
      }
    })();
    let life = live();
    for (let kill = 1; kill <= KILLS; kill++) {
      await until(Math.min(ORDERS - 5, total() + 1 + random.below(15)));
      if (kill === 3) {
        server?.kill('SIGKILL');
        await server?.exited;
        await start();
      } else {
        const isGentle = kill === KILLS;
        const code = await life.end(isGentle ? 'SIGTERM' : 'SIGKILL');
        if (isGentle) assert.equal(code, 0, life.errors);
        life = live();
      }
    }
    await ordering;
    await until(ORDERS);
    assert.equal(await life.end('SIGTERM'), 0, life.errors);

    const client = httpClient((server as unknown as ServerProcess).url, ADMIN_KEY);
    const log = await messagesOf(client);
    const shipments = await documentsOf(client, 'shipments');
    const { data: subscription } = await client.ask('GET', '/v1/subscriptions/shipping');
    client.close();
    const orders = log.filter(({ topic }) => topic.startsWith('orders.')).map(({ data: { id } }) => id as string);
    const made = log.filter(({ topic }) => topic.startsWith('shipments.'));
    const aside = log.filter(({ topic }) => topic === 'shipping.failed').map(({ data: { order } }) => order as string);
    assert.equal(orders.length, ORDERS);
    assert.deepEqual(
      made
        .map(({ data: { change, id } }) => `${change} ${id}`)
        .concat(aside.map((id) => `aside ${id}`))
        .sort(),
      orders.map((id) => (/3$/.test(id) ? `aside ${id}` : `created ${id}`)).sort(),
    );
    assert.equal(shipments.size + aside.length, ORDERS);
    assert.equal(subscription.pending, 0);

    // Each life works through one piece of the log, in its order, from where the lives before it had come to or a little before.
    let reached = 0;
    const repeats: number[] = [];
    for (const [index, { done }] of lives.entries()) {
      if (done.length === 0) continue;
      const first = orders.indexOf(done[0] as string);
      assert.deepEqual(done, orders.slice(first, first + done.length), `life ${index} worked out of order, or on an order twice`);
      assert(first <= reached, `life ${index} began at order ${first}, and ${reached} was due`);
      if (index > 0 && !lives[index - 1]?.isKilled) assert.equal(first, reached, `life ${index} repeats what was acknowledged in order`);
      repeats.push(reached - first);
      reached = Math.max(reached, first + done.length);
    }
    assert.equal(reached, ORDERS);
    t.diagnostic(`${ORDERS} orders, ${aside.length} put aside; ${lives.length} lives, repeated at their beginnings: ${repeats.join(', ')}`);
  } finally {
    for (const { child } of lives) child.kill('SIGKILL');
    await shop.close();
    server?.kill('SIGKILL');
    await server?.exited;
    await box.close();
    await rm(data, { recursive: true, force: true });
  }
});
