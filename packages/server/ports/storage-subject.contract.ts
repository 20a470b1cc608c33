// What the contract's suites share: how a store under test is opened and left, and short ways to say units.
import { it } from 'node:test';
import type { DocumentChange, NewMessage, Storage, StoredCollection, StoredDocument, StoredMessage, TidyPolicy, WriteOutcome, WriteUnit } from './storage.ts';

/** A store that is open, and where it lives: opening there again is a restart. */
export interface OpenedStore {
  readonly storage: Storage;
  readonly directory: string;
}

/** A store under test. */
export interface ContractSubject {
  /** Opens what lives in a directory; without one, a new and empty store in one of its own. */
  open(directory?: string): Promise<OpenedStore>;
  /** Removes what is left when a test is over. */
  discard(directory: string): Promise<void>;
}

/** A store within one test: `storage` changes with every restart. */
export interface Bench {
  storage: Storage;
  /** Closes and opens it again. */
  restart(): Promise<void>;
}

/** A test with a store of its own, closed and removed behind it. */
export const itWithStore = (subject: ContractSubject, title: string, test: (bench: Bench) => Promise<void>): void => {
  it(title, async () => {
    const { storage, directory } = await subject.open();
    const bench: Bench = {
      storage,
      restart: async () => {
        await bench.storage.close();
        bench.storage = (await subject.open(directory)).storage;
      },
    };
    try {
      await test(bench);
    } finally {
      await bench.storage.close();
      await subject.discard(directory);
    }
  });
};

let made = 0;

/** A message of a client. */
export const message = (topic: string, more: Partial<NewMessage> = {}): NewMessage => ({
  messageId: `m-${++made}`,
  topic,
  timestamp: 1_000_000 + made,
  data: `{"n":${made}}`,
  change: false,
  ...more,
});

/** A publish under a request's name. */
export const publish = (requestId: string, sent: NewMessage, client = 'client'): WriteUnit => ({
  request: { kind: 'publish', client, requestId },
  messages: [sent],
});

export const document = (id: string, body: unknown = {}, more: Partial<StoredDocument> = {}): StoredDocument => {
  const incarnation = `i-${id}-${++made}`;
  return { id, version: 1, createdAt: 1_000, updatedAt: 1_000, incarnation, tag: incarnation, body: JSON.stringify(body), ...more };
};

export const creation = (collection: string, to: StoredDocument): DocumentChange => ({ collection, id: to.id, from: null, to });
export const replacement = (collection: string, from: StoredDocument, to: StoredDocument): DocumentChange => ({ collection, id: from.id, from, to });
export const removal = (collection: string, from: StoredDocument): DocumentChange => ({ collection, id: from.id, from, to: null });

/** The next version of a document. */
export const nextOf = (from: StoredDocument, body: unknown): StoredDocument => ({
  ...from,
  version: from.version + 1,
  tag: `t-${from.id}-${++made}`,
  updatedAt: from.updatedAt + 1,
  body: JSON.stringify(body),
});

export const collection = (name: string, more: Partial<StoredCollection> = {}): StoredCollection => ({
  name,
  schema: null,
  indexes: [],
  createdAt: 1,
  updatedAt: 1,
  ...more,
});

export const makeCollection = (storage: Storage, name: string, more: Partial<StoredCollection> = {}): Promise<WriteOutcome> =>
  storage.write({ collections: [{ kind: 'create', collection: collection(name, more) }] });

export const WRITTEN = 'written';
export const conflict = (reason: string): { status: string; reason: string } => ({ status: 'conflict', reason });

/** Lets go of nothing. */
export const KEEP_ALL: TidyPolicy = { messagesBefore: 0, maxLogBytes: Number.MAX_SAFE_INTEGER, publishesBefore: 0, requestsBefore: 0 };

/** Tidies until nothing is left to do. */
export const tidyAll = async (storage: Storage, policy: Partial<TidyPolicy>): Promise<void> => {
  for (let step = 0; step < 10_000; step++) {
    const { done } = await storage.tidy({ ...KEEP_ALL, ...policy });
    if (done) return;
  }
  throw new Error('tidying does not end');
};

/** All messages behind a place that a filter lets through, page by page. */
export const readAll = async (storage: Storage, after = 0, patterns: readonly string[] = ['**'], limit = 1_000): Promise<StoredMessage[]> => {
  const messages: StoredMessage[] = [];
  for (let cursor = after; ; ) {
    const page = await storage.readLog({ after: cursor, filter: { patterns, collections: '*' }, limit, maxBytes: 1 << 20 });
    messages.push(...page.messages);
    cursor = page.cursor;
    if (!page.more) return messages;
  }
};
