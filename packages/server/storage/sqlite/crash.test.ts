// Ends that nobody asked for: the process killed while it writes, the writer thread gone. What was confirmed is there; what
// was not is there whole or not at all (6.2.8, 12.3).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { type Storage, StorageError, type WriteUnit } from '../../ports/storage.ts';
import { collection, KEEP_ALL, message, readAll } from '../../ports/storage-subject.contract.ts';
import { openSqliteStorage } from './index.ts';

const LANES = 64;
const RUNS = 5;
const CONFIRMED = 400;

/** Everything that has to be there together: two documents, two messages, a record, the request. */
const unit = (name: string): WriteUnit => {
  const to = (id: string) => ({ id, version: 1, createdAt: 1, updatedAt: 1, incarnation: id, tag: id, body: `{"name":"${name}"}` });
  return {
    request: { kind: 'change', client: 'c', requestId: name, operation: 'o', outcome: `"${name}"` },
    documents: ['a', 'b'].map((part) => ({ collection: 'docs', id: `${name}-${part}`, from: null, to: to(`${name}-${part}`) })),
    messages: ['a', 'b'].map((part) => message('docs.x.created', { data: `"${name}-${part}"`, change: true })),
    records: [{ kind: 'k', id: name, body: '1' }],
  };
};

const publishOf = (name: string): WriteUnit => ({
  request: { kind: 'publish', client: 'c', requestId: name },
  messages: [message('plain', { data: `"${name}"` })],
});

/** Writes until it is killed and says what was confirmed, each on a line. */
const child = async (directory: string, run: string): Promise<void> => {
  const storage = await openSqliteStorage({ directory });
  const lane = async (at: number): Promise<void> => {
    for (let n = 0; ; n++) {
      const name = `${at % 2 === 0 ? 'unit' : 'plain'}-${run}-${at}-${n}`;
      await storage.write(at % 2 === 0 ? unit(name) : publishOf(name));
      process.stdout.write(`${name}\n`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, at) => lane(at)));
};

const killOneThatWrites = async (directory: string, run: number): Promise<string[]> => {
  const process_ = spawn(process.execPath, [import.meta.filename, 'child', directory, String(run)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const confirmed: string[] = [];
  const gone = once(process_, 'exit');
  for await (const line of createInterface({ input: process_.stdout })) {
    confirmed.push(line);
    if (confirmed.length === CONFIRMED + run * 37) process_.kill('SIGKILL');
  }
  assert.deepEqual((await gone)[1], 'SIGKILL');
  // The last line may have been cut.
  return confirmed.slice(0, -1);
};

const check = async (storage: Storage, confirmed: readonly string[]): Promise<void> => {
  const log = (await readAll(storage)).map(({ data }) => String(JSON.parse(data)));
  const messages = new Set(log);
  assert.equal(messages.size, log.length, 'nothing took effect twice');
  const records = new Set((await storage.records('k')).map(({ id }) => id));
  for (const name of confirmed) {
    assert.ok(name.startsWith('unit') ? records.has(name) : messages.has(name), `${name} was confirmed`);
    assert.notEqual(await storage.findRequest('c', name), undefined);
  }
  // Whatever is there in part is there whole.
  const names = new Set([...log.filter((name) => name.startsWith('unit')).map((name) => name.slice(0, -2)), ...records]);
  assert.ok(names.size >= confirmed.filter((name) => name.startsWith('unit')).length);
  for (const name of names) {
    const parts = ['a', 'b'].map((part) => `${name}-${part}`);
    assert.ok(records.has(name) && parts.every((part) => messages.has(part)), `${name} is half there`);
    for (const part of parts) assert.notEqual(await storage.getDocument('docs', part), undefined);
    assert.equal((await storage.findRequest('c', name))?.kind, 'change');
  }
  assert.deepEqual([storage.log.first, storage.log.last], [1, log.length]);
};

if (process.argv[2] === 'child') {
  await child(process.argv[3] as string, process.argv[4] as string);
} else {
  describe('a process that is killed', () => {
    it('loses nothing that it confirmed and leaves nothing half done', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'godwit-crash-'));
      try {
        let storage = await openSqliteStorage({ directory });
        await storage.write({ collections: [{ kind: 'create', collection: collection('docs', { indexes: [['name']] }) }] });
        await storage.close();
        const confirmed: string[] = [];
        for (let run = 0; run < RUNS; run++) {
          confirmed.push(...(await killOneThatWrites(directory, run)));
          storage = await openSqliteStorage({ directory });
          await check(storage, confirmed);
          const again = await Promise.all(confirmed.map((name) => storage.write(name.startsWith('unit') ? unit(name) : publishOf(name))));
          assert.ok(again.every(({ status }) => status === 'replayed'));
          await storage.close();
        }
        assert.ok(confirmed.length > RUNS * CONFIRMED - RUNS);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
  });

  describe('a writer thread that ends', () => {
    it('fails what is in flight and what comes later, and hangs nobody', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'godwit-crash-'));
      const workers: Worker[] = [];
      const watch = (worker: Worker): void => void workers.push(worker);
      process.on('worker', watch);
      try {
        const storage = await openSqliteStorage({ directory });
        process.off('worker', watch);
        await storage.write(publishOf('before'));
        const isFailed = (error: unknown): boolean => error instanceof StorageError && error.problem === 'failed';
        const flying = Array.from({ length: 100 }, (_, n) => storage.write(publishOf(`flying-${n}`)));
        const tidying = storage.tidy(KEEP_ALL);
        const settled = Promise.allSettled([...flying, tidying]);
        await workers[0]?.terminate();
        for (const result of await settled) assert.ok(result.status === 'fulfilled' || isFailed(result.reason));
        await assert.rejects(storage.write(publishOf('after')), isFailed);
        await assert.rejects(storage.probe(), isFailed);
        assert.equal((await readAll(storage))[0]?.data, '"before"');
        await storage.close();
        const again = await openSqliteStorage({ directory });
        assert.notEqual(await again.findRequest('c', 'before'), undefined);
        await again.close();
      } finally {
        process.off('worker', watch);
        await rm(directory, { recursive: true, force: true });
      }
    });
  });
}
