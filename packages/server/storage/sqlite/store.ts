// The writer's store: checks a unit against everything before it, then writes it. A unit that is refused has written
// nothing by then, so refusing needs no savepoint. Knows nothing of threads.
import type { ConflictReason, DocumentChange, RememberedRequest, RequestName } from '../../ports/storage.ts';
import { type Database, eachRow, firstRow, prepareRows, type Statement, type Value } from './database.ts';
import { type DocumentState, Documents, sameState } from './documents.ts';
import { type Fingerprint, fingerprinter } from './generation.ts';
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

export class Store {
  readonly database: Database;
  readonly log: LogTail;
  readonly documents: Documents;
  readonly publishes: RequestIndex;
  readonly changes: RequestIndex;
  readonly salt: string;
  forgottenBefore: number;
  readonly #fingerprint: Fingerprint;
  readonly #remembered: RememberedRows;
  readonly #keep: Statement;
  /** Generations whose parts lie around from before this start. */
  readonly orphans: number[];
  readonly #rememberChange: Statement;
  readonly #probe: Statement;
  readonly #recordExists: Statement;
  readonly #putRecord: Statement;
  readonly #removeRecord: Statement;

  constructor(database: Database) {
    this.database = database;
    const state = firstRow(prepareRows(database, 'SELECT salt, forgotten_before, publishes_from, changes_from FROM state WHERE id = 1')) as Value[];
    this.salt = String(state[0]);
    this.forgottenBefore = Number(state[1]);
    this.log = new LogTail(database);
    this.documents = new Documents(database);
    this.#fingerprint = fingerprinter(this.salt);
    this.#remembered = new RememberedRows(database);
    this.#rememberChange = database.prepare('INSERT INTO requests (age, at, client, request_id, first_seq, operation, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#probe = database.prepare('UPDATE state SET probes = probes + 1 WHERE id = 1');
    this.#recordExists = prepareRows(database, 'SELECT 1 FROM records WHERE kind = ? AND id = ?');
    this.#putRecord = database.prepare('INSERT INTO records (kind, id, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body');
    this.#removeRecord = database.prepare('DELETE FROM records WHERE kind = ? AND id = ?');
    this.#keep = database.prepare(
      'UPDATE state SET last = ?, bytes = ?, last_request = ?, forgotten_before = ?, publishes_from = ?, changes_from = ?, segments_through = ? WHERE id = 1',
    );
    this.orphans = readOrphans(database);
    const numbering = { next: Number(firstRow(prepareRows(database, 'SELECT coalesce(max(generation), 0) FROM generation_parts'))?.[0]) + 1 };
    this.publishes = new RequestIndex(database, 'publish', numbering);
    this.changes = new RequestIndex(database, 'change', numbering);
    this.#rebuild(Number(state[2]), Number(state[3]));
  }

  /** Reads the names again that are in no stored generation: at most some two millions of rows, however long the log. */
  #rebuild(publishesFrom: number, changesFrom: number): void {
    const log = prepareRows(this.database, 'SELECT seq, client, request_id, timestamp FROM log WHERE seq > ? AND request_id IS NOT NULL');
    for (const [seq, client, requestId, timestamp] of eachRow(log, publishesFrom)) {
      if (Number(timestamp) < this.forgottenBefore) continue;
      this.publishes.add(this.#fingerprint(String(client), String(requestId)), Number(seq), Number(timestamp));
    }
    const requests = prepareRows(this.database, 'SELECT age, client, request_id, at FROM requests WHERE age > ?');
    for (const [age, client, requestId, at] of eachRow(requests, changesFrom)) {
      this.changes.add(this.#fingerprint(String(client), String(requestId)), Number(age), Number(at));
    }
  }

  /** The last steps of a transaction. */
  finish(): void {
    const { log, publishes, changes } = this;
    log.finish();
    publishes.step(log.last);
    changes.step(log.lastRequest);
    this.#keep.run(
      log.last,
      log.bytes,
      log.lastRequest,
      this.forgottenBefore,
      publishes.storedThrough(log.last),
      changes.storedThrough(log.lastRequest),
      log.segmentsThrough,
    );
  }

  /** The transaction stands. True where it changed a collection. */
  committed(): boolean {
    this.log.committed();
    this.publishes.committed();
    this.changes.committed();
    return this.documents.settle(true);
  }

  /** Nothing of the transaction stands. Fingerprints that it added point at rows that are not theirs, and so at nothing. */
  rolledBack(): void {
    this.log.rolledBack();
    this.documents.settle(false);
  }

  /** Checks and writes one unit. Throws where the disk does; then the transaction has to be rolled back. */
  apply(unit: UnitToWrite, now: number): Outcome {
    if (unit.probe) {
      this.#probe.run();
      return 0;
    }
    const { request } = unit;
    let fingerprint = 0;
    if (request !== undefined) {
      fingerprint = this.#fingerprint(request.client, request.requestId);
      const remembered = this.#find(fingerprint, request);
      if (remembered !== undefined) {
        return isSameOperation(request, unit, remembered) ? { status: 'replayed', remembered } : { status: 'reused' };
      }
      if (request.kind === 'publish') {
        const message = unit.messages[0] as UnitToWrite['messages'][number];
        const seq = this.log.append(message, request.client, request.requestId);
        this.publishes.add(fingerprint, seq, message.timestamp);
        return seq;
      }
    }
    const reason = this.#refusal(unit);
    if (reason !== undefined) return { status: 'conflict', reason };
    return this.#write(unit, fingerprint, now);
  }

  #find(fingerprint: number, { client, requestId }: RequestName): RememberedRequest | undefined {
    return (
      this.publishes.find(fingerprint, (seq) => {
        this.log.flush();
        return this.#remembered.publish(seq, client, requestId, this.forgottenBefore);
      }) ?? this.changes.find(fingerprint, (age) => this.#remembered.change(age, client, requestId))
    );
  }

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
      const seq = this.log.append(message, null, null);
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

const isSameOperation = (request: RequestName, unit: UnitToWrite, remembered: RememberedRequest): boolean => {
  if (request.kind === 'publish') {
    const message = unit.messages[0];
    return remembered.kind === 'publish' && remembered.message.topic === message?.topic && remembered.message.data === message.data;
  }
  return remembered.kind === 'change' && remembered.operation === request.operation;
};
