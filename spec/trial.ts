// What a scenario gets: a server to ask, credentials made for it alone, names that nobody else uses, and a way to leave the
// server as it was found. Knows no clause.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Caller, caller, type Transport } from './caller.ts';
import { succeeds } from './expect.ts';
import type { Json } from './json.ts';
import { type OwnServer, type ServerOptions, startServer } from './own-server.ts';
import { type Channel, type ChannelOptions, carrierOf, openChannel } from './websocket.ts';

export interface Target {
  readonly url: string;
  /** A key of scope admin. */
  readonly key: string;
  /** The command that starts another server of the same build, without flags. */
  readonly serve?: readonly string[] | undefined;
}

/** Thrown by `t.skip`. */
export class NotRun extends Error {}

export interface KeyOptions {
  readonly client?: string;
  readonly limits?: Json;
  readonly name?: string;
}

export interface Trial {
  readonly url: string;
  readonly transport: Transport;
  /** Scope admin, limits that are never in the way. */
  readonly admin: Caller;
  /** No credentials. */
  readonly anonymous: Caller;
  /** A name nobody else uses; fits a collection, a topic segment and an id. */
  name(prefix?: string): string;
  /** A key of its own, with these scopes, a client of its own and high limits unless told. */
  key(scopes: readonly string[], options?: KeyOptions): Promise<Json>;
  /** The same, as a caller over the scenario's transport. */
  caller(scopes: readonly string[], options?: KeyOptions): Promise<Caller>;
  /** Somebody with this credential, over the scenario's transport. */
  as(credential: string | undefined): Caller;
  /** A WebSocket of this credential (the trial's own unless told), closed when the scenario ends. */
  channel(credential?: string, options?: ChannelOptions & { readonly url?: string }): Promise<Channel>;
  /** A new collection; it and its documents go when the scenario ends. */
  collection(schema?: Json): Promise<string>;
  /** Removes this collection, documents and all, when the scenario ends. */
  forget(collection: string): void;
  after(step: () => Promise<unknown>): void;
  /** A directory of the scenario's own, gone with it. */
  directory(): string;
  /** The command that starts one, for a scenario that wants to see it fail. */
  readonly serve: readonly string[] | undefined;
  /** A server of the scenario's own, ended with it. */
  server(options?: ServerOptions): Promise<OwnServer>;
  skip(why: string): never;
}

export const HIGH_LIMITS = { operationsPerMinute: 1_000_000, connectionsPerClient: 1_000, messagesPerSecond: 100_000 };

const emptied = async (admin: Caller, collection: string): Promise<void> => {
  for (let page = 0; page < 100; page++) {
    const listed = await admin.http('GET', `/v1/${collection}?limit=100`);
    const items: Json[] = listed.data?.items ?? [];
    if (items.length === 0) break;
    await admin.http('POST', '/v1/batch', { data: { operations: items.map((item) => ({ method: 'DELETE', path: `/${collection}/${item.id}` })) } });
  }
  await admin.http('DELETE', `/v1/collections/${collection}`);
};

/** Durable subscriptions outlive their client's keys: 6.2.4 lets an admin remove them. */
const unsubscribed = async (admin: Caller, client: string): Promise<void> => {
  const query = `?client=${encodeURIComponent(client)}`;
  const { items = [] } = (await admin.http('GET', `/v1/subscriptions${query}`)).data ?? {};
  for (const { name } of items as Json[]) await admin.http('DELETE', `/v1/subscriptions/${name}${query}`);
};

export interface OpenTrial extends Trial {
  end(): Promise<void>;
}

export const openTrial = (target: Target, adminKey: string, transport: Transport): OpenTrial => {
  const steps: (() => Promise<unknown>)[] = [];
  const http = caller(target.url, adminKey);
  const as = (credential: string | undefined): Caller => {
    if (transport !== 'websocket') return caller(target.url, credential, transport);
    const { carry, end } = carrierOf(target.url, credential);
    steps.push(end);
    return caller(target.url, credential, transport, carry);
  };
  const name = (prefix = 'spec'): string => `${prefix}-${randomBytes(6).toString('hex')}`;
  const key: Trial['key'] = async (scopes, options = {}) => {
    const made = succeeds(await http.post('/keys', { name: name(), client: name('client'), scopes, limits: HIGH_LIMITS, ...options }), 201, 'making a key');
    steps.push(() => http.delete(`/keys/${made.id}`));
    if (scopes.some((scope) => scope.startsWith('subscribe:'))) steps.push(() => unsubscribed(http, made.client));
    return made;
  };
  const forget = (collection: string): void => {
    steps.push(() => emptied(http, collection));
  };
  return {
    url: target.url,
    transport,
    admin: as(adminKey),
    anonymous: caller(target.url, undefined),
    name,
    key,
    caller: async (scopes, options) => as((await key(scopes, options)).key),
    as,
    channel: async (credential = adminKey, { url = target.url, ...options } = {}) => {
      const channel = await openChannel(url, { credential, ...options });
      steps.push(async () => channel.socket.terminate());
      return channel;
    },
    collection: async (schema) => {
      const collection = name('c');
      succeeds(await http.post('/collections', schema === undefined ? { name: collection } : { name: collection, schema }), 201, 'making a collection');
      forget(collection);
      return collection;
    },
    forget,
    after: (step) => {
      steps.push(step);
    },
    directory: () => {
      const directory = mkdtempSync(join(tmpdir(), 'godwit-spec-'));
      steps.push(async () => rmSync(directory, { recursive: true, force: true }));
      return directory;
    },
    serve: target.serve,
    server: async (options) => {
      const server = await startServer(target.serve, options);
      steps.push(() => server.discard());
      return server;
    },
    skip: (why) => {
      throw new NotRun(why);
    },
    end: async () => {
      // Cleaning up is a kindness to the server, not a claim about it: what fails here fails no scenario.
      for (const step of steps.reverse()) await step().catch(() => {});
    },
  };
};
