// A client that nobody writes to for a simulated day: heartbeats, renewals of its token, the end of its connection's life and breaks, or polls that find nothing.
// Its timers are as many at the end of each hour as at the end of the first, its listeners too, and its memory stays where it was.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createClient } from './client.ts';
import { settle } from './testing/clock.ts';
import { type ScriptedRequest, type ScriptedSocket, World } from './testing/world.ts';

const HOUR = 3_600_000;
const HEARTBEAT = 30_000;
const HOURS = 24;
const MOST_GROWTH = 300_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is there at the end of an hour. */
interface Census {
  readonly timers: number;
  readonly listeners: number;
  readonly heap: number;
}

const census = (world: World, signal: AbortSignal): Census => {
  collect();
  return { timers: world.clock.timers, listeners: getEventListeners(signal, 'abort').length, heap: process.memoryUsage().heapUsed };
};

const judge = (counts: readonly Census[], timers: number): void => {
  assert.deepEqual(
    counts.map((count) => count.timers),
    counts.map(() => timers),
  );
  assert.deepEqual(
    counts.map((count) => count.listeners),
    counts.map(() => counts[0]?.listeners),
  );
  // The first hours compile and warm up.
  const settled = counts.slice(4);
  const growth = (settled.at(-1)?.heap ?? 0) - Math.min(...settled.slice(0, 4).map(({ heap }) => heap));
  assert(growth < MOST_GROWTH, `${growth} bytes more after ${counts.length} hours`);
};

const begin = (options: Parameters<World['options']>[0]) => {
  const world = new World();
  const client = createClient(world.options(options));
  const ending = new AbortController();
  const closed: unknown[] = [];
  const { signal } = ending;
  const subscriptions = [
    client.subscribe('a.*', () => {}, { after: 'c000000', signal }),
    client.subscribe('b', () => {}, { after: 'c000000', signal }),
    client.subscribe('d.*', () => {}, { name: 'work', signal }),
  ];
  const stream = client.subscribe('s', { after: 'c000000', signal });
  const iterator = stream[Symbol.asyncIterator]();
  const pending = iterator.next();
  for (const { closed: end } of [...subscriptions, stream]) end.catch((error: unknown) => closed.push(error));
  return { world, client, ending, closed, pending };
};

let places = 0;
const cursor = (): string => `c${String(++places).padStart(6, '0')}`;

const answerSocket = (socket: ScriptedSocket): void => {
  for (const sent of socket.sent.splice(0)) {
    const { path, data } = sent.payload as { path: string; data: { name?: string; topics?: string[] } };
    if (path === '/subscriptions')
      socket.answer(sent, 201, data.name === undefined ? { subscription: `~${data.topics}`, cursor: 'c000000' } : { name: data.name, cursor: 'c000000' });
    else if (path.endsWith('/attach')) socket.answer(sent, 200, { subscription: 'work', cursor: 'c000000', pending: 0 });
    else socket.answer(sent, 200, { expiresAt: 't', cursor: 'c000000' });
  }
};

test('5.1.3, 5.4, 7.2.3: a day on a WebSocket', { timeout: 110_000 }, async () => {
  let tokens = 0;
  const { world, client, ending, closed, pending } = begin({ getToken: () => `token-${++tokens}` });
  const welcome = async (): Promise<void> => {
    await settle();
    world.socket.welcome();
    for (let round = 0; round < 4; round++) {
      await settle();
      answerSocket(world.socket);
    }
  };
  await welcome();
  let connections = 1;
  const counts: Census[] = [];
  for (let hour = 1; hour <= HOURS; hour++) {
    for (let beat = 0; beat < HOUR / HEARTBEAT; beat++) {
      await world.clock.advance(HEARTBEAT);
      world.socket.notice('heartbeat', { cursor: cursor() });
      await settle();
      answerSocket(world.socket);
      // The cursor of the durable one moved with it, and is acknowledged.
      await world.clock.advance(100);
      answerSocket(world.socket);
    }
    world.socket.notice('expiring', { expiresAt: 't' });
    await settle();
    answerSocket(world.socket);
    await settle();
    if (hour % 6 === 0) {
      if (hour === HOURS) world.socket.notice('goaway', { reason: 'lifetime', closesAt: 't', reconnectAfterMs: 500 });
      const before = world.sockets.length;
      world.socket.end(hour === HOURS ? 4000 : 1006);
      for (let wait = 0; wait < 10 && world.sockets.length === before; wait++) await world.clock.advance(200);
      await welcome();
      connections++;
      world.sockets.splice(0, world.sockets.length - 1);
    }
    counts.push(census(world, ending.signal));
  }
  assert.equal(connections, 1 + HOURS / 6);
  // The first, and one for each hour.
  assert.equal(tokens, 1 + HOURS);
  assert.equal(client.state.transport, 'websocket');
  // The watch over its silence.
  judge(counts, 1);
  ending.abort();
  await world.clock.advance(1000);
  answerSocket(world.socket);
  await world.clock.advance(1000);
  answerSocket(world.socket);
  await client.close();
  assert.equal(world.clock.timers, 0);
  assert.deepEqual(closed, []);
  assert.equal((await pending).done, true);
});

test('6.3.1: a day of polls', { timeout: 110_000 }, async () => {
  const { world, client, ending, closed, pending } = begin({ transport: 'longpoll' });
  const answer = (request: ScriptedRequest): void => {
    const path = request.url.pathname.slice('/v1'.length);
    if (path === '/messages' || path.endsWith('/pull')) request.answer({ items: [], cursor: cursor(), more: false });
    else if (path === '/subscriptions' && request.method === 'POST') request.answer({ name: 'work', cursor: 'c000000' }, 201);
    else request.answer({ items: [] });
  };
  const answerAll = (): void => {
    for (const request of world.requests.splice(0)) answer(request);
  };
  for (let round = 0; round < 4; round++) {
    await settle();
    answerAll();
  }
  const counts: Census[] = [];
  let polls = 0;
  for (let hour = 1; hour <= HOURS; hour++) {
    for (let poll = 0; poll < HOUR / 25_000; poll++) {
      await world.clock.advance(25_000);
      polls += world.requests.length;
      answerAll();
      await settle();
    }
    counts.push(census(world, ending.signal));
  }
  // One for the unnamed, one for the durable one, each 25 s.
  assert.equal(polls, (HOURS * 2 * HOUR) / 25_000);
  // Each poll's own.
  judge(counts, 2);
  ending.abort();
  await settle();
  answerAll();
  await world.clock.advance(10_000);
  answerAll();
  await client.close();
  assert.equal(world.clock.timers, 0);
  assert.deepEqual(closed, []);
  assert.equal((await pending).done, true);
});
