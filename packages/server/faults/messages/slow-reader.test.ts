// Subscribers that stop reading (6.2.10): while 200 MB pass through them the server's memory hardly grows, the others go on, and when they read again they get all of
// it, in order. Over WebSockets, unnamed and durable, and as an event stream; all of them at once. Times are told, not judged: `bench/slow-reader.ts` compares them.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN_KEY, pause, startProcess } from '../../testing/process.ts';
import { quantile, RESIDENT, scrape, watchMemory } from './metrics.ts';
import { type Delivery, openStream, RawSocket, type Target } from './wire.ts';

const MB = 2 ** 20;
const MESSAGE_BYTES = 64 * 1024;
const WARMING_BYTES = 64 * MB;
const PASSING_BYTES = 200 * MB;
const MOST_GROWTH = 50 * MB;
const IN_FLIGHT = 16;
const SILENCE_MS = 60_000;
const DRAIN_MS = 40_000;
const TOPIC = 'pictures';
const FILLING = 'x'.repeat(MESSAGE_BYTES);
const FLAGS = ['--messages-per-second', '1000000', '--connections-per-client', '100', '--log-level', 'error'];

/** Who follows the topic and checks that its messages come in order, none missing; again only where that is allowed and said. */
class Reader {
  readonly name: string;
  /** Messages so far, each counted once. */
  next = 0;
  repeats = 0;
  latencies: number[] = [];
  readonly complaints: string[] = [];
  pause: () => void = () => {};
  resume: () => void = () => {};

  constructor(name: string) {
    this.name = name;
  }

  take({ data, redelivered }: Pick<Delivery, 'data' | 'redelivered'>): void {
    if (data.n === this.next) {
      this.next++;
      this.latencies.push(performance.now() - data.at);
      if (data.filling.length !== MESSAGE_BYTES) this.#complain(`${data.n} is cut short`);
    } else if (redelivered && data.n < this.next) this.repeats++;
    else this.#complain(`${data.n} came${redelivered ? ' again' : ''} where ${this.next} was due`);
  }

  #complain(text: string): void {
    if (this.complaints.length < 5) this.complaints.push(`${this.name}: ${text}`);
  }
}

/** Told of what ended, to be ended itself. */
type End = () => void;

const open = async (target: Target, reader?: Reader, onDelivery?: (delivery: Delivery, socket: RawSocket) => void): Promise<RawSocket> => {
  const socket: RawSocket = new RawSocket({
    ...target,
    silenceMs: SILENCE_MS,
    onDelivery: (delivery) => (onDelivery === undefined ? reader?.take(delivery) : onDelivery(delivery, socket)),
  });
  await socket.welcome();
  if (reader !== undefined) {
    reader.pause = () => socket.webSocket.pause();
    reader.resume = () => socket.webSocket.resume();
  }
  return socket;
};

const unnamed = async (target: Target, reader: Reader): Promise<End> => {
  const socket = await open(target, reader);
  assert.equal((await socket.ask('POST', '/subscriptions', { topics: [TOPIC] })).status, 201);
  return () => socket.end();
};

const durable = async (target: Target, reader: Reader, ackWait: number | undefined): Promise<End> => {
  const acknowledge = (delivery: Delivery, socket: RawSocket): void => {
    reader.take(delivery);
    if (reader.next % 8 === 0) socket.ask('POST', `/subscriptions/${reader.name}/ack`, { cursor: delivery.cursor }).catch(() => {});
  };
  const socket = await open(target, reader, acknowledge);
  const made = await socket.ask('POST', '/subscriptions', { name: reader.name, topics: [TOPIC], ...(ackWait === undefined ? {} : { ackWait }) });
  assert.equal(made.status, 201, JSON.stringify(made));
  assert.equal((await socket.ask('POST', `/subscriptions/${reader.name}/attach`)).status, 200);
  return () => socket.end();
};

const stream = async (target: Target, reader: Reader): Promise<End> => {
  let opened: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const streamed = openStream({
    ...target,
    path: `/messages?topics=${TOPIC}`,
    lastEventId: undefined,
    silenceMs: SILENCE_MS,
    onEvent: (event, _id, text) => {
      // The first of them brings a cursor and no data.
      if (text === undefined) return opened();
      assert.equal(event, 'message');
      reader.take({ ...JSON.parse(text), redelivered: false });
    },
    onRefused: ({ error }) => reader.complaints.push(`${reader.name}: ${JSON.stringify(error)}`),
  });
  await ready;
  reader.pause = () => streamed.pause();
  reader.resume = () => streamed.resume();
  return () => streamed.end();
};

test('6.2.10: four that stop reading while 200 MB pass cost no memory, nobody else waits, and they get everything later', { timeout: 110_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-slow-'));
  const server = await startProcess({ data: join(directory, 'data'), flags: FLAGS });
  const ends: End[] = [];
  try {
    assert.notEqual(server.url, '', server.stderr());
    const target = { url: server.url, key: ADMIN_KEY };
    const steady = [new Reader('steady-1'), new Reader('steady-2')];
    const slow = [new Reader('unnamed'), new Reader('durable'), new Reader('impatient'), new Reader('stream')] as [Reader, Reader, Reader, Reader];
    for (const reader of [...steady, slow[0]]) ends.push(await unnamed(target, reader));
    ends.push(await durable(target, slow[1], undefined));
    // It is sent again what it does not acknowledge, which it does not read either.
    ends.push(await durable(target, slow[2], 500));
    ends.push(await stream(target, slow[3]));
    const readers = [...steady, ...slow];

    const publisher = await open(target);
    ends.push(() => publisher.end());
    let published = 0;
    const publish = async (bytes: number): Promise<void> => {
      const until = published + bytes / MESSAGE_BYTES;
      const lane = async (): Promise<void> => {
        while (published < until) {
          const data = { n: published++, at: performance.now(), filling: FILLING };
          assert.equal((await publisher.ask('POST', `/topics/${TOPIC}/messages`, data)).status, 201);
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    };
    const complete = async (who: readonly Reader[]): Promise<void> => {
      for (const end = Date.now() + DRAIN_MS; Date.now() < end && who.some(({ next }) => next < published); ) await pause(10);
      assert.deepEqual(
        who.map(({ name, next }) => [name, next]),
        who.map(({ name }) => [name, published]),
      );
    };
    const p99 = (): string => {
      const all = steady.flatMap(({ latencies }) => latencies);
      for (const reader of readers) reader.latencies = [];
      return `p50 ${quantile(all, 0.5).toFixed(1)} ms, p99 ${quantile(all, 0.99).toFixed(1)} ms`;
    };

    const idle = (await scrape(server.url))(RESIDENT);
    const memory = watchMemory(server.url);
    ends.push(() => void memory.stop());
    // First everyone reads, with a short rest of one of them, so that memory is what such traffic costs anyway, the thread that reads the log included.
    await publish(WARMING_BYTES / 4);
    slow[0].pause();
    await publish((WARMING_BYTES * 3) / 4);
    slow[0].resume();
    await complete(readers);
    const before = (await scrape(server.url))(RESIDENT);
    const warm = memory.peak();
    t.diagnostic(
      `everyone reads: ${WARMING_BYTES / MB} MB, the others' ${p99()}; resident ${(idle / MB).toFixed(0)} MB before, ${(before / MB).toFixed(0)} MB after, at most ${(warm / MB).toFixed(0)} MB`,
    );

    for (const reader of slow) reader.pause();
    const had = published;
    const started = performance.now();
    await publish(PASSING_BYTES);
    await complete(steady);
    const seconds = (performance.now() - started) / 1000;
    const passed = memory.peak();
    const stopped = await scrape(server.url);
    t.diagnostic(
      `${slow.length} stopped: ${PASSING_BYTES / MB} MB in ${seconds.toFixed(1)} s, the others' ${p99()}; resident at most ${(passed / MB).toFixed(0)} MB, in outboxes ${(stopped('godwit_outbox_bytes') / MB).toFixed(1)} MB`,
    );
    for (const { name, next } of slow) assert(next < had + 1000, `${name} went on reading`);
    assert(stopped('godwit_connections_behind') >= 2, 'they have left the feed');
    assert(stopped('godwit_dropped_to_log_total') >= slow.length);

    const from = performance.now();
    for (const reader of slow) {
      reader.resume();
      await complete([reader]);
    }
    const caughtUp = memory.peak();
    const after = await scrape(server.url);
    t.diagnostic(
      `they read again, one after the other: all of it in ${((performance.now() - from) / 1000).toFixed(1)} s, ${slow.map(({ name, repeats }) => `${name} ${repeats} again`).join(', ')}; resident at most ${(caughtUp / MB).toFixed(0)} MB, then ${(after(RESIDENT) / MB).toFixed(0)} MB`,
    );
    assert.deepEqual(
      readers.flatMap(({ complaints }) => complaints),
      [],
    );
    const growth = Math.max(passed, caughtUp) - Math.max(before, warm);
    t.diagnostic(`grown by ${(growth / MB).toFixed(1)} MB beyond what it was when everyone read`);
    assert(passed - before < MOST_GROWTH, `grew by ${((passed - before) / MB).toFixed(1)} MB while they did not read`);
    assert(caughtUp - before < MOST_GROWTH, `grew by ${((caughtUp - before) / MB).toFixed(1)} MB while they caught up`);

    // And they are live again.
    await publish(MB);
    await complete(readers);
    assert.equal((await scrape(server.url))('godwit_connections_behind'), 0);
    await memory.stop();
  } finally {
    for (const end of ends) end();
    server.kill('SIGKILL');
    await server.exited;
    await rm(directory, { recursive: true, force: true });
  }
});
