// Keys and tokens (section 11): who holds a credential; what was tampered with, has expired or was revoked holds nothing.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import fc from 'fast-check';
import { manualClock } from '../testing/clock.ts';
import { hashKey, type Key, Keys } from './keys.ts';

const SECRET = 'the secret of a test';
const key = (more: Partial<Key> = {}): Key => ({
  id: 'k1',
  hash: hashKey('secret-1'),
  name: null,
  client: 'shop',
  scopes: ['read:orders', 'publish:shop.**'],
  limits: {},
  createdAt: 5,
  ...more,
});

const start = (...all: Key[]) => {
  const clock = manualClock();
  const keys = new Keys(clock, SECRET);
  for (const each of all.length === 0 ? [key()] : all) keys.set(each);
  return { clock, keys };
};

const refusal = (ask: () => unknown): string => {
  try {
    ask();
  } catch (error) {
    assert(error instanceof ProtocolError, String(error));
    return error.code;
  }
  return 'taken';
};

const tokenOf = (keys: Keys, request: Partial<Parameters<Keys['makeToken']>[1]> = {}, credential = 'secret-1') =>
  keys.makeToken(keys.identify(credential), { ttl: 60, sub: 'browser', own: true, ...request });

test('11.1: a key is known by its hash alone', () => {
  const { keys } = start();
  assert.deepEqual(keys.identify('secret-1'), {
    keyId: 'k1',
    client: 'shop',
    scopes: ['read:orders', 'publish:shop.**'],
    limits: {},
    budget: 'k1',
    expiresAt: null,
    sub: null,
  });
  for (const credential of ['', 'secret-2', 'k1', key().hash, 'secret-1 '])
    assert.equal(
      refusal(() => keys.identify(credential)),
      'UNAUTHENTICATED',
      credential,
    );
});

test('11.2, 7.1.1: a token has its key’s scopes and limits, a client of its own, and a budget of its own where it has a `sub`', () => {
  const { keys, clock } = start(key({ limits: { operationsPerMinute: 7 } }));
  const { token, expiresAt } = tokenOf(keys);
  assert.equal(expiresAt, Math.floor(clock.now() / 1000) * 1000 + 60_000);
  const { expiresAt: _, ...identity } = keys.identify(token);
  assert.deepEqual(identity, {
    keyId: 'k1',
    client: 'shop browser',
    scopes: ['read:orders', 'publish:shop.**'],
    limits: { operationsPerMinute: 7 },
    budget: 'k1 browser',
    sub: 'browser',
  });
  assert.equal(keys.identify(tokenOf(keys, { sub: 'made-up', own: false }).token).budget, 'k1');
  assert.match(token, /^[A-Za-z0-9._~-]+$/, 'it fits a WebSocket subprotocol (5.1.1)');
});

test('11.2: scopes of a token are within its key’s; nobody gets admin by a token', () => {
  const { keys } = start(key(), key({ id: 'root', hash: hashKey('root'), scopes: ['admin'] }));
  for (const [credential, scopes, outcome] of [
    ['secret-1', ['read:orders'], 'taken'],
    ['secret-1', ['publish:shop.*', 'publish:shop.a.b'], 'taken'],
    ['secret-1', [], 'taken'],
    ['secret-1', ['read:*'], 'FORBIDDEN'],
    ['secret-1', ['write:orders'], 'FORBIDDEN'],
    ['secret-1', ['publish:**'], 'FORBIDDEN'],
    ['secret-1', ['publish:shop'], 'FORBIDDEN'],
    ['secret-1', ['subscribe:shop.**'], 'FORBIDDEN'],
    ['secret-1', ['admin'], 'FORBIDDEN'],
    ['root', ['read:orders', 'publish:**'], 'taken'],
    ['root', ['admin'], 'FORBIDDEN'],
  ] as const) {
    assert.equal(
      refusal(() => tokenOf(keys, { scopes }, credential)),
      outcome,
      `${credential} ${scopes}`,
    );
  }
  // A token of an admin key that names no scopes may do everything else.
  assert.deepEqual(keys.identify(tokenOf(keys, {}, 'root').token).scopes, ['read:*', 'write:*', 'publish:**', 'subscribe:**']);
  assert.deepEqual(keys.identify(tokenOf(keys, { scopes: [] }).token).scopes, []);
  assert.equal(
    refusal(() => keys.makeToken(keys.identify(tokenOf(keys).token), { ttl: 60, sub: 'x', own: true })),
    'FORBIDDEN',
    'a token makes no tokens',
  );
});

test('11.2: a token ends at its second, and says so', async () => {
  const { keys, clock } = start();
  const { token, expiresAt } = tokenOf(keys, { ttl: 60 });
  await clock.advance(expiresAt - clock.now() - 1);
  assert.equal(
    refusal(() => keys.identify(token)),
    'taken',
  );
  await clock.advance(1);
  assert.equal(
    refusal(() => keys.identify(token)),
    'TOKEN_EXPIRED',
  );
});

test('11.1: a key that is removed or replaced voids its tokens', async () => {
  const { keys, clock } = start();
  const heard: string[] = [];
  keys.onRemoved((id) => heard.push(id));
  const { token } = tokenOf(keys, { ttl: 1 });
  keys.set(key({ hash: hashKey('secret-2'), createdAt: 6 }));
  assert.deepEqual(
    [refusal(() => keys.identify('secret-1')), refusal(() => keys.identify('secret-2')), refusal(() => keys.identify(token))],
    ['UNAUTHENTICATED', 'taken', 'UNAUTHENTICATED'],
  );
  keys.delete('k1');
  keys.delete('k1');
  assert.deepEqual(heard, ['k1']);
  assert.equal(
    refusal(() => keys.identify('secret-2')),
    'UNAUTHENTICATED',
  );
  await clock.advance(5000);
  assert.equal(
    refusal(() => keys.identify(token)),
    'UNAUTHENTICATED',
    'revoked weighs more than expired',
  );
});

test('12.4: one secret under two ids stays good until both are gone', () => {
  const { keys } = start(key({ id: 'made' }), key({ id: 'admin' }));
  keys.delete('admin');
  assert.equal(keys.identify('secret-1').keyId, 'made');
  keys.set(key({ id: 'admin' }));
  keys.delete('made');
  assert.equal(keys.identify('secret-1').keyId, 'admin');
  keys.delete('admin');
  assert.equal(
    refusal(() => keys.identify('secret-1')),
    'UNAUTHENTICATED',
  );
});

test('11.2: whatever is changed in a token, it is none any more', () => {
  const { keys } = start();
  const { token } = tokenOf(keys);
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const encoded = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const wider = encoded({ ...claims, scopes: ['read:*'] });
  const none = encoded({ alg: 'none', typ: 'JWT' });
  const signed = (text: string, secret: string): string => `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  for (const forged of [
    `${header}.${wider}.${signature}`,
    `${none}.${payload}.`,
    `${none}.${wider}.${signature}`,
    `${header}.${payload}.`,
    `${header}.${payload}`,
    `${header}.${payload}.${signature}.${signature}`,
    `${header}.${payload}.${signature}=`,
    `${header}.${payload}. ${signature}`,
    `${header}..${signature}`,
    '..',
    signed(`${header}.${wider}`, 'another secret'),
    signed(`${header}.${wider}`, ''),
    signed(`${none}.${wider}`, SECRET),
    token.toUpperCase(),
  ]) {
    assert.equal(
      refusal(() => keys.identify(forged)),
      'UNAUTHENTICATED',
      forged,
    );
  }
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(...'AQgw_-.09az~'), (place, letter) => {
      const changed = token.slice(0, place) + letter + token.slice(place + 1);
      // The last letter of a signature holds two bits that mean nothing; as text it must be the same all the same.
      assert.equal(
        refusal(() => keys.identify(changed)),
        changed === token ? 'taken' : 'UNAUTHENTICATED',
      );
    }),
  );
});

test('11: signatures are compared in constant time, keys by their hash', async () => {
  const source = await readFile(new URL('./keys.ts', import.meta.url), 'utf8');
  assert.match(source, /timingSafeEqual\(/);
  assert.doesNotMatch(source, /this\.#sign\([^)]*\) ===|=== this\.#sign/);
});

test('11.1: which admin key is the last', () => {
  const { keys } = start(
    key({ id: 'one', hash: 'h1', scopes: ['admin'] }),
    key({ id: 'two', hash: 'h2', scopes: ['admin'] }),
    key({ id: 'three', hash: 'h3' }),
  );
  assert.deepEqual(
    ['one', 'two', 'three'].map((id) => keys.isLastAdmin(id)),
    [false, false, false],
  );
  keys.leaves('one');
  assert.deepEqual(
    ['one', 'two', 'three'].map((id) => keys.isLastAdmin(id)),
    [false, true, false],
  );
  keys.stays('one');
  assert.equal(keys.isLastAdmin('two'), false);
});
