// Retention, in the writer: one bounded step at a time, from the oldest (6.2.9, 4.1.3). Looks before it begins: where there
// is nothing to do there is no transaction and no sync.
import type { TidyPolicy } from '../../ports/storage.ts';
import { BLOCK_SQL, Block, FACTS_SQL, OVERHEAD_BYTES } from './block.ts';
import { type Database, eachRow, firstRow, prepareRows, type Statement } from './database.ts';
import type { Store } from './store.ts';
import { type FaultResult, isFault, type Transactions } from './transaction.ts';

const MOST_ROWS = 1_000;
const MOST_BYTES = 4 << 20;
const MOST_SEGMENTS = 250;
const MOST_PARTS = 64;

/** One of the oldest rows or messages. */
type Old = readonly [place: number, time: number, size: number];

/** Some of the oldest: up to and with this one, and whether there are more to let go of. */
interface Stretch {
  readonly through: number;
  readonly bytes: number;
  readonly more: boolean;
}

export class Tidying {
  readonly #store: Store;
  readonly #transactions: Transactions;
  readonly #oldestMessages: Statement;
  readonly #oldestRequests: Statement;
  readonly #block: Statement;
  readonly #removeMessages: Statement;
  readonly #cut: Statement;
  readonly #removeRequests: Statement;
  readonly #oldSegment: Statement;
  readonly #removeSegments: Statement;
  readonly #anyPart: Statement;
  readonly #removeParts: Statement;
  readonly #removeGeneration: Statement;

  constructor(store: Store, transactions: Transactions) {
    this.#store = store;
    this.#transactions = transactions;
    const database: Database = store.database;
    this.#oldestMessages = prepareRows(database, `SELECT ${FACTS_SQL} FROM log ORDER BY last`);
    this.#block = prepareRows(database, `SELECT ${BLOCK_SQL} FROM log WHERE last > ? ORDER BY last LIMIT 1`);
    this.#oldestRequests = prepareRows(database, 'SELECT age, at, octet_length(operation) + octet_length(outcome) FROM requests ORDER BY age LIMIT ?');
    this.#removeMessages = database.prepare('DELETE FROM log WHERE last <= ?');
    this.#cut = database.prepare('UPDATE log SET first = ?, facts = ?, bytes = ? WHERE last = ?');
    this.#removeRequests = database.prepare('DELETE FROM requests WHERE age <= ?');
    this.#oldSegment = prepareRows(database, 'SELECT 1 FROM segments WHERE last < ? LIMIT 1');
    this.#removeSegments = database.prepare('DELETE FROM segments WHERE segment IN (SELECT segment FROM segments WHERE last < ? LIMIT ?)');
    this.#anyPart = prepareRows(database, 'SELECT 1 FROM generation_parts WHERE generation = ? LIMIT 1');
    this.#removeParts = database.prepare(
      'DELETE FROM generation_parts WHERE generation = ?1 AND part IN (SELECT part FROM generation_parts WHERE generation = ?1 LIMIT ?2)',
    );
    this.#removeGeneration = database.prepare('DELETE FROM generations WHERE id = ?');
  }

  /** One step. `true`: nothing is left to do. */
  step(policy: TidyPolicy): boolean | FaultResult {
    const { messagesBefore, maxLogBytes } = policy;
    const messages = this.#old(this.#messages(), (timestamp, before) => timestamp < messagesBefore || before > maxLogBytes);
    const requests = this.#old(this.#requests(), (at) => at < policy.requestsBefore);
    const forgets = policy.publishesBefore > this.#store.forgottenBefore && this.#store.publishes.oldest < policy.publishesBefore;
    if (messages !== undefined || requests !== undefined || forgets) {
      const result = this.#transactions.run(() => this.#trim(messages, requests), forgets ? policy.publishesBefore : undefined);
      if (isFault(result)) return result;
      this.#forget();
      if (messages?.more || requests?.more) return false;
    }
    return this.#sweep();
  }

  *#messages(): Iterable<Old> {
    for (const row of eachRow(this.#oldestMessages)) {
      const block = new Block(row);
      for (let index = 0; index < block.count; index++) yield [block.first + index, block.timestamp(index), block.size(index)];
    }
  }

  #requests(): Iterable<Old> {
    return eachRow(this.#oldestRequests, MOST_ROWS) as Iterable<unknown> as Iterable<Old>;
  }

  /** The oldest ones, as long as they are to go. `isOld` hears each one's time and the bytes that the log has with it. */
  #old(oldest: Iterable<Old>, isOld: (time: number, bytes: number) => boolean): Stretch | undefined {
    const held = this.#store.log.bytes;
    let through: number | undefined;
    let bytes = 0;
    let looked = 0;
    for (const [place, time, size] of oldest) {
      if (!isOld(time, held - bytes)) return through === undefined ? undefined : { through, bytes, more: false };
      through = place;
      bytes += size + OVERHEAD_BYTES;
      looked++;
      if (bytes > MOST_BYTES || looked === MOST_ROWS) return { through, bytes, more: true };
    }
    return through === undefined ? undefined : { through, bytes, more: false };
  }

  #trim(messages: Stretch | undefined, requests: Stretch | undefined): void {
    const { log } = this.#store;
    this.#store.mustKeep = true;
    if (messages !== undefined) {
      this.#removeMessages.run(messages.through);
      this.#cutBlock(messages.through);
      log.bytes -= messages.bytes;
      log.readOldest();
    }
    if (requests !== undefined) this.#removeRequests.run(requests.through);
  }

  /** Writes the block anew of which only the messages up to a place are to go: what is let go of is gone from the file as well, and a block holds what its columns say. */
  #cutBlock(through: number): void {
    const row = firstRow(this.#block, through);
    if (row === undefined) return;
    const block = new Block(row);
    if (block.first > through) return;
    const { facts, bytes } = block.without(block.indexOf(through) + 1);
    this.#cut.run(through + 1, facts, bytes, block.last);
  }

  #forget(): void {
    const { publishes, changes, log, forgottenBefore } = this.#store;
    publishes.forget(({ last, newest }) => last < log.first || newest < forgottenBefore);
    const oldest = firstRow(this.#oldestRequests, 1)?.[0];
    const first = typeof oldest === 'number' ? oldest : log.lastRequest + 1;
    changes.forget(({ last }) => last < first);
  }

  /** What lies behind the rows: generations and segments that nothing needs any more. */
  #sweep(): boolean | FaultResult {
    const { publishes, changes, orphans, log } = this.#store;
    const list = [orphans, publishes.removed, changes.removed].find(({ length }) => length > 0);
    const generation = list?.[0];
    const segments = firstRow(this.#oldSegment, log.first) !== undefined;
    if (generation === undefined && !segments) return true;
    const result = this.#transactions.run(() => {
      if (segments) this.#removeSegments.run(log.first, MOST_SEGMENTS);
      if (generation === undefined) return true;
      this.#removeGeneration.run(generation);
      this.#removeParts.run(generation, MOST_PARTS);
      return firstRow(this.#anyPart, generation) === undefined;
    });
    if (isFault(result)) return result;
    if (result) list?.shift();
    return false;
  }
}
