// The rows that requests are remembered as, and how one is found by its name: the writer before it writes, the main thread
// for `findRequest`. Both go through generations of fingerprints; neither trusts them without the row.
import type { RememberedRequest } from '../../ports/storage.ts';
import { type Database, firstRow, prepareRows, type Statement } from './database.ts';
import { type Fingerprint, fingerprinter, Generation, type SharedGeneration } from './generation.ts';

/** Where a generation's places point: into the log, or into `requests`. */
export type Kind = 'publish' | 'change';

/** Reads the row behind a place, if it is the request that is asked for and not yet forgotten. */
export class RememberedRows {
  readonly #publish: Statement;
  readonly #change: Statement;

  constructor(database: Database) {
    this.#publish = prepareRows(database, 'SELECT client, request_id, timestamp, message_id, topic, data FROM log WHERE seq = ?');
    this.#change = prepareRows(database, 'SELECT client, request_id, operation, outcome, first_seq FROM requests WHERE age = ?');
  }

  publish(seq: number, client: string, requestId: string, forgottenBefore: number): RememberedRequest | undefined {
    const row = firstRow(this.#publish, seq);
    if (row === undefined || row[1] !== requestId || row[0] !== client || Number(row[2]) < forgottenBefore) return undefined;
    const message = {
      seq,
      messageId: String(row[3]),
      topic: String(row[4]),
      timestamp: Number(row[2]),
      data: String(row[5]),
      change: false,
    };
    return { kind: 'publish', message };
  }

  change(age: number, client: string, requestId: string): RememberedRequest | undefined {
    const row = firstRow(this.#change, age);
    if (row === undefined || row[1] !== requestId || row[0] !== client) return undefined;
    return { kind: 'change', operation: String(row[2]), outcome: String(row[3]), firstSeq: Number(row[4]) };
  }
}

/** The main thread's view of the writer's index, through the same memory. */
export class RememberedRequests {
  readonly #rows: RememberedRows;
  readonly #fingerprint: Fingerprint;
  #publishes: readonly Generation[] = [];
  #changes: readonly Generation[] = [];
  forgottenBefore = 0;

  constructor(database: Database, salt: string) {
    this.#rows = new RememberedRows(database);
    this.#fingerprint = fingerprinter(salt);
  }

  /** The generations as they are now, oldest first. */
  follow(kind: Kind, shared: readonly SharedGeneration[]): void {
    const generations = shared.map(({ id, base, slots }) => new Generation(id, base, slots));
    if (kind === 'publish') this.#publishes = generations;
    else this.#changes = generations;
  }

  find(client: string, requestId: string): RememberedRequest | undefined {
    const fingerprint = this.#fingerprint(client, requestId);
    for (const generation of this.#changes.toReversed()) {
      const found = generation.find(fingerprint, (age) => this.#rows.change(age, client, requestId));
      if (found !== undefined) return found;
    }
    for (const generation of this.#publishes.toReversed()) {
      const found = generation.find(fingerprint, (seq) => this.#rows.publish(seq, client, requestId, this.forgottenBefore));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
