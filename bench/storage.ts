// What the store costs, by itself: CPU microseconds over all of its threads, since absolute rates move with the machine
// and CPU time hardly does. Run with the project's Node: `node bench/storage.ts [documents]`; see bench/README where there is one.
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Storage, WriteUnit } from '../packages/server/ports/storage.ts';
import { openSqliteStorage } from '../packages/server/storage/sqlite/index.ts';

const MANY = Number(process.argv[2] ?? 1_000_000);
const FEW = 1_000;
const PAGE = 50;
const ROUNDS = 3;

const text = 'x'.repeat(186);
let made = 0;

const publish = (): WriteUnit => {
  const n = made++;
  return {
    request: { kind: 'publish', client: 'client-0001', requestId: randomUUID() },
    messages: [{ messageId: randomUUID(), topic: 'orders.42.updated', timestamp: Date.now(), data: `{"n":${n % 1000},"t":"${text}"}`, change: false }],
  };
};

const STATUS = ['open', 'paid', 'sent', 'done', 'held', 'lost', 'back', 'kept', 'late', 'new'];

const create = (collection: string): WriteUnit => {
  const n = made++;
  const id = randomUUIDv7();
  const now = Date.now();
  const body = JSON.stringify({ status: STATUS[n % STATUS.length], number: n, name: `order ${n}`, note: text });
  return {
    request: { kind: 'change', client: 'client-0001', requestId: randomUUID(), operation: `POST ${collection} ${n}`, outcome: `{"id":"${id}"}` },
    documents: [{ collection, id, from: null, to: { id, version: 1, createdAt: now, updatedAt: now, incarnation: id.slice(0, 8), tag: id.slice(0, 8), body } }],
    messages: [
      { messageId: randomUUID(), topic: `${collection}.${id}.created`, timestamp: now, data: `{"change":"created","document":${body}}`, change: true },
    ],
  };
};

const bare = (collection: string): WriteUnit => {
  const { documents } = create(collection);
  return documents === undefined ? {} : { documents };
};

interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

/** Keeps `inFlight` units under way until `count` are confirmed. Units are made beforehand: they are not the store's cost. */
const drive = async (storage: Storage, units: readonly WriteUnit[], inFlight: number): Promise<Cost> => {
  let next = 0;
  const began = performance.now();
  const before = process.cpuUsage();
  const lane = async (): Promise<void> => {
    while (next < units.length) {
      const outcome = await storage.write(units[next++] as WriteUnit);
      if (outcome.status !== 'written') throw new Error(`not written: ${JSON.stringify(outcome)}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / units.length, wall: ((performance.now() - began) * 1000) / units.length };
};

const measured = async (count: number, work: () => Promise<unknown>): Promise<Cost> => {
  const began = performance.now();
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) await work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / count, wall: ((performance.now() - began) * 1000) / count };
};

const say = (what: string, costs: readonly Cost[]): void => {
  const median = (pick: (cost: Cost) => number): string => (costs.map(pick).sort((a, b) => a - b)[costs.length >> 1] ?? 0).toFixed(2);
  console.log(`${what.padEnd(48)} cpu ${median((cost) => cost.cpu).padStart(9)} us   wall ${median((cost) => cost.wall).padStart(9)} us`);
};

const repeat = async (work: () => Promise<Cost>): Promise<Cost[]> => {
  const costs: Cost[] = [];
  for (let round = 0; round < ROUNDS; round++) costs.push(await work());
  return costs;
};

const collection = (name: string): WriteUnit => ({
  collections: [{ kind: 'create', collection: { name, schema: null, indexes: [['status'], ['number']], createdAt: 0, updatedAt: 0 } }],
});

/** A row for each message, put in by one thread with nothing around it: a yardstick of what SQLite and the disk take on this machine, now. */
const plainInserts = (path: string): Cost => {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0');
  database.exec('CREATE TABLE log (seq INTEGER PRIMARY KEY, at INTEGER, change INTEGER, topic TEXT, id TEXT, client TEXT, request TEXT, data TEXT) STRICT');
  const insert = database.prepare('INSERT INTO log VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)');
  const units = Array.from({ length: 200_000 }, publish);
  const began = performance.now();
  const before = process.cpuUsage();
  for (let done = 0; done < units.length; done += 256) {
    database.exec('BEGIN');
    for (const { request, messages } of units.slice(done, done + 256)) {
      const [message] = messages ?? [];
      if (message === undefined || request === undefined) continue;
      insert.run(message.timestamp, 0, message.topic, message.messageId, request.client, request.requestId, message.data);
    }
    database.exec('COMMIT');
    if (done % (256 * 64) === 0) database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }
  const { user, system } = process.cpuUsage(before);
  database.close();
  return { cpu: (user + system) / units.length, wall: ((performance.now() - began) * 1000) / units.length };
};

const directory = mkdtempSync(join(tmpdir(), 'godwit-bench-'));
try {
  say('plain inserts in one thread, 256 a commit', [plainInserts(join(directory, 'plain.db'))]);
  const storage = await openSqliteStorage({ directory });
  let delivered = 0;
  storage.onCommit(({ count }) => {
    delivered += count;
  });

  for (const [inFlight, count] of [
    [1, 4_000],
    [16, 40_000],
    [256, 200_000],
    [4096, 200_000],
  ] as const) {
    await drive(storage, Array.from({ length: count / 4 }, publish), inFlight);
    say(`publish unit, ${inFlight} in flight`, await repeat(() => drive(storage, Array.from({ length: count }, publish), inFlight)));
  }

  for (const name of ['few', 'many', 'made']) await storage.write(collection(name));
  for (const inFlight of [1, 16, 64, 256]) {
    const count = inFlight === 1 ? 2_000 : 10_000;
    say(
      `create unit (2 indexes, change), ${inFlight} in flight`,
      await repeat(() =>
        drive(
          storage,
          Array.from({ length: count }, () => create('made')),
          inFlight,
        ),
      ),
    );
  }

  for (const [name, size] of [
    ['few', FEW],
    ['many', MANY],
  ] as const) {
    for (let done = 0; done < size; done += 50_000) {
      const units = Array.from({ length: Math.min(50_000, size - done) }, () => bare(name));
      await drive(storage, units, 4096);
    }
    const page = (sort: string) => () =>
      storage.listDocuments({
        collection: name,
        conditions: [{ path: ['status'], comparison: 'eq', values: ['paid'] }],
        sort: sort === '' ? [] : [{ path: [sort], descending: true }],
        limit: PAGE,
        maxBytes: 4 << 20,
      });
    await measured(200, page(''));
    say(`list page of ${PAGE}, filter, of ${size}`, await repeat(() => measured(500, page(''))));
    say(`list page of ${PAGE}, filter, newest first, of ${size}`, await repeat(() => measured(500, page('createdAt'))));
    const one = await storage.listDocuments({ collection: name, conditions: [], sort: [], limit: 100, maxBytes: 4 << 20 });
    const ids = one.documents.map(({ id }) => id);
    say(`document read, of ${size}`, await repeat(() => measured(20_000, async () => storage.getDocument(name, ids[made++ % ids.length] as string))));
  }

  for (const patterns of [['**'], ['orders.*.updated'], ['nothing.here']]) {
    let after = 0;
    const cost = await repeat(() =>
      measured(200, async () => {
        const page = await storage.readLog({ after, filter: { patterns, collections: '*' }, limit: 1000, maxBytes: 4 << 20 });
        after = page.more ? page.cursor : 0;
      }),
    );
    say(`log page of up to 1000, ${patterns.join()}`, cost);
  }
  console.log(`messages delivered ${delivered}; counters ${JSON.stringify(storage.counters)}`);
  console.log(`memory ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
  await storage.close();
  const again = performance.now();
  await (await openSqliteStorage({ directory })).close();
  console.log(`open and close ${Math.round(performance.now() - again)} ms`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
