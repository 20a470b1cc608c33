// 11.1 and 11.2: keys and tokens: what they are made of, what they may, and how they end.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { caller } from '../caller.ts';
import { eventually, refuses, succeeds } from '../expect.ts';
import { isTimestamp, UUID_V7 } from '../invariants.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';

scenario('11.1 credentials are a Bearer in Authorization and nothing else', {}, async (t) => {
  const collection = await t.collection();
  const path = `/v1/${collection}`;
  const { credential } = t.admin;
  for (const authorization of [`Bearer ${credential}`, `bearer ${credential}`, `BEARER ${credential}`])
    succeeds(await t.anonymous.http('GET', path, { headers: { authorization } }), 200, 'the scheme’s case is free');
  for (const authorization of [
    '',
    `Basic ${credential}`,
    `${credential}`,
    'Bearer',
    `Bearer ${credential}x`,
    `Bearer ${credential?.slice(0, -1)}`,
    'Bearer no such key',
    `Token ${credential}`,
  ]) {
    refuses(await t.anonymous.http('GET', path, { headers: { authorization } }), 'UNAUTHENTICATED', undefined, authorization.slice(0, 12));
  }
  for (const query of [`?access_token=${credential}`, `?key=${credential}`])
    refuses(await t.anonymous.http('GET', path + query), 'UNAUTHENTICATED', undefined, 'never in the URL');
});

scenario('11.1 a key is made with id, key, name, client, scopes and limits, and shown once', {}, async (t) => {
  const asked = {
    name: t.name('key'),
    client: t.name('client'),
    scopes: ['read:*', 'publish:a.**'],
    limits: { operationsPerMinute: 7, connectionsPerClient: 3, messagesPerSecond: 5 },
  };
  const answer = await t.admin.http('POST', '/v1/keys', { data: asked });
  const made = succeeds(answer, 201);
  t.after(() => t.admin.http('DELETE', `/v1/keys/${made.id}`));
  assert.deepEqual(
    Object.keys(made)
      .filter((name) => !['createdAt'].includes(name))
      .sort(),
    ['client', 'id', 'key', 'limits', 'name', 'scopes'],
  );
  assert.match(made.id, UUID_V7);
  assert.match(made.key, /^[A-Za-z0-9._~-]{20,}$/, 'of the characters that a subprotocol can carry');
  assert.deepEqual([made.name, made.client, made.scopes, made.limits], [asked.name, asked.client, asked.scopes, asked.limits]);
  let after = '';
  let found: Json;
  for (let page = 0; page < 50 && found === undefined; page++) {
    const listed = await t.admin.http('GET', `/v1/keys${after}`);
    assert.ok(!listed.text.includes(made.key), 'the list does not show it');
    const { items = listed.data, next } = succeeds(listed);
    found = items.find(({ id }: Json) => id === made.id);
    if (!next) break;
    after = `?after=${encodeURIComponent(next)}`;
  }
  assert.deepEqual([found?.name, found?.client, found?.scopes], [asked.name, asked.client, asked.scopes]);
});

scenario('11.1 a key’s client is its own id unless one was given', {}, async (t) => {
  const made = await t.key(['read:*'], { client: undefined as unknown as string });
  assert.equal(made.client, made.id);
});

scenario('11.1 what a key may not be made of is 422 and named', {}, async (t) => {
  const bad: readonly [Json, RegExp][] = [
    [{}, /^\/data\/scopes/],
    [{ scopes: 'read:*' }, /^\/data\/scopes/],
    [{ scopes: [5] }, /^\/data\/scopes\/0$/],
    [{ scopes: ['read:*', 'nonsense'] }, /^\/data\/scopes\/1$/],
    [{ scopes: ['read'] }, /^\/data\/scopes\/0$/],
    [{ scopes: ['read:'] }, /^\/data\/scopes\/0$/],
    [{ scopes: ['read:a.b'] }, /^\/data\/scopes\/0$/],
    [{ scopes: ['publish:a..b'] }, /^\/data\/scopes\/0$/],
    [{ scopes: ['subscribe:**.a'] }, /^\/data\/scopes\/0$/],
    [{ scopes: ['ADMIN'] }, /^\/data\/scopes\/0$/],
    [{ scopes: ['admin:*'] }, /^\/data\/scopes\/0$/],
    [{ scopes: ['read:*'], name: 5 }, /^\/data\/name$/],
    [{ scopes: ['read:*'], client: 5 }, /^\/data\/client$/],
    [{ scopes: ['read:*'], limits: 5 }, /^\/data\/limits$/],
    [{ scopes: ['read:*'], limits: { operationsPerMinute: 0 } }, /^\/data\/limits\/operationsPerMinute$/],
    [{ scopes: ['read:*'], limits: { operationsPerMinute: 1.5 } }, /^\/data\/limits\/operationsPerMinute$/],
    [{ scopes: ['read:*'], limits: { connectionsPerClient: 'x' } }, /^\/data\/limits\/connectionsPerClient$/],
    [{ scopes: ['read:*'], limits: { messagesPerSecond: -1 } }, /^\/data\/limits\/messagesPerSecond$/],
  ];
  for (const [data, field] of bad) refuses(await t.admin.http('POST', '/v1/keys', { data }), 'VALIDATION_FAILED', field, JSON.stringify(data));
});

scenario('11.1 keys are for scope admin', {}, async (t) => {
  const who = await t.caller(['read:*', 'write:*', 'publish:**', 'subscribe:**']);
  const mine = await t.key(['read:*']);
  refuses(await who.http('GET', '/v1/keys'), 'FORBIDDEN');
  refuses(await who.http('POST', '/v1/keys', { data: { scopes: ['read:*'] } }), 'FORBIDDEN');
  refuses(await who.http('DELETE', `/v1/keys/${mine.id}`), 'FORBIDDEN');
  const { token } = succeeds(await t.admin.http('POST', '/v1/tokens', { data: { ttl: 60, scopes: ['read:*'] } }), 201);
  refuses(await t.as(token).http('GET', '/v1/keys'), 'FORBIDDEN', undefined, 'a token is not admin');
});

scenario('11.1 a deleted key ends at once, and voids its tokens', {}, async (t) => {
  const collection = await t.collection();
  const made = await t.key([`read:${collection}`]);
  const who = caller(t.url, made.key);
  const { token } = succeeds(await who.post('/tokens', { ttl: 600 }), 201);
  for (const credential of [made.key, token]) succeeds(await caller(t.url, credential).http('GET', `/v1/${collection}`), 200, 'before');
  assert.equal((await t.admin.http('DELETE', `/v1/keys/${made.id}`)).status, 204);
  for (const credential of [made.key, token]) refuses(await caller(t.url, credential).http('GET', `/v1/${collection}`), 'UNAUTHENTICATED', undefined, 'after');
  refuses(await t.admin.http('DELETE', `/v1/keys/${made.id}`), 'NOT_FOUND');
});

const bytesBelow = (directory: string): Buffer =>
  Buffer.concat(
    readdirSync(directory, { recursive: true })
      .map((name) => join(directory, String(name)))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path)),
  );

scenario('11.1 keys are stored hashed and appear in no log', { needs: 'own server' }, async (t) => {
  const server = await t.server();
  const made = succeeds(await server.admin.post('/keys', { name: 'findable-name', scopes: ['read:*'] }), 201);
  const { token } = succeeds(await caller(server.url, made.key).post('/tokens', { ttl: 60, sub: 's' }), 201);
  await caller(server.url, token).http('GET', '/v1/messages?topics=a');
  const stored = bytesBelow(server.dataDir);
  assert.ok(stored.includes('findable-name'), 'this looks where keys are');
  for (const [what, secret] of [
    ['the key', made.key],
    ['the admin key', server.key],
    ['a token', token],
  ] as const) {
    assert.ok(!stored.includes(secret), `${what} is not in the store`);
    assert.ok(!server.output().includes(secret), `${what} is not in the log`);
  }
});

scenario('11.1 keys and tokens live on after a restart, and deleted ones stay deleted', { needs: 'own server' }, async (t) => {
  const one = await t.server();
  const [kept, gone] = [
    succeeds(await one.admin.post('/keys', { scopes: ['subscribe:**'] }), 201),
    succeeds(await one.admin.post('/keys', { scopes: ['subscribe:**'] }), 201),
  ];
  assert.equal((await one.admin.delete(`/keys/${gone.id}`)).status, 204);
  await one.kill();
  const two = await t.server({ dataDir: one.dataDir });
  succeeds(await caller(two.url, kept.key).http('GET', '/v1/messages?topics=a'));
  refuses(await caller(two.url, gone.key).http('GET', '/v1/messages?topics=a'), 'UNAUTHENTICATED');
  succeeds(await two.admin.http('GET', '/v1/keys'));
});

scenario('11.2 a token is made with token, expiresAt and sub', {}, async (t) => {
  const who = await t.caller(['read:*', 'publish:a.**']);
  const made = succeeds(await who.http('POST', '/v1/tokens', { data: { ttl: 120, sub: 'someone' } }), 201);
  assert.deepEqual(Object.keys(made).sort(), ['expiresAt', 'sub', 'token']);
  assert.match(made.token, /^[A-Za-z0-9._~-]+$/);
  assert.equal(made.sub, 'someone');
  assert.ok(isTimestamp(made.expiresAt));
  const { date } = (await t.admin.http('GET', '/v1')).headers as Json;
  const ttl = Date.parse(made.expiresAt) - Date.parse(date ?? new Date().toUTCString());
  assert.ok(Math.abs(ttl - 120_000) < 10_000, `it lasts ${ttl} ms`);
  const unnamed = [succeeds(await who.post('/tokens', { ttl: 60 }), 201), succeeds(await who.post('/tokens', { ttl: 60 }), 201)];
  for (const { sub } of unnamed) assert.ok(typeof sub === 'string' && sub.length > 0, 'a sub is made up');
  assert.notEqual(unnamed[0].sub, unnamed[1].sub);
});

scenario('11.2 ttl is in seconds, at most 24 h', {}, async (t) => {
  const who = await t.caller(['read:*']);
  for (const ttl of [1, 86_400]) succeeds(await who.http('POST', '/v1/tokens', { data: { ttl } }), 201, `${ttl}`);
  for (const ttl of [0, -1, 86_401, '60', null, true, {}, 1e300])
    refuses(await who.http('POST', '/v1/tokens', { data: { ttl } }), 'VALIDATION_FAILED', '/data/ttl', JSON.stringify(ttl));
  refuses(await who.http('POST', '/v1/tokens', { data: {} }), 'VALIDATION_FAILED', '/data/ttl');
  for (const sub of [5, {}, []])
    refuses(await who.http('POST', '/v1/tokens', { data: { ttl: 5, sub } }), 'VALIDATION_FAILED', '/data/sub', JSON.stringify(sub));
  refuses(await who.http('POST', '/v1/tokens', { data: { ttl: 5, scopes: ['nonsense'] } }), 'VALIDATION_FAILED', '/data/scopes/0');
});

scenario('11.2 a token has its scopes, within the key’s own, or the key’s', {}, async (t) => {
  const [one, two] = [await t.collection(), await t.collection()];
  const who = await t.caller([`read:${one}`, `read:${two}`, 'publish:x.**', 'subscribe:x.*']);
  const token = async (scopes?: string[]): Promise<string> =>
    succeeds(await who.post('/tokens', { ttl: 60, ...(scopes === undefined ? {} : { scopes }) }), 201, `${scopes}`).token;
  const narrow = t.as(await token([`read:${one}`, 'publish:x.y']));
  succeeds(await narrow.get(`/${one}`));
  refuses(await narrow.get(`/${two}`), 'FORBIDDEN');
  succeeds(await narrow.post('/topics/x.y/messages', 1), 201);
  refuses(await narrow.post('/topics/x.z/messages', 1), 'FORBIDDEN');
  const whole = t.as(await token());
  succeeds(await whole.get(`/${two}`), 200, 'without scopes: the key’s');
  refuses(await whole.post(`/${two}`, {}), 'FORBIDDEN', undefined, 'and no more');
});

scenario('11.2 wider scopes than the key’s are 403', {}, async (t) => {
  const who = await t.caller(['read:a', 'write:a', 'publish:x.*', 'subscribe:x.**']);
  for (const scope of [
    'read:b',
    'read:*',
    'write:*',
    'publish:x.**',
    'publish:**',
    'publish:*.a',
    'publish:x.y.z',
    'publish:x',
    'subscribe:**',
    'subscribe:*.**',
    'subscribe:y',
    'admin',
  ]) {
    refuses(await who.http('POST', '/v1/tokens', { data: { ttl: 60, scopes: [scope] } }), 'FORBIDDEN', undefined, scope);
  }
  refuses(await who.http('POST', '/v1/tokens', { data: { ttl: 60, scopes: ['read:a', 'read:b'] } }), 'FORBIDDEN', undefined, 'one of them');
  for (const scope of ['read:a', 'publish:x.*', 'publish:x.y', 'subscribe:x.**', 'subscribe:x.*.z', 'subscribe:x.y'])
    succeeds(await who.http('POST', '/v1/tokens', { data: { ttl: 60, scopes: [scope] } }), 201, scope);
});

scenario('11.2 a token cannot mint tokens nor carry admin', {}, async (t) => {
  const who = await t.caller(['read:*']);
  const { token } = succeeds(await who.post('/tokens', { ttl: 60 }), 201);
  refuses(await t.as(token).http('POST', '/v1/tokens', { data: { ttl: 10 } }), 'FORBIDDEN');
  refuses(await t.admin.http('POST', '/v1/tokens', { data: { ttl: 60, scopes: ['admin'] } }), 'FORBIDDEN');
  const { token: ofAdmin } = succeeds(
    await t.admin.http('POST', '/v1/tokens', { data: { ttl: 60, scopes: ['read:*', 'publish:**'] } }),
    201,
    'admin is all: any other scope is within it',
  );
  refuses(await t.as(ofAdmin).http('GET', '/v1/collections'), 'FORBIDDEN');
});

scenario('11.2 an expired token is 401 TOKEN_EXPIRED, one that was tampered with UNAUTHENTICATED', {}, async (t) => {
  const collection = await t.collection();
  const who = await t.caller([`read:${collection}`]);
  const { token } = succeeds(await who.post('/tokens', { ttl: 1 }), 201);
  const holder = t.as(token);
  await eventually('the token expires', async () => ((await holder.http('GET', `/v1/${collection}`)).status === 401 ? true : undefined), 10_000, 200);
  refuses(await holder.http('GET', `/v1/${collection}`), 'TOKEN_EXPIRED');
  const { token: fresh } = succeeds(await who.post('/tokens', { ttl: 60 }), 201);
  const at = Math.floor(fresh.length / 2);
  for (const forged of [`${fresh}A`, fresh.slice(0, -3), `${fresh.slice(0, at)}${fresh[at] === 'A' ? 'B' : 'A'}${fresh.slice(at + 1)}`])
    refuses(await t.as(forged).http('GET', `/v1/${collection}`), 'UNAUTHENTICATED');
});
