// A list as SQL. What lies behind a place is asked for in segments, each an equality on some first keys, one range on the
// next, in the order of the rest: every one of them is a plain walk of an index, so page 10,000 costs what page 1 does.
// A row-value comparison would be shorter, but SQLite does not walk an index over expressions by it.
import { createHash } from 'node:crypto';
import { type ListQuery, StorageError } from '../../ports/storage.ts';
import { ALWAYS, conditionSql, type Piece } from './conditions.ts';
import type { Value } from './database.ts';
import { isNullKey, keyExpression, NULL_SQL } from './paths.ts';
import { tableName } from './tables.ts';

interface OrderKey {
  readonly sql: string;
  readonly descending: boolean;
  readonly nullable: boolean;
}

/** What a list needs of the store: run one after the other until the page is full. */
export interface ListPlan {
  readonly segments: readonly Piece[];
  /** The keys of the row at a place, for the position behind it. */
  readonly keys: string;
  /** Names conditions and sort: a position belongs to them. */
  readonly mark: string;
}

const COLUMNS = 'place, id, version, created, updated, incarnation, tag, body';

/** The keys of the order: those asked for, then creation in the direction of the last of them. */
const orderOf = ({ sort }: ListQuery): readonly OrderKey[] => {
  const keys: OrderKey[] = [];
  const add = (key: OrderKey): void => {
    if (!keys.some((other) => other.sql === key.sql)) keys.push(key);
  };
  for (const { path, descending } of sort) {
    const { sql, nullable, always } = keyExpression(path);
    if (always !== 'null') add({ sql, descending, nullable });
  }
  const descending = sort.at(-1)?.descending ?? false;
  add({ sql: 'created', descending, nullable: false });
  add({ sql: 'place', descending, nullable: false });
  return keys;
};

const orderSql = (keys: readonly OrderKey[]): string =>
  keys
    .map(({ sql, descending, nullable }) => {
      if (!descending) return sql;
      return nullable ? `${sql} = ${NULL_SQL}, ${sql} DESC` : `${sql} DESC`;
    })
    .join(', ');

/** The order behind the first key, where the segment has kept that one off null. */
const segmentOrderSql = ([first, ...rest]: readonly OrderKey[]): string => {
  if (first === undefined) return '';
  const own = `${first.sql}${first.descending ? ' DESC' : ''}`;
  return rest.length === 0 ? own : `${own}, ${orderSql(rest)}`;
};

interface Walk {
  readonly pieces: readonly Piece[];
  readonly order: string;
}

/** The walks that together give everything from a key on, in order: behind a value of the first key, or all where there is none. */
const walks = (keys: readonly OrderKey[], after: Value | undefined): readonly Walk[] => {
  const [first, ...rest] = keys;
  if (first === undefined || (after !== undefined && isNullKey(after))) return [];
  const { sql, descending, nullable } = first;
  const order = segmentOrderSql(keys);
  const behind: Piece[] = after === undefined ? [] : [{ sql: `${sql} ${descending ? '<' : '>'} ?`, values: [after] }];
  // Upwards the key of null comes last by itself.
  if (!descending || !nullable) return [{ pieces: behind, order }];
  const values: Piece[] = behind.length > 0 ? behind : [{ sql: `${sql} < ${NULL_SQL}`, values: [] }];
  const nulls: Piece = { sql: `${sql} = ${NULL_SQL}`, values: [] };
  return [{ pieces: values, order }, ...walks(rest, undefined).map((walk) => ({ pieces: [nulls, ...walk.pieces], order: walk.order }))];
};

/** A position is JSON: the mark of its list, then the keys of the last row seen; those that JSON lacks as an object. */
const readPosition = (text: string, mark: string, count: number): readonly Value[] => {
  const refuse = (): never => {
    throw new StorageError('position', 'The place in the list is not one of this list.');
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse();
  }
  if (!Array.isArray(parsed) || parsed.length !== count + 1 || parsed[0] !== mark) return refuse();
  return parsed.slice(1).map((key: unknown): Value => {
    if (typeof key === 'number' || typeof key === 'string') return key;
    const byte = (key as { b?: unknown } | null)?.b;
    return typeof byte === 'number' && Number.isInteger(byte) && byte >= 0 && byte <= 255 ? new Uint8Array([byte]) : refuse();
  });
};

/** The opaque text of the place behind a row. */
export const writePosition = (mark: string, keys: readonly Value[]): string =>
  JSON.stringify([mark, ...keys.map((key) => (key instanceof Uint8Array ? { b: key[0] } : key))]);

/** Plans a list over the collection of this number. The last value of each segment is its limit, to be added. */
export const planList = (number: number, query: ListQuery): ListPlan => {
  const keys = orderOf(query);
  const conditions = query.conditions.map(conditionSql);
  const mark = createHash('sha256')
    .update(JSON.stringify([query.conditions, query.sort]))
    .digest('base64url')
    .slice(0, 12);
  const table = tableName(number);
  const segment = (pieces: readonly Piece[], order: string): Piece => {
    const all = [...conditions, ...pieces].filter(({ sql }) => sql !== ALWAYS.sql);
    const where = all.length === 0 ? '' : ` WHERE ${all.map(({ sql }) => sql).join(' AND ')}`;
    return {
      sql: `SELECT ${COLUMNS} FROM ${table}${where}${order === '' ? '' : ` ORDER BY ${order}`} LIMIT ?`,
      values: all.flatMap(({ values }) => values),
    };
  };
  const keysSql = `SELECT ${keys.map(({ sql }) => sql).join(', ')} FROM ${table} WHERE place = ?`;
  if (query.after === undefined) {
    return { segments: walks(keys, undefined).map(({ pieces, order }) => segment(pieces, order)), keys: keysSql, mark };
  }
  const position = readPosition(query.after, mark, keys.length);
  const segments: Piece[] = [];
  for (let index = keys.length - 1; index >= 0; index--) {
    const equal = keys.slice(0, index).map(({ sql }, at): Piece => ({ sql: `${sql} = ?`, values: [position[at] as Value] }));
    for (const { pieces, order } of walks(keys.slice(index), position[index])) segments.push(segment([...equal, ...pieces], order));
  }
  return { segments, keys: keysSql, mark };
};
