// What the SDK offers, as types: requests, messages, and the one state that tells how it stands. What carries it out is in client.ts.
import type { BatchOperation, Published } from '@godwit/protocol';
import type { GodwitError } from './errors.ts';
import type {
  ActionInput,
  ActionName,
  ActionResult,
  AnyApi,
  Body,
  CollectionName,
  DocumentOf,
  FieldOf,
  MessageData,
  NewDocument,
  OperationResult,
  OwnMembers,
  Patch,
  PublishData,
  PublishTopic,
  SubscribePattern,
} from './types.ts';

/** What a request may bring along. */
export interface RequestOptions {
  /** Names the request, 1 to 128 visible ASCII characters: one that is repeated with it takes effect once (4.1.3). Made where none is given. */
  readonly requestId?: string;
  /** Ends it: the promise rejects with the signal's reason. What was sent may have taken effect. */
  readonly signal?: AbortSignal;
  /** Milliseconds from its sending until one attempt is given up; 30,000 (6.1.1). What waits here for its turn in a burst (7.2.1) waits as long as that takes: a `signal` bounds it all. */
  readonly timeout?: number;
}

export interface ChangeOptions extends RequestOptions {
  /** Only if the document is still in this state (3.2.3): an ETag, as `etagOf(document)` tells it of one that was read. Else it fails with `PRECONDITION_FAILED`. */
  readonly ifMatch?: string;
}

export interface ListOptions<Document extends object = Body> extends RequestOptions {
  /** Documents per page, 1 to 100; 50. */
  readonly limit?: number;
  /** `-createdAt,name`: fields, `-` for descending (3.2.4). */
  readonly sort?: string;
  /** `{status: 'open', total: {gte: 10}}`: a value is `eq`; operators are eq ne lt lte gt gte in (an array). A dot reaches into a member. */
  readonly filter?: Filter<Document>;
  /** `next` of the page before; pages go on from there. */
  readonly after?: string;
}
export type FilterOperator = 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte' | 'in';
export type FilterValue = string | number | boolean | null;
type Filtered = FilterValue | Readonly<Partial<Record<FilterOperator, FilterValue | readonly FilterValue[]>>>;
export type Filter<Document extends object> =
  string extends FieldOf<Document> ? Readonly<Record<string, Filtered>> : { readonly [F in FieldOf<Document>]?: Filtered };

export interface Page<T> {
  readonly items: readonly T[];
  /** `after` of the next page; null at the end. */
  readonly next: string | null;
}

/** The documents of a list, one by one over all pages (`for await`), or page by page. */
export interface List<T> extends AsyncIterable<T> {
  pages(): AsyncIterable<Page<T>>;
  /** The first page alone. */
  page(): Promise<Page<T>>;
  /** All of them in one array; mind their number. */
  all(): Promise<T[]>;
}

/** What a server answered in full: for `request`. */
export interface Answer<T = unknown> {
  readonly status: number;
  readonly data: T;
  /** By lower-case name; over a WebSocket those that the protocol carries (`etag`, `location`). */
  readonly headers: Readonly<Record<string, string>>;
  /** The first outcome of a request that was repeated (4.1.3). */
  readonly replayed: boolean;
  readonly requestId: string;
}

export interface BatchResult {
  readonly id: string | null;
  readonly statusCode: number;
  readonly status: 'success' | 'error';
  readonly data?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> };
  readonly headers?: Readonly<Record<string, string>>;
}
export interface BatchOutcome {
  readonly results: readonly BatchResult[];
  readonly succeeded: number;
  readonly failed: number;
}

/** A message, as it is handed to the application. */
export interface Message<Data = unknown> {
  readonly messageId: string;
  readonly topic: string;
  /** The place just after it: what `after` takes. */
  readonly cursor: string;
  /** When it was published, RFC 3339. */
  readonly timestamp: string;
  readonly data: Data;
  /** A hint that it may have been handed to an earlier attachment, or that the handler failed on it before (6.2.6). */
  readonly redelivered: boolean;
}

/** Messages that are no longer kept (6.2.9): those after `from`, up to and with `to`. */
export interface Gap {
  readonly from: string;
  readonly to: string;
}

export interface SubscribeOptions {
  /** Where to begin: a cursor, `earliest`, or `latest` (the default). A durable subscription that exists keeps its own place. */
  readonly after?: string;
  /** Makes it durable: the server keeps the cursor, and what the handler finished is acknowledged (6.2.4 to 6.2.6). 1 to 64 of `[A-Za-z0-9_-]`. */
  readonly name?: string;
  /** Durable: how long without an acknowledgement until messages are sent again, `30s` (6.2.6). */
  readonly ackWait?: string;
  /** Hears of messages that retention removed before they could be handed over, in its place among the messages. */
  readonly onGap?: (gap: Gap) => void;
  /** Hears of every place reached: after the handler has finished a message, and as the log moves on without one. Keep it to go on from there. */
  readonly onCursor?: (cursor: string) => void;
  /** Keeps the cursor of an unnamed subscription under a key, so that it goes on from there: see `localStorageCursors`. */
  readonly store?: { readonly key: string; readonly cursors: CursorStore };
  /** What the handler failed with; the client's `error` listeners hear of it where this is not given, and the console where nobody listens. */
  readonly onError?: (error: unknown, message: Message) => void;
  readonly signal?: AbortSignal;
}

export interface CursorStore {
  get(key: string): string | null | undefined | Promise<string | null | undefined>;
  set(key: string, cursor: string): void | Promise<void>;
}

/** A subscription under way. */
export interface Subscription {
  readonly topics: readonly string[];
  /** Of a durable one. */
  readonly name: string | undefined;
  /** The place up to which the handler has finished; undefined until it is known. */
  readonly cursor: string | undefined;
  /** Resolves when the server has confirmed it: what is published from then on is handed over. Rejects where it is refused. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended: `closed`, a takeover by another attachment (`taken-over`), its deletion, scopes that no longer cover it. Rejects where it failed. */
  readonly closed: Promise<{ readonly reason: string }>;
  /**
   * Ends it here, when the handler has finished the message in hand (so a handler must not await it); a durable one is acknowledged up to there and lives on at the server. A
   * server that does not answer is waited for 5 s. Another of its name may be made at once: it begins when this one has ended.
   */
  close(): Promise<void>;
}

export interface MessageStream<M> extends AsyncIterable<M>, Subscription {}

/** How the client stands. */
export interface State {
  /**
   * `idle`: nothing asked for yet; `connecting`: it was not open yet; `open`: messages flow over `transport`; `reconnecting`: they do not, it is being tried; `closed`: it ended, and
   * does not come back by itself (`error` says why, where it was not `close`).
   */
  readonly status: 'idle' | 'connecting' | 'open' | 'reconnecting' | 'closed';
  readonly transport: 'websocket' | 'longpoll' | undefined;
  /** What the last attempt failed with, or why it is closed. */
  readonly error: GodwitError | undefined;
}

export interface ClientEvents {
  /** The status or the transport has changed, or what the attempts fail with: also the first that fails while it is still `connecting`. */
  state: State;
  /** A message that retention removed before it could be handed over. */
  gap: Gap & { readonly subscription: Subscription };
  /**
   * What has no promise that could carry it: a handler that failed, an acknowledgement that was refused, credentials that cannot be had, a durable subscription that goes on from the server's
   * place because its own is of another log (`INVALID_CURSOR`: the server was restored), a subscription that failed and of which nobody took `ready` or `closed` or the messages by a loop. Where
   * nobody listens the console hears of it.
   */
  error: { readonly error: unknown; readonly subscription: Subscription | undefined };
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** What a request of any operation may bring along. */
export interface RequestData extends ChangeOptions {
  readonly data?: unknown;
}

type Handler<Data> = (message: Message<Data>) => unknown;

/** The client of a server. `Api` is `typeof api`, of the server's `defineApi`; without it everything is allowed and documents are untyped. */
export interface Client<Api extends AnyApi = AnyApi> {
  readonly state: State;
  /** Calls `listener` at each event until the function that it returns is called. */
  on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void): () => void;
  /**
   * Opens the connection; resolves when messages can flow, over either transport. Rejects where the credentials are refused, or it was closed. A server that is not there is tried
   * without end, and the `state` event tells what the attempts fail with.
   */
  connect(): Promise<void>;
  /**
   * Ends every subscription as its own `close` does, acknowledges what was handled, closes the connection. Requests that are under way then reject with `CLOSED`; they may have
   * taken effect.
   */
  close(): Promise<void>;

  /**
   * Any operation, in full (clause 1): `request('GET', '/stats')`. What it answers is typed where the path has no parameters; say it where you know it:
   * `request<MyReport>('GET', '/reports/7')`.
   */
  request<const M extends Method, const P extends string>(method: M, path: P, options?: RequestData): Promise<Answer<OperationResult<M, P>>>;
  request<T>(method: Method, path: string, options?: RequestData): Promise<Answer<T>>;
  get<N extends CollectionName<Api>>(collection: N, id: string, options?: RequestOptions): Promise<DocumentOf<Api, N>>;
  list<N extends CollectionName<Api>>(collection: N, options?: ListOptions<DocumentOf<Api, N>>): List<DocumentOf<Api, N>>;
  create<N extends CollectionName<Api>>(collection: N, document: NewDocument<Api, N>, options?: RequestOptions): Promise<DocumentOf<Api, N>>;
  /** Replaces an existing document. With `ifMatch: etagOf(document)` only if nobody changed it. */
  replace<N extends CollectionName<Api>>(collection: N, id: string, document: OwnMembers<Api, N>, options?: ChangeOptions): Promise<DocumentOf<Api, N>>;
  patch<N extends CollectionName<Api>>(collection: N, id: string, patch: Patch<OwnMembers<Api, N>>, options?: ChangeOptions): Promise<DocumentOf<Api, N>>;
  remove<N extends CollectionName<Api>>(collection: N, id: string, options?: ChangeOptions): Promise<void>;
  /** Carries out an action of the application: `call('POST /orders/:id/cancel', {params: {id}, data})`. */
  call<A extends ActionName<Api>>(
    action: A,
    ...input: Record<string, never> extends ActionInput<Api, A> ? [(ActionInput<Api, A> & RequestOptions)?] : [ActionInput<Api, A> & RequestOptions]
  ): Promise<ActionResult<Api, A>>;
  /** Many operations at once (9.2); `atomic`: all of them or none. A partial batch resolves also where operations failed: see `results`. */
  batch(operations: readonly BatchOperation[], options?: RequestOptions & { readonly mode?: 'partial' | 'atomic' }): Promise<BatchOutcome>;

  /** Publishes; resolves when the message is on stable storage (6.2.1). Await one before the next where their order matters: retries may change it. */
  publish<T extends PublishTopic<Api>>(topic: T, data: PublishData<Api, T>, options?: RequestOptions): Promise<Published>;
  /** Hands each message that matches to `handler`, once and in log order, one after the other; an async handler is awaited. */
  subscribe<const P extends SubscribePattern<Api>>(topics: P | readonly P[], handler: Handler<MessageData<Api, P>>, options?: SubscribeOptions): Subscription;
  /** The same as an async iterator: the next message is taken when the loop asks for it, and counts as finished then. */
  subscribe<const P extends SubscribePattern<Api>>(topics: P | readonly P[], options?: SubscribeOptions): MessageStream<Message<MessageData<Api, P>>>;
}

/** What of the surroundings the client uses; each may be put in by tests and by runtimes that lack it. */
export interface Environment {
  readonly fetch: typeof fetch;
  /** A constructor such as the browser's; undefined: long-polling only. */
  readonly WebSocket: (new (url: string, protocols: string[]) => WebSocket) | undefined;
  readonly clock: Clock;
  /** From 0 up to but without 1. */
  readonly random: () => number;
  readonly newId: () => string;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export interface ClientOptions extends Partial<Environment> {
  /** `https://api.example`, with any path before `/v1` that a proxy puts there. */
  readonly url: string;
  /** An API key: for servers and tools, never for browsers. */
  readonly key?: string | undefined;
  /** A short-lived token (11.2). */
  readonly token?: string | undefined;
  /** Gets a token, anew whenever one is about to expire or has; preferred for browsers. It is given up after 30 s, and asked again where it fails (8.2.1). */
  readonly getToken?: (() => string | Promise<string>) | undefined;
  /** `auto`: a WebSocket, and long-polling while one cannot be had (6.3.2). */
  readonly transport?: 'auto' | 'websocket' | 'longpoll';
  /** Names this client's instance, so that its new WebSocket replaces its old one (5.5); made where none is given. */
  readonly instance?: string;
  /** How long a long-poll waits, in milliseconds; 25,000 (6.3.1). */
  readonly pollWait?: number;
}
