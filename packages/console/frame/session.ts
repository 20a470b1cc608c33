// Who is using the console, and the one client that everything is asked with. The credential is kept for this tab alone (sessionStorage), and sent nowhere
// but to the server that the page came from.
import { type Client, type ClientOptions, createClient, GodwitError, type State } from '@godwit/client';
import { allows } from '@godwit/protocol';
import { signal } from '@preact/signals';

export interface Who {
  readonly client: string;
  readonly keyId: string;
  readonly sub: string | null;
  readonly scopes: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly expiresAt: string | null;
  readonly collections: readonly { readonly name: string; readonly read: boolean; readonly write: boolean }[];
}

export interface Session {
  readonly client: Client;
  readonly credential: string;
}

export type Transport = NonNullable<ClientOptions['transport']>;
export const TRANSPORTS = ['auto', 'websocket', 'longpoll'] as const satisfies readonly Transport[];

const CREDENTIAL = 'godwit.credential';
const TRANSPORT = 'godwit.transport';

/** `checking`: a credential is at hand and being tried. */
export const phase = signal<'out' | 'checking' | 'in'>('checking');
export const session = signal<Session | undefined>(undefined);
export const who = signal<Who | undefined>(undefined);
export const standing = signal<State>({ status: 'idle', transport: undefined, error: undefined });
export const transport = signal<Transport>('auto');
/** Why nobody is signed in any more, for a person. */
export const farewell = signal<string | undefined>(undefined);
/** The server's base, the same that the page came from. */
export const serverUrl = (): string => location.origin;

/** Whether the user may do what a scope names. */
export const may = (scope: string): boolean => who.value?.scopes.some((held) => allows(held, scope)) ?? false;
/** Whether the user may do anything of a kind: `subscribe`, `publish`, `read`, `write`. */
export const mayAny = (verb: string): boolean => who.value?.scopes.some((held) => held === 'admin' || held.startsWith(`${verb}:`)) ?? false;

/** The client of who is signed in. Throws where nobody is: pages are only drawn for somebody. */
export const client = (): Client => {
  if (session.value === undefined) throw new Error('Nobody is signed in.');
  return session.value.client;
};

const open = (credential: string): Client => {
  const opened = createClient({ url: serverUrl(), transport: transport.value, key: credential });
  opened.on('state', (state) => {
    if (session.value?.client !== opened) return;
    standing.value = state;
    if (state.status === 'closed' && state.error !== undefined) leave(endOf(state.error));
  });
  return opened;
};

const endOf = (error: GodwitError): string => {
  if (error.code === 'TOKEN_EXPIRED') return 'The token has expired. Sign in with a new one.';
  if (error.code === 'UNAUTHENTICATED') return 'The key or token is not valid any more: it may have been revoked.';
  return error.message;
};

/** Reads anew who is asking, as after a collection was made. */
export const refreshWho = async (): Promise<void> => {
  const { data } = await client().request<Who>('GET', '/session');
  who.value = data;
};

/** Signs in with a key or token. Rejects with what is wrong. */
export const signIn = async (typed: string): Promise<void> => {
  const credential = typed.trim();
  const opened = open(credential);
  try {
    const { data } = await opened.request<Who>('GET', '/session');
    farewell.value = undefined;
    who.value = data;
    session.value = { client: opened, credential };
    standing.value = opened.state;
    phase.value = 'in';
    sessionStorage.setItem(CREDENTIAL, credential);
    // What it fails with shows in the state.
    opened.connect().catch(() => {});
  } catch (error) {
    await opened.close();
    throw error;
  }
};

/** Ends the session; `why` is shown where one signs in. */
export const leave = (why?: string): void => {
  const left = session.value;
  sessionStorage.removeItem(CREDENTIAL);
  farewell.value = why;
  phase.value = 'out';
  session.value = undefined;
  who.value = undefined;
  void left?.client.close();
};

/** Carries messages another way from now on. */
export const useTransport = async (next: Transport): Promise<void> => {
  transport.value = next;
  sessionStorage.setItem(TRANSPORT, next);
  const before = session.value;
  if (before === undefined) return;
  const opened = open(before.credential);
  session.value = { client: opened, credential: before.credential };
  standing.value = opened.state;
  await before.client.close();
  opened.connect().catch(() => {});
};

/** Why the kept credential could not be tried. */
export const unreachable = signal<unknown>(undefined);

/** Goes on as who was signed in in this tab before, if anybody. */
export const restore = async (): Promise<void> => {
  const kept = sessionStorage.getItem(TRANSPORT);
  transport.value = TRANSPORTS.find((known) => known === kept) ?? 'auto';
  const credential = sessionStorage.getItem(CREDENTIAL);
  if (credential === null) {
    phase.value = 'out';
    return;
  }
  phase.value = 'checking';
  unreachable.value = undefined;
  try {
    await signIn(credential);
  } catch (error) {
    if (error instanceof GodwitError && (error.code === 'UNAUTHENTICATED' || error.code === 'TOKEN_EXPIRED')) leave(endOf(error));
    else unreachable.value = error;
  }
};
