// Every released version and what it changed, the newest first: the source of `GET /v1/changelog` and of CHANGELOG.md (10.3), which is made from it.

export interface Change {
  readonly version: string;
  readonly protocolVersion: string;
  /** `2026-11-22` */
  readonly date: string;
  /** Sentences, each with its kind before it: `Added: ...`. */
  readonly changes: readonly string[];
}

/** The kinds of changes, in the order in which CHANGELOG.md has them. */
export const CHANGE_KINDS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'] as const;

export const CHANGES: readonly Change[] = [
  {
    version: '0.1.0',
    protocolVersion: '1.0',
    date: '2026-11-22',
    changes: [
      'Added: JSON documents in collections, with optional JSON Schema, indexes, filters, sorting, stable pages, ETag preconditions and merge patches.',
      'Added: a durable log of messages, in one order, to which every change of a document is published in the same transaction; a publish is answered when it is on stable storage.',
      'Added: messages over WebSocket, long-polling and server-sent events, at least once and in order, with one kind of cursor for all of them; a gap is told, never passed over.',
      'Added: durable subscriptions, whose acknowledged place the server keeps: attached over a WebSocket with redelivery, or pulled over HTTP.',
      'Added: polls over HTTP and requests over a WebSocket wait for a message alike; whatever waits ends with its credentials.',
      'Added: durable subscriptions move over messages that are none of theirs before retention takes them, so that only what was lost is told as lost.',
      'Added: one vocabulary of operations for HTTP, WebSocket requests and batches, with the same validation, rights, errors and effects.',
      'Added: batches of up to 100 operations, each by itself or all in one transaction.',
      'Added: the requestId as idempotency key: a write that is repeated takes effect once, across transports and crashes of the server.',
      'Added: API keys, short-lived tokens and scopes; a list of who is connected, and the means to end a connection.',
      'Added: limits of rate, size and connections, each a setting, told in headers and in the discovery document.',
      'Added: collections and actions of an application, declared in TypeScript or in a configuration file.',
      'Added: declared topics, whose messages keep a JSON Schema: what breaks it is refused whichever way it is published, and AsyncAPI describes them.',
      'Added: `GET /v1/messages` looks back, from a cursor, the end of the log or a time, with `before`.',
      'Added: `GET /v1/session` tells who is asking and what it may; `GET /v1/stats` tells how operations, publishes and the process fare.',
      'Added: @godwit/client, the SDK for browsers and Node: typed from the declaration of the server, each message handed over once and in order, with long-polling where a WebSocket cannot be had.',
      'Added: the command `godwit`: publish, subscribe, poll, documents, collections, keys, tokens, subscriptions, connections, stats, config, bench, spec; export and import go on after an interruption without duplicates.',
      'Added: the console at /console and the reference at /docs, made from the tables and the contract with examples that were executed; `--no-console` takes both away.',
      'Added: OpenAPI 3.1 at /v1/openapi.json, AsyncAPI 3.0 at /v1/asyncapi.json, health, readiness and Prometheus metrics.',
      'Added: TLS, a drain at SIGTERM that loses nothing, and reads that go on when the disk is full.',
    ],
  },
];
