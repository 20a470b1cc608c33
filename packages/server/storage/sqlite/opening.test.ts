// Opening a store: what is made, what is refused and with which sentence.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { StorageError, type StoredDocument } from '../../ports/storage.ts';
import { isSound, openForWriting } from './database.ts';
import { openSqliteStorage } from './index.ts';
import { MIGRATIONS, migrate } from './schema.ts';

const isUnusable =
  (sentence: RegExp) =>
  (error: unknown): boolean =>
    error instanceof StorageError && error.problem === 'unusable' && sentence.test(error.message);

if (process.argv[2] === 'child') {
  const storage = await openSqliteStorage({ directory: process.argv[3] as string });
  console.log('open');
  process.stdin.once('end', () => void storage.close());
  process.stdin.resume();
} else {
  const root = await mkdtemp(join(tmpdir(), 'godwit-opening-'));
  after(() => rm(root, { recursive: true, force: true }));

  describe('opening a store', () => {
    it('makes its directory and files for nobody else', async () => {
      const directory = join(root, 'new', 'deep');
      const storage = await openSqliteStorage({ directory });
      assert.equal((await stat(directory)).mode & 0o777, 0o700);
      const files = await readdir(directory);
      assert.ok(files.length >= 3);
      for (const file of files) assert.equal((await stat(join(directory, file))).mode & 0o077, 0, file);
      await storage.close();
    });

    it('refuses a path where no directory can be made, and does not try for ever', { skip: process.platform !== 'linux' && 'needs /proc' }, async () => {
      for (const directory of ['/proc/nope', '/proc/nope/deeper'])
        await assert.rejects(openSqliteStorage({ directory }), isUnusable(/\/proc\/nope.* cannot be used: /));
    });

    it('refuses a directory that this or another process holds, and takes it when that is gone', async () => {
      const directory = join(root, 'held');
      const child = spawn(process.execPath, [import.meta.filename, 'child', directory], { stdio: ['pipe', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await assert.rejects(openSqliteStorage({ directory }), isUnusable(/in use by another process/));
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      const storage = await openSqliteStorage({ directory });
      await assert.rejects(openSqliteStorage({ directory }), isUnusable(/in use/));
      await storage.probe();
      await storage.close();
    });

    it('refuses what is no directory, and what is no store', async () => {
      await writeFile(join(root, 'file'), '');
      await assert.rejects(openSqliteStorage({ directory: join(root, 'file') }), isUnusable(/cannot be used/));
      const directory = join(root, 'damaged');
      await (await openSqliteStorage({ directory })).close();
      await writeFile(join(directory, 'godwit.db'), 'This is no database, but it is long enough to have been one once upon a time.'.repeat(100));
      await assert.rejects(openSqliteStorage({ directory }), isUnusable(/not a database/));
      // A refused start lets go of the directory.
      await rm(join(directory, 'godwit.db'));
      await (await openSqliteStorage({ directory })).close();
    });

    it('refuses a store of a newer version and leaves it as it is', async () => {
      const directory = join(root, 'newer');
      await (await openSqliteStorage({ directory })).close();
      const database = new DatabaseSync(join(directory, 'godwit.db'));
      database.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
      database.close();
      const before = await stat(join(directory, 'godwit.db'));
      await assert.rejects(openSqliteStorage({ directory }), isUnusable(/newer version/));
      assert.equal((await stat(join(directory, 'godwit.db'))).size, before.size);
    });

    it('knows which SQLite can lose commits', () => {
      assert.deepEqual(['3.40.1', '3.51.2', '3.51.3', '3.53.4', '4.0.0'].map(isSound), [false, false, true, true, true]);
    });
  });

  describe('migrations', () => {
    it('bring an older store forward, each as a whole', async () => {
      const database = openForWriting(join(root, 'old.db'));
      migrate(database, () => '0123456789abcdef', MIGRATIONS.slice(0, 1));
      const more = [...MIGRATIONS.slice(0, 1), 'CREATE TABLE second (a) STRICT; -- no type: fails', 'CREATE TABLE third (a)'];
      assert.throws(() => migrate(database, () => '', more));
      assert.equal(database.prepare('PRAGMA user_version').get()?.user_version, 1);
      assert.equal(database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name IN ('second', 'third')").get()?.n, 0);
      migrate(database, () => '', [...MIGRATIONS.slice(0, 1), 'CREATE TABLE second (a INTEGER) STRICT', 'CREATE TABLE third (a)']);
      assert.equal(database.prepare('PRAGMA user_version').get()?.user_version, 3);
      assert.equal(database.prepare('SELECT salt FROM state').get()?.salt, '0123456789abcdef');
      assert.throws(() => migrate(database, () => '', MIGRATIONS.slice(0, 1)), isUnusable(/its schema is 3, this version knows 1/));
      database.close();
    });

    it('give the documents of an older store the names of their states that they had', async () => {
      const directory = join(root, 'untagged');
      await (await openSqliteStorage({ directory })).close();
      const database = openForWriting(join(directory, 'godwit.db'));
      database.exec(`
        INSERT INTO collections (number, name, indexes, created, updated) VALUES (1, 'docs', '[]', 1, 1);
        CREATE TABLE documents_1 (
          place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
          incarnation TEXT NOT NULL, body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX documents_1_created ON documents_1 (created);
        INSERT INTO documents_1 VALUES (1, 'a', 3, 1, 1, 'inc', '{}');
        PRAGMA user_version = 2;
      `);
      database.close();
      const storage = await openSqliteStorage({ directory });
      const found = (await storage.getDocument('docs', 'a')) as StoredDocument;
      assert.deepEqual([found.version, found.tag], [3, 'inc']);
      const to = { ...found, version: 4, tag: 'other' };
      assert.equal((await storage.write({ documents: [{ collection: 'docs', id: 'a', from: found, to }] })).status, 'written');
      assert.deepEqual(await storage.getDocument('docs', 'a'), to);
      assert.deepEqual((await storage.listDocuments({ collection: 'docs', conditions: [], sort: [], limit: 10, maxBytes: 1_000 })).documents, [to]);
      await storage.close();
    });
  });
}
