// What the core asks of a store, with the guarantees in the comments. `storage.contract.ts` is the same promise as
// tests; a store that passes it can carry a server. Nothing here knows SQL, requests, sockets or credentials.

/** A document as the store keeps it. `body` is the JSON text of an object without the members of clause 3.2.2. */
export interface StoredDocument {
  readonly id: string;
  /** From 1, one more with each change. */
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Random: names the document from its creation to its removal. */
  readonly incarnation: string;
  /** Random: names this state of it, and never that of another, whoever else changed the same state at the same time. At its creation it is the incarnation. */
  readonly tag: string;
  readonly body: string;
}

/** What names one state of one id for ever, re-creation included (3.2.3). */
export type StateName = Pick<StoredDocument, 'version' | 'tag'>;

/** One message of the log. `seq` is its place: from 1, without gaps between confirmed messages of one unit, never reused. */
export interface StoredMessage {
  readonly seq: number;
  readonly messageId: string;
  readonly topic: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** JSON text. */
  readonly data: string;
  /** True where the server published it as the change of a document (3.2.6), whatever became of the collection. */
  readonly change: boolean;
}

export type NewMessage = Omit<StoredMessage, 'seq'>;

/** What one commit appended to the log, in log order. Texts are made of it only where somebody asks: most messages of a busy server are followed by few. */
export interface Commit {
  readonly count: number;
  /** The place of the newest. */
  readonly last: number;
  seqAt(index: number): number;
  topicAt(index: number): string;
  isChangeAt(index: number): boolean;
  /** Characters or bytes of topic and data: what it weighs. */
  sizeAt(index: number): number;
  message(index: number): StoredMessage;
  /** Nobody asks any more: its memory may be used again. */
  release(): void;
}

/** A publish as it came: bytes, which are the caller's again when `publish` returns. */
export interface PublishedBytes {
  readonly bytes: Uint8Array;
  /** ASCII, from and up to. */
  readonly requestId: number;
  readonly requestIdEnd: number;
  /** JSON as `JSON.stringify` writes it, in UTF-8. */
  readonly data: number;
  readonly dataEnd: number;
  /** Whether all of `data` is ASCII. */
  readonly isPlain: boolean;
  readonly topic: string;
  readonly timestamp: number;
}

/** Publishes on their way, by the places that they were given there; only good while a listener is called. */
export interface Flight {
  readonly bytes: Uint8Array;
  /** Where its id begins: 36 bytes. */
  messageIdAt(index: number): number;
  requestIdAt(index: number): number;
  requestIdLength(index: number): number;
  requestId(index: number): string;
  topicAt(index: number): string;
  timestampAt(index: number): number;
  /** When `publish` was called, as it was told. */
  startedAt(index: number): number;
  /** Once it was written. */
  seqAt(index: number): number;
}

/** Who hears what became of publishes. */
export interface PublishListener {
  /** Those from `from` up to but not with `to` are on stable storage. */
  confirmed(flight: Flight, from: number, to: number): void;
  /** One was not written now: it was before, or its name was used for another. */
  refused(flight: Flight, index: number, outcome: Exclude<WriteOutcome, { readonly status: 'written' }>): void;
  failed(flight: Flight, index: number, error: Error): void;
}

/** A change of one document. The unit is refused unless the document is in the state `from` (null: absent). */
export interface DocumentChange {
  readonly collection: string;
  readonly id: string;
  readonly from: StateName | null;
  /** null removes it. */
  readonly to: StoredDocument | null;
}

/** What a unit read and relies on without changing it. */
export interface DocumentExpectation {
  readonly collection: string;
  readonly id: string;
  readonly state: StateName | null;
}

/** Small things that the core keeps in memory and loads whole at the start: keys, durable subscriptions, secrets. */
export interface RecordChange {
  readonly kind: string;
  readonly id: string;
  /** JSON text; null removes it (removing what is absent is no error). */
  readonly body: string | null;
  /** Refuse the unit unless the record is absent or present before it. */
  readonly expect?: 'absent' | 'present';
}

/** A collection as the store keeps it. */
export interface StoredCollection {
  readonly name: string;
  /** JSON text of its JSON Schema, or null. */
  readonly schema: string | null;
  /** Each index: the paths of members, dots between (`customer.city`), that lists filter or sort by. */
  readonly indexes: readonly (readonly string[])[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * `create`: refused as `exists` where there is one, as `client-messages` where the log holds a message with
 * `change: false` whose first segment is the name (3.2.5). `replace`: refused as `missing`. `remove`: refused as `missing` or, where it holds
 * a document, as `not-empty`. Its indexes are made and dropped within the unit.
 */
export type CollectionChange =
  | { readonly kind: 'create' | 'replace'; readonly collection: StoredCollection }
  | { readonly kind: 'remove'; readonly name: string };

/**
 * The name under which a unit takes effect once (4.1.3). `publish` belongs to a unit of exactly one message with `change: false` and
 * nothing else: it is remembered as that message, for as long as `publishWindow` says and the log holds it, and is the same operation where topic and data are.
 * `change` is remembered with `outcome` for `idempotencyWindow`, and is the same operation where `operation` is.
 * Both share one namespace: (client, requestId).
 */
export type RequestName = { readonly client: string; readonly requestId: string } & (
  | { readonly kind: 'publish' }
  | { readonly kind: 'change'; readonly operation: string; readonly outcome: string }
);

/** Everything that happens together or not at all. */
export interface WriteUnit {
  readonly request?: RequestName;
  readonly expectations?: readonly DocumentExpectation[];
  readonly documents?: readonly DocumentChange[];
  readonly messages?: readonly NewMessage[];
  readonly records?: readonly RecordChange[];
  readonly collections?: readonly CollectionChange[];
}

export type WriteOutcome =
  /** On stable storage. `firstSeq` is the place of the unit's first message (0 where it has none); the others follow it. */
  | { readonly status: 'written'; readonly firstSeq: number }
  /** This request took effect before; nothing was written now. `firstSeq` is that of the first time. */
  | { readonly status: 'replayed'; readonly remembered: RememberedRequest }
  /** The request's name was used for another operation; nothing was written. */
  | { readonly status: 'reused' }
  /** What the unit relies on is not so; nothing was written. */
  | { readonly status: 'conflict'; readonly reason: ConflictReason };

export type ConflictReason = 'document' | 'record' | 'exists' | 'missing' | 'not-empty' | 'client-messages';

export type RememberedRequest =
  | { readonly kind: 'publish'; readonly message: StoredMessage }
  | { readonly kind: 'change'; readonly operation: string; readonly outcome: string; readonly firstSeq: number };

/** Which messages a reader gets: those that match a pattern and, where they are changes of documents, those of a collection in `collections`. */
export interface LogFilter {
  readonly patterns: readonly string[];
  /** `*`: of every collection. */
  readonly collections: '*' | readonly string[];
}

/**
 * Who waits for what is read. Clients take turns, so that one that asks for much does not hold up the others; what has no asker takes its place among
 * them as if it were a client of its own. A read whose asker is gone when its turn comes is not done, and rejects with `StorageError('late')`.
 * Where too many of one client wait, a store may reject with `StorageError('crowded')`.
 */
export interface Asker {
  readonly client: string;
  /** Nobody waits any more; once true, true for ever. */
  readonly isGone: boolean;
}

export interface LogQuery {
  /** Read what lies after this place. */
  readonly after: number;
  readonly filter: LogFilter;
  readonly limit: number;
  /** The page ends before the message whose topic and data would pass it, but holds at least one that matches. */
  readonly maxBytes: number;
  readonly asker?: Asker | undefined;
}

export interface LogPage {
  readonly messages: readonly StoredMessage[];
  /** Everything up to here was looked at: where to go on. Never less than `after`. */
  readonly cursor: number;
  /** Whether the log held more behind `cursor` when it was read. A page may be empty and say so: the store looks at a bounded stretch at a time. */
  readonly more: boolean;
  /** The oldest place the log held when it was read: where it is above `after + 1`, messages in between are gone (6.2.9). */
  readonly first: number;
}

export interface CountQuery {
  /** Count what lies after this place, up to and with `through`. */
  readonly after: number;
  readonly through: number;
  readonly filter: LogFilter;
  /** Counting ends with so many. */
  readonly most: number;
}

export interface LogCount {
  readonly count: number;
  /** Everything up to here was looked at: where to go on. A count may end before `through`, as a page may. */
  readonly cursor: number;
  /** As in `LogPage`. */
  readonly first: number;
}

export type Scalar = string | number | boolean | null;
export type ComparisonName = 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte' | 'in';

/**
 * One condition of a list. `path` reaches into members; `id`, `version`, `createdAt`, `updatedAt` at its head are the kept ones (times in milliseconds).
 * `eq` null matches what is null or missing; `ne` is the negation of `eq`; the others compare only values of one type
 * (numbers, strings bytewise in UTF-8, booleans false before true); an object or array equals no scalar. `in`: any of `values`.
 */
export interface Condition {
  readonly path: readonly string[];
  readonly comparison: ComparisonName;
  readonly values: readonly Scalar[];
}

export interface SortKey {
  readonly path: readonly string[];
  readonly descending: boolean;
}

/**
 * Order: the sort keys, then creation (`createdAt`, then a tie-break that never changes) in the direction of the last key, so that one index serves a list
 * and its reverse; without keys, creation. Null and missing values come last, in either direction; of different types: numbers, strings, booleans,
 * then objects and arrays, which are all alike (core/list-order.ts says all of this as code).
 * Pages are stable as clause 3.2.4 says.
 */
export interface ListQuery {
  readonly collection: string;
  readonly conditions: readonly Condition[];
  readonly sort: readonly SortKey[];
  /** `next` of the page before, from the same conditions and sort. What the store does not recognise rejects with `StorageError('position')`. */
  readonly after?: string;
  readonly limit: number;
  /** The page ends before the document whose body would pass it, but holds at least one. */
  readonly maxBytes: number;
  readonly asker?: Asker | undefined;
}

export interface ListPage {
  readonly documents: readonly StoredDocument[];
  /** Opaque text, at most 2 KB whatever the values are, or null at the end. */
  readonly next: string | null;
  /** What `after` was found to say; absent without it. */
  readonly behind?: ListBehind;
}

/**
 * What the documents of a page lie behind. A store cannot keep a long string in a `next`: where its document was changed or removed meanwhile, it may
 * know only how the string began. The page then holds whatever begins so: some may be listed again, none is left out.
 */
export interface ListBehind {
  /** The document whose keys these are; absent where it is known only from others: what has the same keys then lies behind it. */
  readonly id?: string;
  /** One for each sort key; null where it is missing, an empty object for any object or array. */
  readonly values: readonly unknown[];
  /** The last of `values` is only a beginning, and there is nothing after it. */
  readonly isBeginning: boolean;
  /** Absent where `isBeginning`. */
  readonly createdAt?: number;
}

/**
 * A stretch of the log written by one run of one store. A place belongs to the last epoch whose `first` is not above it (place 0 to the first epoch).
 * Each start of a store that could write begins one with a new random `tag`, so that a place of a wiped or
 * restored store is never taken for one of this one. Tags are 8 characters of `[0-9a-z]`.
 */
export interface Epoch {
  readonly first: number;
  readonly tag: string;
}

/** The log as this process knows it, kept up to date by the store before the promises of a commit resolve. */
export interface LogState {
  /** The oldest message's place; `last + 1` where there is none. */
  readonly first: number;
  /** The newest confirmed message's place; 0 where there never was one. */
  readonly last: number;
  /** Bytes of topics, data and overhead, as far as retention counts them. */
  readonly bytes: number;
  /** When the oldest message was published, in milliseconds since the epoch; null where there is none. */
  readonly oldest: number | null;
  readonly epochs: readonly Epoch[];
}

/** What to let go of (6.2.9, 4.1.3); times in milliseconds since the epoch. */
export interface TidyPolicy {
  readonly messagesBefore: number;
  readonly maxLogBytes: number;
  readonly publishesBefore: number;
  readonly requestsBefore: number;
}

/** What happened since the start, for `/metrics` and tests. */
export interface StorageCounters {
  commits: number;
  syncs: number;
  units: number;
  messagesWritten: number;
  /** Units in the largest commit. */
  largestCommit: number;
  /** Rows looked at in the log by reads, live deliveries excluded. */
  logRowsRead: number;
  /** Reads of the log that went to the store. */
  logReads: number;
  listReads: number;
  documentReads: number;
}

export type StorageProblem =
  /** No room; the unit was not written; later ones may be, once there is room. */
  | 'full'
  /** The disk or the store fails. After a failed sync every later write is refused with it until a restart (12.3). */
  | 'failed'
  /** Closed or closing. */
  | 'closed'
  /** The store was made by a newer version, is in use by another process, or is damaged: the message says which and what to do. */
  | 'unusable'
  | 'position'
  /** Of a read: nobody waits for it, so it was not done; or too many of its client wait. */
  | 'late'
  | 'crowded';

export class StorageError extends Error {
  readonly problem: StorageProblem;
  constructor(problem: StorageProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.problem = problem;
  }
}

type Awaitable<T> = T | Promise<T>;

export interface Storage {
  readonly log: LogState;
  readonly counters: Readonly<StorageCounters>;
  /** Whether units are on their way to stable storage now, so that another commit will be heard of soon. */
  readonly isWriting: boolean;

  /**
   * Writes one unit atomically. Units take effect in the order of the calls (each sees what those before it wrote), and a
   * promise resolves only when its unit is on stable storage: a process killed at any instant afterwards loses nothing of it. One unit's refusal or failure never touches
   * another's. Rejects with `StorageError` `full`, `failed` or `closed`; then nothing of the unit was written, and nothing of it will be.
   */
  write(unit: WriteUnit): Promise<WriteOutcome>;

  /**
   * As `write` of one message that is named as a publish, without a promise and without texts: among the units it takes its turn, and `listener` is told as the promise
   * would be. `startedAt` is handed back. The message's id is written by `writeId` where the store wants it.
   */
  publish(client: string, published: PublishedBytes, writeId: (target: Uint8Array, at: number) => void, startedAt: number, listener: PublishListener): void;
  /** Publishes that came as bytes before `startedBefore` and are not answered yet fail with this error now (6.1.1). They may take effect all the same, and nobody hears of it. */
  abandon(startedBefore: number, error: Error): void;

  /**
   * Calls `listener` once per commit with its messages, after they are on stable storage and before the promises of their units
   * resolve. `log` is already up to date. One listener; it must not throw.
   */
  onCommit(listener: (commit: Commit) => void): void;

  /** The document as of the last commit or a later one, undefined where there is none or no such collection. Bounded work: may be done in place. */
  getDocument(collection: string, id: string): Awaitable<StoredDocument | undefined>;

  /** Never blocks the event loop by more than a few milliseconds, however large the collection. An unknown collection is an empty one. */
  listDocuments(query: ListQuery): Promise<ListPage>;

  /** A page of the log. Never blocks the event loop; looks at a bounded stretch (see `LogPage.more`). */
  readLog(query: LogQuery): Promise<LogPage>;

  /** How much of the log a filter lets through. Reads no data, so its cost is that of the places; otherwise as `readLog`. */
  countLog(query: CountQuery): Promise<LogCount>;

  /** What is remembered under a request's name, if anything. */
  findRequest(client: string, requestId: string): Awaitable<RememberedRequest | undefined>;

  collections(): Promise<readonly StoredCollection[]>;
  records(kind: string): Promise<readonly { readonly id: string; readonly body: string }[]>;

  /** Lets go of a bounded amount of what the policy names, the oldest first; `done` where nothing was left to do. Never holds the writer for more than a few milliseconds. */
  tidy(policy: TidyPolicy): Promise<{ readonly done: boolean }>;

  /** Whether a write could succeed now: tries one, durably, and rejects as `write` does. */
  probe(): Promise<void>;

  /** Finishes what was given to it, then closes. */
  close(): Promise<void>;
}
