// What the port may speak TLS with (2.1): text or files, and for what cannot serve a sentence that names it and repeats nothing of it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeCertificate } from '../../spec/certificate.ts';
import { readTls } from './tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-tls-'));
after(() => rmSync(folder, { recursive: true }));

const NAMES = { cert: 'tlsCert', key: 'tlsKey' };
const one = makeCertificate();
const other = makeCertificate();

test('PEM text and the paths of files are the same', () => {
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(paths.cert, one.cert);
  writeFileSync(paths.key, one.key);
  assert.deepEqual(readTls(one, NAMES), one);
  assert.deepEqual(readTls(paths, NAMES), one);
});

test('what cannot serve is named', () => {
  const none = join(folder, 'none.pem');
  for (const [tls, said] of [
    [{ ...one, cert: none }, /^The file .*none\.pem of tlsCert cannot be read \(ENOENT\)\.$/],
    [{ ...one, key: folder }, /^The file .* of tlsKey cannot be read \(EISDIR\)\.$/],
    [{ ...one, cert: one.key }, /^tlsCert holds no certificate that can be served: /],
    [{ ...one, key: one.cert }, /^tlsKey holds no private key that can be used/],
    [{ ...one, key: other.key }, /^The key of tlsKey does not fit the certificate of tlsCert: /],
  ] as const) {
    assert.throws(
      () => readTls(tls, NAMES),
      (error: Error) => {
        assert.equal(error.name, 'ConfigError');
        assert.match(error.message, said);
        assert.doesNotMatch(error.message, /BEGIN|\n/);
        return true;
      },
    );
  }
});
