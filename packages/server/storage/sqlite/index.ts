// The embedded store: one SQLite file, one writer thread with group commit, reader threads for pages. Only this file knows
// all of its parts; only the port is promised to the outside.

import { BOUNDS } from '@godwit/protocol';
import { type Clock, systemClock } from '../../ports/clock.ts';
import type {
  Commit,
  CountQuery,
  Epoch,
  ListPage,
  ListQuery,
  LogCount,
  LogPage,
  LogQuery,
  LogState,
  PublishedBytes,
  PublishListener,
  RememberedRequest,
  Storage,
  StorageCounters,
  StoredCollection,
  StoredDocument,
  TidyPolicy,
  WriteOutcome,
  WriteUnit,
} from '../../ports/storage.ts';
import { CommitQueue } from './commit-queue.ts';
import { type Database, firstRow, openForReading, prepareRows, rows, type Statement, type Value } from './database.ts';
import { type HeldDirectory, holdDirectory } from './directory.ts';
import { type NumberedCollection, readCollections } from './documents.ts';
import { readEpochs } from './epochs.ts';
import { closedError, errorOf, faultOf, isTableGone } from './faults.ts';
import { Gate } from './gate.ts';
import { isServed } from './lanes.ts';
import { unpackListPage } from './list-page.ts';
import { type Standing, standingOf } from './messages.ts';
import { ReaderThread } from './reader-thread.ts';
import { RememberedRequests } from './remembered.ts';
import { TAG_SQL, tableName } from './tables.ts';
import { unpackLogCount, unpackLogPage } from './units.ts';
import { type Opened, WriterThread } from './writer-thread.ts';

export interface SqliteStorageOptions {
  /** Where the store lives; made when missing, held by one process at a time. */
  readonly directory: string;
  readonly clock?: Clock;
}

/** Opens the store of a directory, or makes one. Rejects with `StorageError('unusable')` and a sentence that says what to do. */
export const openSqliteStorage = async ({ directory, clock = systemClock() }: SqliteStorageOptions): Promise<Storage> => {
  const held = holdDirectory(directory);
  const gate = new Gate();
  const writer = new WriterThread(held.database, gate);
  try {
    return new SqliteStorage({ held, writer, gate, clock }, await writer.opened);
  } catch (error) {
    await writer.close();
    held.release();
    throw error;
  }
};

/** Short reads, so many that the thread need not wait for the turns of this one. */
const AHEAD = 16;
/** Each may take a while: one that is read, and the next. */
const SCANS_AHEAD = 2;

interface Parts {
  readonly held: HeldDirectory;
  readonly writer: WriterThread;
  readonly gate: Gate;
  readonly clock: Clock;
}

interface Collection extends NumberedCollection {
  readonly get: Statement;
}

class SqliteStorage implements Storage {
  readonly counters: StorageCounters = {
    commits: 0,
    syncs: 0,
    units: 0,
    messagesWritten: 0,
    largestCommit: 0,
    logRowsRead: 0,
    logReads: 0,
    listReads: 0,
    documentReads: 0,
  };
  log: LogState;
  readonly #held: HeldDirectory;
  readonly #writer: WriterThread;
  readonly #queue: CommitQueue;
  readonly #database: Database;
  readonly #epochs: readonly Epoch[];
  readonly #logReader: ReaderThread;
  readonly #listReader: ReaderThread;
  /** For lists that may look at a whole collection. */
  readonly #scanReader: ReaderThread;
  readonly #remembered: RememberedRequests;
  #collections: Map<string, Collection> | undefined;
  #closing: Promise<void> | undefined;

  constructor({ held, writer, gate, clock }: Parts, { salt, standing }: Opened) {
    this.#held = held;
    this.#writer = writer;
    this.#database = openForReading(held.database);
    this.#epochs = readEpochs(this.#database);
    this.#logReader = new ReaderThread(held.database, gate, { reads: 'log', ahead: AHEAD });
    this.#listReader = new ReaderThread(held.database, gate, { reads: 'list', ahead: AHEAD });
    this.#scanReader = new ReaderThread(held.database, gate, { reads: 'list', ahead: SCANS_AHEAD, mostWaiting: BOUNDS.inProgressPerClient });
    this.#remembered = new RememberedRequests(this.#database, salt);
    this.#queue = new CommitQueue(
      (message) => writer.send(message),
      () => clock.now(),
      this.counters,
    );
    this.log = this.#logState(standing);
    this.#follow(standing);
    writer.onCommitted((answer) => {
      this.#follow(standingOf(answer[1], answer[2]));
      this.#queue.settle(answer);
    });
    writer.onStanding((now) => this.#follow(now));
    writer.onLost((error) => this.#queue.fail(error));
  }

  #logState({ log }: Standing): LogState {
    return { first: log.first, last: log.last, bytes: log.bytes, oldest: Number.isNaN(log.oldest) ? null : log.oldest, epochs: this.#epochs };
  }

  #follow(standing: Standing): void {
    this.log = this.#logState(standing);
    this.counters.commits = standing.commits;
    this.counters.syncs = standing.commits;
    this.#remembered.forgottenBefore = standing.forgottenBefore;
    const { news } = standing;
    if (news?.publishes !== undefined) this.#remembered.follow('publish', news.publishes);
    if (news?.changes !== undefined) this.#remembered.follow('change', news.changes);
    if (news?.collections) this.#collections = undefined;
  }

  #open(): void {
    if (this.#closing !== undefined) throw closedError();
  }

  #byName(): ReadonlyMap<string, Collection> {
    this.#collections ??= new Map(
      readCollections(this.#database).map((collection) => {
        const get = prepareRows(
          this.#database,
          `SELECT version, created, updated, incarnation, ${TAG_SQL}, body FROM ${tableName(collection.number)} WHERE id = ?`,
        );
        return [collection.name, { ...collection, get }];
      }),
    );
    return this.#collections;
  }

  get isWriting(): boolean {
    return this.#queue.isWriting;
  }

  write(unit: WriteUnit): Promise<WriteOutcome> {
    return this.#queue.write(unit);
  }

  publish(client: string, published: PublishedBytes, writeId: (target: Uint8Array, at: number) => void, startedAt: number, listener: PublishListener): void {
    this.#queue.publish(client, published, writeId, startedAt, listener);
  }

  abandon(startedBefore: number, error: Error): void {
    this.#queue.abandon(startedBefore, error);
  }

  onCommit(listener: (commit: Commit) => void): void {
    this.#queue.listen(listener);
  }

  #row(name: string, id: string): Value[] | undefined {
    try {
      const collection = this.#byName().get(name);
      return collection === undefined ? undefined : firstRow(collection.get, id);
    } catch (error) {
      // The writer may have removed the collection a moment before it says so: then its table is gone.
      if (!isTableGone(error)) throw errorOf(faultOf(error));
      this.#collections = undefined;
      const collection = this.#byName().get(name);
      return collection === undefined ? undefined : firstRow(collection.get, id);
    }
  }

  getDocument(name: string, id: string): StoredDocument | undefined {
    this.#open();
    this.counters.documentReads++;
    const row = this.#row(name, id);
    if (row === undefined) return undefined;
    const [version, createdAt, updatedAt, incarnation, tag, body] = row as [number, number, number, string, string, string];
    return { id, version, createdAt, updatedAt, incarnation, tag, body };
  }

  async listDocuments(query: ListQuery): Promise<ListPage> {
    this.#open();
    const collection = this.#byName().get(query.collection);
    if (collection === undefined) return { documents: [], next: null };
    const reader = isServed(collection.indexes, query) ? this.#listReader : this.#scanReader;
    const page = unpackListPage(await reader.list(collection.number, query));
    this.counters.listReads++;
    return page;
  }

  async readLog(query: LogQuery): Promise<LogPage> {
    this.#open();
    const { rowsRead, ...page } = unpackLogPage(await this.#logReader.log(query));
    this.counters.logReads++;
    this.counters.logRowsRead += rowsRead;
    return page;
  }

  async countLog(query: CountQuery): Promise<LogCount> {
    this.#open();
    const { rowsRead, ...count } = unpackLogCount(await this.#logReader.count(query));
    this.counters.logReads++;
    this.counters.logRowsRead += rowsRead;
    return count;
  }

  findRequest(client: string, requestId: string): RememberedRequest | undefined {
    this.#open();
    return this.#remembered.find(client, requestId);
  }

  async collections(): Promise<readonly StoredCollection[]> {
    this.#open();
    return readCollections(this.#database).map(({ number: _, ...collection }) => collection);
  }

  async records(kind: string): Promise<readonly { readonly id: string; readonly body: string }[]> {
    this.#open();
    return rows(prepareRows(this.#database, 'SELECT id, body FROM records WHERE kind = ? ORDER BY id'), kind).map(([id, body]) => ({
      id: String(id),
      body: String(body),
    }));
  }

  async tidy(policy: TidyPolicy): Promise<{ readonly done: boolean }> {
    this.#open();
    return { done: await this.#writer.tidy(policy) };
  }

  async probe(): Promise<void> {
    await this.#queue.write(undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    await Promise.all([this.#logReader.close(), this.#listReader.close(), this.#scanReader.close()]);
    this.#database.close();
    await this.#writer.close();
    this.#held.release();
  }
}
