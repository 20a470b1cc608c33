// What requests are remembered as in the log and in `requests`, and how one is found by its name: the writer before it writes, the main thread
// for `findRequest`. Both go through generations of fingerprints; neither trusts them without the row.
import type { RememberedRequest } from '../../ports/storage.ts';
import { BLOCK_SQL, Block } from './block.ts';
import { type Database, firstRow, prepareRows, type Statement } from './database.ts';
import { type Fingerprint, fingerprints } from './fingerprint.ts';
import { type Findable, Generation, type SharedGeneration } from './generation.ts';
import { preparePart, StoredGeneration } from './stored-generation.ts';

/** Where a generation's places point: into the log, or into `requests`. */
export type Kind = 'publish' | 'change';

/** Reads the row behind a place, if it is the request that is asked for and not yet forgotten. */
export class RememberedRows {
  readonly #publish: Statement;
  readonly #change: Statement;

  constructor(database: Database) {
    this.#publish = prepareRows(database, `SELECT ${BLOCK_SQL} FROM log WHERE last >= ? ORDER BY last LIMIT 1`);
    this.#change = prepareRows(database, 'SELECT client, request_id, operation, outcome, first_seq FROM requests WHERE age = ?');
  }

  publish(seq: number, client: string, requestId: string, forgottenBefore: number): RememberedRequest | undefined {
    const row = firstRow(this.#publish, seq);
    if (row === undefined) return undefined;
    const block = new Block(row);
    const index = block.indexOf(seq);
    if (index < 0 || block.client(index) !== client || block.requestId(index) !== requestId || block.timestamp(index) < forgottenBefore) return undefined;
    return { kind: 'publish', message: block.message(index) };
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
  readonly #part: Statement;
  #publishes: readonly Findable[] = [];
  #changes: readonly Findable[] = [];
  forgottenBefore = 0;

  constructor(database: Database, salt: string) {
    this.#rows = new RememberedRows(database);
    this.#part = preparePart(database);
    this.#fingerprint = fingerprints(salt).ofTexts;
  }

  /** The generations as they are now, oldest first. */
  follow(kind: Kind, shared: readonly SharedGeneration[]): void {
    const generations = shared.map(({ id, base, slots, filter }) =>
      filter === undefined ? new Generation(id, base, slots) : new StoredGeneration(id, base, 0, 0, filter, this.#part),
    );
    if (kind === 'publish') this.#publishes = generations;
    else this.#changes = generations;
  }

  find(client: string, requestId: string): RememberedRequest | undefined {
    const fingerprint = this.#fingerprint(client, requestId);
    return (
      findIn(this.#changes, fingerprint, (age) => this.#rows.change(age, client, requestId)) ??
      findIn(this.#publishes, fingerprint, (seq) => this.#rows.publish(seq, client, requestId, this.forgottenBefore))
    );
  }
}

/** The newest generation's answer first: of one name used twice, the later use is the one that may still be remembered. */
export const findIn = <Found>(generations: readonly Findable[], fingerprint: number, verify: (place: number) => Found | undefined): Found | undefined => {
  for (let index = generations.length - 1; index >= 0; index--) {
    const found = (generations[index] as Findable).find(fingerprint, verify);
    if (found !== undefined) return found;
  }
  return undefined;
};
