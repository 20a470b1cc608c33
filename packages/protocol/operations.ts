// The one vocabulary: every operation of the protocol, a row each. HTTP routes, WebSocket dispatch, batches, validation, scopes, OpenAPI and
// the reference are made from this table; adding an operation is adding a row and its handler.
import { isObject } from './envelope.ts';
import type { ErrorCode } from './errors.ts';
import { CallerShape, KeyCreate, KeyCreated, KeyList, TokenCreate, TokenCreated } from './shapes/access.ts';
import { BatchData, BatchResults } from './shapes/batch.ts';
import type { JsonSchema } from './shapes/common.ts';
import { Any } from './shapes/common.ts';
import { Changelog, Discovery } from './shapes/discovery.ts';
import {
  CollectionCreate,
  CollectionList,
  CollectionReplace,
  CollectionShape,
  DocumentData,
  DocumentList,
  DocumentListQuery,
  DocumentShape,
} from './shapes/documents.ts';
import { MessagePage, MessagesQuery, Published } from './shapes/messages.ts';
import { ConnectionList, Stats } from './shapes/operating.ts';
import {
  ClientQuery,
  SessionRenew,
  SessionShape,
  SubscriptionAck,
  SubscriptionAcked,
  SubscriptionAttached,
  SubscriptionCreate,
  SubscriptionList,
  SubscriptionListQuery,
  SubscriptionOpened,
  SubscriptionPull,
  SubscriptionReplace,
  SubscriptionShape,
} from './shapes/subscriptions.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may: `none` asks for no credentials, `any` for valid ones; `read` and `write` for the scope on the `{collection}` of the path; `publish` on its
 * `{topic}`; `subscribe` on every pattern asked for; `admin`. An application's action names a whole scope.
 */
export type Access = 'none' | 'any' | 'admin' | 'read' | 'write' | 'publish' | 'subscribe' | `scope:${string}`;

export interface Operation {
  readonly name: string;
  readonly method: Method;
  /** Below /v1; `{name}` stands for one segment. */
  readonly path: string;
  readonly clause: string;
  readonly summary: string;
  readonly access: Access;
  /** The shape of `data` in the request; absent where there is no body. */
  readonly data?: JsonSchema;
  /** Whether `data` may be left out where there is no envelope around it. */
  readonly dataOptional?: boolean;
  readonly query?: JsonSchema;
  /** The shape of `data` in the response. */
  readonly result?: JsonSchema;
  readonly success: 200 | 201 | 204;
  /** Whether the outcome is remembered by its requestId (4.1.3). */
  readonly remembered: boolean;
  /** Set where some of it belongs to a connection, and so is not remembered (4.1.3) nor taken in a batch (9.2.1): whether what is asked for does. */
  readonly ofConnection?: (params: Readonly<Record<string, string>>, data: unknown) => boolean;
  /** Where it may stand in a batch (9.2): nowhere, in a partial one, or in both. */
  readonly batch: 'never' | 'partial' | 'atomic';
  readonly errors: readonly ErrorCode[];
  readonly since: string;
  /** Answers a machine-read document, not an envelope (4.2.1). */
  readonly bare?: boolean;
  /** Set where the operation is deprecated (10.3): RFC 9745 and RFC 8594 dates, seconds since the epoch. */
  readonly deprecated?: { readonly since: number; readonly sunset?: number };
}

/** The id of an unnamed subscription begins with it (6.2.3). */
export const UNNAMED = '~';

const row = <const O extends Operation>(operation: O): O => operation;

/** Every operation, in the order of the reference. */
// biome-ignore format: a table, a row each
export const OPERATIONS = [
  row({ name: 'discover', method: 'GET', path: '', clause: '3.1.3', summary: 'What this server is, speaks and limits', access: 'none', result: Discovery, success: 200, remembered: false, batch: 'partial', errors: [], since: '1.0' }),
  row({ name: 'getChangelog', method: 'GET', path: '/changelog', clause: '10.3', summary: 'What changed from version to version', access: 'none', result: Changelog, success: 200, remembered: false, batch: 'partial', errors: [], since: '1.0' }),
  row({ name: 'getOpenapi', method: 'GET', path: '/openapi.json', clause: '3.1.3', summary: 'This API as OpenAPI 3.1', access: 'none', success: 200, remembered: false, batch: 'never', errors: [], since: '1.0', bare: true }),
  row({ name: 'getAsyncapi', method: 'GET', path: '/asyncapi.json', clause: '3.1.3', summary: 'The WebSocket, the event stream and the topics of collections as AsyncAPI 3.0', access: 'none', success: 200, remembered: false, batch: 'never', errors: [], since: '1.0', bare: true }),
  row({ name: 'batch', method: 'POST', path: '/batch', clause: '9.2.1', summary: 'Many operations in one request, each by itself or all in one transaction', access: 'any', data: BatchData, result: BatchResults, success: 200, remembered: false, batch: 'never', errors: ['BATCH_TOO_LARGE', 'BATCH_FAILED', 'REQUEST_ID_REUSED', 'REQUEST_IN_PROGRESS', 'STORAGE_FULL'], since: '1.0' }),
  row({ name: 'createCollection', method: 'POST', path: '/collections', clause: '3.2.5', summary: 'Make a collection', access: 'admin', data: CollectionCreate, result: CollectionShape, success: 201, remembered: true, batch: 'partial', errors: ['CONFLICT', 'VALIDATION_FAILED'], since: '1.0' }),
  row({ name: 'listCollections', method: 'GET', path: '/collections', clause: '3.2.5', summary: 'The collections', access: 'admin', result: CollectionList, success: 200, remembered: false, batch: 'partial', errors: [], since: '1.0' }),
  row({ name: 'getCollection', method: 'GET', path: '/collections/{name}', clause: '3.2.5', summary: 'One collection', access: 'admin', result: CollectionShape, success: 200, remembered: false, batch: 'partial', errors: ['NOT_FOUND'], since: '1.0' }),
  row({ name: 'replaceCollection', method: 'PUT', path: '/collections/{name}', clause: '3.2.5', summary: 'Change the schema of a collection, for the next writes', access: 'admin', data: CollectionReplace, result: CollectionShape, success: 200, remembered: true, batch: 'partial', errors: ['NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED'], since: '1.0' }),
  row({ name: 'removeCollection', method: 'DELETE', path: '/collections/{name}', clause: '3.2.5', summary: 'Remove an empty collection', access: 'admin', success: 204, remembered: true, batch: 'partial', errors: ['NOT_FOUND', 'CONFLICT'], since: '1.0' }),
  row({ name: 'createKey', method: 'POST', path: '/keys', clause: '11.1', summary: 'Make an API key, shown this once', access: 'admin', data: KeyCreate, result: KeyCreated, success: 201, remembered: true, batch: 'partial', errors: ['VALIDATION_FAILED'], since: '1.0' }),
  row({ name: 'listKeys', method: 'GET', path: '/keys', clause: '11.1', summary: 'The API keys, without their secrets', access: 'admin', result: KeyList, success: 200, remembered: false, batch: 'partial', errors: [], since: '1.0' }),
  row({ name: 'removeKey', method: 'DELETE', path: '/keys/{id}', clause: '11.1', summary: 'Revoke a key and its tokens', access: 'admin', success: 204, remembered: true, batch: 'partial', errors: ['NOT_FOUND', 'CONFLICT'], since: '1.0' }),
  row({ name: 'createToken', method: 'POST', path: '/tokens', clause: '11.2', summary: 'Make a short-lived token for a browser or device', access: 'any', data: TokenCreate, result: TokenCreated, success: 201, remembered: false, batch: 'partial', errors: ['FORBIDDEN', 'VALIDATION_FAILED'], since: '1.0' }),
  row({ name: 'getSession', method: 'GET', path: '/session', clause: '11.6', summary: 'Who is asking: the client, its scopes and limits, and the collections that it may read or write', access: 'any', result: CallerShape, success: 200, remembered: false, batch: 'partial', errors: [], since: '1.0' }),
  row({ name: 'publish', method: 'POST', path: '/topics/{topic}/messages', clause: '6.2.1', summary: 'Publish a message; answered when it is on stable storage', access: 'publish', data: Any, result: Published, success: 201, remembered: true, batch: 'atomic', errors: ['STORAGE_FULL', 'VALIDATION_FAILED', 'REQUEST_ID_REUSED'], since: '1.0' }),
  row({ name: 'readMessages', method: 'GET', path: '/messages', clause: '6.2.2', summary: 'Messages that match patterns, in log order, from a cursor on', access: 'subscribe', query: MessagesQuery, result: MessagePage, success: 200, remembered: false, batch: 'atomic', errors: ['INVALID_CURSOR', 'CURSOR_EXPIRED'], since: '1.0' }),
  row({ name: 'createSubscription', method: 'POST', path: '/subscriptions', clause: '6.2.3', summary: 'Open an unnamed subscription on a WebSocket, or make a durable one', access: 'any', data: SubscriptionCreate, result: SubscriptionOpened, success: 201, remembered: true, ofConnection: (_, data) => isObject(data) && data['name'] === undefined, batch: 'partial', errors: ['WEBSOCKET_REQUIRED', 'INVALID_CURSOR', 'CURSOR_EXPIRED', 'CONFLICT'], since: '1.0' }),
  row({ name: 'listSubscriptions', method: 'GET', path: '/subscriptions', clause: '6.2.4', summary: 'The durable subscriptions of the client', access: 'any', query: SubscriptionListQuery, result: SubscriptionList, success: 200, remembered: false, batch: 'partial', errors: [], since: '1.0' }),
  row({ name: 'getSubscription', method: 'GET', path: '/subscriptions/{name}', clause: '6.2.4', summary: 'One durable subscription', access: 'any', query: ClientQuery, result: SubscriptionShape, success: 200, remembered: false, batch: 'partial', errors: ['NOT_FOUND'], since: '1.0' }),
  row({ name: 'replaceSubscription', method: 'PUT', path: '/subscriptions/{name}', clause: '6.2.4', summary: 'Change the topics of a durable subscription; its cursor stays', access: 'any', data: SubscriptionReplace, result: SubscriptionShape, success: 200, remembered: true, batch: 'partial', errors: ['NOT_FOUND'], since: '1.0' }),
  row({ name: 'removeSubscription', method: 'DELETE', path: '/subscriptions/{name}', clause: '6.2.4', summary: 'End an unnamed subscription, or delete a durable one', access: 'any', query: ClientQuery, success: 204, remembered: true, ofConnection: ({ name }) => name?.startsWith(UNNAMED) === true, batch: 'partial', errors: ['NOT_FOUND', 'WEBSOCKET_REQUIRED'], since: '1.0' }),
  row({ name: 'attachSubscription', method: 'POST', path: '/subscriptions/{name}/attach', clause: '6.2.5', summary: 'Take the messages of a durable subscription on this WebSocket', access: 'any', data: Any, dataOptional: true, result: SubscriptionAttached, success: 200, remembered: false, batch: 'never', errors: ['NOT_FOUND', 'WEBSOCKET_REQUIRED'], since: '1.0' }),
  row({ name: 'detachSubscription', method: 'POST', path: '/subscriptions/{name}/detach', clause: '6.2.5', summary: 'Stop taking the messages of a durable subscription', access: 'any', data: Any, dataOptional: true, success: 204, remembered: false, batch: 'never', errors: ['NOT_FOUND', 'WEBSOCKET_REQUIRED'], since: '1.0' }),
  row({ name: 'ackSubscription', method: 'POST', path: '/subscriptions/{name}/ack', clause: '6.2.6', summary: 'Everything up to a cursor is done', access: 'any', data: SubscriptionAck, result: SubscriptionAcked, success: 200, remembered: false, batch: 'partial', errors: ['NOT_FOUND', 'INVALID_CURSOR'], since: '1.0' }),
  row({ name: 'pullSubscription', method: 'POST', path: '/subscriptions/{name}/pull', clause: '6.2.7', summary: 'Acknowledge and read on, without a WebSocket', access: 'any', data: SubscriptionPull, dataOptional: true, result: MessagePage, success: 200, remembered: false, batch: 'partial', errors: ['NOT_FOUND', 'INVALID_CURSOR', 'CURSOR_EXPIRED'], since: '1.0' }),
  row({ name: 'connect', method: 'GET', path: '/ws', clause: '5.1.1', summary: 'The WebSocket', access: 'none', success: 200, remembered: false, batch: 'never', errors: ['WEBSOCKET_REQUIRED'], since: '1.0' }),
  row({ name: 'renewSession', method: 'POST', path: '/session', clause: '5.4', summary: 'Renew the credentials of this WebSocket', access: 'any', data: SessionRenew, result: SessionShape, success: 200, remembered: false, batch: 'never', errors: ['WEBSOCKET_REQUIRED', 'UNAUTHENTICATED', 'TOKEN_EXPIRED', 'FORBIDDEN'], since: '1.0' }),
  row({ name: 'listConnections', method: 'GET', path: '/connections', clause: '11.5', summary: 'Who is connected', access: 'admin', result: ConnectionList, success: 200, remembered: false, batch: 'partial', errors: [], since: '1.0' }),
  row({ name: 'removeConnection', method: 'DELETE', path: '/connections/{id}', clause: '11.5', summary: 'End a connection', access: 'admin', success: 204, remembered: false, batch: 'partial', errors: ['NOT_FOUND'], since: '1.0' }),
  row({ name: 'getStats', method: 'GET', path: '/stats', clause: '11.5', summary: 'How the server fares', access: 'admin', result: Stats, success: 200, remembered: false, batch: 'partial', errors: [], since: '1.0' }),
  row({ name: 'listDocuments', method: 'GET', path: '/{collection}', clause: '3.2.4', summary: 'Documents of a collection, filtered and sorted, in stable pages', access: 'read', query: DocumentListQuery, result: DocumentList, success: 200, remembered: false, batch: 'atomic', errors: ['NOT_FOUND', 'INVALID_CURSOR', 'VALIDATION_FAILED'], since: '1.0' }),
  row({ name: 'createDocument', method: 'POST', path: '/{collection}', clause: '3.2.3', summary: 'Make a document', access: 'write', data: DocumentData, result: DocumentShape, success: 201, remembered: true, batch: 'atomic', errors: ['NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED', 'STORAGE_FULL'], since: '1.0' }),
  row({ name: 'getDocument', method: 'GET', path: '/{collection}/{id}', clause: '3.2.3', summary: 'One document', access: 'read', result: DocumentShape, success: 200, remembered: false, batch: 'atomic', errors: ['NOT_FOUND'], since: '1.0' }),
  row({ name: 'replaceDocument', method: 'PUT', path: '/{collection}/{id}', clause: '3.2.1', summary: 'Replace a document', access: 'write', data: DocumentData, result: DocumentShape, success: 200, remembered: true, batch: 'atomic', errors: ['NOT_FOUND', 'PRECONDITION_FAILED', 'VALIDATION_FAILED', 'STORAGE_FULL'], since: '1.0' }),
  row({ name: 'patchDocument', method: 'PATCH', path: '/{collection}/{id}', clause: '3.2.1', summary: 'Change a document by a JSON merge patch (RFC 7396)', access: 'write', data: DocumentData, result: DocumentShape, success: 200, remembered: true, batch: 'atomic', errors: ['NOT_FOUND', 'PRECONDITION_FAILED', 'VALIDATION_FAILED', 'STORAGE_FULL'], since: '1.0' }),
  row({ name: 'removeDocument', method: 'DELETE', path: '/{collection}/{id}', clause: '3.2.1', summary: 'Remove a document', access: 'write', success: 204, remembered: true, batch: 'atomic', errors: ['NOT_FOUND', 'PRECONDITION_FAILED', 'STORAGE_FULL'], since: '1.0' }),
] as const satisfies readonly Operation[];

export type OperationName = (typeof OPERATIONS)[number]['name'];

/**
 * First path segments that belong to the protocol: no collection may have such a name (3.2.5). Later versions may only add names that start with `_`.
 */
export const RESERVED_SEGMENTS: ReadonlySet<string> = new Set([
  'batch',
  'changelog',
  'collections',
  'connections',
  'keys',
  'messages',
  'session',
  'stats',
  'subscriptions',
  'tokens',
  'topics',
  'ws',
  'openapi.json',
  'asyncapi.json',
]);
