// Section 7 over HTTP: operations a minute, requests at once, sizes.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { caller } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';
import { nextResponse, openSocket } from '../wire.ts';

const MB = 1_048_576;

scenario('7.1.1 responses tell the limit, what remains and when the oldest counted leaves', {}, async (t) => {
  const who = await t.caller(['read:*', 'publish:**'], { limits: { operationsPerMinute: 50 } });
  const topic = t.name('t');
  for (let n = 1; n <= 3; n++) {
    const { headers } = await who.http('POST', `/v1/topics/${topic}/messages`, { data: n });
    assert.equal(headers['x-ratelimit-limit'], '50');
    assert.equal(headers['x-ratelimit-remaining'], String(50 - n));
    const reset = Number(headers['x-ratelimit-reset']);
    assert.ok(Number.isInteger(reset) && reset >= 1 && reset <= 60, `X-RateLimit-Reset: ${reset}`);
  }
});

scenario('7.1.1 a key without limits of its own has the configured one', {}, async (t) => {
  const { limits } = succeeds(await t.anonymous.http('GET', '/v1'));
  const who = await t.caller(['read:*'], { limits: undefined });
  const { headers } = await who.http('GET', '/v1/collections');
  assert.equal(headers['x-ratelimit-limit'], String(limits.operationsPerMinute ?? 1_000));
});

scenario('7.1.1 beyond the limit is 429 RATE_LIMITED with Retry-After, costing nothing', {}, async (t) => {
  const collection = await t.collection();
  const made = await t.key([`write:${collection}`], { limits: { operationsPerMinute: 5 } });
  const who = caller(t.url, made.key);
  for (let n = 0; n < 5; n++) succeeds(await who.post(`/${collection}`, { n }), 201, `${n + 1} of 5`);
  let last = 62;
  for (let n = 0; n < 12; n++) {
    const answer = await who.http('POST', `/v1/${collection}`, { data: { n } });
    const details = refuses(answer, 'RATE_LIMITED');
    const after = Number(answer.headers['retry-after']);
    assert.ok(after >= 1 && after <= 61 && after <= last, `Retry-After: ${after}: what is refused does not move the window`);
    assert.ok(details.retryAfterMs > 0 && details.retryAfterMs <= 61_000, `details.retryAfterMs: ${details.retryAfterMs}`);
    assert.equal(answer.headers['x-ratelimit-remaining'], '0');
    last = after;
  }
  assert.equal(succeeds(await t.admin.get(`/${collection}`)).items.length, 5, 'nothing was done');
});

scenario('7.1.1 a batch costs its operations, and is refused whole where they are too many', {}, async (t) => {
  const collection = await t.collection();
  const who = await t.caller([`write:${collection}`], { limits: { operationsPerMinute: 10 } });
  const batch = (count: number): Json => ({
    data: { operations: Array.from({ length: count }, () => ({ method: 'POST', path: `/${collection}`, data: {} })) },
  });
  const first = await who.http('POST', '/v1/batch', batch(7));
  succeeds(first);
  assert.equal(first.headers['x-ratelimit-remaining'], '3');
  refuses(await who.http('POST', '/v1/batch', batch(4)), 'RATE_LIMITED');
  const last = await who.http('POST', '/v1/batch', batch(3));
  succeeds(last, 200, 'the refused one cost nothing');
  assert.equal(last.headers['x-ratelimit-remaining'], '0');
  assert.equal(succeeds(await t.admin.get(`/${collection}`)).items.length, 10);
});

scenario('7.1.1 keys have budgets of their own; so has a token with a sub, of the same size', {}, async (t) => {
  const [one, two] = [await t.key(['publish:**'], { limits: { operationsPerMinute: 4 } }), await t.key(['publish:**'], { limits: { operationsPerMinute: 4 } })];
  const publish = (credential: string): ReturnType<typeof t.admin.http> =>
    caller(t.url, credential).http('POST', `/v1/topics/${t.name('t')}/messages`, { data: 1 });
  const { token } = succeeds(await caller(t.url, one.key).post('/tokens', { ttl: 60, sub: 'x' }), 201);
  for (let n = 0; n < 3; n++) succeeds(await publish(one.key), 201);
  refuses(await publish(one.key), 'RATE_LIMITED', undefined, 'the key’s is used up');
  const spent = await publish(token);
  succeeds(spent, 201, 'the token’s is not');
  assert.equal(spent.headers['x-ratelimit-limit'], '4');
  assert.equal(spent.headers['x-ratelimit-remaining'], '3');
  succeeds(await publish(two.key), 201, 'nor the other key’s');
});

scenario('7.1.1 a limit is taken from the settings', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--operations-per-minute', '3'] });
  for (let n = 0; n < 3; n++) succeeds(await server.admin.http('POST', '/v1/topics/t/messages', { data: n }), 201);
  refuses(await server.admin.http('POST', '/v1/topics/t/messages', { data: 4 }), 'RATE_LIMITED');
});

scenario('7.1.1 from one address 100 failed authentications a minute, then 429', { needs: 'own server' }, async (t) => {
  const server = await t.server();
  const failed = (n: number): ReturnType<typeof t.admin.http> => caller(server.url, `no-such-key-${n}-0123456789`).http('GET', '/v1/messages?topics=a');
  for (let n = 0; n < 99; n++) refuses(await failed(n), 'UNAUTHENTICATED', undefined, `${n + 1} of 100`);
  let limited = false;
  for (let n = 99; n < 103 && !limited; n++) {
    const answer = await failed(n);
    limited = answer.status === 429;
    refuses(answer, limited ? 'RATE_LIMITED' : 'UNAUTHENTICATED');
  }
  assert.ok(limited, 'the 101st or so is 429');
});

scenario('7.1.1 expired tokens are not failed authentications', { needs: 'own server' }, async (t) => {
  const server = await t.server();
  const { token } = succeeds(await server.admin.post('/tokens', { ttl: 1, sub: 'x', scopes: ['read:*'] }), 201);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  for (let n = 0; n < 110; n++) refuses(await caller(server.url, token).http('GET', '/v1/messages?topics=a'), 'TOKEN_EXPIRED', undefined, `${n + 1}`);
});

scenario('7.1.2 100 requests of a client may be in progress, further ones are 429 TOO_MANY_CONNECTIONS', { needs: 'own server' }, async (t) => {
  const server = await t.server();
  const { host } = new URL(server.url);
  const head = `POST /v1/topics/t/messages HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${server.key}\r\nContent-Type: application/json\r\n`;
  const sockets = await Promise.all(Array.from({ length: 115 }, () => openSocket(server.url)));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
  });
  const body = (n: number): string => JSON.stringify({ requestId: `r${n}`, data: n });
  const answers = sockets.map((socket) => nextResponse(socket, 20_000));
  for (const [n, socket] of sockets.entries()) socket.write(`${head}Content-Length: ${body(n).length}\r\n\r\n${body(n).slice(0, 5)}`);
  // Time for all of them to be known to the server before any is whole.
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const [n, socket] of sockets.entries()) socket.write(body(n).slice(5));
  const statuses = (await Promise.all(answers)).map((answer) => {
    if (answer?.status === 429) assert.equal(JSON.parse(answer.text).error.code, 'TOO_MANY_CONNECTIONS');
    return answer?.status;
  });
  assert.equal(statuses.filter((status) => status === 201).length, 100, `${statuses}`);
  assert.equal(statuses.filter((status) => status === 429).length, 15, `${statuses}`);
  succeeds(await server.admin.http('POST', '/v1/topics/t/messages', { data: 1 }), 201, 'and afterwards there is room again');
});

const publishOf = (bytes: number): string => {
  const frame = JSON.stringify({ requestId: 'x'.repeat(36), data: '' });
  return frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`);
};

scenario('7.2.2 an HTTP body may have 1 MB and not a byte more', {}, async (t) => {
  const path = `/v1/topics/${t.name('t')}/messages`;
  const unique = (bytes: number): string => publishOf(bytes).replace('x'.repeat(36), crypto.randomUUID());
  const fits = unique(MB);
  assert.equal(fits.length, MB);
  succeeds(await t.admin.http('POST', path, { body: fits }), 201, '1 MB');
  succeeds(await t.admin.http('POST', path, { body: unique(MB), chunked: true }), 201, '1 MB in chunks');
  refuses(await t.admin.http('POST', path, { body: unique(MB + 1) }), 'PAYLOAD_TOO_LARGE', undefined, 'a byte more');
  refuses(await t.admin.http('POST', path, { body: unique(MB + 1), chunked: true }), 'PAYLOAD_TOO_LARGE', undefined, 'a byte more in chunks');
});

scenario('7.2.2 a body’s size is counted after decompression', {}, async (t) => {
  const path = `/v1/topics/${t.name('t')}/messages`;
  const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
  succeeds(await t.admin.http('POST', path, { body: gzipSync(publishOf(MB).replace('x'.repeat(36), crypto.randomUUID())), headers }), 201, '1 MB');
  refuses(await t.admin.http('POST', path, { body: gzipSync(publishOf(MB + 1)), headers }), 'PAYLOAD_TOO_LARGE', undefined, 'a byte more');
  refuses(await t.admin.http('POST', path, { body: gzipSync(publishOf(200 * MB)), headers }), 'PAYLOAD_TOO_LARGE', undefined, '200 MB in 200 KB');
});

scenario('7.2.2 a batch may have 10 MB', {}, async (t) => {
  const topic = t.name('t');
  const batch = (bytes: number): string => {
    const parts = 11;
    const operations = Array.from({ length: parts }, () => ({ method: 'POST', path: `/topics/${topic}/messages`, data: '' }));
    const frame = JSON.stringify({ requestId: crypto.randomUUID(), data: { operations } });
    const share = Math.floor((bytes - frame.length) / parts);
    let left = bytes - frame.length - share * parts;
    return frame.replaceAll('"data":""', () => {
      const size = share + (left > 0 ? 1 : 0);
      left -= 1;
      return `"data":"${'x'.repeat(size)}"`;
    });
  };
  const fits = batch(10 * MB);
  assert.equal(fits.length, 10 * MB);
  assert.equal(succeeds(await t.admin.http('POST', '/v1/batch', { body: fits })).succeeded, 11);
  refuses(await t.admin.http('POST', '/v1/batch', { body: batch(10 * MB + 1) }), ['PAYLOAD_TOO_LARGE', 'BATCH_TOO_LARGE']);
});

scenario('7.2.2 a document that would grow over 1 MB is 413, and stays as it was', { over: ['http', 'batch'] }, async (t) => {
  const collection = await t.collection();
  const document = succeeds(await t.admin.post(`/${collection}`, { a: 'x'.repeat(600_000) }), 201);
  const path = `/${collection}/${document.id}`;
  const start = await endOfLog(t.admin);
  refuses(await t.admin.patch(path, { b: 'y'.repeat(600_000) }), 'PAYLOAD_TOO_LARGE');
  assert.deepEqual(succeeds(await t.admin.get(path)), document);
  assert.deepEqual(await logAfter(t.admin, `${collection}.**`, start), []);
  succeeds(await t.admin.patch(path, { a: null, b: 'y'.repeat(600_000) }), 200, 'in place of the other it fits');
});

scenario('7.2.2 a document or message over 1 MB within a batch is 413', {}, async (t) => {
  const collection = await t.collection();
  const large = { a: 'x'.repeat(MB + 100_000) };
  const operations = [
    { method: 'POST', path: `/${collection}`, data: large },
    { method: 'POST', path: `/topics/${t.name('t')}/messages`, data: large },
    { method: 'POST', path: `/${collection}`, data: {} },
  ];
  const { results } = succeeds(await t.admin.http('POST', '/v1/batch', { data: { operations } }), 207);
  assert.deepEqual(
    results.map(({ statusCode, error }: Json) => [statusCode, error?.code]),
    [
      [413, 'PAYLOAD_TOO_LARGE'],
      [413, 'PAYLOAD_TOO_LARGE'],
      [201, undefined],
    ],
  );
});

scenario('7.2.2 what is far too large is refused before it has all been sent', {}, async (t) => {
  const { host } = new URL(t.url);
  const socket = await openSocket(t.url);
  t.after(async () => socket.destroy());
  const answer = nextResponse(socket, 15_000);
  socket.write(
    `POST /v1/topics/t/messages HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${t.admin.credential}\r\nContent-Type: application/json\r\nContent-Length: 5000000000\r\n\r\n`,
  );
  socket.write('{"requestId":"x","data":"');
  for (let part = 0; part < 32; part++) if (!socket.destroyed) socket.write('x'.repeat(65_536));
  const response = await answer;
  assert.equal(response?.status, 413);
});

scenario('7.2.2 the sizes are settings', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--max-message-bytes', '2KB', '--max-batch-bytes', '4KB'] });
  const publish = (size: number): ReturnType<typeof t.admin.http> => server.admin.http('POST', '/v1/topics/t/messages', { data: 'x'.repeat(size) });
  succeeds(await publish(1_800), 201);
  refuses(await publish(2_100), 'PAYLOAD_TOO_LARGE');
  const batch = (size: number): ReturnType<typeof t.admin.http> =>
    server.admin.http('POST', '/v1/batch', {
      data: { operations: Array.from({ length: 3 }, () => ({ method: 'POST', path: '/topics/t/messages', data: 'x'.repeat(size) })) },
    });
  succeeds(await batch(1_000));
  refuses(await batch(1_500), ['PAYLOAD_TOO_LARGE', 'BATCH_TOO_LARGE']);
});
