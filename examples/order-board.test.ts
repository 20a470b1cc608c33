// The order board in a real browser, through whatever happens to a page: a proxy that blocks WebSockets and one that lets them come back, cuts, stalls, dead connections that nobody
// ends, a server that is killed and started again, tokens that expire; in two tabs, while orders change all the time. Afterwards what each tab shows is what the server
// keeps, and each change was shown once and in order (6.2.8, 6.3.2). `SEED=n` repeats the choices of a run.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient, GodwitError } from '@godwit/client';
import { type BrowserContext, launchBrowser, type Page } from '../packages/server/testing/browser.ts';
import { httpClient } from '../packages/server/testing/http.ts';
import { Middlebox } from '../packages/server/testing/middlebox.ts';
import { ADMIN_KEY, pause, type ServerProcess, startProcess } from '../packages/server/testing/process.ts';
import { type Random, seededRandom, seedOfRun } from '../packages/server/testing/random.ts';
import { documentsOf, type Message, messagesOf, rebuild } from '../packages/server/testing/story.ts';
import { startBackend } from './order-board/backend.ts';

const HEARTBEAT_MS = 1000;
/** Seconds that a token lives: it is renewed, and expires, many times in a run. */
const TTL = 6;
const SETTLE_MS = 30_000;
const CONFIG = `${import.meta.dirname}/order-board/godwit.config.ts`;
const FLAGS = [
  ...['--config', CONFIG, '--heartbeat-interval', `${HEARTBEAT_MS}ms`, '--log-level', 'error'],
  ...['--operations-per-minute', '1000000', '--connections-per-client', '100'],
];

interface Seen {
  readonly topic: string;
  readonly cursor: string;
}

/** Somebody who changes orders all the time, each change with a requestId and repeated until it is answered. */
class Writer {
  readonly #client;
  readonly #random: Random;
  readonly #name: string;
  #made = 0;
  #running: Promise<void> | undefined;
  isOver = false;
  /** Writes that had taken effect before they were answered. */
  replays = 0;

  constructor(url: string, name: string, random: Random) {
    this.#client = createClient({ url, key: ADMIN_KEY });
    this.#name = name;
    this.#random = random;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.#running;
  }

  /** Carries one write out, whatever it takes. */
  async write(method: 'POST' | 'PATCH' | 'DELETE', path: string, data?: unknown): Promise<void> {
    const requestId = `${this.#name}-${++this.#made}`;
    for (;;) {
      try {
        const { replayed } = await this.#client.request(method, path, { requestId, timeout: 5000, ...(data === undefined ? {} : { data }) });
        if (replayed) this.replays++;
        return;
      } catch (error) {
        if (!(error instanceof GodwitError)) throw error;
        if (error.code === 'CONFLICT' || error.code === 'NOT_FOUND') return;
        if (!error.retryable) throw error;
        if (this.isOver) return;
      }
    }
  }

  async #run(): Promise<void> {
    const random = this.#random;
    while (!this.isOver) {
      const id = `o${random.below(25)}`;
      const chosen = random.next();
      if (chosen < 0.15) await this.write('POST', '/orders', { id, customer: this.#name, total: random.below(100_000), status: 'open' });
      else if (chosen < 0.25) await this.write('DELETE', `/orders/${id}`);
      else await this.write('PATCH', `/orders/${id}`, { total: random.below(100_000), status: random.pick(['open', 'paid', 'packed', 'sent']) });
      await pause(random.below(20));
    }
  }
}

/** Notes what the page shows, from its first moment on: every line of its log of changes, every state of its badge. */
const watch = (): void => {
  const seen: Seen[] = [];
  const states: string[] = [];
  Object.assign(globalThis, { seen, states });
  new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      const { id, dataset } = target as HTMLElement;
      if (id === 'changes') for (const line of addedNodes) seen.push({ ...(line as HTMLElement).dataset } as unknown as Seen);
      if (id === 'state' && dataset !== undefined) states.push(`${dataset['status']} ${dataset['transport']}`.trim());
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-status', 'data-transport'] });
};

declare const seen: Seen[];
declare const states: string[];

class Tab {
  readonly name: string;
  readonly page: Page;
  readonly errors: string[] = [];
  /** How often it asked for one. */
  tokens = 0;

  private constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('request', (request) => {
      if (request.url().endsWith('/token')) this.tokens++;
    });
  }

  static async open(name: string, context: BrowserContext, url: string): Promise<Tab> {
    const page = await context.newPage();
    const tab = new Tab(name, page);
    await page.addInitScript(watch);
    await page.goto(url);
    return tab;
  }

  seen = (): Promise<Seen[]> => this.page.evaluate(() => seen);
  states = (): Promise<string[]> => this.page.evaluate(() => states.filter((state, index) => state !== states[index - 1]));
  state = (): Promise<string> => this.page.evaluate(() => states.at(-1) ?? 'idle');
  /** By its row: an order that was there before the page followed the changes has no line. */
  has = (id: string): Promise<boolean> => this.page.evaluate((wanted) => document.querySelector(`tr[data-id="${wanted}"]`) !== null, id);
  rows = (): Promise<string[][]> =>
    this.page.evaluate(() =>
      [...document.querySelectorAll<HTMLTableRowElement>('#orders tr')].map(({ cells }) => [...cells].slice(0, 5).map((cell) => cell.textContent ?? '')),
    );
}

/** Each change once and in order, from the first that it saw on. */
const judge = ({ name }: Tab, got: readonly Seen[], log: readonly Message[]): void => {
  const first = log.findIndex(({ cursor }) => cursor === got[0]?.cursor);
  assert(first >= 0, `${name} began with ${got[0]?.cursor}, which is not in the log`);
  const due = log.slice(first).map(({ cursor }) => cursor);
  const cursors = got.map(({ cursor }) => cursor);
  const unique = new Set(cursors);
  const missed = due.filter((cursor) => !unique.has(cursor));
  const doubled = cursors.length - unique.size;
  assert.deepEqual({ missed, doubled }, { missed: [], doubled: 0 }, name);
  assert.deepEqual(cursors, due, `${name}: not in the order of the log`);
};

test('the order board keeps exact state through everything that happens to a page', { timeout: 115_000 }, async (t) => {
  const began = performance.now();
  const seed = seedOfRun();
  t.diagnostic(`SEED=${seed}`);
  const random = seededRandom(seed);
  const data = await mkdtemp(join(tmpdir(), 'godwit-board-'));
  // Three ways to the server: that of the pages, which fails; that of the backend, which fails when tokens are to be had no more; and that of who writes.
  const [outer, desk, inner] = await Promise.all([Middlebox.listen(), Middlebox.listen(), Middlebox.listen()]);
  const tabs: Tab[] = [];
  let server: ServerProcess | undefined;
  let kills = 0;

  const backend = await startBackend({ godwit: desk.url, key: ADMIN_KEY, publicGodwit: outer.url, port: 0, ttl: TTL });
  const start = async (): Promise<void> => {
    server = await startProcess({ data, flags: [...FLAGS, '--origins', backend.url] });
    assert.notEqual(server.url, '', server.stderr());
    for (const box of [outer, desk, inner]) box.aim(server.url);
  };
  const restart = async (): Promise<void> => {
    server?.kill('SIGKILL');
    await server?.exited;
    kills++;
    await pause(random.below(1000));
    await start();
  };
  const writers = [0, 1, 2, 3].map((index) => new Writer(inner.url, `writer-${index}`, seededRandom(seed + 1 + index)));
  const marker = new Writer(inner.url, 'marker', random);
  let marks = 0;

  /** Until every tab is where it should be, and has shown a change that was made after all that was done to it. */
  const settle = async (what: string, transport: 'websocket' | 'longpoll'): Promise<void> => {
    const from = performance.now();
    const id = `mark-${++marks}`;
    const late = Date.now() + SETTLE_MS;
    const until = async (look: (tab: Tab) => Promise<boolean>): Promise<void> => {
      while (!(await Promise.all(tabs.map(look))).every(Boolean)) {
        if (Date.now() > late)
          assert.fail(`${what}: ${(await Promise.all(tabs.map(async (tab) => `${tab.name} ${(await tab.states()).join(', ')}`))).join('; ')}`);
        await pause(50);
      }
    };
    await until(async (tab) => (await tab.state()) === `open ${transport}`);
    await marker.write('POST', '/orders', { id, customer: what, total: marks, status: 'open' });
    await until((tab) => tab.has(id));
    t.diagnostic(`${what}: ${transport} after ${((performance.now() - from) / 1000).toFixed(1)} s`);
  };

  /** Connections that do not last are tried less and less often (8.2.1), unless the network is said to be back: that shortens the run. */
  const hurry = (): Promise<unknown> => Promise.all(tabs.map(({ page }) => page.evaluate(() => dispatchEvent(new Event('online')))));

  const browser = await launchBrowser();
  try {
    await start();
    for (const writer of writers) writer.start();
    const context = await browser.newContext();

    outer.upgrades = 'refuse';
    tabs.push(await Tab.open('tab 1', context, backend.url));
    await settle('WebSockets are blocked', 'longpoll');
    outer.upgrades = 'pass';
    await settle('WebSockets come back', 'websocket');

    tabs.push(await Tab.open('tab 2', context, backend.url));
    const [one, two] = tabs as [Tab, Tab];
    await settle('a second tab', 'websocket');
    await one.page.fill('[name=customer]', 'somebody in tab 1');
    await one.page.click('form button');
    await two.page.locator('tr', { hasText: 'mark-1' }).getByText('Next').click();
    await two.page.locator('tr', { hasText: 'mark-2' }).getByText('Remove').click();

    outer.cut();
    await pause(random.below(900));
    outer.cut();
    await settle('cuts', 'websocket');
    outer.stall(300 + random.below(500));
    await settle('a short stall', 'websocket');
    outer.stall(3 * HEARTBEAT_MS);
    await pause(2 * HEARTBEAT_MS);
    await settle('a long stall', 'websocket');
    await context.setOffline(true);
    outer.cut();
    await pause(500 + random.below(500));
    await context.setOffline(false);
    await settle('no network, and back', 'websocket');
    const before = await Promise.all(tabs.map(async (tab) => (await tab.states()).length));
    outer.freeze();
    const noticed = async (): Promise<boolean> =>
      (await Promise.all(tabs.map(async (tab, index) => (await tab.states()).length > (before[index] as number)))).every(Boolean);
    for (const late = Date.now() + SETTLE_MS; !(await noticed()); await pause(50)) assert(Date.now() < late, 'nobody notices that the connections are dead');
    await hurry();
    await settle('connections that are dead', 'websocket');
    await restart();
    await hurry();
    await settle('kill -9', 'websocket');

    outer.upgrades = 'swallow';
    outer.cut();
    await settle('WebSockets that nobody answers', 'longpoll');
    await restart();
    await settle('kill -9 under long-polling', 'longpoll');
    outer.upgrades = 'pass';
    await settle('WebSockets come back again', 'websocket');

    desk.aim('http://127.0.0.1:1');
    desk.cut();
    await pause(TTL * 1000 + random.below(500));
    assert.deepEqual(
      (await Promise.all(tabs.map((tab) => tab.state()))).filter((state) => state.startsWith('open')),
      [],
      'without tokens nobody stays connected: the test shows less than it should',
    );
    desk.aim((server as unknown as ServerProcess).url);
    await settle('tokens had expired, and none were to be had', 'websocket');

    await Promise.all(writers.map((writer) => writer.stop()));
    await settle('the end', 'websocket');

    const client = httpClient((server as unknown as ServerProcess).url, ADMIN_KEY);
    const log = (await messagesOf(client)).filter(({ topic }) => topic.startsWith('orders.'));
    const kept = await documentsOf(client, 'orders');
    client.close();
    assert.deepEqual(kept, rebuild(log, 'orders'));
    const shown = [...kept.values()].map(({ id, customer, total, status, version }) => [
      id,
      customer,
      (Number(total) / 100).toFixed(2),
      status,
      String(version),
    ]);
    const { upgrades, refused, swallowed, cut, stalled, frozen, lonely } = outer.counters;
    t.diagnostic(
      `${log.length} changes to ${kept.size} orders; ${kills} kills; ${upgrades} upgrades, ${refused} refused, ${swallowed} swallowed; ${cut} cut, ${stalled} stalled, ${frozen} frozen, ${lonely} found no server; ${writers.reduce((sum, { replays }) => sum + replays, 0)} writes replayed`,
    );
    for (const tab of tabs) {
      const got = await tab.seen();
      t.diagnostic(`${tab.name}: ${got.length} changes shown, ${tab.tokens} tokens asked for; ${(await tab.states()).join(', ')}`);
      judge(tab, got, log);
      assert.deepEqual((await tab.rows()).sort(), shown.sort(), `${tab.name} shows something else than the server keeps`);
      assert.deepEqual(tab.errors, [], tab.name);
    }
    assert(log.some(({ data }) => data.document?.customer === 'somebody in tab 1'));
    assert.equal(kept.get('mark-1')?.['status'], 'paid');
    assert(!kept.has('mark-2'));
    t.diagnostic(`${((performance.now() - began) / 1000).toFixed(0)} s`);
  } finally {
    for (const writer of [...writers, marker]) writer.isOver = true;
    await browser.close();
    await backend.close();
    server?.kill('SIGKILL');
    await server?.exited;
    await Promise.all([outer, desk, inner].map((box) => box.close()));
    await rm(data, { recursive: true, force: true });
  }
});
