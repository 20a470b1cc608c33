// Disks that are full or fail, for real: a small file system, and a sync that the system refuses (12.3).
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Storage, StorageError, type WriteUnit } from '../../ports/storage.ts';
import { collection, creation, document, KEEP_ALL, message, publish, readAll, removal } from '../../ports/storage-subject.contract.ts';
import { openSqliteStorage } from './index.ts';

const problemOf = async (write: Promise<unknown>): Promise<string> => {
  try {
    await write;
    return 'none';
  } catch (error) {
    return error instanceof StorageError ? error.problem : String(error);
  }
};

let sent = 0;
const large = (): WriteUnit => publish(`r${++sent}`, message('a.b', { timestamp: sent, data: JSON.stringify(randomBytes(8_000).toString('hex')) }));

/** Writes until the disk is full; how many were written. */
const fill = async (storage: Storage): Promise<number> => {
  let written = 0;
  for (let failed = 0; failed < 3; ) {
    const problem = await problemOf(storage.write(large()));
    assert.ok(problem === 'none' || problem === 'full', problem);
    if (problem === 'full') failed++;
    else written++;
    assert.ok(written < 10_000, 'the disk is too large to be filled');
  }
  return written;
};

/** Leaves not one free block: the files that took them. */
const fillWhole = (disk: string): string[] => {
  const files: string[] = [];
  for (let size = 1 << 20; size >= 4_096; size /= 2) {
    try {
      while (files.length < 100_000) {
        files.push(join(disk, `rest-${files.length}`));
        writeFileSync(files.at(-1) as string, randomBytes(size));
      }
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
  return files;
};

/** Runs on a small file system of its own. */
const onSmallDisk = async (disk: string): Promise<void> => {
  const directory = join(disk, 'data');
  const spare = join(disk, 'spare');
  writeFileSync(spare, randomBytes(6 << 20));
  let storage = await openSqliteStorage({ directory });
  await storage.write({ collections: [{ kind: 'create', collection: collection('docs') }] });
  const kept = document('kept', { text: 'x' });
  await storage.write({ documents: [creation('docs', kept)] });

  // A start on a disk that others filled reads, and goes on when there is room.
  await storage.close();
  const rest = fillWhole(disk);
  storage = await openSqliteStorage({ directory });
  assert.deepEqual(await storage.getDocument('docs', 'kept'), kept);
  assert.equal(await problemOf(storage.write(large())), 'full');
  for (const file of rest) rmSync(file);
  await storage.probe();

  const written = await fill(storage);
  assert.ok(written > 20);
  assert.equal(await problemOf(storage.probe()), 'full');
  assert.deepEqual(await storage.getDocument('docs', 'kept'), kept, 'reads go on');
  assert.equal((await readAll(storage)).length, storage.log.last);
  assert.equal(storage.log.last, written, 'what was refused is not there');
  // Several at once: all refused, none hangs.
  const many = await Promise.all(Array.from({ length: 50 }, () => problemOf(storage.write(large()))));
  assert.ok(many.every((problem) => problem === 'full'));

  // Letting go works on a full disk.
  assert.equal(await problemOf(storage.write({ documents: [removal('docs', kept)] })), 'none');

  // Room is made: writes work again without opening anew.
  rmSync(spare);
  await storage.probe();
  const more = await fill(storage);
  assert.ok(more > 20);

  // Room is made by letting go of messages instead.
  const before = storage.log.last;
  for (let done = false; !done; ) ({ done } = await storage.tidy({ ...KEEP_ALL, messagesBefore: sent - 50 }));
  assert.ok(storage.log.first > before - 100);
  await storage.probe();
  assert.ok((await fill(storage)) > 20);
  await storage.close();
};

/** Runs with a sync that fails on the WAL as long as a file of that name is there. */
const withFailingSync = async (directory: string, flag: string): Promise<void> => {
  const storage = await openSqliteStorage({ directory });
  for (let n = 0; n < 10; n++) await storage.write(publish(`good-${n}`, message('a', { data: String(n) })));
  writeFileSync(flag, '');
  const failed = await Promise.all(Array.from({ length: 5 }, (_, n) => problemOf(storage.write(publish(`bad-${n}`, message('a', { data: '"bad"' }))))));
  assert.deepEqual(
    failed,
    Array.from({ length: 5 }, () => 'failed'),
  );
  rmSync(flag);
  assert.equal(await problemOf(storage.write(publish('later', message('a')))), 'failed', 'a failed sync is not forgotten');
  assert.equal(await problemOf(storage.probe()), 'failed');
  assert.equal(storage.log.last, 10);
  assert.equal((await readAll(storage)).length, 10, 'reads go on');
  // Ended as by a crash: the next start finds the WAL as it lies.
  process.kill(process.pid, 'SIGKILL');
};

const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int refuses(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 4) return 0;
  path[n] = 0;
  return strcmp(path + n - 4, "-wal") == 0 && access(getenv("FAIL_SYNC_WHILE"), F_OK) == 0;
}
int fsync(int fd) {
  if (refuses(fd)) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
  if (refuses(fd)) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
`;

const runs = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

if (process.argv[2] === 'small-disk') await onSmallDisk(process.argv[3] as string);
else if (process.argv[2] === 'failing-sync') await withFailingSync(process.argv[3] as string, process.argv[4] as string);
else {
  describe('a disk', () => {
    it('that is full refuses writes, keeps what was confirmed, and goes on when there is room', async () => {
      const root = await mkdtemp(join(tmpdir(), 'godwit-disk-'));
      try {
        // A mount of its own name space: nobody else sees it, and it goes with the process.
        const space = ['-m', '--propagation', 'private', 'sh', '-c'];
        const own = [[], ['-r']].find((as) => runs('unshare', ...as, ...space, `mount -t tmpfs -o size=64k tmpfs '${root}'`));
        assert.ok(own, 'This test fills a small file system: it needs `unshare` and the right to mount a tmpfs (run it as root, or allow user name spaces).');
        const script = `mount -t tmpfs -o size=24m tmpfs "$0" && exec "$1" "$2" small-disk "$0"`;
        const result = spawnSync('unshare', [...own, ...space, script, root, process.execPath, import.meta.filename], {
          encoding: 'utf8',
          env: plainEnvironment(),
        });
        assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    });

    it('whose sync fails is not written to again before a restart, and what was refused never appears', async () => {
      const root = await mkdtemp(join(tmpdir(), 'godwit-disk-'));
      try {
        assert.ok(runs('cc', '--version'), 'This test makes a sync fail through a small preloaded library: it needs a C compiler as `cc`, on Linux.');
        writeFileSync(join(root, 'shim.c'), SHIM);
        execFileSync('cc', ['-shared', '-fPIC', '-o', join(root, 'shim.so'), join(root, 'shim.c'), '-ldl']);
        const directory = join(root, 'data');
        const flag = join(root, 'fail');
        const result = spawnSync(process.execPath, [import.meta.filename, 'failing-sync', directory, flag], {
          encoding: 'utf8',
          env: { ...plainEnvironment(), LD_PRELOAD: join(root, 'shim.so'), FAIL_SYNC_WHILE: flag },
        });
        assert.equal(result.signal, 'SIGKILL', `${result.stdout}${result.stderr}`);
        assert.ok(!existsSync(flag));
        const storage = await openSqliteStorage({ directory });
        assert.deepEqual(
          (await readAll(storage)).map(({ data }) => data),
          Array.from({ length: 10 }, (_, n) => String(n)),
        );
        assert.equal(await storage.findRequest('client', 'bad-0'), undefined);
        assert.equal((await storage.write(publish('bad-0', message('a')))).status, 'written');
        await storage.close();
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    });
  });
}

/** Without what would make a child of the test runner another one. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
  return rest;
}
