// What one operation reads and writes, gathered into one unit for the store (3.2.6, 9.2.3): documents see what was written before them in
// the same unit, and what other units have under way; the store refuses a unit whose reads did not hold, and the dispatcher then tries afresh.
import { isDeepStrictEqual } from 'node:util';
import { invalidField, ProtocolError, readJson } from '@godwit/protocol';
import type {
  CollectionChange,
  DocumentChange,
  DocumentExpectation,
  NewMessage,
  RecordChange,
  RequestName,
  StateName,
  StoredDocument,
  WriteUnit,
} from '../ports/storage.ts';
import type { Core } from './core.ts';
import { type Body, documentText, mergePatch } from './document.ts';
import type { OwnDocument } from './overlaid-list.ts';

type State = StoredDocument | null;

const NONE: readonly never[] = Object.freeze([]);
const NO_DOCUMENTS: ReadonlyMap<string, Touched> = new Map();

/** A list of its own with one more in it. */
const more = <T>(list: readonly T[], item: T): readonly T[] => {
  if (list === NONE) return [item];
  (list as T[]).push(item);
  return list;
};

/** Of randomness, in what names a document and a state of it. */
const TAG_BYTES = 9;
const DOCUMENT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** What is said of a document that is not there. */
export const noDocument = (collection: string, id: string): ProtocolError => new ProtocolError('NOT_FOUND', `There is no document ${id} in ${collection}.`);

const stateName = (state: StateName | null): StateName | null => (state === null ? null : { version: state.version, tag: state.tag });

interface Announced {
  state: State;
  unit: Transaction | undefined;
}

/**
 * States that were given to the store and are not confirmed yet, by document. Reading them lets changes of one document follow each other within one commit;
 * a unit that builds on one that then fails falls with it, and is tried afresh.
 */
export class Pending {
  /** What it holds of a unit that is over is let go, as the Map's former tables keep their entries for long. */
  readonly #states = new Map<string, Announced>();

  get(key: string): Announced | undefined {
    return this.#states.get(key);
  }

  set(key: string, state: State, unit: Transaction): void {
    this.#states.set(key, { state, unit });
  }

  settle(key: string, unit: Transaction): void {
    const announced = this.#states.get(key);
    if (announced?.unit !== unit) return;
    this.#states.delete(key);
    announced.state = null;
    announced.unit = undefined;
  }
}

/** For those that announce nothing. */
const NOTHING_PENDING = new Pending();

interface Touched {
  readonly collection: string;
  readonly id: string;
  /** Before this unit. */
  readonly from: State;
  /** Whether `from` is what another unit will have made of it, if that one is written. */
  readonly unconfirmed: boolean;
  to: State;
  changed: boolean;
}

export class Transaction {
  readonly #core: Core;
  readonly #pending: Pending;
  // Most units are one change or one message, and those that only read are none: what is not needed is not made.
  #documents: ReadonlyMap<string, Touched> = NO_DOCUMENTS;
  #messages: readonly NewMessage[] = NONE;
  #records: readonly RecordChange[] = NONE;
  #collections: readonly CollectionChange[] = NONE;
  #afterCommit: readonly (() => void)[] = NONE;
  #afterFailure: readonly (() => void)[] = NONE;
  /** Whether creations must look first, because the store refused this unit once. */
  readonly #careful: boolean;
  /** Set where nothing may be added any more: a change that came later would be one without its message, or a message without its change. */
  #sealed = false;
  /** Units that read what this one announced. */
  #dependents: readonly Transaction[] = NONE;
  #fallen = false;

  constructor(core: Core, pending: Pending, careful: boolean) {
    this.#core = core;
    this.#pending = pending;
    this.#careful = careful;
  }

  /** A transaction for an operation that only reads: it sees what is confirmed and takes no change. */
  static reading(core: Core): Transaction {
    const tx = new Transaction(core, NOTHING_PENDING, false);
    tx.#sealed = true;
    return tx;
  }

  /** Whether a unit has failed that this one builds on: what it read was never there. Its states have the version of others, so it must not be written. */
  get isFallen(): boolean {
    return this.#fallen;
  }

  #open(): void {
    if (this.#sealed)
      throw new Error('A transaction takes changes only while an operation that writes is carried out: await every call, and write nothing in a GET.');
  }

  /**
   * Whether somebody else has changed what it changes since it was read, `waited` where time went by in between. The store would refuse it: nobody should build on it
   * before that.
   */
  isOvertaken(waited: boolean): boolean {
    for (const [key, { collection, id, from, changed }] of this.#documents) {
      if (!changed) continue;
      const pending = this.#pending.get(key);
      if (pending !== undefined ? pending.state !== from : waited && from !== null && this.#isStale(collection, id, from)) return true;
    }
    return false;
  }

  /** Whether the store holds another state; false where it cannot tell at once. */
  #isStale(collection: string, id: string, from: StateName): boolean {
    const stored = this.#core.storage.getDocument(collection, id);
    return !(stored instanceof Promise) && (stored?.version !== from.version || stored.tag !== from.tag);
  }

  /** Nothing to write: nothing to remember either (4.1.3). */
  get isEmpty(): boolean {
    return this.#messages.length === 0 && this.#records.length === 0 && this.#collections.length === 0;
  }

  /** Whether it has written what a reader of the log would see. */
  get hasMessages(): boolean {
    return this.#messages.length > 0;
  }

  /** The documents of a collection that this unit sees otherwise than the store does, in the order in which the store gets them. */
  ownDocuments(collection: string): OwnDocument[] {
    return [...this.#documents.values()].filter((touched) => touched.collection === collection && (touched.changed || touched.unconfirmed));
  }

  #touch(collection: string, id: string): Touched | Promise<Touched> {
    const key = `${collection}/${id}`;
    const known = this.#documents.get(key);
    if (known !== undefined) return known;
    const pending = this.#pending.get(key);
    if (pending !== undefined) {
      const { unit } = pending;
      if (unit !== undefined) unit.#dependents = more(unit.#dependents, this);
      return this.#remember(key, collection, id, pending.state, true);
    }
    const read = this.#core.storage.getDocument(collection, id);
    if (read instanceof Promise) return read.then((document) => this.#remember(key, collection, id, document ?? null));
    return this.#remember(key, collection, id, read ?? null);
  }

  #remember(key: string, collection: string, id: string, from: State, unconfirmed = false): Touched {
    const raced = this.#documents.get(key);
    if (raced !== undefined) return raced;
    const touched = { collection, id, from, unconfirmed, to: from, changed: false };
    if (this.#documents === NO_DOCUMENTS) this.#documents = new Map();
    (this.#documents as Map<string, Touched>).set(key, touched);
    return touched;
  }

  /**
   * The document as this unit sees it; undefined where there is none. The unit will be refused if that changes before it is written. At once where the store
   * can: between what is read at once and `announce` nobody else comes, so that many who change one document at the same time follow each other; who waits in between may be overtaken.
   */
  document(collection: string, id: string): StoredDocument | undefined | Promise<StoredDocument | undefined> {
    const touched = this.#touch(collection, id);
    return touched instanceof Promise ? touched.then(({ to }) => to ?? undefined) : (touched.to ?? undefined);
  }

  /** Makes a document; `id` undefined: the server makes one. Throws `CONFLICT` where the id is taken, `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`. */
  create(collection: string, id: string | undefined, body: Body): StoredDocument | Promise<StoredDocument> {
    if (id !== undefined && !(typeof id === 'string' && DOCUMENT_ID.test(id))) throw invalidField('/data/id', 'must be 1 to 64 of A-Z a-z 0-9 _ -');
    const text = this.#judge(collection, body);
    const made = id ?? this.#core.ids.uuid();
    const key = `${collection}/${made}`;
    // The store refuses a taken id by itself, so a first try need not look.
    const blind = !this.#careful && this.#pending.get(key) === undefined;
    const touched = this.#documents.get(key) ?? (blind ? this.#remember(key, collection, made, null) : this.#touch(collection, made));
    return touched instanceof Promise ? touched.then((found) => this.#create(found, made, text)) : this.#create(touched, made, text);
  }

  #create(touched: Touched, made: string, text: string): StoredDocument {
    if (touched.to !== null) throw new ProtocolError('CONFLICT', `There is a document with the id ${made} already.`, { field: '/data/id' });
    const now = this.#core.clock.now();
    const incarnation = this.#core.ids.secret(TAG_BYTES);
    return this.#change(touched, { id: made, version: 1, createdAt: now, updatedAt: now, incarnation, tag: incarnation, body: text }, 'created');
  }

  /** Gives a document that `document` returned a new body. Throws `NOT_FOUND` where this unit has removed it since. */
  replace(collection: string, id: string, body: Body): StoredDocument {
    return this.#write(this.#present(collection, id), this.#judge(collection, body));
  }

  /** Applies a merge patch (RFC 7396); one that changes nothing changes nothing (3.2.1). */
  patch(collection: string, id: string, patch: Body): StoredDocument {
    const touched = this.#present(collection, id);
    const before = readJson(touched.to.body) as Body;
    const after = mergePatch(before, patch) as Body;
    // Equal as text too: -0 is written as 0.
    if (isDeepStrictEqual(before, after) || JSON.stringify(after) === touched.to.body) return touched.to;
    return this.#write(touched, this.#judge(collection, after));
  }

  remove(collection: string, id: string): void {
    this.#change(this.#present(collection, id), null, 'deleted');
  }

  /** What was read, as this unit has left it so far: two changes that were begun at once follow each other. */
  #present(collection: string, id: string): Touched & { to: StoredDocument } {
    const touched = this.#documents.get(`${collection}/${id}`);
    if (touched === undefined) throw new Error('A transaction changes only what it has read.');
    if (touched.to === null) throw noDocument(collection, id);
    return touched as Touched & { to: StoredDocument };
  }

  #write(touched: Touched & { to: StoredDocument }, body: string): StoredDocument {
    const { to: current } = touched;
    const updatedAt = Math.max(this.#core.clock.now(), current.updatedAt);
    return this.#change(touched, { ...current, version: current.version + 1, updatedAt, tag: this.#core.ids.secret(TAG_BYTES), body }, 'updated');
  }

  #change<To extends State>(touched: Touched, to: To, change: 'created' | 'updated' | 'deleted'): To {
    this.#open();
    const version = (to ?? touched.to)?.version;
    touched.to = to;
    touched.changed = true;
    this.#messages = more(this.#messages, {
      messageId: this.#core.ids.uuid(),
      topic: `${touched.collection}.${touched.id}.${change}`,
      timestamp: this.#core.clock.now(),
      data: `{"change":"${change}","id":"${touched.id}","version":${version},"document":${to === null ? 'null' : documentText(to)}}`,
      change: true,
    });
    return to;
  }

  #judge(collection: string, body: Body): string {
    const { validate } = this.#core.collections.get(collection);
    validate?.(body, '/data');
    const text = JSON.stringify(body);
    const limit = this.#core.settings.maxMessageBytes;
    // A character takes at most three bytes per code unit, so most texts need no count.
    if (text.length * 3 > limit && Buffer.byteLength(text) > limit) {
      throw new ProtocolError('PAYLOAD_TOO_LARGE', 'The document would be too large.', { limit, field: '/data' });
    }
    return text;
  }

  /** Publishes a message of a client. `data` is JSON text. Returns its place among the messages of this unit. */
  publish(message: NewMessage): number {
    this.#open();
    this.#messages = more(this.#messages, message);
    return this.#messages.length - 1;
  }

  record(change: RecordChange): void {
    this.#open();
    this.#records = more(this.#records, change);
  }

  collection(change: CollectionChange): void {
    this.#open();
    this.#collections = more(this.#collections, change);
  }

  /** Runs when the unit is on stable storage, before its answer. */
  afterCommit(effect: () => void): void {
    this.#afterCommit = more(this.#afterCommit, effect);
  }

  /** Runs when the unit was refused, failed or was never written. */
  afterFailure(effect: () => void): void {
    this.#afterFailure = more(this.#afterFailure, effect);
  }

  /**
   * What of it rests on units that are not confirmed yet, as a unit that writes nothing: once the store has taken that, so are they. undefined: nothing does.
   */
  rest(): WriteUnit | undefined {
    const expectations: DocumentExpectation[] = [];
    for (const { collection, id, from, unconfirmed } of this.#documents.values())
      if (unconfirmed) expectations.push({ collection, id, state: stateName(from) });
    return expectations.length === 0 ? undefined : { expectations };
  }

  /** The unit for the store, named by its request; nothing is added to it any more. Throws `FORBIDDEN` where a topic has become a collection's meanwhile. */
  unit(request: RequestName | undefined): WriteUnit {
    this.#sealed = true;
    for (const { topic, change } of this.#messages) if (!change) this.#core.collections.checkFree(topic);
    let documents: readonly DocumentChange[] = NONE;
    let expectations: readonly DocumentExpectation[] = NONE;
    for (const { collection, id, from, to, changed } of this.#documents.values()) {
      if (changed && (from !== null || to !== null)) documents = more(documents, { collection, id, from: stateName(from), to });
      else expectations = more(expectations, { collection, id, state: stateName(from) });
    }
    const unit = { documents, expectations, messages: this.#messages, records: this.#records, collections: this.#collections };
    return request === undefined ? unit : { request, ...unit };
  }

  /** Lets other units build on what this one changes, until `settle`. */
  announce(): void {
    for (const [key, { to, changed }] of this.#documents) if (changed) this.#pending.set(key, to, this);
  }

  settle(committed: boolean): void {
    this.#sealed = true;
    this.#withdraw();
    if (!committed) this.#fall();
    for (const effect of committed ? this.#afterCommit : this.#afterFailure) effect();
  }

  /** The documents that it has read or changed. */
  get keys(): readonly string[] {
    return [...this.#documents.keys()];
  }

  #withdraw(): void {
    for (const [key, { changed }] of this.#documents) if (changed) this.#pending.settle(key, this);
  }

  /** Takes along all that builds on it, so that nobody builds on those: they would all try again on states that are never written. */
  #fall(): void {
    const falling = [...this.#dependents];
    for (let unit = falling.pop(); unit !== undefined; unit = falling.pop()) {
      if (unit.#fallen) continue;
      unit.#fallen = true;
      unit.#withdraw();
      falling.push(...unit.#dependents);
    }
  }
}
