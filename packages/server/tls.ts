// What the port speaks TLS with (2.1), read and tried before anything is opened: a certificate or a key that cannot serve stops the start with a sentence that
// names it, where the TLS library would speak of its own inside.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './settings.ts';

export interface Tls {
  /** PEM text: the certificate and its chain. */
  readonly cert: string;
  /** PEM text. */
  readonly key: string;
}

const read = (name: string, given: string): string => {
  if (given.includes('-----BEGIN')) return given;
  try {
    return readFileSync(resolve(given), 'utf8');
  } catch (cause) {
    throw new ConfigError(`The file ${given} of ${name} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
};

const attempt = (parts: Partial<Tls>, refusal: string): void => {
  try {
    createSecureContext(parts);
  } catch (cause) {
    throw new ConfigError(`${refusal}: ${(cause as Error).message}.`, { cause });
  }
};

/** `cert` and `key` are each PEM text or the path of a PEM file; `names` is what their giver calls them. Throws `ConfigError`. */
export const readTls = ({ cert, key }: Tls, names: Tls): Tls => {
  const tls = { cert: read(names.cert, cert), key: read(names.key, key) };
  attempt({ cert: tls.cert }, `${names.cert} holds no certificate that can be served`);
  attempt({ key: tls.key }, `${names.key} holds no private key that can be used (one with a passphrase cannot)`);
  attempt(tls, `The key of ${names.key} does not fit the certificate of ${names.cert}`);
  return tls;
};
