import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CREDENTIAL_CHARACTERS, isCredential } from './credential.ts';

test('5.1.1: a credential is of the characters that a subprotocol carries, and the words say which', () => {
  const told = new RegExp(`^[${CREDENTIAL_CHARACTERS.replaceAll(' ', '')}]$`);
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code);
    assert.equal(isCredential(character), told.test(character), JSON.stringify(character));
  }
  for (const given of ['', 'abc\n', undefined, null, 5, { toString: () => 'abc' }]) assert(!isCredential(given));
});
