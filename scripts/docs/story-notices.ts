// The server's own notices, and the errors that need time to pass: on a server that is in a hurry, so that nobody waits for them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestServer, testServer } from '../../packages/server/testing/server.ts';
import { type Recorder, Talk } from './recorder.ts';

const ADMIN = 'the-admin-key-of-a-test';
const HURRY = { heartbeatInterval: 200, retentionAge: 100, connectionLifetime: 2000 };
const STEP_MS = 50;
const STEPS = 400;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Publishes to a durable subscription and waits until the log has let go of it; resolves with a cursor that is now too old. */
const forgotten = async (data: string): Promise<string> => {
  const { client, close } = await testServer({ adminKey: ADMIN, console: false, data, settings: HURRY });
  try {
    await client.ask('POST', '/v1/subscriptions', { requestId: 'make', data: { name: 'billing', topics: ['alerts.**'], after: 'earliest' } });
    const publish = (n: number) => client.ask('POST', '/v1/topics/alerts.kitchen/messages', { requestId: `n-${n}`, data: n });
    const first = (await publish(1)).data.cursor as string;
    await publish(2);
    await until(async () => (await client.ask('GET', `/v1/messages?topics=alerts.**&after=${first}`)).status === 410);
    return first;
  } finally {
    await close();
  }
};

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  for (let step = 0; step < STEPS && !(await isSo()); step++) await pause(STEP_MS);
};

const notices = async (record: Recorder, server: TestServer): Promise<void> => {
  const kept = (name: string, talk: Talk): void => {
    record.socket({ notice: name }, talk.frames);
    talk.frames = [];
  };
  const talk = new Talk(server, ADMIN);
  await talk.notice('welcome', false);
  await talk.request('attach-2', 'POST', '/subscriptions/billing/attach', undefined, false);
  await talk.notice('gap');
  kept('gap', talk);
  const other = new Talk(server, ADMIN);
  await other.notice('welcome', false);
  await other.request('attach-3', 'POST', '/subscriptions/billing/attach', undefined, false);
  await talk.notice('detached');
  kept('detached', talk);
  await other.notice('heartbeat');
  kept('heartbeat', other);
  await other.notice('goaway');
  kept('goaway', other);
  await Promise.all([talk.close(), other.close()]);
};

export const noticesStory = async (record: Recorder): Promise<void> => {
  const data = await mkdtemp(join(tmpdir(), 'godwit-examples-'));
  const first = await forgotten(data);
  // Started again, it remembers no message that its log has let go of.
  const server = await testServer({ adminKey: ADMIN, console: false, data, settings: HURRY });
  try {
    const { client, as } = server;
    await record.http(server, { error: 'CURSOR_EXPIRED' }, 'GET', `/v1/messages?topics=alerts.**&after=${first}`);
    await notices(record, server);
    const { key } = (await client.ask('POST', '/v1/keys', { data: { scopes: ['subscribe:**'] } })).data;
    const { token } = (await as(key).ask('POST', '/v1/tokens', { data: { ttl: 1, sub: 'device-7' } })).data;
    const brief = new Talk(server, token);
    await brief.notice('expiring');
    record.socket({ notice: 'expiring' }, brief.frames);
    await until(async () => (await as(token).ask('GET', '/v1/messages?topics=alerts.**')).code === 'TOKEN_EXPIRED');
    await record.http(server, { error: 'TOKEN_EXPIRED' }, 'GET', '/v1/messages?topics=alerts.**', { key: token });
    await brief.close();
  } finally {
    await server.close();
    await rm(data, { recursive: true, force: true });
  }
};
