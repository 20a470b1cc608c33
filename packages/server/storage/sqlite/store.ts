// The writer's store: checks a unit against everything before it, then writes it. A unit that is refused has written
// nothing by then, so refusing needs no savepoint. Knows nothing of threads.
import type { ConflictReason, DocumentChange, NewMessage, RememberedRequest, RequestName } from '../../ports/storage.ts';
import { Block, FACTS_SQL } from './block.ts';
import { type Database, eachRow, firstRow, prepareRows, type Statement, type Value } from './database.ts';
import { type DocumentState, Documents, sameState } from './documents.ts';
import { type Fingerprints, fingerprints } from './fingerprint.ts';
import type { Incoming, Publish } from './incoming.ts';
import { LogTail } from './log-tail.ts';
import { RememberedRows } from './remembered.ts';
import { RequestIndex } from './request-index.ts';
import { readOrphans } from './stored-generation.ts';
import type { UnitToWrite } from './units.ts';

/** What became of a unit: the place of its first message (0: none), or why it was not written. */
export type Outcome =
  | number
  | { readonly status: 'replayed'; readonly remembered: RememberedRequest }
  | { readonly status: 'reused' }
  | { readonly status: 'conflict'; readonly reason: ConflictReason };

/**
 * How far the row of the state may stay behind the log: what a start has to read again. Else each commit would write a page for it, which is half of
 * what a commit of one message writes.
 */
const MOST_LAG = 4_096;

/** What the row of the state says, in the order of its columns. */
type Kept = readonly [
  last: number,
  bytes: number,
  lastRequest: number,
  forgottenBefore: number,
  publishesFrom: number,
  changesFrom: number,
  segmentsThrough: number,
];

const KEPT_SQL = 'last, bytes, last_request, forgotten_before, publishes_from, changes_from, segments_through';

export class Store {
  readonly database: Database;
  readonly log: LogTail;
  readonly documents: Documents;
  readonly publishes: RequestIndex;
  readonly changes: RequestIndex;
  readonly salt: string;
  forgottenBefore: number;
  readonly fingerprints: Fingerprints;
  readonly #remembered: RememberedRows;
  readonly #keep: Statement;
  #kept: Kept;
  /** Of the open transaction. */
  #keeping: Kept | undefined;
  /** The open transaction changed the state other than by what it appended. */
  mustKeep = false;
  /** Whose row is looked for. */
  #client = '';
  #requestId: string | Publish = '';
  /** Generations whose parts lie around from before this start. */
  readonly orphans: number[];
  readonly #rememberChange: Statement;
  readonly #probe: Statement;
  readonly #recordExists: Statement;
  readonly #putRecord: Statement;
  readonly #removeRecord: Statement;

  constructor(database: Database) {
    this.database = database;
    const state = firstRow(prepareRows(database, `SELECT salt, ${KEPT_SQL} FROM state WHERE id = 1`)) as Value[];
    this.salt = String(state[0]);
    this.#kept = state.slice(1).map(Number) as unknown as Kept;
    this.forgottenBefore = this.#kept[3];
    this.log = new LogTail(database);
    this.documents = new Documents(database);
    this.fingerprints = fingerprints(this.salt);
    this.#remembered = new RememberedRows(database);
    this.#rememberChange = database.prepare('INSERT INTO requests (age, at, client, request_id, first_seq, operation, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#probe = database.prepare('UPDATE state SET probes = probes + 1 WHERE id = 1');
    this.#recordExists = prepareRows(database, 'SELECT 1 FROM records WHERE kind = ? AND id = ?');
    this.#putRecord = database.prepare('INSERT INTO records (kind, id, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body');
    this.#removeRecord = database.prepare('DELETE FROM records WHERE kind = ? AND id = ?');
    this.#keep = database.prepare(`UPDATE state SET (${KEPT_SQL}) = (?, ?, ?, ?, ?, ?, ?) WHERE id = 1`);
    this.orphans = readOrphans(database);
    const numbering = { next: Number(firstRow(prepareRows(database, 'SELECT coalesce(max(generation), 0) FROM generation_parts'))?.[0]) + 1 };
    this.publishes = new RequestIndex(database, 'publish', numbering);
    this.changes = new RequestIndex(database, 'change', numbering);
    this.#rebuild(this.#kept[4], this.#kept[5]);
  }

  /** Reads the fingerprints again that are in no stored generation: those of at most some two millions of messages, however long the log. */
  #rebuild(publishesFrom: number, changesFrom: number): void {
    for (const row of eachRow(prepareRows(this.database, `SELECT ${FACTS_SQL} FROM log WHERE last > ? ORDER BY last`), publishesFrom)) {
      const block = new Block(row);
      for (let index = Math.max(0, block.indexOf(publishesFrom + 1)); index < block.count; index++) {
        if (!block.isPublish(index) || block.timestamp(index) < this.forgottenBefore) continue;
        this.publishes.add(block.fingerprint(index), block.first + index, block.timestamp(index));
      }
    }
    const requests = prepareRows(this.database, 'SELECT age, client, request_id, at FROM requests WHERE age > ?');
    for (const [age, client, requestId, at] of eachRow(requests, changesFrom)) {
      this.changes.add(this.fingerprints.ofTexts(String(client), String(requestId)), Number(age), Number(at));
    }
  }

  /** The last steps of a transaction. */
  finish(): void {
    const { log, publishes, changes } = this;
    log.finish();
    publishes.step(log.last);
    changes.step(log.lastRequest);
    const state: Kept = [
      log.last,
      log.bytes,
      log.lastRequest,
      this.forgottenBefore,
      publishes.storedThrough(log.last),
      changes.storedThrough(log.lastRequest),
      log.segmentsThrough,
    ];
    if (!this.mustKeep && !this.#isBehind(state)) return;
    this.#keep.run(...state);
    this.#keeping = state;
  }

  /** Whether the row of the state is too far behind, or wrong other than by that. */
  #isBehind([last, , lastRequest, forgottenBefore, publishesFrom, changesFrom, segmentsThrough]: Kept): boolean {
    const kept = this.#kept;
    // Reading from a place that is too low costs time, from one that is too high it loses what lies before.
    const isFar = (now: number, then: number): boolean => now < then || now - then >= MOST_LAG;
    return (
      forgottenBefore !== kept[3] ||
      segmentsThrough !== kept[6] ||
      isFar(last, kept[0]) ||
      isFar(lastRequest, kept[2]) ||
      isFar(publishesFrom, kept[4]) ||
      isFar(changesFrom, kept[5])
    );
  }

  /** The transaction stands. True where it changed a collection. */
  committed(): boolean {
    this.#settle();
    this.log.committed();
    this.publishes.committed();
    this.changes.committed();
    return this.documents.settle(true);
  }

  /** Nothing of the transaction stands. Fingerprints that it added point at messages that are not theirs, and so at nothing. */
  rolledBack(): void {
    this.#keeping = undefined;
    this.#settle();
    this.log.rolledBack();
    this.documents.settle(false);
  }

  #settle(): void {
    if (this.#keeping !== undefined) this.#kept = this.#keeping;
    this.#keeping = undefined;
    this.mustKeep = false;
  }

  /** Checks and writes one of the units that came in. Throws where the disk does; then the transaction has to be rolled back. */
  apply(incoming: Incoming, index: number, now: number): Outcome {
    const unit = incoming.unit(index);
    return unit === undefined ? this.#publish(incoming.publish(index)) : this.#carryOut(unit, now);
  }

  #publish(publish: Publish): Outcome {
    const { fingerprint } = publish;
    const remembered = this.#find(fingerprint, publish.client, publish);
    if (remembered === undefined) {
      const seq = this.log.appendPublish(publish, fingerprint);
      this.publishes.add(fingerprint, seq, publish.timestamp);
      return seq;
    }
    return isSamePublish(publish, remembered) ? { status: 'replayed', remembered } : { status: 'reused' };
  }

  #carryOut(unit: UnitToWrite, now: number): Outcome {
    if (unit.probe) {
      this.#probe.run();
      return 0;
    }
    const { request } = unit;
    let fingerprint = 0;
    if (request !== undefined) {
      const { client, requestId } = request;
      fingerprint = this.fingerprints.ofTexts(client, requestId);
      const remembered = this.#find(fingerprint, client, requestId);
      if (remembered !== undefined) {
        return isSameOperation(request, unit, remembered) ? { status: 'replayed', remembered } : { status: 'reused' };
      }
      if (request.kind === 'publish') {
        const message = unit.messages[0] as NewMessage;
        const seq = this.log.append(message, client, requestId, fingerprint);
        this.publishes.add(fingerprint, seq, message.timestamp);
        return seq;
      }
    }
    const reason = this.#refusal(unit);
    if (reason !== undefined) return { status: 'conflict', reason };
    return this.#write(unit, fingerprint, now);
  }

  #find(fingerprint: number, client: string, requestId: string | Publish): RememberedRequest | undefined {
    this.#client = client;
    this.#requestId = requestId;
    return this.publishes.find(fingerprint, this.#publishAt) ?? this.changes.find(fingerprint, this.#changeAt);
  }

  /** Made into a text only where a fingerprint was found. */
  get #wanted(): string {
    const requestId = this.#requestId;
    return typeof requestId === 'string' ? requestId : requestId.requestId;
  }

  readonly #publishAt = (seq: number): RememberedRequest | undefined => {
    this.log.reach(seq);
    return this.#remembered.publish(seq, this.#client, this.#wanted, this.forgottenBefore);
  };

  readonly #changeAt = (age: number): RememberedRequest | undefined => this.#remembered.change(age, this.#client, this.#wanted);

  #refusal(unit: UnitToWrite): ConflictReason | undefined {
    const { documents, log } = this;
    const made = new Set<string>();
    for (const change of unit.collections) {
      const reason = documents.refusal(change, (segment) => log.holdsClientMessage(segment));
      if (reason !== undefined) return reason;
      if (change.kind === 'create') made.add(change.collection.name);
    }
    for (const record of unit.records) {
      if (record.expect === undefined) continue;
      const exists = firstRow(this.#recordExists, record.kind, record.id) !== undefined;
      if (exists !== (record.expect === 'present')) return 'record';
    }
    for (const { collection, id, state } of unit.expectations) {
      if (!sameState(documents.state(collection, id), state)) return 'document';
    }
    return this.#documentRefusal(unit.documents, made);
  }

  #documentRefusal(changes: readonly DocumentChange[], made: ReadonlySet<string>): ConflictReason | undefined {
    // A unit may change one document twice: the second change starts from what the first one leaves.
    const within = changes.length > 1 ? new Map<string, DocumentState>() : undefined;
    for (const { collection, id, from, to } of changes) {
      const name = `${collection}/${id}`;
      const earlier = within?.get(name);
      const state = earlier === undefined ? this.documents.state(collection, id) : earlier;
      if (!sameState(state, from)) return 'document';
      if (to !== null && !made.has(collection) && !this.documents.has(collection)) return 'missing';
      within?.set(name, to);
    }
    return undefined;
  }

  #write(unit: UnitToWrite, fingerprint: number, now: number): number {
    for (const change of unit.collections) this.documents.changeCollection(change);
    for (const change of unit.documents) this.documents.change(change);
    let firstSeq = 0;
    for (const message of unit.messages) {
      const seq = this.log.append(message, null, null, 0);
      if (firstSeq === 0) firstSeq = seq;
    }
    for (const { kind, id, body } of unit.records) {
      if (body === null) this.#removeRecord.run(kind, id);
      else this.#putRecord.run(kind, id, body);
    }
    const { request } = unit;
    if (request?.kind === 'change') {
      const age = ++this.log.lastRequest;
      this.#rememberChange.run(age, now, request.client, request.requestId, firstSeq, request.operation, request.outcome);
      this.changes.add(fingerprint, age, now);
    }
    return firstSeq;
  }
}

const isSamePublish = ({ topic, data }: { readonly topic: string; readonly data: string }, remembered: RememberedRequest): boolean =>
  remembered.kind === 'publish' && remembered.message.topic === topic && remembered.message.data === data;

const isSameOperation = (request: RequestName, unit: UnitToWrite, remembered: RememberedRequest): boolean => {
  if (request.kind === 'publish') return isSamePublish(unit.messages[0] as NewMessage, remembered);
  return remembered.kind === 'change' && remembered.operation === request.operation;
};
