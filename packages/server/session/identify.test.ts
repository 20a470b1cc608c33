// Who is asking (11.1), and how many guesses one address has (7.1.1).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import { hashKey, Keys } from '../core/keys.ts';
import { manualClock } from '../testing/clock.ts';
import { Identifier } from './identify.ts';

const ONE = { remoteAddress: 'a' };
const OTHER = { remoteAddress: 'b' };

const start = () => {
  const clock = manualClock();
  const keys = new Keys(clock, 'secret');
  keys.set({ id: 'k', hash: hashKey('the-key'), name: null, client: 'c', scopes: ['admin'], limits: {}, createdAt: 0 });
  return { clock, keys, identifier: new Identifier(keys, clock) };
};

const refusal = (ask: () => unknown): { code: string; headers: Readonly<Record<string, string>> } => {
  try {
    ask();
  } catch (error) {
    assert(error instanceof ProtocolError);
    return error;
  }
  return { code: 'taken', headers: {} };
};

test('11.1: the Authorization header', () => {
  const { identifier } = start();
  for (const header of ['Bearer the-key', 'bearer the-key', 'Bearer   the-key  ']) assert.equal(identifier.fromHeader(header, ONE).keyId, 'k', header);
  for (const header of [
    undefined,
    '',
    'the-key',
    'Basic the-key',
    'Bearer',
    'Bearer ',
    'Bearer the key',
    'Bearer the-kéy',
    'Bearer other',
    'Token Bearer the-key',
  ]) {
    const { code, headers } = refusal(() => identifier.fromHeader(header, ONE));
    assert.deepEqual([code, headers['www-authenticate']], ['UNAUTHENTICATED', 'Bearer'], header);
  }
});

test('7.1.1: 100 guesses a minute from one address; those who know the key are never shut out', async () => {
  const { identifier, clock } = start();
  for (let guess = 0; guess < 100; guess++) assert.equal(refusal(() => identifier.fromCredential(`guess-${guess}`, ONE)).code, 'UNAUTHENTICATED');
  const { code, headers } = refusal(() => identifier.fromCredential('guess', ONE));
  assert.equal(code, 'RATE_LIMITED');
  assert.equal(refusal(() => identifier.fromCredential('guess', OTHER)).code, 'UNAUTHENTICATED', 'another address has its own');
  assert.equal(identifier.fromCredential('the-key', ONE).keyId, 'k');
  await clock.advance(Number(headers['retry-after']) * 1000);
  assert.equal(refusal(() => identifier.fromCredential('guess', ONE)).code, 'UNAUTHENTICATED');
});

test('5.1.1, 7.1.1: a token that was good once is no guess', async () => {
  const { identifier, keys, clock } = start();
  const { token } = keys.makeToken(identifier.fromCredential('the-key', ONE), { ttl: 1, sub: 's', own: true });
  await clock.advance(2000);
  for (let time = 0; time < 200; time++) {
    const { code, headers } = refusal(() => identifier.fromCredential(token, ONE));
    assert.deepEqual([code, headers['www-authenticate']], ['TOKEN_EXPIRED', 'Bearer error="invalid_token"']);
  }
  assert.equal(refusal(() => identifier.fromCredential('guess', ONE)).code, 'UNAUTHENTICATED');
});
