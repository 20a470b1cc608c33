// The client: one connection, requests over it or over HTTP, and the subscriptions that it feeds. Put together here; what each part does is in its own file.
import type { BatchOperation } from '@godwit/protocol';
import type { Client, ClientEvents, ClientOptions, Message, RequestOptions, SubscribeOptions, Subscription } from './api.ts';
import { type CallOptions, caller, pathTo } from './calls.ts';
import { type Connection, connectionOf } from './connection.ts';
import { Credentials, credentialOf } from './credentials.ts';
import { documentIn, list } from './documents.ts';
import { Ending } from './ending.ts';
import { environmentOf } from './environment.ts';
import { ended, type GodwitError } from './errors.ts';
import { Feed } from './feed.ts';
import { POLL_WAIT_MS } from './figures.ts';
import { guarded, streaming, subscribing, uncaught } from './subscribing.ts';
import type { Method } from './transports/exchange.ts';
import { httpCarrier } from './transports/http.ts';
import type { AnyApi } from './types.ts';

const checkOptions = ({ url, key, token, getToken }: ClientOptions): void => {
  if (!/^https?:\/\/[^/?#]+[^?#]*$/.test(url)) throw new TypeError(`url must be http(s)://... without a query, not ${url}.`);
  if ([key, token, getToken].filter(Boolean).length > 1) throw new TypeError('Give one of key, token and getToken.');
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
  const ending = new Ending(environment.clock);
  const credentials = new Credentials(options, ending);
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
  const closedError = (): GodwitError => connection.state.error ?? ended('The client is closed.');

  const feed = new Feed({
    environment,
    ask: askOnce,
    pollWait: options.pollWait ?? POLL_WAIT_MS,
    lost: (error) => connection.lost(error),
  });
  const connection: Connection = connectionOf({
    environment,
    url: `${base.replace(/^http/, 'ws')}/v1/ws?instance=${options.instance ?? environment.newId()}`,
    transport: options.transport ?? 'auto',
    credentials,
    probe: () => askOnce('GET', '/subscriptions'),
    call,
    flow: feed,
    changed: (state) => {
      if (state.status === 'closed') {
        for (const { delivery } of feed.subscribers()) {
          if (state.error) delivery.outcome.failed(state.error);
          else delivery.outcome.ended('closed');
        }
        ending.come(closedError());
      }
      emit('state', state);
    },
    failed,
  });

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

  const dataOf = async (method: Method, path: string, given: CallOptions) => (await call(method, path, given)).data;
  const document = async (method: Method, path: string, given?: CallOptions) => documentIn(await call(method, path, given));
  const write = (method: Method) => (collection: string, id: string, data: unknown, given?: RequestOptions) =>
    document(method, pathTo(collection, id), { ...given, data });
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
    close: () => (closing ??= Promise.allSettled(feed.subscribers().map((subscriber) => subscriber.close())).then(() => connection.close())),
    request: call,
    get: (collection: string, id: string, given?: RequestOptions) => document('GET', pathTo(collection, id), given),
    list: (collection: string, given: object = {}) => list(call, collection, given),
    create: (collection: string, data: unknown, given?: RequestOptions) => document('POST', pathTo(collection), { ...given, data }),
    replace: write('PUT'),
    patch: write('PATCH'),
    remove: async (collection: string, id: string, given?: RequestOptions) => void (await call('DELETE', pathTo(collection, id), given)),
    async call(action: string, { params = {}, data, ...given }: { params?: Record<string, string>; data?: unknown } & RequestOptions = {}) {
      const [method, template = ''] = action.split(' ', 2) as [Method, string?];
      return dataOf(method, pathOf(template, params), { ...given, data });
    },
    batch: (operations: readonly BatchOperation[], { mode, ...given }: RequestOptions & { mode?: string } = {}) =>
      dataOf('POST', '/batch', { ...given, data: { operations, mode } }),
    publish: (topic: string, data: unknown, given?: RequestOptions) => dataOf('POST', pathTo('topics', topic, 'messages'), { ...given, data }),
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
