// Ten thousand parked polls (6.3.1): while nothing comes for them they ask the store nothing, whatever else is published; what comes for one wakes that one, which
// reads what is new from memory. Counters prove it; what a poll costs in memory is told.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN_KEY, pause, startProcess } from '../../testing/process.ts';
import { crowdOf, inWaves, openFilesAllowed, PlainGet } from './crowd.ts';
import { loopDelay, RESIDENT, type Sample, scrape } from './metrics.ts';
import { httpCaller } from './wire.ts';

const POLLS = 10_000;
/** Of these the client goes away. */
const LEAVING = 500;
const OTHERS = 300;
const PATIENCE_MS = 30_000;
const FLAGS = ['--operations-per-minute', '1000000000', '--connections-per-client', '100000', '--log-level', 'error'];
const READS = ['godwit_log_reads_total', 'godwit_log_rows_read_total', 'godwit_list_reads_total', 'godwit_document_reads_total'] as const;
const PARKED = 'godwit_connections{transport="poll"}';

test('6.3.1: ten thousand parked polls ask the store nothing, woken or not', { timeout: 110_000 }, async (t) => {
  const count = crowdOf(POLLS);
  t.diagnostic(`${count} polls; a process may have ${openFilesAllowed()} files open`);
  const directory = await mkdtemp(join(tmpdir(), 'godwit-parked-'));
  const server = await startProcess({ data: join(directory, 'data'), flags: FLAGS });
  const polls: PlainGet[] = [];
  try {
    assert.notEqual(server.url, '', server.stderr());
    const target = { url: server.url, key: ADMIN_KEY };
    const http = httpCaller(target);
    const publish = async (topic: string, data: unknown): Promise<void> => {
      assert.equal((await http.ask('POST', `/topics/${topic}/messages`, data)).status, 201);
    };
    /** Scrapes until so many are parked. */
    const parked = async (wanted: number): Promise<Sample> => {
      for (const end = Date.now() + PATIENCE_MS; ; await pause(20)) {
        const sample = await scrape(server.url);
        if (sample(PARKED) === wanted) return sample;
        assert(Date.now() < end, `${sample(PARKED)} are parked, not ${wanted}`);
      }
    };
    const readsBetween = (before: Sample, after: Sample): number[] => READS.map((name) => after(name) - before(name));

    await publish('lanes.first', 0);
    const empty = await scrape(server.url);
    const started = performance.now();
    await inWaves(count, 256, async (index) => {
      const poll = new PlainGet(target, `/messages?topics=lanes.${index},everyone&wait=60`);
      polls.push(poll);
      await poll.sent;
    });
    const full = await parked(count);
    t.diagnostic(
      `parked in ${((performance.now() - started) / 1000).toFixed(1)} s; ${((full(RESIDENT) - empty(RESIDENT)) / count / 1024).toFixed(1)} KB resident each, its socket included; event loop ${loopDelay(full)}`,
    );
    assert.deepEqual(readsBetween(empty, full), [0, 0, 0, 0], 'who waits for what is still to come has nothing to read');

    const quiet = performance.now();
    await inWaves(OTHERS, 4, (index) => publish(`others.${index}`, index));
    const still = await parked(count);
    t.diagnostic(`${OTHERS} messages for others in ${((performance.now() - quiet) / 1000).toFixed(1)} s; event loop ${loopDelay(still)}`);
    assert.deepEqual(readsBetween(full, still), [0, 0, 0, 0], 'what is not for them wakes nobody and reads nothing');

    const chosen = 7;
    await publish(`lanes.${chosen}`, 'for you');
    const { status, data } = await (polls[chosen] as PlainGet).answered;
    assert.equal(status, 200);
    assert.deepEqual(
      data.items.map((item: { topic: string; data: unknown }) => [item.topic, item.data]),
      [[`lanes.${chosen}`, 'for you']],
    );
    const woken = await parked(count - 1);
    assert.deepEqual(readsBetween(still, woken), [0, 0, 0, 0], 'what has just come is in memory');

    for (const { socket } of polls.slice(-LEAVING)) socket.destroy();
    const fewer = await parked(count - 1 - LEAVING);
    assert.deepEqual(readsBetween(woken, fewer), [0, 0, 0, 0], 'one that goes leaves nothing behind');

    const all = performance.now();
    await publish('everyone', 'for all');
    const waiting = polls.filter((_, index) => index !== chosen && index < count - LEAVING);
    const answers = await Promise.all(waiting.map(({ answered }) => answered));
    for (const { data: page } of answers)
      assert.deepEqual(
        page.items.map((item: { data: unknown }) => item.data),
        ['for all'],
      );
    const after = await parked(0);
    t.diagnostic(`${answers.length} woken at once, answered in ${((performance.now() - all) / 1000).toFixed(1)} s; event loop ${loopDelay(after)}`);
    assert.deepEqual(readsBetween(fewer, after), [0, 0, 0, 0]);
    http.close();
  } finally {
    for (const { socket } of polls) socket.destroy();
    server.kill('SIGKILL');
    await server.exited;
    await rm(directory, { recursive: true, force: true });
  }
});
