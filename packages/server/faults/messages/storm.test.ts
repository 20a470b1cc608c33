// A storm (6.2.8): five thousand connections are cut at once, miss a hundred messages each, and all come back at once. Everyone gets what it missed, in order, nothing
// missing, and is live again. How long the server's event loop was held is told here and judged by `bench/storm.ts`.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN_KEY, pause, startProcess } from '../../testing/process.ts';
import { crowdOf, inWaves, openFilesAllowed } from './crowd.ts';
import { Listener } from './listener.ts';
import { loopDelay, scrape } from './metrics.ts';
import { type Json, RawSocket, type Target } from './wire.ts';

const CLIENTS = 5000;
const ROOMS = 50;
const MISSED = 100;
const IN_FLIGHT = 64;
const PATIENCE_MS = 40_000;
const CONNECTED = 'godwit_connections{transport="websocket"}';
const FLAGS = ['--connections-per-client', '100000', '--messages-per-second', '1000000', '--log-level', 'error'];

/** Who comes back: it knows where it was and what is due. */
class Guest {
  readonly room: string;
  /** Number of the message of its room that is due. */
  next = 0;
  complaint: string | undefined;
  #cursor: string | undefined;
  #listener: Listener | undefined;

  constructor(room: string) {
    this.room = room;
  }

  come(target: Target): Promise<void> {
    const subscription = { topics: [this.room], ...(this.#cursor === undefined ? {} : { after: this.#cursor }) };
    this.#listener = new Listener(target, subscription, (message) => this.#take(message));
    return this.#listener.subscribed;
  }

  #take({ topic, data, cursor }: Json): void {
    if (topic !== this.room || data !== this.next) this.complaint ??= `${data} of ${topic} came where ${this.next} of ${this.room} was due`;
    this.next = data + 1;
    this.#cursor = cursor;
  }

  cut(): void {
    this.#listener?.socket.destroy();
  }
}

test('6.2.8: five thousand that are cut at once come back at once, and nobody misses anything', { timeout: 110_000 }, async (t) => {
  const count = crowdOf(CLIENTS);
  t.diagnostic(`${count} clients in ${ROOMS} rooms; a process may have ${openFilesAllowed()} files open`);
  const directory = await mkdtemp(join(tmpdir(), 'godwit-storm-'));
  const server = await startProcess({ data: join(directory, 'data'), flags: FLAGS });
  const guests = Array.from({ length: count }, (_, index) => new Guest(`rooms.${index % ROOMS}`));
  let publisher: RawSocket | undefined;
  try {
    assert.notEqual(server.url, '', server.stderr());
    const target = { url: server.url, key: ADMIN_KEY };
    const speaker = (publisher = new RawSocket({ ...target, silenceMs: PATIENCE_MS * 2 }));
    await speaker.welcome();
    let published = 0;
    const publish = async (each: number): Promise<void> => {
      for (const until = published + each; published < until; published++) {
        await inWaves(ROOMS, IN_FLIGHT, async (room) => {
          assert.equal((await speaker.ask('POST', `/topics/rooms.${room}/messages`, published)).status, 201);
        });
      }
    };
    const complete = async (): Promise<void> => {
      const lacks = (): number => guests.filter(({ next }) => next < published).length;
      for (const end = Date.now() + PATIENCE_MS; lacks() > 0; await pause(10)) assert(Date.now() < end, `${lacks()} lack messages`);
      assert.deepEqual(guests.flatMap(({ complaint }) => complaint ?? []).slice(0, 5), []);
      assert(guests.every(({ next }) => next === published));
    };

    await inWaves(count, 256, (index) => (guests[index] as Guest).come(target));
    await publish(2);
    await complete();
    assert.equal((await scrape(server.url))(CONNECTED), count + 1);

    for (const guest of guests) guest.cut();
    await publish(MISSED);
    const away = await scrape(server.url);
    t.diagnostic(`cut, and ${MISSED} messages for each: ${away(CONNECTED) - 1} connections left, event loop ${loopDelay(away)}`);

    const started = performance.now();
    const since = (): string => `${((performance.now() - started) / 1000).toFixed(2)} s`;
    await Promise.all(guests.map((guest) => guest.come(target)));
    const back = since();
    await complete();
    const now = await scrape(server.url);
    t.diagnostic(`all subscribed again after ${back}, caught up on ${count * MISSED} messages after ${since()}; event loop ${loopDelay(now)}`);
    assert.equal(now(CONNECTED), count + 1);
    assert.equal(now('godwit_subscriptions'), count);

    await publish(1);
    await complete();
  } finally {
    publisher?.end();
    for (const guest of guests) guest.cut();
    server.kill('SIGKILL');
    await server.exited;
    await rm(directory, { recursive: true, force: true });
  }
});
