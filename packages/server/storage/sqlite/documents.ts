// Documents in the writer: what state one is in, and its change. Statements per collection, prepared once.
import type { CollectionChange, ConflictReason, DocumentChange, StateName, StoredCollection, StoredDocument } from '../../ports/storage.ts';
import { type Database, firstRow, prepareRows, rows, type Statement } from './database.ts';
import { createTable, dropTable, replaceIndexes, TAG_SQL, tableName } from './tables.ts';
import { changedTag } from './units.ts';

/** The state of a document as units compare it; null where there is none. */
export type DocumentState = StateName | null;

interface Table {
  readonly number: number;
  readonly indexes: StoredCollection['indexes'];
  readonly state: Statement;
  readonly insert: Statement;
  readonly update: Statement;
  readonly remove: Statement;
  readonly any: Statement;
}

/** A collection with the number that names its table. */
export interface NumberedCollection extends StoredCollection {
  readonly number: number;
}

/** All collections, as they are stored. */
export const readCollections = (database: Database): NumberedCollection[] =>
  rows(prepareRows(database, 'SELECT number, name, schema, indexes, created, updated FROM collections ORDER BY name')).map((row) => ({
    number: Number(row[0]),
    name: String(row[1]),
    schema: row[2] === null ? null : String(row[2]),
    indexes: JSON.parse(String(row[3])) as StoredCollection['indexes'],
    createdAt: Number(row[4]),
    updatedAt: Number(row[5]),
  }));

export const sameState = (one: DocumentState, other: DocumentState): boolean =>
  one === null || other === null ? one === other : one.version === other.version && one.tag === other.tag;

export class Documents {
  readonly #database: Database;
  #tables = new Map<string, Table>();
  /** Whether the open transaction changed a collection. */
  collectionsChanged = false;

  constructor(database: Database) {
    this.#database = database;
    this.reload();
  }

  /** Reads the collections again: at the start and after a rollback that took some back. */
  reload(): void {
    this.#tables = new Map(readCollections(this.#database).map((collection) => [collection.name, this.#prepare(collection.number, collection.indexes)]));
  }

  #prepare(number: number, indexes: StoredCollection['indexes']): Table {
    const table = tableName(number);
    const database = this.#database;
    return {
      number,
      indexes,
      state: prepareRows(database, `SELECT version, ${TAG_SQL} FROM ${table} WHERE id = ?`),
      insert: database.prepare(`INSERT INTO ${table} (id, version, created, updated, incarnation, tag, body) VALUES (?, ?, ?, ?, ?, ?, ?)`),
      update: database.prepare(`UPDATE ${table} SET version = ?2, created = ?3, updated = ?4, incarnation = ?5, tag = ?6, body = ?7 WHERE id = ?1`),
      remove: database.prepare(`DELETE FROM ${table} WHERE id = ?`),
      any: prepareRows(database, `SELECT 1 FROM ${table} LIMIT 1`),
    };
  }

  has(collection: string): boolean {
    return this.#tables.has(collection);
  }

  isEmpty(collection: string): boolean {
    const table = this.#tables.get(collection);
    return table === undefined || firstRow(table.any) === undefined;
  }

  state(collection: string, id: string): DocumentState {
    const table = this.#tables.get(collection);
    if (table === undefined) return null;
    const row = firstRow(table.state, id);
    return row === undefined ? null : { version: Number(row[0]), tag: String(row[1]) };
  }

  /** Carries out a change whose unit was checked. */
  change(change: DocumentChange): void {
    const table = this.#tables.get(change.collection) as Table;
    if (change.to === null) {
      if (change.from !== null) table.remove.run(change.id);
      return;
    }
    const { id, version, createdAt, updatedAt, incarnation, body }: StoredDocument = change.to;
    const tag = changedTag(change.to);
    // An update keeps the row and with it the place in lists; a document that was made anew is another one.
    const statement = change.from === null ? table.insert : table.update;
    statement.run(id, version, createdAt, updatedAt, incarnation, tag, body);
  }

  /** Why a change of a collection cannot be; undefined where it can. */
  refusal(change: CollectionChange, holdsClientMessage: (segment: string) => boolean): ConflictReason | undefined {
    if (change.kind === 'create') {
      if (this.has(change.collection.name)) return 'exists';
      return holdsClientMessage(change.collection.name) ? 'client-messages' : undefined;
    }
    const name = change.kind === 'remove' ? change.name : change.collection.name;
    if (!this.has(name)) return 'missing';
    return change.kind === 'remove' && !this.isEmpty(name) ? 'not-empty' : undefined;
  }

  changeCollection(change: CollectionChange): void {
    this.collectionsChanged = true;
    const database = this.#database;
    if (change.kind === 'remove') {
      const { number } = this.#tables.get(change.name) as Table;
      this.#tables.delete(change.name);
      dropTable(database, number);
      database.prepare('DELETE FROM collections WHERE number = ?').run(number);
      return;
    }
    const { name, schema, indexes, createdAt, updatedAt } = change.collection;
    const text = JSON.stringify(indexes);
    if (change.kind === 'create') {
      const { lastInsertRowid } = database
        .prepare('INSERT INTO collections (name, schema, indexes, created, updated) VALUES (?, ?, ?, ?, ?)')
        .run(name, schema, text, createdAt, updatedAt);
      const number = Number(lastInsertRowid);
      createTable(database, number, indexes);
      this.#tables.set(name, this.#prepare(number, indexes));
    } else {
      const { number, indexes: before } = this.#tables.get(name) as Table;
      replaceIndexes(database, number, before, indexes);
      database
        .prepare('UPDATE collections SET schema = ?, indexes = ?, created = ?, updated = ? WHERE number = ?')
        .run(schema, text, createdAt, updatedAt, number);
      this.#tables.set(name, this.#prepare(number, indexes));
    }
  }

  /** The end of a transaction, one way or the other. */
  settle(stands: boolean): boolean {
    const changed = this.collectionsChanged;
    this.collectionsChanged = false;
    if (changed && !stands) this.reload();
    return changed && stands;
  }
}
