// The client: one connection, requests over it or over HTTP, and the subscriptions that it feeds. Put together here; what each part does is in its own file.
import type { BatchOperation } from '@godwit/protocol';
import type { BatchOutcome, Client, ClientEvents, ClientOptions, Message, RequestOptions, State, SubscribeOptions, Subscription } from './api.ts';
import { type CallOptions, caller } from './calls.ts';
import { Connection } from './connection.ts';
import { Credentials, credentialOf } from './credentials.ts';
import { documentIn, documentsPath, list } from './documents.ts';
import { Ending } from './ending.ts';
import { environmentOf } from './environment.ts';
import { GodwitError } from './errors.ts';
import { Feed } from './feed.ts';
import { guarded, streaming, subscribing, uncaught } from './subscribing.ts';
import { surroundings } from './surroundings.ts';
import type { Method } from './transports/exchange.ts';
import { httpCarrier } from './transports/http.ts';
import type { AnyApi } from './types.ts';

/** A poll waits this long unless told otherwise: proxies cut idle requests at 30 to 60 s (6.3.1). */
const POLL_WAIT_MS = 25_000;

const checkOptions = ({ url, key, token, getToken }: ClientOptions): void => {
  if (!/^https?:\/\/[^/?#]+[^?#]*$/.test(url)) throw new TypeError(`url must be http:// or https://, without a query, and is ${url}.`);
  if ([key, token, getToken].filter((given) => given !== undefined).length > 1) throw new TypeError('Give one of key, token and getToken.');
  const credential = key ?? token;
  if (credential !== undefined) credentialOf(credential);
};

const pathOf = (template: string, params: Readonly<Record<string, string>>): string =>
  template.replace(/:([A-Za-z]\w*)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`The action ${template} needs the parameter ${name}.`);
    return encodeURIComponent(value);
  });

type Listeners = { readonly [E in keyof ClientEvents]: Set<(event: ClientEvents[E]) => void> };

/** Makes a client. It connects with the first subscription, or by `connect()`; requests go over HTTP until then. Throws where the options cannot be right. */
export const createClient = <Api extends AnyApi = AnyApi>(options: ClientOptions): Client<Api> => {
  checkOptions(options);
  const environment = environmentOf(options);
  const base = options.url.replace(/\/+$/, '').replace(/\/v1$/, '');
  const ending = new Ending();
  const credentials = new Credentials(options, environment.clock, ending);
  const overHttp = httpCarrier(environment, base, credentials, ending);
  const call = caller(environment, (exchange) => connection.socket?.request(exchange) ?? overHttp(exchange), ending);
  const askOnce = caller(environment, overHttp, ending, 0);
  const listeners: Listeners = { state: new Set(), gap: new Set(), error: new Set() };
  const emit = <E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void => {
    for (const listener of listeners[event]) guarded(() => listener(value), event === 'error' ? uncaught : failed);
  };
  const failed = (error: unknown, subscription?: Subscription): void => {
    if (listeners.error.size > 0) emit('error', { error, subscription });
    else console.error('godwit:', error);
  };
  const closedError = (): GodwitError => connection.state.error ?? new GodwitError({ code: 'CLOSED', message: 'The client is closed.' });

  const feed = new Feed({
    environment,
    ask: askOnce,
    pollWait: options.pollWait ?? POLL_WAIT_MS,
    lost: (error) => connection.lost(error),
  });
  const connection: Connection = new Connection({
    environment,
    url: `${base.replace(/^http/, 'ws')}/v1/ws?instance=${options.instance ?? environment.newId()}`,
    transport: options.transport ?? 'auto',
    credentials,
    probe: () => askOnce('GET', '/subscriptions'),
    call,
    flow: feed,
    surroundings,
    changed: (state) => {
      if (state.status === 'closed') {
        endAll(state);
        ending.come(closedError());
      }
      emit('state', state);
    },
    failed,
  });
  const endAll = ({ error }: State): void => {
    for (const subscriber of feed.subscribers()) {
      if (error === undefined) subscriber.delivery.outcome.ended('closed');
      else subscriber.delivery.outcome.failed(error);
    }
  };

  const subscribe = (
    topics: string | readonly string[],
    handler: (message: Message) => unknown,
    given: SubscribeOptions = {},
    leaving?: () => void,
  ): Subscription => {
    if (connection.state.status === 'closed') throw closedError();
    const subscription = subscribing(
      {
        environment,
        feed,
        call,
        gap: (gap, of) => emit('gap', { ...gap, subscription: of }),
        error: failed,
      },
      [topics].flat(),
      handler,
      given,
      leaving,
    );
    connection.open();
    return subscription;
  };

  const document = async (method: Method, path: string, given: CallOptions) => documentIn(await call(method, path, given));
  let closing: Promise<void> | undefined;

  const client = {
    get state() {
      return connection.state;
    },
    on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void) {
      listeners[event].add(listener);
      return () => {
        listeners[event].delete(listener);
      };
    },
    connect: () =>
      new Promise<void>((resolve, reject) => {
        const look = (): void => {
          const { status } = connection.state;
          if (status !== 'open' && status !== 'closed') return;
          leave();
          if (status === 'open') resolve();
          else reject(closedError());
        };
        const leave = client.on('state', look);
        look();
        connection.open();
      }),
    close() {
      closing ??= (async () => {
        await Promise.allSettled(feed.subscribers().map((subscriber) => subscriber.close()));
        connection.close();
      })();
      return closing;
    },
    request: call,
    get: (collection: string, id: string, given?: RequestOptions) => document('GET', documentsPath(collection, id), { ...given }),
    list: (collection: string, given: object = {}) => list(call, collection, given),
    create: (collection: string, data: unknown, given?: RequestOptions) => document('POST', documentsPath(collection), { ...given, data }),
    replace: (collection: string, id: string, data: unknown, given?: RequestOptions) => document('PUT', documentsPath(collection, id), { ...given, data }),
    patch: (collection: string, id: string, data: unknown, given?: RequestOptions) => document('PATCH', documentsPath(collection, id), { ...given, data }),
    remove: async (collection: string, id: string, given?: RequestOptions) => void (await call('DELETE', documentsPath(collection, id), { ...given })),
    async call(action: string, { params = {}, data, ...given }: { params?: Record<string, string>; data?: unknown } & RequestOptions = {}) {
      const [method, template = ''] = action.split(' ', 2) as [Method, string?];
      return (await call(method, pathOf(template, params), { ...given, data })).data;
    },
    batch: async (operations: readonly BatchOperation[], { mode, ...given }: RequestOptions & { mode?: string } = {}) =>
      (await call('POST', '/batch', { ...given, data: { operations, mode } })).data as BatchOutcome,
    publish: async (topic: string, data: unknown, given?: RequestOptions) =>
      (await call('POST', `/topics/${encodeURIComponent(topic)}/messages`, { ...given, data })).data,
    subscribe: (topics: string | readonly string[], second?: ((message: Message) => unknown) | SubscribeOptions, third?: SubscribeOptions) =>
      typeof second === 'function' ? subscribe(topics, second, third) : streaming((handler, leaving) => subscribe(topics, handler, second, leaving)),
  };
  return client as unknown as Client<Api>;
};

/** Makes a client and connects it; rejects where the credentials are refused. */
export const connect = async <Api extends AnyApi = AnyApi>(options: ClientOptions): Promise<Client<Api>> => {
  const client = createClient<Api>(options);
  await client.connect();
  return client;
};
