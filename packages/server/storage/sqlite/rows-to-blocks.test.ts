// A store whose log has a row for each message is brought forward whole: everything that is asked of it is answered as before.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { StorageError, type StoredMessage } from '../../ports/storage.ts';
import { KEEP_ALL, message, publish, readAll, tidyAll } from '../../ports/storage-subject.contract.ts';
import { OVERHEAD_BYTES } from './block.ts';
import { type Database, openForWriting, prepareRows, rows } from './database.ts';
import { databasePath } from './directory.ts';
import { openSqliteStorage } from './index.ts';
import { MIGRATIONS, migrate } from './schema.ts';

const root = mkdtempSync(join(tmpdir(), 'godwit-rows-'));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

interface Row extends StoredMessage {
  readonly client: string | null;
  readonly requestId: string | null;
}

const rowOf = (seq: number): Row => {
  const kind = seq % 5;
  const named = kind < 3;
  return {
    seq,
    messageId: `message-${seq}`,
    topic: kind === 4 ? `docs.${seq % 7}.updated` : `orders.o${seq % 40}.größe`,
    // Some far apart: what lies in one block tells times by 32 bits.
    timestamp: 1_700_000_000_000 + seq * (seq % 1_000 === 0 ? 3_000_000_000 : 1),
    data: JSON.stringify(seq % 500 === 7 ? 'large'.repeat(60_000) : { n: seq, text: 'é𝄞' }),
    change: kind === 4,
    client: named ? `client-${seq % 3}` : null,
    requestId: named ? `request-${seq}` : null,
  };
};

/** A store as the version before wrote it: its tables and its statements. */
const writeOld = (directory: string, first: number, count: number): { readonly written: Row[]; readonly bytes: number } => {
  const database = openForWriting(databasePath(directory));
  migrate(database, () => '0123456789abcdef', MIGRATIONS.slice(0, 1));
  const written = Array.from({ length: count }, (_, index) => rowOf(first + index));
  const insert = database.prepare('INSERT INTO log (seq, timestamp, change, topic, message_id, client, request_id, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  database.exec('BEGIN');
  for (const { seq, timestamp, change, topic, messageId, client, requestId, data } of written)
    insert.run(seq, timestamp, change ? 1 : 0, topic, messageId, client, requestId, data);
  const bytes = written.reduce((sum, { topic, data }) => sum + Buffer.byteLength(topic) + Buffer.byteLength(data) + OVERHEAD_BYTES, 0);
  database.prepare('UPDATE state SET last = ?, bytes = ? WHERE id = 1').run(first + count - 1, bytes);
  database.exec("INSERT INTO epochs (first, tag) VALUES (1, 'abcdefgh'); COMMIT");
  database.close();
  return { written, bytes };
};

const directoryOf = (): string => mkdtempSync(join(root, `${++made}-`));
const storedOf = ({ client: _, requestId: __, ...stored }: Row): StoredMessage => stored;

describe('a log of rows', () => {
  it('becomes one of blocks that holds the same, whatever is asked', async () => {
    const directory = directoryOf();
    const { written, bytes } = writeOld(directory, 1_001, 5_000);
    const storage = await openSqliteStorage({ directory });
    assert.deepEqual(storage.log.epochs[0], { first: 1, tag: 'abcdefgh' });
    assert.deepEqual([storage.log.first, storage.log.last, storage.log.bytes], [1_001, 6_000, bytes]);
    assert.equal(storage.log.oldest, written[0]?.timestamp);
    assert.deepEqual(await readAll(storage), written.map(storedOf));
    assert.deepEqual(
      await readAll(storage, 1_500, ['orders.o3.*', 'docs.**']),
      written.filter(({ seq, topic }) => seq > 1_500 && (topic.startsWith('orders.o3.') || topic.startsWith('docs.'))).map(storedOf),
    );
    for (const row of written) {
      if (row.client === null || row.requestId === null) continue;
      assert.deepEqual(storage.findRequest(row.client, row.requestId), { kind: 'publish', message: storedOf(row) });
    }
    const again = written[2_001] as Row;
    assert.equal(
      (await storage.write(publish(again.requestId as string, message(again.topic, { data: again.data }), again.client as string))).status,
      'replayed',
    );
    assert.deepEqual(await storage.write({ messages: [message('next')] }), { status: 'written', firstSeq: 6_001 });
    assert.equal(
      (await storage.write({ collections: [{ kind: 'create', collection: { name: 'orders', schema: null, indexes: [], createdAt: 1, updatedAt: 1 } }] }))
        .status,
      'conflict',
    );
    const before = storage.log.bytes;
    await tidyAll(storage, { maxLogBytes: before / 2 });
    assert.ok(storage.log.bytes <= before / 2 && storage.log.bytes > before / 2 - 400_000);
    assert.equal((await readAll(storage))[0]?.seq, storage.log.first);
    await storage.close();
    const restarted = await openSqliteStorage({ directory });
    assert.deepEqual(await restarted.tidy({ ...KEEP_ALL, maxLogBytes: before / 2 }), { done: true });
    assert.equal(restarted.log.last, 6_001);
    await restarted.close();
  });

  it('that is empty goes on above its last place', async () => {
    const directory = directoryOf();
    writeOld(directory, 1, 0);
    const database = openForWriting(databasePath(directory));
    database.exec('UPDATE state SET last = 77 WHERE id = 1');
    database.close();
    const storage = await openSqliteStorage({ directory });
    assert.deepEqual([storage.log.first, storage.log.last, storage.log.bytes, storage.log.oldest], [78, 77, 0, null]);
    assert.deepEqual(await storage.write({ messages: [message('a')] }), { status: 'written', firstSeq: 78 });
    await storage.close();
  });

  it('stays as it is where bringing it forward fails, however late', () => {
    const directory = directoryOf();
    const { written } = writeOld(directory, 1, 3_000);
    const database = openForWriting(databasePath(directory));
    const forward = MIGRATIONS[1] as (database: Database) => void;
    const failing = (opened: Database): void => {
      forward(opened);
      throw new StorageError('full', 'no room');
    };
    assert.throws(() => migrate(database, () => '', [...MIGRATIONS.slice(0, 1), failing]), /no room/);
    assert.equal(database.prepare('PRAGMA user_version').get()?.user_version, 1);
    assert.deepEqual(
      rows(prepareRows(database, 'SELECT seq, data FROM log ORDER BY seq')),
      written.map(({ seq, data }) => [seq, data]),
    );
    migrate(database, () => '');
    assert.equal(Number(database.prepare('SELECT sum(last - first + 1) AS n FROM log').get()?.n), 3_000);
    database.close();
  });
});

describe('a log that is damaged', () => {
  it('is told to readers, and refused at a start that needs what is damaged', async () => {
    const directory = directoryOf();
    let storage = await openSqliteStorage({ directory });
    await storage.write(publish('r', message('a')));
    await storage.close();
    const database = openForWriting(databasePath(directory));
    const damage = (sql: string): void => database.exec(sql);
    damage("UPDATE log SET bytes = x'00'");
    database.close();
    storage = await openSqliteStorage({ directory });
    const isFailed = (error: unknown): boolean => error instanceof StorageError && error.problem === 'failed' && /damaged at place 1/.test(error.message);
    await assert.rejects(readAll(storage), isFailed);
    await assert.rejects(storage.write(publish('r', message('a'))), isFailed);
    assert.throws(() => storage.findRequest('client', 'r'), isFailed);
    assert.equal((await storage.write(publish('s', message('a')))).status, 'written');
    await storage.close();
    const more = openForWriting(databasePath(directory));
    more.exec("UPDATE log SET facts = x'00'");
    more.close();
    await assert.rejects(
      openSqliteStorage({ directory }),
      (error) => error instanceof StorageError && error.problem === 'unusable' && /damaged/.test(error.message),
    );
  });
});
