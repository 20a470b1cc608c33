// Fingerprints of names: of texts and of bytes the same, whatever lies around the bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fingerprints } from './fingerprint.ts';

test('property: the fingerprint of bytes is that of the texts', () => {
  const ascii = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 129 });
  const salt = fc.stringMatching(/^[0-9a-f]{16}$/);
  fc.assert(
    fc.property(salt, fc.string(), ascii, ascii, (secret, client, requestId, around) => {
      const { ofTexts, ofClient, ofBytes } = fingerprints(secret);
      const bytes = Buffer.from(around + requestId + around, 'latin1');
      assert.equal(ofBytes(ofClient(client), bytes, around.length, around.length + requestId.length), ofTexts(client, requestId));
    }),
  );
});
