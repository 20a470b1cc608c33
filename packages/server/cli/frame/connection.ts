// Which server is asked and who asks, from flags and the environment; the client that does it. A server that was never reached is told of at once: trying
// again would only make a person wait for a wrong address.
import { type Client, type ClientOptions, createClient } from '@godwit/client';
import { CREDENTIAL_CHARACTERS, isCredential } from '@godwit/protocol';
import { CommandError, unreachable } from './failure.ts';
import { UsageError } from './usage.ts';

export const DEFAULT_URL = 'http://localhost:7117';

export interface Whom {
  readonly url: string;
  readonly key: string | undefined;
  readonly token: string | undefined;
}

interface ConnectionFlags {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
}

const given = (text: string | undefined): string | undefined => (text === undefined || text.trim() === '' ? undefined : text.trim());

/** Flags win over the environment; there a token wins over a key, and a key over the admin key: who has the narrower one means it. */
export const whom = (flags: ConnectionFlags, env: Readonly<Record<string, string | undefined>>): Whom => {
  const text = given(flags.url) ?? given(env['GODWIT_URL']) ?? DEFAULT_URL;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError('The URL of the server must begin with http:// or https://, as http://localhost:7117 does.');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new UsageError('The URL of the server must hold no credentials, query or fragment; the key goes into GODWIT_KEY.');
  const [key, token] = [given(flags.key), given(flags.token)];
  if (key !== undefined && token !== undefined) throw new UsageError('Give --key or --token, not both.');
  const own = key ?? token;
  const envToken = own === undefined ? given(env['GODWIT_TOKEN']) : undefined;
  const envKey = own === undefined && envToken === undefined ? (given(env['GODWIT_KEY']) ?? given(env['GODWIT_ADMIN_KEY'])) : undefined;
  for (const credential of [key ?? envKey, token ?? envToken])
    if (credential !== undefined && !isCredential(credential))
      throw new UsageError(`A key or token has only the characters ${CREDENTIAL_CHARACTERS} (5.1.1), and the one that was given has others.`);
  return { url: url.href.replace(/\/(?:v1\/?)?$/, ''), key: key ?? envKey, token: token ?? envToken };
};

export type Limited = (seconds: number) => void;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name cannot be looked up',
  ECONNRESET: 'it hung up',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate signs itself; name it in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that is not known here; name that in NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an authority that is not known here; name that in NODE_EXTRA_CA_CERTS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is of another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there; try http://',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS there; try http://',
};

/** Why a fetch failed before it reached anyone; undefined where it may have. */
export const reasonOf = (error: unknown): string | undefined => {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined && Object.hasOwn(REASONS, code)) return REASONS[code];
    if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  }
  return undefined;
};

/**
 * A client of that server. `gaveUp` hears, once, when the first attempt to reach it fails in a way that waiting does not mend; from the first answer on, the
 * client's own patience holds. `limited` hears how many seconds the client is about to wait because a limit is reached.
 */
export const clientOf = ({ url, key, token }: Whom, gaveUp: (error: CommandError) => void, options: Partial<ClientOptions> = {}, limited?: Limited): Client => {
  let reached = false;
  const patient: typeof fetch = async (input, init) => {
    try {
      const response = await fetch(input, init);
      reached = true;
      if (response.status === 429) limited?.(Number(response.headers.get('retry-after') ?? 1));
      return response;
    } catch (error) {
      // One that was ended from here, in time or by a person, says nothing of the server.
      const isEnded = init?.signal?.aborted === true;
      if (!reached && !isEnded) gaveUp(unreachable(url, reasonOf(error) ?? String((error as Error).cause ?? (error as Error).message)));
      throw error;
    }
  };
  return createClient({ url, fetch: patient, ...(key === undefined ? {} : { key }), ...(token === undefined ? {} : { token }), ...options });
};

/** Refuses a command that needs credentials and has none. */
export const needCredentials = ({ key, token }: Whom): void => {
  if (key === undefined && token === undefined)
    throw new CommandError('This needs an API key or a token', { code: 'UNAUTHENTICATED', remedy: 'Put a key into GODWIT_KEY or GODWIT_ADMIN_KEY.' });
};
