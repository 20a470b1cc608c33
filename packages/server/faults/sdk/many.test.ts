// Very many subscriptions in one process, and one that is far behind: what they cost is bounded by how the SDK packs them (6.2.3, 6.3.2, 7.2.1), and nothing is lost
// when all of them come back at once. Judged by counts; times and memory are told. The client has the limits that a server gives by default.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Client, type ClientOptions, createClient, type Message, type Subscription } from '@godwit/client';
import { type HttpClient, httpClient } from '../../testing/http.ts';
import { ADMIN_KEY, pause, startProcess } from '../../testing/process.ts';
import { seededRandom } from '../../testing/random.ts';
import { FaultyProxy } from '../messages/proxy.ts';

const MANY = 10_000;
const MB = 2 ** 20;
const FLAGS = ['--operations-per-minute', '1000000000', '--log-level', 'error'];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heap = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Scene {
  readonly admin: HttpClient;
  readonly proxy: FaultyProxy;
  /** Requests by their method and the first segment of their path, over either transport. */
  readonly asked: Map<string, number>;
  /** Frames that arrived. */
  readonly frames: { count: number };
  client(options?: Partial<ClientOptions>): Client;
}

const scene = async (): Promise<Scene> => {
  const data = await mkdtemp(join(tmpdir(), 'godwit-many-'));
  cleanups.push(() => rm(data, { recursive: true, force: true }));
  const server = await startProcess({ data, flags: FLAGS });
  assert.notEqual(server.url, '', server.stderr());
  cleanups.push(async () => {
    server.kill('SIGKILL');
    await server.exited;
  });
  const proxy = await FaultyProxy.listen(seededRandom(1));
  proxy.aim(server.url);
  cleanups.push(() => proxy.close());
  const admin = httpClient(server.url, ADMIN_KEY);
  cleanups.push(() => admin.close());
  // The limits of 7.1.1 as they are by default, for this key alone.
  const made = await admin.ask('POST', '/v1/keys', { data: { client: 'many', scopes: ['subscribe:**'], limits: { operationsPerMinute: 1000 } } });
  assert.equal(made.status, 201, made.text);
  const asked = new Map<string, number>();
  const frames = { count: 0 };
  const note = (method: string, path: string): void => {
    const name = `${method} /${path.split(/[/?]/)[1] ?? ''}`;
    asked.set(name, (asked.get(name) ?? 0) + 1);
  };
  class CountingSocket extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      this.addEventListener('message', () => frames.count++);
    }
    override send(text: string): void {
      const { payload } = JSON.parse(text);
      note(payload.method, payload.path);
      super.send(text);
    }
  }
  return {
    admin,
    proxy,
    asked,
    frames,
    client(options = {}) {
      const client = createClient({
        url: proxy.url,
        key: made.data.key,
        WebSocket: CountingSocket,
        fetch: (input, init) => {
          note(init?.method ?? 'GET', String(input).slice(proxy.url.length + 3));
          return fetch(input, init);
        },
        pollWait: 2000,
        ...options,
      });
      cleanups.push(() => Promise.race([client.close(), pause(5000)]));
      return client;
    },
  };
};

const publishing = async (admin: HttpClient, topics: readonly string[], data: (index: number) => unknown): Promise<void> => {
  for (let from = 0; from < topics.length; from += 100) {
    const operations = topics.slice(from, from + 100).map((topic, index) => ({ method: 'POST', path: `/topics/${topic}/messages`, data: data(from + index) }));
    const answer = await admin.ask('POST', '/v1/batch', { data: { mode: 'atomic', operations } });
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
  }
};

const topicsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `t.${index}`);
const told = (asked: Map<string, number>): string => [...asked].map(([name, count]) => `${name} ${count}`).join(', ');
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const until = async (what: string, holds: () => boolean, ms = 60_000): Promise<void> => {
  for (const end = performance.now() + ms; !holds(); await pause(20)) assert(performance.now() < end, `never: ${what}`);
};

/** All of them take three messages each: two while all is well, one while they are cut off. */
const follow = async (t: TestContext, { admin, proxy, asked }: Scene, client: Client, count: number, gaps: () => unknown): Promise<void> => {
  const topics = topicsOf(count);
  const got: unknown[][] = topics.map(() => []);
  const before = heap();
  const start = performance.now();
  const subscriptions: Subscription[] = [];
  for (const [index, topic] of topics.entries()) {
    subscriptions.push(client.subscribe(topic, ({ data }: Message) => void got[index]?.push(data)));
    await gaps();
  }
  await Promise.all(subscriptions.map(({ ready }) => ready));
  t.diagnostic(`${count} confirmed after ${seconds(start)}: ${told(asked)}; ${((heap() - before) / count / 1024).toFixed(1)} KB of heap each`);
  const all = (n: number) => () => got.every((each) => each.length >= n);
  await publishing(admin, topics, () => 1);
  await publishing(admin, topics, () => 2);
  await until('two each', all(2));
  asked.clear();
  const again = performance.now();
  proxy.cutAll();
  await publishing(admin, topics, () => 3);
  await until('a third each, after a cut', all(3));
  t.diagnostic(`all were back ${seconds(again)} after a cut: ${told(asked)}`);
  for (const each of got) assert.deepEqual(each, [1, 2, 3]);
};

test('6.2.3: ten thousand subscriptions made in one turn are a hundred at the server, before and after a cut', { timeout: 110_000 }, async (t) => {
  const stage = await scene();
  const client = stage.client();
  let opened = 0;
  await follow(t, stage, client, MANY, () => {
    opened = stage.asked.get('POST /subscriptions') ?? 0;
  });
  assert.equal(opened, 0, 'they were not opened together');
  assert((stage.asked.get('POST /subscriptions') ?? 0) <= 110, told(stage.asked));
  assert.equal(client.state.transport, 'websocket');
});

test('6.2.3, 7.2.1: ten thousand made one after the other gather while some are under way, and stay within the limits', { timeout: 110_000 }, async (t) => {
  const stage = await scene();
  const client = stage.client({ transport: 'websocket' });
  await client.connect();
  const errors: unknown[] = [];
  client.on('error', ({ error }) => void errors.push(error));
  const total = new Map<string, number>();
  const { clear } = stage.asked;
  stage.asked.clear = function keep(this: Map<string, number>) {
    for (const [name, count] of this) total.set(name, count);
    clear.call(this);
  };
  await follow(t, stage, client, MANY, () => new Promise((resolve) => setImmediate(resolve)));
  assert.deepEqual(errors, []);
  assert((total.get('POST /subscriptions') ?? 0) <= 400, told(total));
  assert((stage.asked.get('POST /subscriptions') ?? 0) <= 150, told(stage.asked));
});

test('6.3.2: three hundred subscriptions by long-polling are three polls', { timeout: 110_000 }, async (t) => {
  const stage = await scene();
  const client = stage.client({ transport: 'longpoll' });
  await follow(t, stage, client, 300, () => {});
  assert((stage.asked.get('GET /messages') ?? 0) <= 60, told(stage.asked));
  stage.asked.clear();
  await pause(4100);
  t.diagnostic(`in 4.1 s of nothing, with a wait of 2 s: ${told(stage.asked)}`);
  assert((stage.asked.get('GET /messages') ?? 0) <= 12, told(stage.asked));
});

for (const transport of ['websocket', 'longpoll'] as const) {
  test(`6.2.10: ${transport}: a handler that does not finish while 50,000 messages arrive holds few of them, and is given all, in order`, {
    timeout: 110_000,
  }, async (t) => {
    const COUNT = 50_000;
    const stage = await scene();
    const client = stage.client({ transport });
    const fill = 'x'.repeat(1000);
    const got: number[] = [];
    const quick: number[] = [];
    let go: () => void = () => {};
    const going = new Promise<void>((resolve) => {
      go = resolve;
    });
    const slow = client.subscribe('t.*', async ({ data }: Message) => {
      await going;
      got.push((data as { n: number }).n);
    });
    // The same topics, so that they share what is opened, until the slow one leaves it.
    const other = client.subscribe('t.*', ({ data }: Message) => void quick.push((data as { n: number }).n));
    await Promise.all([slow.ready, other.ready]);
    const before = heap();
    const start = performance.now();
    await publishing(stage.admin, Array(COUNT).fill('t.1'), (n) => ({ n, fill }));
    await until('the quick one has all', () => quick.length === COUNT);
    const held = heap() - before;
    t.diagnostic(
      `50,000 published and taken by the quick one in ${seconds(start)}; ${(held / MB).toFixed(1)} MB held for the slow one, ${stage.frames.count} frames`,
    );
    assert(held < 12 * MB, `${held / MB} MB`);
    // What only the slow one would take has not been sent to it over and over.
    assert(stage.frames.count < COUNT + 10_000, `${stage.frames.count} frames`);
    assert.equal(got.length, 0);
    const late = performance.now();
    go();
    await until('the slow one has all', () => got.length === COUNT);
    t.diagnostic(`the slow one had all ${seconds(late)} later: ${told(stage.asked)}, ${stage.frames.count} frames`);
    for (const [index, n] of got.entries()) assert.equal(n, index);
    for (const [index, n] of quick.entries()) assert.equal(n, index);
  });
}
