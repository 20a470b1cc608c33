// 11.6: who is asking, and what it may.
import assert from 'node:assert/strict';
import { caller } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';

const named = ({ collections }: Json, name: string): Json => collections.find((one: Json) => one.name === name);

scenario('11.6 GET /session tells the client, its scopes and limits, and the collections that it may read or write', { over: 'any' }, async (t) => {
  const [readable, writable, hidden] = [await t.collection(), await t.collection(), await t.collection()];
  const scopes = [`read:${readable}`, `write:${writable}`, 'publish:a.*'];
  const made = await t.key(scopes, { limits: { operationsPerMinute: 4321 } });
  const session = succeeds(await t.as(made.key).http('GET', '/v1/session'));
  assert.deepEqual([session.client, session.keyId, session.sub, session.expiresAt], [made.client, made.id, null, null]);
  assert.deepEqual(session.scopes, scopes);
  assert.equal(session.limits.operationsPerMinute, 4321, 'its own limit');
  assert.ok(session.limits.messagesPerSecond > 0 && session.limits.connectionsPerClient > 0, 'and those in force where it has none');
  assert.deepEqual(named(session, readable), { name: readable, read: true, write: false });
  assert.deepEqual(named(session, writable), { name: writable, read: false, write: true });
  assert.equal(named(session, hidden), undefined);
  assert.ok(!JSON.stringify(session).includes(made.key), 'no secret');
  assert.deepEqual(named(succeeds(await t.admin.http('GET', '/v1/session')), hidden), { name: hidden, read: true, write: true });
});

scenario('11.6 a token learns its own sub, scopes and end', {}, async (t) => {
  const made = await t.key(['read:*', 'subscribe:**']);
  const { token, expiresAt } = succeeds(await caller(t.url, made.key).post('/tokens', { ttl: 600, sub: 'one', scopes: ['subscribe:a.**'] }), 201);
  const session = succeeds(await caller(t.url, token).http('GET', '/v1/session'));
  assert.deepEqual([session.sub, session.scopes, session.expiresAt, session.keyId], ['one', ['subscribe:a.**'], expiresAt, made.id]);
  assert.ok(session.client.startsWith(made.client) && session.client !== made.client);
  assert.deepEqual(session.collections, []);
});

scenario('11.6 without credentials there is no session', {}, async (t) => {
  refuses(await t.anonymous.http('GET', '/v1/session'), 'UNAUTHENTICATED');
});
