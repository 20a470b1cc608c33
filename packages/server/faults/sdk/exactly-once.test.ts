// The fault test of the messages, run with the SDK (6.2.8, 6.3.2, 8.2.1): the server is killed and started again every few seconds, the network between cuts, stalls
// and half-opens connections and now and then lets no WebSocket through. Every confirmed message is handed to every handler, once in a life of its client and in
// log order. `SEED=n` repeats the choices of a run, `FAULT_SECONDS=n` makes it longer.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { httpClient } from '../../testing/http.ts';
import { ADMIN_KEY, pause } from '../../testing/process.ts';
import { seededRandom, seedOfRun } from '../../testing/random.ts';
import { messagesOf } from '../../testing/story.ts';
import { expectedOf, judgeLog } from '../messages/judge.ts';
import { MortalServer } from '../messages/mortal-server.ts';
import { FaultyProxy } from '../messages/proxy.ts';
import { UpgradeBlocker } from './blocker.ts';
import { Host, type HostOptions } from './host.ts';
import { judgeSdkSubscriber } from './judge.ts';
import { SdkPublisher } from './publisher.ts';
import { SdkSubscriber, type SdkSubscriberOptions } from './subscriber.ts';

const SECONDS = Number(process.env['FAULT_SECONDS'] ?? 30);
const DRAIN_MS = 45_000;
const MOVE_MS = 20_000;
const HEARTBEAT_MS = 1000;
const POLL_MS = 1000;
const FLAGS = [
  ...['--heartbeat-interval', `${HEARTBEAT_MS}ms`, '--max-queued-bytes', '64KB', '--max-outstanding', '200', '--log-level', 'error'],
  ...['--operations-per-minute', '1000000000', '--connections-per-client', '100000'],
];

test('6.2.8: the SDK hands over what was confirmed once and in order, whatever fails, over both transports', { timeout: (SECONDS + 110) * 1000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`SEED=${seed}`);
  let derived = seed;
  const random = seededRandom(seed);
  const another = (): ReturnType<typeof seededRandom> => seededRandom(++derived);
  const data = await mkdtemp(join(tmpdir(), 'godwit-sdk-faults-'));
  const proxy = await FaultyProxy.listen(another());
  const blocker = await UpgradeBlocker.listen(another(), proxy.url);
  const server = new MortalServer({ data, flags: FLAGS, proxy });
  const direct = (): ReturnType<typeof httpClient> => httpClient(server.url, ADMIN_KEY);

  const hosts: Host[] = [];
  const publishers: SdkPublisher[] = [];
  try {
    await server.start();
    const admin = direct();
    assert.equal((await admin.ask('POST', '/v1/collections', { data: { name: 'docs' } })).status, 201);
    const reader = await admin.ask('POST', '/v1/keys', { data: { client: 'reader', scopes: ['subscribe:**'] } });
    assert.equal(reader.status, 201, reader.text);
    admin.close();

    const base = { url: proxy.url, key: ADMIN_KEY, pollWait: POLL_MS };
    const behind = { ...base, url: blocker.url };
    const following = (name: string, pattern: string, more: Partial<SdkSubscriberOptions> = {}): SdkSubscriber =>
      new SdkSubscriber({ name, patterns: pattern.split(' '), seeded: another(), ...more });
    const host = (name: string, options: Omit<HostOptions, 'name' | 'seeded'>, ...subscribers: SdkSubscriber[]): Host => {
      const made = new Host({ ...options, name, seeded: another() }, subscribers);
      hosts.push(made);
      return made;
    };
    const moody = { durable: true, fails: 0.01 };
    const slow = (): number => (random.chance(0.05) ? random.below(300) : 0);
    // Tokens are asked for where the server may be gone, so that getting one fails as well.
    const getToken = async (): Promise<string> => {
      const http = httpClient(proxy.url, reader.data.key);
      const answer = await Promise.race([http.ask('POST', '/v1/tokens', { data: { ttl: 5, sub: 'phone' } }), pause(1500)]).finally(() => http.close());
      if (answer?.status !== 201) throw new Error('no token today');
      return answer.data.token;
    };

    host(
      'socket',
      { ...base, transport: 'websocket' },
      following('w1', '**'),
      following('w2', 'alpha.1', { iterates: true }),
      following('wd', 'beta.*', moody),
    );
    host(
      'many',
      base,
      ...[
        following('a1', '**'),
        following('a2', 'alpha.1'),
        following('a3', 'alpha.* alpha.** gamma', { takes: slow }),
        following('a4', '**', { iterates: true }),
      ],
      ...[following('a5', 'alpha.1'), following('ad', '**', moody), following('ae', 'docs.** gamma', { durable: true, takes: slow })],
    );
    host('polling', { ...base, transport: 'longpoll' }, following('l1', '**'), following('l2', 'alpha.*.x beta.0'), following('ld', 'gamma docs.**', moody));
    const moving = host('moving', behind, following('m1', '**'), following('m2', '*.1 docs.*.created', { iterates: true }), following('md', '*.*', moody));
    host('renewing', { url: blocker.url, getToken, pollWait: POLL_MS, expects: () => true }, following('t1', '**', { readsDocuments: false }));
    const mortal = [
      host('mortal', base, following('r1', '**'), following('r2', 'alpha.**', { takes: slow }), following('rd', 'alpha.* gamma', moody)),
      host('wandering', behind, following('x1', '**', { iterates: true }), following('xd', '**', { durable: true, takes: slow })),
    ];
    for (let worker = 0; worker < 4; worker++) {
      const way = [
        { ...base, connects: true },
        { ...behind, connects: true },
        { ...base, connects: false },
        { ...base, transport: 'longpoll', connects: true },
      ] as const;
      publishers.push(new SdkPublisher({ ...(way[worker] as (typeof way)[number]), worker, seeded: another() }));
    }
    for (const one of hosts) one.begin();
    for (const one of publishers) one.start();
    proxy.fail();

    for (const end = Date.now() + SECONDS * 1000; Date.now() < end; ) {
      await pause(1000 + random.below(2500));
      if (random.chance(0.5)) random.pick(mortal).restart();
      if (blocker.isBlocking) blocker.unblock();
      else blocker.block();
      await pause(500 + random.below(1500));
      await server.kill();
      await server.start();
    }

    proxy.heal();
    // With the rest of the network good, and messages flowing, it moves there and back for certain.
    const movesTo = async (transport: 'websocket' | 'longpoll'): Promise<void> => {
      for (const end = Date.now() + MOVE_MS; moving.state?.transport !== transport; await pause(50))
        assert(
          Date.now() < end,
          `it did not move to ${transport}: ${JSON.stringify(moving.state)}, ${JSON.stringify(blocker.counters)}, ${blocker.upgraded} WebSockets`,
        );
    };
    blocker.block();
    await movesTo('longpoll');
    blocker.unblock();
    await movesTo('websocket');
    await Promise.all(publishers.map((publisher) => publisher.finish()));
    const now = direct();
    const log = await messagesOf(now);
    now.close();
    const subscribers = hosts.flatMap((each) => each.subscribers);
    const lacks = (subscriber: SdkSubscriber): boolean => {
      const last = expectedOf(subscriber, log).at(-1);
      return last !== undefined && !subscriber.got.some(({ cursor }) => cursor === last.cursor);
    };
    for (const end = Date.now() + DRAIN_MS; Date.now() < end && subscribers.some(lacks); ) await pause(250);
    const states = hosts.map(({ name, state }) => `${name}: ${state?.status} ${state?.transport} ${state?.error}`);
    await Promise.all(hosts.map((each) => each.close()));

    const ledger = publishers.flatMap((publisher) => publisher.ledger);
    const confirmed = ledger.filter((entry) => entry.confirmed !== undefined);
    const replayed = publishers.reduce((sum, publisher) => sum + publisher.replayed, 0);
    const { connections, cuts, stalls, halfOpens, refused } = proxy.counters;
    t.diagnostic(`${server.kills} kills; ${connections} connections, ${cuts} cut, ${stalls} stalls, ${halfOpens} half open, ${refused} found no server`);
    t.diagnostic(`${blocker.counters.blocked} upgrades blocked, ${blocker.counters.passed} let through`);
    t.diagnostic(`${ledger.length} published, ${confirmed.length} confirmed, ${replayed} of them replayed; ${log.length} messages in the log`);
    const failures: string[] = hosts.flatMap(({ complaints }) => complaints);
    const attempt = (judge: () => void): void => {
      try {
        judge();
      } catch (error) {
        failures.push((error as Error).message.slice(0, 1000));
      }
    };
    attempt(() => judgeLog(log, ledger));
    for (const { name, moves, subscribers: held } of hosts) {
      t.diagnostic(`${name}: ${moves.websocket} times over a WebSocket, ${moves.longpoll} by long-polling`);
      for (const subscriber of held) {
        attempt(() => {
          const { deliveries, lives, again } = judgeSdkSubscriber(subscriber, log);
          t.diagnostic(
            `  ${subscriber.name} (${subscriber.patterns.join(',')}): ${deliveries} in ${lives} lives, ${again} again, ${subscriber.failures} failures`,
          );
        });
      }
    }
    if (failures.length > 0) failures.push(...states);
    assert.deepEqual(failures, []);
    assert.deepEqual(
      publishers.flatMap((publisher) => publisher.complaints),
      [],
    );
    assert.equal(confirmed.length, ledger.length);
    assert(replayed > 0, 'no confirmation was lost on its way: the test shows less than it should');
  } finally {
    for (const publisher of publishers) publisher.abandon();
    await Promise.allSettled(hosts.map((each) => Promise.race([each.close(), pause(5000)])));
    await server.stop();
    await blocker.close();
    await proxy.close();
    await rm(data, { recursive: true, force: true });
  }
});
