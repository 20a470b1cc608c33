// What the conditions and the order of a list mean (ports/storage.ts), said once in plain code: for documents that no store holds yet (9.2.3), and
// as the model that the contract holds every store against. A store may do it in any way that gives the same.
import type { Condition, ListBehind, Scalar, SortKey, StoredDocument } from '../ports/storage.ts';

/** What the order of a list knows of a document, but for the tie-break of documents that were created in the same millisecond. */
export interface OrderKeys {
  /** A value for each sort key; null where it is missing, an empty object for any object or array. */
  readonly values: readonly unknown[];
  readonly createdAt: number;
}

const KEPT: ReadonlySet<string> = new Set(['id', 'version', 'createdAt', 'updatedAt']);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The values of a document by path, null where there is none; its text is read at most once. */
const valuesOf = (document: StoredDocument): ((path: readonly string[]) => unknown) => {
  let body: unknown;
  return ([head = '', ...rest]) => {
    if (KEPT.has(head)) return rest.length > 0 ? null : document[head as 'id'];
    body ??= JSON.parse(document.body);
    let found: unknown = body;
    for (const member of [head, ...rest]) found = isObject(found) && Object.hasOwn(found, member) ? found[member] : undefined;
    return found ?? null;
  };
};

/** Of two values of one type; strings bytewise in UTF-8, which is not their order in UTF-16. */
const compareSame = (one: unknown, other: unknown): number =>
  typeof one === 'string' ? Buffer.compare(Buffer.from(one), Buffer.from(other as string)) : Number(one) - Number(other);

const meetsOne = (found: unknown, { comparison, values }: Condition): boolean => {
  const wanted: Scalar = values[0] ?? null;
  switch (comparison) {
    case 'eq':
      return found === wanted;
    case 'ne':
      return found !== wanted;
    case 'in':
      return values.some((value) => found === value);
    default: {
      if (wanted === null || typeof found !== typeof wanted) return false;
      const sign = compareSame(found, wanted);
      return comparison === 'lt' ? sign < 0 : comparison === 'lte' ? sign <= 0 : comparison === 'gt' ? sign > 0 : sign >= 0;
    }
  }
};

export const meets = (document: StoredDocument, conditions: readonly Condition[]): boolean => {
  const valueAt = valuesOf(document);
  return conditions.every((condition) => meetsOne(valueAt(condition.path), condition));
};

export const orderKeys = (document: StoredDocument, sort: readonly SortKey[]): OrderKeys => {
  const valueAt = valuesOf(document);
  const values = sort.map(({ path }) => {
    const value = valueAt(path);
    return typeof value === 'object' && value !== null ? {} : value;
  });
  return { values, createdAt: document.createdAt };
};

/** The order of types; null is none of them, because it comes last in either direction. */
const TYPES: readonly string[] = ['number', 'string', 'boolean', 'object'];

const compareValues = (one: unknown, other: unknown): number => {
  const types = TYPES.indexOf(typeof one) - TYPES.indexOf(typeof other);
  if (types !== 0) return types;
  // Objects and arrays are all alike.
  return typeof one === 'object' ? 0 : compareSame(one, other);
};

/** Whether documents of the same keys are listed in the order of their creation (1) or against it (-1). */
export const creationSign = (sort: readonly SortKey[]): 1 | -1 => (sort.at(-1)?.descending === true ? -1 : 1);

const compareBySort = (one: readonly unknown[], other: readonly unknown[], sort: readonly SortKey[]): number => {
  for (const [index, { descending }] of sort.entries()) {
    const [left, right] = [one[index], other[index]];
    if (left === null || right === null) {
      if (left === right) continue;
      return left === null ? 1 : -1;
    }
    const sign = compareValues(left, right);
    if (sign !== 0) return descending ? -sign : sign;
  }
  return 0;
};

/** Below 0 where `one` comes first, 0 where the tie-break decides. */
export const compareKeys = (one: OrderKeys, other: OrderKeys, sort: readonly SortKey[]): number =>
  compareBySort(one.values, other.values, sort) || creationSign(sort) * (one.createdAt - other.createdAt);

/** Above 0 where a document lies behind a place, 0 where the tie-break decides. */
export const compareWithPlace = ({ values, createdAt }: OrderKeys, place: ListBehind, sort: readonly SortKey[]): number => {
  const last = place.values.length - 1;
  const beginning = place.values[last];
  const isSame = (value: unknown, index: number): boolean =>
    place.isBeginning && index === last && typeof value === 'string' && typeof beginning === 'string' && value.startsWith(beginning);
  const known = values.map((value, index) => (isSame(value, index) ? beginning : value));
  const sign = compareBySort(known, place.values, sort.slice(0, place.values.length));
  if (sign !== 0) return sign;
  return place.createdAt === undefined ? 1 : creationSign(sort) * (createdAt - place.createdAt);
};
