// Ten thousand hostile requests against a real server: every one is answered out of the catalogue (or the socket closed on what is no
// HTTP), none with a 5xx, none telling of the inside, and the server lives on. GODWIT_FUZZ_SEED repeats a run, GODWIT_FUZZ_ONE one request.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { succeeds } from './expect.ts';
import { type Hostile, hostile } from './hostile.ts';
import { checkNothingShown, checkResponse } from './invariants.ts';
import type { Json } from './json.ts';
import { type OwnServer, startServer } from './own-server.ts';
import { HIGH_LIMITS } from './trial.ts';
import { exchange, nextResponse, openSocket, type Received } from './wire.ts';

const COUNT = 10_000;
const AT_ONCE = 12;
const BOUND_MS = 100_000;
const MOST_SORTS = 12;
const seed = Number(process.env.GODWIT_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const only = process.env.GODWIT_FUZZ_ONE;

/** Bytes, then the end of what we send: whatever came back until the server closed, or the time was over. */
const sendRaw = async (url: string, bytes: Uint8Array): Promise<Received | undefined> => {
  const socket = await openSocket(url);
  const answer = nextResponse(socket, 4_000);
  socket.end(bytes);
  try {
    return await answer;
  } finally {
    socket.destroy();
  }
};

const judge = async (server: OwnServer, one: Hostile): Promise<void> => {
  const response =
    one.raw === undefined
      ? await exchange(server.url, { method: one.method, path: one.path, headers: one.headers, ...(one.body === undefined ? {} : { body: one.body }) })
      : await sendRaw(server.url, one.raw);
  if (response === undefined) return;
  assert.ok(response.status < 500, `${response.status} ${response.text.slice(0, 300)}`);
  // What raw bytes asked for is not always what was meant, nor is a broken HEAD known for one: they are held to the form of an answer alone.
  const [method, path] = one.raw === undefined ? [one.method, one.path] : ['GET', one.raw.toString('latin1').split(' ')[1] ?? ''];
  const bodiless = one.raw !== undefined && (response.text === '' || response.status < 400);
  if (!bodiless) checkResponse(method, path, { ...one.headers, 'x-request-id': 'any' }, response);
  else
    assert.ok(
      response.headers['x-protocol-version'] === '1.0' && response.headers['x-request-id'] !== undefined,
      `10.1, 4.2.1: the headers of every response: ${response.status} ${JSON.stringify(response.headers)}`,
    );
  if (response.status >= 400) checkNothingShown(response.text);
};

const shown = (one: Hostile): string => {
  const body = one.raw ?? one.body;
  const text = body === undefined ? '' : Buffer.isBuffer(body) ? JSON.stringify(body.toString('latin1')) : body;
  return `${one.kind}: ${one.method} ${one.path.slice(0, 200)} ${JSON.stringify(one.headers)
    .replace(/Bearer [^"]+/, 'Bearer …')
    .slice(0, 300)} ${text.slice(0, 400)}`;
};

const residentKb = (server: OwnServer, what: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]);

const prepared = async (t: { after(step: () => Promise<void>): void }): Promise<{ server: OwnServer; credential: string }> => {
  const server = await startServer(undefined);
  t.after(() => server.discard());
  succeeds(
    await server.admin.post('/collections', { name: 'things', schema: { type: 'object', properties: { n: { type: 'integer' }, text: { type: 'string' } } } }),
    201,
  );
  for (const id of ['x', 'y', 'z']) succeeds(await server.admin.post('/things', { id, n: 1 }), 201);
  const made = succeeds(await server.admin.post('/keys', { scopes: ['admin'], limits: HIGH_LIMITS }), 201);
  return { server, credential: made.key };
};

test(`${COUNT} hostile requests, seed ${seed}`, { timeout: 2 * BOUND_MS }, async (t) => {
  t.diagnostic(`GODWIT_FUZZ_SEED=${seed} repeats this run`);
  const { server, credential } = await prepared(t);
  // One of each sort, and how often it was met: what breaks often must not hide what breaks seldom.
  const failures = new Map<string, { readonly text: string; times: number }>();
  const kinds = new Map<string, number>();
  const end = Date.now() + BOUND_MS;
  let next = only === undefined ? 0 : Number(only);
  const last = only === undefined ? COUNT : Number(only) + 1;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < last && Date.now() < end && failures.size < MOST_SORTS; index = next++) {
      const one = hostile(seed, index, 'things', credential);
      if (only !== undefined) console.log(shown(one));
      try {
        await judge(server, one);
      } catch (error) {
        const { message } = error as Error;
        const sort = message.split('\n')[0]?.replace(/\d{4,}|: (?:[A-Z-]+ )?\/\S*/g, '') ?? '';
        const known = failures.get(sort);
        if (known === undefined) failures.set(sort, { text: `GODWIT_FUZZ_SEED=${seed} GODWIT_FUZZ_ONE=${index}\n  ${shown(one)}\n  ${message}`, times: 1 });
        else known.times += 1;
      }
      kinds.set(one.kind, (kinds.get(one.kind) ?? 0) + 1);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  t.diagnostic(`${done} sent: ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
  const found = [...failures.values()].map(({ text, times }) => `${times} times, first ${text}`);
  assert.ok(found.length === 0, `not answered as it must be:\n${found.join('\n')}`);
  if (only === undefined) assert.equal(done, COUNT, `all were sent within ${BOUND_MS} ms`);
  assert.equal((await server.admin.http('GET', '/readyz')).status, 200, 'the server lives and can store');
  succeeds(await server.admin.post('/things', { id: 'afterwards', n: 2 }), 201);
  const { items } = succeeds(await server.admin.get('/things?filter[id]=afterwards')) as Json;
  assert.equal(items.length, 1);
  assert.doesNotMatch(server.output(), new RegExp(credential), 'and no credential is in its log');
});

test('gzip bombs are answered 413 with no memory growth to speak of', { timeout: BOUND_MS }, async (t) => {
  const { server, credential } = await prepared(t);
  const send = (body: Buffer): Promise<Received> =>
    exchange(server.url, {
      method: 'POST',
      path: '/v1/things',
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body,
    });
  const bomb = gzipSync(Buffer.alloc(400 * 1_048_576, 0x20));
  const nested = gzipSync(gzipSync(Buffer.alloc(400 * 1_048_576, 0x20)));
  // The first ones warm the server up: what it keeps for itself then is no growth.
  for (let count = 0; count < 10; count++) await send(bomb);
  const measured = existsSync(`/proc/${server.pid}/status`);
  const before = measured ? residentKb(server, 'VmHWM') : 0;
  for (let round = 0; round < 12; round++) {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => send(n % 4 === 3 ? nested : bomb)));
    for (const [n, answer] of answers.entries()) {
      if (n % 4 === 3) assert.ok(answer.status === 413 || answer.status === 400, `nested: ${answer.status}`);
      else assert.equal(answer.status, 413, answer.text.slice(0, 200));
      checkResponse('POST', '/v1/things', { 'x-request-id': 'any' }, answer);
    }
  }
  if (measured) {
    const grown = (residentKb(server, 'VmHWM') - before) / 1024;
    t.diagnostic(`at most ${grown.toFixed(1)} MB more than before, while 96 bombs of 400 MB passed`);
    assert.ok(grown < 96, `${grown.toFixed(1)} MB more than before`);
  }
  assert.equal((await server.admin.http('GET', '/healthz')).status, 200);
});
