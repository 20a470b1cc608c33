// 12.3: a disk that is full or failing. The small disk is a tmpfs in a namespace of its own where the machine allows that; a limit on
// file sizes stands in for a failing one everywhere else.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { caller } from '../caller.ts';
import { eventually, refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import type { OwnServer } from '../own-server.ts';
import { scenario } from '../scenario.ts';

/** Writes until the server says that it cannot, and what it had confirmed until then. */
const fill = async (server: OwnServer, size: number): Promise<{ confirmed: string[]; refusal: Json }> => {
  const confirmed: string[] = [];
  for (let n = 0; n < 2_000; n++) {
    const answer = await server.admin.http('POST', '/v1/things', { data: { id: `d${n}`, text: 'x'.repeat(size) }, requestId: `fill-${n}` });
    if (answer.status !== 201) return { confirmed, refusal: answer };
    confirmed.push(`d${n}`);
  }
  return assert.fail('the disk never filled');
};

const allThere = async (server: OwnServer, ids: readonly string[]): Promise<void> => {
  for (const id of ids) succeeds(await caller(server.url, server.key).http('GET', `/v1/things/${id}`), 200, `${id} was confirmed`);
};

const FLAGS = ['--operations-per-minute', '1000000'];

scenario('12.3 a failing disk: writes are refused, reads go on, nothing confirmed is lost', { needs: 'own server', timeoutMs: 120_000 }, async (t) => {
  if (process.platform === 'win32') t.skip('needs a POSIX shell');
  // No file may grow beyond 8 MB: writes beyond fail as those of a failing disk do.
  const server = await t.server({ shell: 'ulimit -f 16384; exec "$@"', flags: FLAGS });
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  const { confirmed, refusal } = await fill(server, 100_000);
  refuses(refusal, ['STORAGE_FULL', 'UNAVAILABLE'], undefined, 'a write');
  refuses(await server.admin.post('/topics/t/messages', 'x'.repeat(200_000)), ['STORAGE_FULL', 'UNAVAILABLE'], undefined, 'a publish');
  await allThere(server, confirmed);
  succeeds(await server.admin.get('/messages?topics=things.**&after=earliest&limit=3'), 200, 'reading the log goes on');
  assert.equal((await server.admin.http('GET', '/healthz')).status, 200, 'the process lives');
  await server.stop();
  const again = await t.server({ dataDir: server.dataDir, flags: FLAGS });
  await allThere(again, confirmed);
  const messages = (await again.admin.get(`/messages?topics=things.*.created&after=earliest&limit=1000`)).data.items;
  assert.ok(messages.length > 0 && confirmed.length > 0);
  succeeds(await again.admin.post('/things', { id: 'after' }), 201, 'and with room it writes again');
});

scenario('12.3 a full disk is STORAGE_FULL or UNAVAILABLE, and nothing confirmed is lost', { needs: 'own server', timeoutMs: 120_000 }, async (t) => {
  if (spawnSync('unshare', ['-Urm', 'true']).status !== 0) t.skip('this machine gives no mount namespaces');
  const dataDir = t.directory();
  const ballast = (server: OwnServer): string => `/proc/${server.pid}/root${dataDir}/ballast`;
  // unshare runs the rest in its own process: --kill-child and exec keep the id that was started.
  const mount = `mount -t tmpfs -o size=24m tmpfs '${dataDir}' && dd if=/dev/zero of='${dataDir}/ballast' bs=1M count=8 2>/dev/null && exec "$@"`;
  const server = await t.server({ dataDir, shell: `exec unshare -Urm sh -c '${mount.replaceAll("'", `'\\''`)}' sh "$@"`, flags: FLAGS });
  if (!existsSync(ballast(server))) t.skip('the namespace cannot be looked into');
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  const { confirmed, refusal } = await fill(server, 200_000);
  refuses(refusal, ['STORAGE_FULL', 'UNAVAILABLE']);
  await allThere(server, confirmed);
  succeeds(await server.admin.get('/messages?topics=things.**&after=earliest&limit=3'), 200, 'reading the log goes on');
  rmSync(ballast(server));
  // A sync that failed keeps the server unready until it is restarted; a write that merely found no room does not.
  const healed = await eventually(
    'the server takes writes again, or stays unready',
    async () => {
      const answer = await server.admin.http('POST', '/v1/things', { data: { id: 'after' }, requestId: 'after' });
      if (answer.status === 201) return 'writes again';
      return (await server.admin.http('GET', '/readyz')).status === 503 ? 'stays unready' : undefined;
    },
    20_000,
    250,
  );
  assert.ok(healed);
  await allThere(server, confirmed);
});

scenario('12.3 a data directory that cannot be written stops the start with a sentence', { needs: 'own server' }, async (t) => {
  const { refusedStart } = await import('../own-server.ts');
  const file = `${t.directory()}/file`;
  writeFileSync(file, 'not a directory');
  const { code, output } = await refusedStart(t.serve, { dataDir: file });
  assert.notEqual(code, 0);
  assert.ok(output.trim().length > 10, 'it says why');
});
