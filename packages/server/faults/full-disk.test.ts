// A disk that is full (12.3, issue 2): writes say so, reads go on, and once there is room writes work again without a restart; nothing confirmed is lost. The
// disk is a real one of a few megabytes, in a mount namespace of its own, so that nothing is left behind; it needs the rights to mount there.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type HttpAnswer, type HttpClient, httpClient } from '../testing/http.ts';
import { ADMIN_KEY, pause, type ServerProcess, startProcess } from '../testing/process.ts';
import { seededRandom, seedOfRun } from '../testing/random.ts';
import { documentsOf, messagesOf, rebuild } from '../testing/story.ts';

const DISK = '24m';
const isRoot = process.getuid?.() === 0;
const FLAGS = ['--operations-per-minute', '1000000000', '--log-level', 'error'];

interface SmallDisk {
  /** A path on it as this process sees it. */
  place(name: string): string;
  /** What runs a program where the disk is mounted. */
  readonly within: readonly string[];
  end(): Promise<void>;
}

/** Mounts a small file system where only its own processes see it, for as long as the process that holds it lives. */
const smallDisk = async (point: string): Promise<SmallDisk> => {
  const holder: ChildProcess = spawn(
    'unshare',
    [isRoot ? '-m' : '-rm', 'sh', '-c', `mount -t tmpfs -o size=${DISK} godwit "$0" && echo mounted && exec sleep 600`, point],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  holder.stderr?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const mounted = await new Promise<boolean>((resolve) => {
    holder.stdout?.once('data', () => resolve(true));
    holder.once('error', () => resolve(false));
    holder.once('exit', () => resolve(false));
  });
  if (!mounted) {
    const how = 'run the tests as root (in a container: with the capability SYS_ADMIN), or where `unshare -rm` of util-linux may make user namespaces';
    assert.fail(`A small disk could not be mounted${said === '' ? '' : ` (${said.trim()})`}: ${how}.`);
  }
  const end = async (): Promise<void> => {
    holder.kill('SIGKILL');
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
  };
  const within = ['nsenter', '-t', String(holder.pid), '-m', ...(isRoot ? [] : ['-U', '--preserve-credentials']), '--'];
  return { within, end, place: (name) => join(`/proc/${holder.pid}/root`, point, name) };
};

/** Writes to a file of its own until there is no room at all. Returns how much it wrote. */
const fill = (path: string): number => {
  const file = openSync(path, 'a');
  let written = 0;
  try {
    for (let size = 65_536; size >= 1; ) {
      try {
        written += writeSync(file, Buffer.alloc(size, 120));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
        size = Math.floor(size / 16);
      }
    }
  } finally {
    closeSync(file);
  }
  return written;
};

const ready = async (client: HttpClient): Promise<number> => (await client.ask('GET', '/readyz')).status;

/** Asks `/readyz` until it answers this. */
const untilReady = async (client: HttpClient, status: number): Promise<void> => {
  for (let tries = 0; tries < 200; tries++) {
    if ((await ready(client)) === status) return;
    await pause(50);
  }
  assert.fail(`/readyz did not come to ${status}`);
};

test('12.3: a full disk refuses writes, and only writes, for as long as it is full', { timeout: 110_000 }, async (t) => {
  const seed = seedOfRun();
  const random = seededRandom(seed);
  t.diagnostic(`SEED=${seed}`);
  const point = await mkdtemp(join(tmpdir(), 'godwit-disk-'));
  const disk = await smallDisk(point);
  let server: ServerProcess | undefined;
  const statuses = new Map<number, number>();
  try {
    server = await startProcess({ data: join(point, 'data'), flags: FLAGS, within: disk.within });
    assert.notEqual(server.url, '', server.stderr());
    let client = httpClient(server.url, ADMIN_KEY);
    assert.equal((await client.ask('POST', '/v1/collections', { data: { name: 'docs' } })).status, 201);
    const confirmed = new Map<string, unknown>();
    const published = new Set<string>();
    let number = 0;

    /** Writes of every kind at once, each noted where it was confirmed. */
    const write = async (count: number, size: number): Promise<HttpAnswer[]> => {
      const asked = Array.from({ length: count }, async () => {
        const id = `d${++number}`;
        const text = 'x'.repeat(random.below(size));
        const kind = number % 3;
        const batch = {
          mode: 'atomic',
          operations: [
            { method: 'POST', path: '/docs', data: { id, text } },
            { method: 'POST', path: '/topics/feed/messages', data: id },
          ],
        };
        const answer = await (kind === 0
          ? client.ask('POST', '/v1/topics/feed/messages', { data: id })
          : kind === 1
            ? client.ask('POST', '/v1/docs', { data: { id, text } })
            : client.ask('POST', '/v1/batch', { data: batch }));
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status >= 300) {
          assert([507, 503].includes(answer.status), answer.text);
          assert.equal(answer.code, answer.status === 507 ? 'STORAGE_FULL' : 'UNAVAILABLE', answer.text);
          return answer;
        }
        if (kind !== 0) confirmed.set(id, kind === 1 ? answer.data : answer.data.results[0].data);
        if (kind !== 1) published.add(id);
        return answer;
      });
      return Promise.all(asked);
    };
    const checkReads = async (): Promise<void> => {
      const [id, document] = random.pick([...confirmed]);
      const one = await client.ask('GET', `/v1/docs/${id}`);
      assert.equal(one.status, 200, one.text);
      assert.deepEqual(one.data, document);
      assert.equal((await client.ask('GET', `/v1/docs?limit=10&sort=-createdAt`)).status, 200);
      assert.equal((await client.ask('GET', '/v1/messages?topics=**&after=earliest&limit=10')).status, 200);
      assert.equal((await client.ask('GET', '/healthz')).status, 200);
      assert.equal((await client.ask('GET', '/metrics')).status, 200);
    };
    const checkNothingLost = async (): Promise<void> => {
      const documents = await documentsOf(client, 'docs');
      const log = await messagesOf(client);
      assert.deepEqual(rebuild(log, 'docs'), documents);
      for (const [id, document] of confirmed) assert.deepEqual(documents.get(id), document, id);
      const heard = log.filter(({ topic }) => topic === 'feed').map(({ data }) => data as string);
      assert.equal(new Set(heard).size, heard.length, 'a publish is there twice');
      for (const id of published) assert(heard.includes(id), `the message ${id} was confirmed and is not there`);
      // What was refused is not there, and no batch is half there.
      assert.equal(documents.size, confirmed.size);
      assert.equal(heard.length, published.size);
    };

    await write(60, 2000);
    let refusals = 0;
    const ROUNDS = 4;
    for (let round = 0; round < ROUNDS; round++) {
      await untilReady(client, 200);
      const filler = disk.place(`filler-${round}`);
      // The disk fills from outside in the middle of writes.
      const during = write(30, 4000);
      assert(fill(filler) > 0);
      await during;
      // What room the store had set aside within its files is used up first.
      let answers: HttpAnswer[] = [];
      for (let tries = 0; tries < 400 && !answers.some(({ status }) => status === 507); tries++) answers = await write(8, 60_000);
      assert(
        answers.some(({ code }) => code === 'STORAGE_FULL'),
        'a full disk still takes writes',
      );
      await untilReady(client, 503);
      for (let tries = 0; tries < 10; tries++) {
        const refused = await write(8, 60_000);
        refusals += refused.filter(({ code }) => code === 'STORAGE_FULL').length;
        await checkReads();
      }
      await checkNothingLost();
      if (round % 2 === 0) rmSync(filler);
      else truncateSync(filler, 0);
      await untilReady(client, 200);
      const [again] = await write(1, 100);
      assert((again?.status ?? 0) < 300, `there is room again, but: ${again?.text}`);
    }
    await checkNothingLost();

    // The same after a restart, without a word of farewell.
    server.kill('SIGKILL');
    await server.exited;
    client.close();
    server = await startProcess({ data: join(point, 'data'), flags: FLAGS, within: disk.within });
    assert.notEqual(server.url, '', server.stderr());
    client = httpClient(server.url, ADMIN_KEY);
    await checkNothingLost();
    t.diagnostic(
      `${ROUNDS} times full, ${[...statuses].map(([status, count]) => `${count} answers ${status}`).join(', ')}, ${refusals} STORAGE_FULL while full, ${confirmed.size} documents and ${published.size} messages confirmed and there`,
    );
    client.close();
  } finally {
    server?.kill('SIGKILL');
    await server?.exited;
    await disk.end();
    await rm(point, { recursive: true, force: true });
  }
});
