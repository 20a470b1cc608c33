// The collections there are, each with its schema ready to judge (3.2.5). Kept whole in memory: they are few and every operation asks for one.
import { firstSegment, invalidField, type JsonSchema, ProtocolError, RESERVED_SEGMENTS } from '@godwit/protocol';
import type { StoredCollection } from '../ports/storage.ts';
import { wireTime } from './time.ts';
import { judgeSchema, type Validate } from './validation.ts';

export type CollectionSchema = JsonSchema | boolean | null;

export interface Collection {
  readonly name: string;
  readonly schema: CollectionSchema;
  readonly validate: Validate | undefined;
  /** Fields that lists use, a dot reaching into a member; commas between those of one index. */
  readonly indexes: readonly string[];
  /** One of the configuration changes only there. */
  readonly source: 'api' | 'configuration';
  readonly createdAt: number;
  readonly updatedAt: number;
}

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;
const FIELD = /^[^.[\]"]{1,128}(?:\.[^.[\]"]{1,128}){0,7}$/;

/** Throws `VALIDATION_FAILED` for what no collection may be called. */
export const checkCollectionName = (name: string, field: string): void => {
  if (!NAME.test(name)) throw invalidField(field, 'must begin with a-z and have at most 63 of a-z 0-9 _ -');
  if (RESERVED_SEGMENTS.has(name)) throw invalidField(field, 'is a word of the protocol');
};

/** Prepares a schema. Throws `VALIDATION_FAILED` where it is not a JSON Schema (2020-12) that stands by itself. */
export const prepareSchema = (schema: CollectionSchema, field: string): Validate | undefined => {
  if (schema === null || schema === true) return undefined;
  try {
    return judgeSchema(schema);
  } catch (error) {
    throw invalidField(field, `is not a JSON Schema (2020-12) that stands by itself: ${(error as Error).message.slice(0, 500)}`);
  }
};

const MOST_INDEX_FIELDS = 4;

export const checkIndexes = (indexes: readonly string[], field: string): void => {
  for (const [position, path] of indexes.entries()) {
    const fields = path.split(',');
    if (fields.length > MOST_INDEX_FIELDS || !fields.every((one) => FIELD.test(one))) {
      throw invalidField(`${field}/${position}`, 'must be a field, a dot between members, at most 8 deep; or up to 4 fields with commas between');
    }
  }
};

export const newCollection = (
  definition: { readonly name: string; readonly schema: CollectionSchema; readonly indexes: readonly string[]; readonly source: Collection['source'] },
  times: { readonly createdAt: number; readonly updatedAt: number },
  field = '/data',
): Collection => {
  checkIndexes(definition.indexes, `${field}/indexes`);
  return { ...definition, indexes: [...new Set(definition.indexes)], ...times, validate: prepareSchema(definition.schema, `${field}/schema`) };
};

/** As the store keeps it. */
export const storedCollection = (collection: Collection): StoredCollection => ({
  name: collection.name,
  schema: collection.schema === null ? null : JSON.stringify(collection.schema),
  indexes: collection.indexes.map((path) => path.split(',')),
  createdAt: collection.createdAt,
  updatedAt: collection.updatedAt,
});

/** As clients see it. */
export const collectionValue = ({ name, schema, indexes, source, createdAt, updatedAt }: Collection): Record<string, unknown> => ({
  name,
  schema,
  indexes,
  source,
  createdAt: wireTime(createdAt),
  updatedAt: wireTime(updatedAt),
});

/** The refusal of a client's publish to a topic of a collection. */
export const serverTopic = (field?: string): ProtocolError =>
  new ProtocolError('FORBIDDEN', 'Only the server publishes to the topics of a collection.', field === undefined ? {} : { field });

export class Collections {
  readonly #collections = new Map<string, Collection>();
  /** Names that are being made: nobody may publish under them while the store looks whether somebody did (3.2.5). */
  readonly #claimed = new Map<string, number>();

  readonly #reserved = new Map<string, string>();

  /** The collection, or `NOT_FOUND`. */
  get(name: string): Collection {
    const collection = this.#collections.get(name);
    if (collection === undefined)
      throw new ProtocolError('NOT_FOUND', `There is no collection ${name}${name === 'v1' ? ': paths in here are below /v1 and leave it out' : ''}.`);
    return collection;
  }

  has(name: string): boolean {
    return this.#collections.has(name);
  }

  all(): Collection[] {
    return [...this.#collections.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  set(collection: Collection): void {
    this.#collections.set(collection.name, collection);
  }

  delete(name: string): void {
    this.#collections.delete(name);
  }

  /** Each claim is released once, whatever became of it: several may try to make the same collection at once. */
  claim(name: string): void {
    this.#claimed.set(name, (this.#claimed.get(name) ?? 0) + 1);
  }

  release(name: string): void {
    const left = (this.#claimed.get(name) ?? 0) - 1;
    if (left > 0) this.#claimed.set(name, left);
    else this.#claimed.delete(name);
  }

  /** Names that the application's actions and topics have taken, so that a collection would hide them; `why` is a sentence. */
  reserve(name: string, why: string): void {
    this.#reserved.set(name, why);
  }

  /** Why a collection must not have this name; undefined where it may. */
  reservation(name: string): string | undefined {
    return this.#reserved.get(name);
  }

  /** Whether only the server publishes to the topic, because its first segment is a collection's name (3.2.6). */
  owns(topic: string): boolean {
    const name = firstSegment(topic);
    return this.#collections.has(name) || this.#claimed.has(name);
  }

  /** Throws `FORBIDDEN` for a topic of a collection. */
  checkFree(topic: string, field?: string): void {
    if (this.owns(topic)) throw serverTopic(field);
  }
}
