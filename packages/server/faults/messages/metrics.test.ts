// What the operators of a server see of its messages (12.1): each number of `/metrics` that tells of connections, subscriptions and their lag moves with what it is named for.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN_KEY, pause, startProcess } from '../../testing/process.ts';
import { PlainGet } from './crowd.ts';
import { scrape } from './metrics.ts';
import { httpCaller, openStream, RawSocket } from './wire.ts';

const ACK_WAIT_MS = 300;
const MESSAGES = 5;
const SILENCE_MS = 60_000;
const PATIENCE_MS = 20_000;

test('12.1: connections, subscriptions, lag, deliveries and redeliveries are told as they are', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-metrics-'));
  const server = await startProcess({ data: join(directory, 'data'), flags: ['--ack-wait', `${ACK_WAIT_MS}ms`, '--log-level', 'error'] });
  const ends: (() => void)[] = [];
  try {
    assert.notEqual(server.url, '', server.stderr());
    const target = { url: server.url, key: ADMIN_KEY };
    const http = httpCaller(target);
    ends.push(() => http.close());
    /** Scrapes until the numbers are these. */
    const told = async (expected: Readonly<Record<string, number>>): Promise<void> => {
      const names = Object.keys(expected);
      for (const end = Date.now() + PATIENCE_MS; ; await pause(20)) {
        const sample = await scrape(server.url);
        const found = Object.fromEntries(names.map((name) => [name, sample(name)]));
        if (names.every((name) => found[name] === expected[name])) return;
        if (Date.now() > end) assert.deepEqual(found, expected);
      }
    };
    const open = async (): Promise<RawSocket> => {
      const socket = new RawSocket({ ...target, silenceMs: SILENCE_MS });
      ends.push(() => socket.end());
      await socket.welcome();
      return socket;
    };

    const one = await open();
    const other = await open();
    for (const topics of [['a'], ['a', 'b']]) assert.equal((await one.ask('POST', '/subscriptions', { topics })).status, 201);
    assert.equal((await other.ask('POST', '/subscriptions', { name: 'jobs', topics: ['a'] })).status, 201);
    const stream = openStream({
      ...target,
      path: '/messages?topics=a',
      lastEventId: undefined,
      silenceMs: SILENCE_MS,
      onEvent: () => {},
      onRefused: ({ error }) => assert.fail(JSON.stringify(error)),
    });
    ends.push(() => stream.end());
    const poll = new PlainGet(target, '/messages?topics=never&wait=60');
    ends.push(() => poll.socket.destroy());
    await told({
      'godwit_connections{transport="websocket"}': 2,
      'godwit_connections{transport="sse"}': 1,
      'godwit_connections{transport="poll"}': 1,
      godwit_subscriptions: 3,
      godwit_durable_subscriptions: 1,
      godwit_durable_lag_messages: 0,
      godwit_deliveries_total: 0,
    });

    for (let n = 0; n < MESSAGES; n++) assert.equal((await http.ask('POST', '/topics/a/messages', n)).status, 201);
    // Three follow: two subscriptions of one connection, and the stream. Each id and medium is written down once.
    await told({
      godwit_messages_published_total: MESSAGES,
      godwit_deliveries_total: MESSAGES * 3,
      godwit_messages_encoded_total: MESSAGES * 3,
      godwit_durable_lag_messages: MESSAGES,
      godwit_redeliveries: 0,
      godwit_dropped_to_log_total: 0,
      godwit_connections_behind: 0,
      godwit_outbox_bytes: 0,
    });

    assert.equal((await other.ask('POST', '/subscriptions/jobs/attach')).status, 200);
    await told({ godwit_subscriptions: 4 });
    // All of them again, as often as nobody acknowledges them.
    for (const end = Date.now() + PATIENCE_MS; ; await pause(20)) {
      const redeliveries = (await scrape(server.url))('godwit_redeliveries');
      assert(redeliveries % MESSAGES === 0 && Date.now() < end, `${redeliveries} were sent again`);
      if (redeliveries > 0) break;
    }
    const { data } = await http.ask('GET', '/messages?topics=a');
    assert.equal((await other.ask('POST', '/subscriptions/jobs/ack', { cursor: data.cursor })).status, 200);
    await told({ godwit_durable_lag_messages: 0 });

    one.end();
    stream.end();
    poll.socket.destroy();
    await told({
      'godwit_connections{transport="websocket"}': 1,
      'godwit_connections{transport="sse"}': 0,
      'godwit_connections{transport="poll"}': 0,
      godwit_subscriptions: 1,
    });
    assert.equal((await http.ask('DELETE', '/subscriptions/jobs')).status, 204);
    await told({ godwit_subscriptions: 0, godwit_durable_subscriptions: 0 });
  } finally {
    for (const end of ends) end();
    server.kill('SIGKILL');
    await server.exited;
    await rm(directory, { recursive: true, force: true });
  }
});
