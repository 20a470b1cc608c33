// The query of a list (3.2.4) as conditions and an order for the store: what is asked for, typed by the collection's schema, and the page cursor.
import { hash } from 'node:crypto';
import { BOUNDS, type FieldError, invalid, type JsonSchema, ProtocolError, parseTimestamp, pointerSegment } from '@godwit/protocol';
import type { ComparisonName, Condition, ListQuery, Scalar, SortKey } from '../ports/storage.ts';
import type { Collection, CollectionSchema } from './collections.ts';
import type { ListPlace } from './overlaid-list.ts';

const FILTER = /^filter\[([^[\]]+)\](?:\[([^[\]]*)\])?$/;
const FIELD = /^[^.[\]"]{1,128}(?:\.[^.[\]"]{1,128}){0,7}$/;
const COMPARISONS: ReadonlySet<string> = new Set(['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in']);
const MOST_CONDITIONS = 32;
const MOST_VALUES = 100;
const MOST_SORT_KEYS = 8;

type TypeName = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';

const member = (schema: unknown, name: string): unknown =>
  typeof schema === 'object' && schema !== null ? (schema as Record<string, unknown>)[name] : undefined;

const resolve = (root: CollectionSchema, schema: unknown): unknown => {
  let found = schema;
  for (let hops = 0; hops < 8; hops++) {
    const ref = member(found, '$ref');
    if (typeof ref !== 'string' || !ref.startsWith('#/')) return found;
    found = ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, segment) => member(at, segment.replaceAll('~1', '/').replaceAll('~0', '~')), root);
  }
  return found;
};

const typeOf = (value: unknown): TypeName => (value === null ? 'null' : Array.isArray(value) ? 'array' : (typeof value as TypeName));

/** The types that a schema allows at a path, as far as it says so plainly; undefined: it does not. */
const typesAt = (root: CollectionSchema, path: readonly string[]): readonly TypeName[] | undefined => {
  let schema: unknown = resolve(root, root);
  for (const name of path) {
    const properties = member(schema, 'properties');
    if (typeof properties !== 'object' || properties === null || !Object.hasOwn(properties, name)) return undefined;
    schema = resolve(root, member(properties, name));
  }
  const type = member(schema, 'type');
  if (typeof type === 'string') return [type as TypeName];
  if (Array.isArray(type)) return type as TypeName[];
  const choices = member(schema, 'enum');
  if (Array.isArray(choices)) return [...new Set(choices.map(typeOf))];
  return (schema as JsonSchema | undefined) !== undefined && Object.hasOwn(schema as object, 'const') ? [typeOf(member(schema, 'const'))] : undefined;
};

const scalar = (text: string): Scalar => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'number') return Number.isFinite(value) ? value : text;
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  } catch {
    // Not JSON, so it stands for itself.
  }
  return text;
};

const asNumber = (text: string): number | undefined => {
  const value = scalar(text);
  return typeof value === 'number' ? value : undefined;
};

const kept = (text: string, field: string): Scalar | Error => {
  if (field === 'id') return text;
  if (field === 'version') return asNumber(text) ?? new Error('must be a number');
  return parseTimestamp(text) ?? new Error('must be an RFC 3339 time');
};

const KEPT: ReadonlySet<string> = new Set(['id', 'version', 'createdAt', 'updatedAt']);

const typed = (text: string, types: readonly TypeName[] | undefined): Scalar | Error => {
  if (types === undefined) return scalar(text);
  if (types.includes('null') && text === 'null') return null;
  const strings = types.includes('string');
  if (types.includes('number') || types.includes('integer')) {
    const value = asNumber(text);
    if (value !== undefined) return value;
    if (!strings && !types.includes('boolean')) return new Error('must be a number');
  }
  if (types.includes('boolean')) {
    if (text === 'true' || text === 'false') return text === 'true';
    if (!strings) return new Error('must be true or false');
  }
  return strings ? text : scalar(text);
};

const readCondition = (parameter: string, text: string, schema: CollectionSchema): Condition | string => {
  const found = FILTER.exec(parameter);
  const [, field, comparison = 'eq'] = found ?? [];
  if (field === undefined || !FIELD.test(field)) return 'is not a parameter that is known here';
  if (!COMPARISONS.has(comparison)) return 'has an operator that is none of eq ne lt lte gt gte in';
  const path = field.split('.');
  const types = KEPT.has(field) ? undefined : typesAt(schema, path);
  const values: Scalar[] = [];
  for (const part of comparison === 'in' ? text.split(',') : [text]) {
    const value = KEPT.has(field) ? kept(part, field) : typed(part, types);
    if (value instanceof Error) return value.message;
    values.push(value);
  }
  if (values.length > MOST_VALUES) return `has more than ${MOST_VALUES} values`;
  return { path, comparison: comparison as ComparisonName, values };
};

const readSort = (text: string | undefined): SortKey[] | string => {
  if (text === undefined) return [];
  const keys: SortKey[] = [];
  for (const part of text.split(',')) {
    const descending = part.startsWith('-');
    const field = descending ? part.slice(1) : part;
    if (!FIELD.test(field)) return 'must be fields with commas between, `-` before one for descending';
    keys.push({ path: field.split('.'), descending });
  }
  return keys.length > MOST_SORT_KEYS ? `must have at most ${MOST_SORT_KEYS} fields` : keys;
};

/** A page cursor belongs to its collection, filter and sort: this names them. */
const fingerprint = (collection: string, conditions: readonly Condition[], sort: readonly SortKey[]): string =>
  hash('sha1', JSON.stringify([collection, conditions, sort]), 'base64url').slice(0, 12);

/** More than a batch makes by far (9.2.1): a list that is asked to leave out more was not asked so by us. */
const MOST_SHOWN = 1000;

/** What stands in a page cursor: its list, the incarnations shown already, and the store's position, which is empty at the beginning. */
const PLACE = /^(\S+) ([\w,-]*) (.*)$/s;

const writePlace = (name: string, { position, shown }: ListPlace): string => Buffer.from(`${name} ${shown.join(',')} ${position ?? ''}`).toString('base64url');

/** Throws `INVALID_CURSOR` for what is no place in the list of this name. */
const readPlace = (name: string, after: string): ListPlace => {
  const text = Buffer.from(after, 'base64url').toString();
  const [, list, incarnations = '', position] = PLACE.exec(text) ?? [];
  const shown = incarnations === '' ? [] : incarnations.split(',');
  const isWhole = Buffer.from(text).toString('base64url') === after;
  if (list !== name || !isWhole || shown.length > MOST_SHOWN) throw new ProtocolError('INVALID_CURSOR', undefined, { field: '/query/after' });
  return { position: position === '' ? undefined : position, shown };
};

export interface DocumentListing {
  readonly query: Omit<ListQuery, 'after'>;
  /** Where the list goes on; undefined: from the beginning. */
  readonly place: ListPlace | undefined;
  /** The `after` of the page that follows a place. */
  nextCursor(place: ListPlace): string;
}

/** Reads the query of a list. Throws `VALIDATION_FAILED` naming each parameter at fault, `INVALID_CURSOR` for an `after` of something else. */
export const readListQuery = (collection: Collection, query: Readonly<Record<string, unknown>>, maxBytes: number = BOUNDS.pageBytes): DocumentListing => {
  const errors: FieldError[] = [];
  const conditions: Condition[] = [];
  for (const [parameter, text] of Object.entries(query)) {
    if (!parameter.startsWith('filter[')) continue;
    const condition = readCondition(parameter, String(text), collection.schema);
    if (typeof condition === 'string') errors.push({ field: `/query/${pointerSegment(parameter)}`, message: condition });
    else conditions.push(condition);
  }
  if (conditions.length > MOST_CONDITIONS) errors.push({ field: '/query', message: `has more than ${MOST_CONDITIONS} filters` });
  const sort = readSort(query['sort'] as string | undefined);
  if (typeof sort === 'string') errors.push({ field: '/query/sort', message: sort });
  if (errors.length > 0 || typeof sort === 'string') throw invalid(errors);
  const name = fingerprint(collection.name, conditions, sort);
  const after = query['after'] as string | undefined;
  return {
    query: {
      collection: collection.name,
      conditions,
      sort,
      limit: (query['limit'] as number | undefined) ?? BOUNDS.listLimit.default,
      maxBytes,
    },
    place: after === undefined ? undefined : readPlace(name, after),
    nextCursor: (place) => writePlace(name, place),
  };
};
