// At least once, under faults (6.2.8, 6.2.1, 4.1.3, 5.2.4): the server is killed and started again every few seconds, the network between cuts, stalls and half-opens
// connections, and everyone repeats and goes on. Afterwards everybody has everything, in order. `SEED=n` repeats the choices of a run, `FAULT_SECONDS=n` makes it longer.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { httpClient } from '../../testing/http.ts';
import { ADMIN_KEY, pause } from '../../testing/process.ts';
import { seededRandom, seedOfRun } from '../../testing/random.ts';
import { messagesOf } from '../../testing/story.ts';
import { expectedOf, judgeLog, judgeSubscriber } from './judge.ts';
import { MortalServer } from './mortal-server.ts';
import { FaultyProxy } from './proxy.ts';
import { HttpPublisher, SocketPublisher } from './publishers.ts';
import type { Subscriber } from './subscriber.ts';
import {
  AttachedSubscriber,
  DurableMovingSubscriber,
  EventStreamSubscriber,
  MovingSubscriber,
  PollSubscriber,
  PullingSubscriber,
  WebSocketSubscriber,
} from './subscribers.ts';

const SECONDS = Number(process.env['FAULT_SECONDS'] ?? 40);
const DRAIN_MS = 40_000;
const HEARTBEAT_MS = 1000;
const FLAGS = [
  ...['--heartbeat-interval', `${HEARTBEAT_MS}ms`, '--max-queued-bytes', '64KB', '--max-outstanding', '200', '--log-level', 'error'],
  ...['--operations-per-minute', '1000000000', '--connections-per-client', '100000', '--messages-per-second', '1000000'],
];

test('6.2.8: what was confirmed reaches every subscriber, in order, whatever fails', { timeout: (SECONDS + 110) * 1000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`SEED=${seed}`);
  let derived = seed;
  const random = seededRandom(seed);
  const another = (): ReturnType<typeof seededRandom> => seededRandom(++derived);
  const data = await mkdtemp(join(tmpdir(), 'godwit-faults-'));
  const proxy = await FaultyProxy.listen(another());
  const server = new MortalServer({ data, flags: FLAGS, proxy, early: random });

  const subscribers: Subscriber[] = [];
  const publishers: (HttpPublisher | SocketPublisher)[] = [];
  try {
    await server.start();
    const direct = httpClient(server.url, ADMIN_KEY);
    assert.equal((await direct.ask('POST', '/v1/collections', { data: { name: 'docs' } })).status, 201);
    const made = await direct.ask('POST', '/v1/keys', { data: { client: 'reader', scopes: ['subscribe:**'] } });
    assert.equal(made.status, 201, made.text);
    direct.close();

    const base = { url: proxy.url, key: ADMIN_KEY, silenceMs: HEARTBEAT_MS * 2.5 };
    const as = (name: string, ...patterns: string[]) => ({ ...base, name, patterns, random: another() });
    const acking = (name: string, late: boolean, ...patterns: string[]) => {
      const options = as(name, ...patterns);
      // Who acknowledges late does so after what it has was sent again.
      return { ...options, ackWaitMs: 1000, ackAfterMs: () => (late ? 700 + options.random.below(1500) : options.random.below(100)) };
    };
    subscribers.push(
      new WebSocketSubscriber(as('u1', '**')),
      new WebSocketSubscriber(as('u2', 'alpha.1')),
      new WebSocketSubscriber(as('u3', 'alpha.*', 'alpha.**', 'gamma')),
      new PollSubscriber(as('l1', '**')),
      new PollSubscriber(as('l2', 'alpha.*.x', 'beta.0')),
      new EventStreamSubscriber(as('s1', '**')),
      new EventStreamSubscriber(as('s2', 'docs.**', 'beta.*')),
      new MovingSubscriber(as('m1', '**')),
      new MovingSubscriber(as('m2', '*.1', 'docs.*.created')),
      new AttachedSubscriber(acking('a1', false, '**')),
      new AttachedSubscriber(acking('a2', true, 'alpha.**')),
      new PullingSubscriber(acking('p1', false, '**')),
      new PullingSubscriber(acking('p2', false, 'gamma', 'docs.**')),
      new DurableMovingSubscriber(acking('d1', false, '*.*')),
      new MovingSubscriber({ ...as('n1', '**'), key: made.data.key, readsDocuments: false }),
      new AttachedSubscriber({ ...acking('n2', false, '**'), key: made.data.key, readsDocuments: false }),
    );
    for (let worker = 0; worker < 6; worker++) {
      const options = { ...base, worker, random: another() };
      publishers.push(worker % 2 === 0 ? new SocketPublisher(options) : new HttpPublisher(options));
    }
    for (const one of [...subscribers, ...publishers]) one.start();
    proxy.fail();

    for (const end = Date.now() + SECONDS * 1000; Date.now() < end; ) {
      await pause(1500 + random.below(3500));
      await server.kill();
      await server.start();
    }

    proxy.heal();
    for (const subscriber of subscribers) subscriber.calm = true;
    await Promise.all(publishers.map((publisher) => publisher.finish()));
    const now = httpClient(server.url, ADMIN_KEY);
    const log = await messagesOf(now);
    const lacks = (subscriber: Subscriber): number => {
      const cursors = new Set(subscriber.got.map(({ cursor }) => cursor));
      return expectedOf(subscriber, log).filter(({ cursor }) => !cursors.has(cursor)).length;
    };
    for (const end = Date.now() + DRAIN_MS; Date.now() < end && subscribers.some((subscriber) => lacks(subscriber) > 0); ) await pause(250);
    await Promise.all(subscribers.map((subscriber) => subscriber.stop()));

    const ledger = publishers.flatMap((publisher) => publisher.ledger);
    const confirmed = ledger.filter((entry) => entry.confirmed !== undefined);
    const replayed = confirmed.filter((entry) => entry.confirmed?.replayed);
    const { connections, cuts, stalls, halfOpens, refused } = proxy.counters;
    t.diagnostic(`${server.kills} kills; ${connections} connections, ${cuts} cut, ${stalls} stalls, ${halfOpens} half open, ${refused} found no server`);
    t.diagnostic(
      `${ledger.length} published, ${confirmed.length} confirmed, ${ledger.length - confirmed.length} given up, ${ledger.reduce((sum, { attempts }) => sum + attempts - 1, 0)} repeats, ${replayed.length} replayed; ${log.length} messages in the log`,
    );
    const failures: string[] = [];
    const attempt = (judge: () => void): void => {
      try {
        judge();
      } catch (error) {
        failures.push((error as Error).message.slice(0, 1000));
      }
    };
    attempt(() => judgeLog(log, ledger));
    for (const subscriber of subscribers) {
      attempt(() => {
        const { deliveries, repeats, flagged } = judgeSubscriber(subscriber, log);
        t.diagnostic(
          `${subscriber.kind} ${subscriber.name} (${subscriber.patterns.join(',')}): ${deliveries} deliveries, ${repeats} repeats, ${flagged} flagged, ${subscriber.attempts} attempts`,
        );
      });
    }
    now.close();
    assert.deepEqual(failures, []);
    assert.deepEqual(
      publishers.flatMap((publisher) => publisher.complaints),
      [],
    );
    assert(replayed.length > 0, 'no confirmation was lost on its way: the test shows less than it should');
  } finally {
    await Promise.allSettled(subscribers.map((subscriber) => subscriber.stop()));
    await server.stop();
    await proxy.close();
    await rm(data, { recursive: true, force: true });
  }
});
