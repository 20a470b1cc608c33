// `kill -9` at any instant, under load, again and again (issue 2, 4.1.3, 6.2.1, 3.2.6, 9.2.3): what was confirmed is there, no atomic batch is half there, the log
// and the documents tell the same story, and each requestId took effect once. Looks only through the API. `SEED=n` repeats the choices of a run.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type HttpClient, httpClient } from '../testing/http.ts';
import { type Entry, type Ledger, runClient, SHARED } from '../testing/load.ts';
import { ADMIN_KEY, pause, type ServerProcess, startProcess } from '../testing/process.ts';
import { seededRandom, seedOfRun } from '../testing/random.ts';
import { documentsOf, Follower, type Message, messagesOf, rebuild } from '../testing/story.ts';

const ROUNDS = 10;
const CLIENTS = 24;
const FLAGS = ['--operations-per-minute', '1000000000', '--log-level', 'error'];

const changes = (log: readonly Message[], change: string, by: string): Message[] =>
  log.filter(({ topic, data }) => topic.startsWith('docs.') && data.change === change && data.document?.by === by);

test('12.4, 4.1.3, 6.2.1: killed at random instants under load, nothing confirmed is lost and nothing happens twice', { timeout: 110_000 }, async (t) => {
  const seed = seedOfRun();
  const random = seededRandom(seed);
  t.diagnostic(`SEED=${seed}`);
  const data = await mkdtemp(join(tmpdir(), 'godwit-kill-'));
  let kills = 0;
  let server: ServerProcess | undefined;
  let client: Promise<HttpClient>;

  /** Starts it, now and then killing it while it is still starting. */
  const start = async (): Promise<HttpClient> => {
    for (;;) {
      const early = random.chance(0.4) ? random.below(400) : undefined;
      const onSpawn = (child: ChildProcess): void => {
        if (early !== undefined) setTimeout(() => child.kill('SIGKILL'), early);
      };
      const started = await startProcess({ data, flags: FLAGS, onSpawn });
      if (early === undefined) {
        assert.notEqual(started.url, '', started.stderr());
        server = started;
        return httpClient(started.url, ADMIN_KEY);
      }
      await started.exited;
      kills++;
    }
  };
  const killAndStart = async (): Promise<void> => {
    const before = server as ServerProcess;
    const closing = await client;
    // From here on clients wait for the next one.
    client = before.exited.then(start);
    before.kill('SIGKILL');
    kills++;
    const { signal } = await before.exited;
    assert.equal(signal, 'SIGKILL', before.stderr());
    closing.close();
    await client;
  };

  try {
    client = start();
    await (await client).ask('POST', '/v1/collections', { data: { name: 'docs', indexes: ['by'] } });
    for (const id of SHARED) await (await client).ask('POST', '/v1/docs', { data: { id, by: 'setup' } });

    let stop = false;
    const stopped = (): boolean => stop;
    const running = Array.from({ length: CLIENTS }, (_, worker) =>
      runClient({ worker, random: seededRandom(seed + worker + 1), server: () => client, stopped }),
    );
    const follower = new Follower(() => client, stopped);
    const following = follower.run();
    for (let round = 0; round < ROUNDS; round++) {
      await pause(100 + random.below(1400));
      await killAndStart();
    }
    stop = true;
    const ledgers = await Promise.all(running);
    await following;
    // What is looked at is what a last kill left.
    await killAndStart();

    const now = await client;
    const log = await messagesOf(now);
    const documents = await documentsOf(now, 'docs');
    const entries = ledgers.flatMap((ledger) => ledger.entries);
    const confirmed = entries.filter(({ answer }) => answer !== undefined);
    const replayed = confirmed.filter(({ answer }) => answer?.replayed);

    assert.deepEqual(rebuild(log, 'docs'), documents, 'the log tells another story than the documents');
    assert.deepEqual(
      [...follower.seen, ...(await messagesOf(now, follower.cursor))].map((message) => message.messageId),
      log.map((message) => message.messageId),
      'a follower saw another log',
    );
    for (const ledger of ledgers) checkLedger(ledger, log, documents);
    checkShared(ledgers, documents);
    for (const entry of confirmed.filter(({ kind }) => kind !== 'atomicFailing')) if (random.chance(0.05)) await checkRepeat(now, entry);

    t.diagnostic(
      `${ROUNDS} rounds, ${kills} kills, ${CLIENTS} clients, ${confirmed.length} answers, ${entries.length - confirmed.length} requests given up, ${ledgers.reduce((sum, { retries }) => sum + retries, 0)} retries, ` +
        `${replayed.length} replays, ${log.length} messages, ${documents.size} documents`,
    );
    assert(replayed.length > 0, 'no answer was lost between a commit and its client: the test shows less than it should');
    now.close();
  } finally {
    server?.kill('SIGKILL');
    await server?.exited;
    await rm(data, { recursive: true, force: true });
  }
});

const checkLedger = ({ entries, own }: Ledger, log: readonly Message[], documents: ReadonlyMap<string, Record<string, unknown>>): void => {
  const published = new Map<string, Message[]>();
  const byRequest = new Map<string, Message[]>();
  for (const message of log) {
    const by: unknown = message.topic.startsWith('docs.') ? message.data.document?.by : message.data.by;
    if (typeof by !== 'string') continue;
    const map = message.topic.startsWith('docs.') ? byRequest : published;
    const list = map.get(by);
    if (list === undefined) map.set(by, [message]);
    else list.push(message);
  }
  const changesBy = (change: string, by: string): Message[] => changes(byRequest.get(by) ?? [], change, by);
  for (const entry of entries) checkEntry(entry, published.get(entry.requestId) ?? [], changesBy, log);
  for (const [id, known] of own) {
    if (known === null) assert.equal(documents.get(id), undefined, `${id} was removed`);
    else if (known !== undefined) assert.deepEqual(documents.get(id), known, `${id} is not as its client was told`);
  }
};

const checkEntry = (entry: Entry, published: readonly Message[], changesBy: (change: string, by: string) => Message[], log: readonly Message[]): void => {
  const { kind, requestId, answer } = entry;
  const label = `${kind} ${requestId}: ${answer?.text}`;
  const made = changesBy('created', requestId);
  const updated = changesBy('updated', requestId);
  const messages = [...published, ...made, ...updated];
  const most = { create: 1, createNamed: 1, patch: 1, remove: 0, patchShared: 1, publish: 1, atomic: 4, atomicFailing: 0, partial: 3 }[kind];
  assert(messages.length <= most, `${label} took effect more than once`);
  if (kind === 'atomic') {
    assert(messages.length === 0 || messages.length === most, `${label} is half there`);
    const places = messages.map((message) => log.indexOf(message)).sort((one, other) => one - other);
    assert(places.length === 0 || (places.at(-1) as number) - (places[0] as number) === most - 1, `${label} is not in one piece`);
  }
  if (answer === undefined) return;
  assert.equal(
    answer.status,
    { create: 201, createNamed: 201, patch: 200, remove: 204, patchShared: 200, publish: 201, atomic: 200, atomicFailing: 404, partial: 207 }[kind],
    label,
  );
  if (kind === 'atomicFailing') assert.equal(answer.code, 'BATCH_FAILED', label);
  assert.equal(messages.length, most, `${label} was confirmed and is not there`);
  if (kind === 'create' || kind === 'createNamed') assert.deepEqual(answer.data, made[0]?.data.document, label);
  if (kind === 'patch' || kind === 'patchShared') assert.deepEqual(answer.data, updated[0]?.data.document, label);
  if (kind === 'remove') assert.equal(log.filter(({ topic }) => topic === `docs.${entry.id}.deleted`).length, 1, label);
  if (kind === 'publish') assert.deepEqual({ ...answer.data, data: entry.data }, published[0], label);
  if (kind === 'partial' || kind === 'atomic') {
    const results = answer.data.results as { statusCode: number; data: Record<string, unknown> }[];
    assert.deepEqual(
      results.map(({ statusCode }) => statusCode),
      kind === 'atomic' ? [201, 201, 200, 201] : [201, 404, 201, 201],
      label,
    );
    const [first, second] = made;
    assert.deepEqual(results[0]?.data, first?.data.document, label);
    assert.deepEqual(results[3]?.data, second?.data.document, label);
    assert.equal(results[kind === 'atomic' ? 1 : 2]?.data.cursor, published[0]?.cursor, label);
  }
};

/** Everybody's last change of the documents that all change is there, whoever changed them at the same time. */
const checkShared = (ledgers: readonly Ledger[], documents: ReadonlyMap<string, Record<string, unknown>>): void => {
  for (const [worker, { entries }] of ledgers.entries()) {
    for (const id of SHARED) {
      const touching = entries.filter(
        ({ kind, path, data }) => (kind === 'patchShared' && path.endsWith(id)) || (kind === 'atomic' && JSON.stringify(data).includes(`/docs/${id}`)),
      );
      const lastSure = touching.findLastIndex(({ answer }) => answer !== undefined);
      const possible = touching.slice(Math.max(0, lastSure)).map(({ requestId }) => Number(requestId.split('-')[1]));
      const found = documents.get(id)?.[`w${worker}`];
      assert(found === undefined ? lastSure === -1 : possible.includes(found as number), `${id} has ${found} of client ${worker}, who wrote ${possible}`);
    }
  }
};

/** The same request once more: the first outcome, word for word. */
const checkRepeat = async (client: HttpClient, { method, path, data, requestId, answer, kind }: Entry): Promise<void> => {
  const again = await client.ask(method, path, { data, requestId });
  assert.equal(again.status, answer?.status, again.text);
  assert(again.replayed, `${kind} ${requestId} took effect again: ${again.text}`);
  const plain = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value ?? null, (member, each) => (member === 'x-idempotent-replay' ? undefined : each)).replaceAll(',"headers":{}', ''));
  assert.deepEqual(plain(again.data), plain(answer?.data));
};
