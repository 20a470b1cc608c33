// A list as SQL. What lies behind a place is asked for in segments, each an equality on some first keys, one range on the
// next, in the order of the rest: every one of them is a plain walk of an index, so page 10,000 costs what page 1 does.
// A row-value comparison would be shorter, but SQLite does not walk an index over expressions by it.
import { createHash } from 'node:crypto';
import type { ListBehind, ListQuery } from '../../ports/storage.ts';
import { ALWAYS, conditionSql, type Piece } from './conditions.ts';
import type { Value } from './database.ts';
import type { ListShape, Position } from './list-position.ts';
import { isNullKey, keyExpression, memberOf, NULL_SQL } from './paths.ts';
import { tableName } from './tables.ts';

interface OrderKey {
  readonly sql: string;
  readonly descending: boolean;
  readonly nullable: boolean;
}

/** What a list needs of the store. */
export interface ListPlan extends ListShape {
  /** To be run one after the other until the page is full. The last value of each is its limit, to be added. */
  segments(position: Position | undefined): readonly Piece[];
  /** The keys of the row at a place. */
  readonly keys: string;
  behind(position: Position): ListBehind;
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

/** A value of a key that has been seen, or the beginning of one. */
interface Bound {
  readonly value: Value;
  readonly isBeginning: boolean;
}

const behindSql = ({ sql, descending }: OrderKey, { value, isBeginning }: Bound): Piece => {
  if (!isBeginning) return { sql: `${sql} ${descending ? '<' : '>'} ?`, values: [value] };
  // No text has a byte ff in it: everything that begins so is before the beginning with one behind it.
  return { sql: descending ? `${sql} < ? || x'ff'` : `${sql} >= ?`, values: [value] };
};

/** The walks that together give everything from a key on, in order: behind a value of the first key, or all where there is none. */
const walks = (keys: readonly OrderKey[], after: Bound | undefined): readonly Walk[] => {
  const [first, ...rest] = keys;
  if (first === undefined || (after !== undefined && isNullKey(after.value))) return [];
  const { sql, descending, nullable } = first;
  const order = segmentOrderSql(keys);
  const behind: Piece[] = after === undefined ? [] : [behindSql(first, after)];
  // Upwards the key of null comes last by itself.
  if (!descending || !nullable) return [{ pieces: behind, order }];
  const values: Piece[] = behind.length > 0 ? behind : [{ sql: `${sql} < ${NULL_SQL}`, values: [] }];
  const nulls: Piece = { sql: `${sql} = ${NULL_SQL}`, values: [] };
  return [{ pieces: values, order }, ...walks(rest, undefined).map((walk) => ({ pieces: [nulls, ...walk.pieces], order: walk.order }))];
};

/** What a position says in the port's terms. */
const behindOf = ({ sort }: ListQuery, order: readonly OrderKey[], { keys, isBeginning, id }: Position): ListBehind => {
  const values: unknown[] = [];
  for (const { path } of sort) {
    const { sql, always } = keyExpression(path);
    const at = order.findIndex((key) => key.sql === sql);
    values.push(always === 'null' ? null : memberOf(keys[at] as Value));
    if (isBeginning && at === keys.length - 1) return { values, isBeginning };
  }
  const createdAt = keys[order.findIndex(({ sql }) => sql === 'created')] as number;
  return { values, isBeginning, createdAt, ...(id === undefined ? {} : { id }) };
};

/** Plans a list over the collection of this number. */
export const planList = (number: number, query: ListQuery): ListPlan => {
  const keys = orderOf(query);
  const conditions = query.conditions.map(conditionSql);
  const table = tableName(number);
  const segment = (pieces: readonly Piece[], order: string): Piece => {
    const all = [...conditions, ...pieces].filter(({ sql }) => sql !== ALWAYS.sql);
    const where = all.length === 0 ? '' : ` WHERE ${all.map(({ sql }) => sql).join(' AND ')}`;
    return {
      sql: `SELECT ${COLUMNS} FROM ${table}${where}${order === '' ? '' : ` ORDER BY ${order}`} LIMIT ?`,
      values: all.flatMap(({ values }) => values),
    };
  };
  const segmentsBehind = ({ keys: seen, isBeginning }: Position): Piece[] => {
    const segments: Piece[] = [];
    for (let index = seen.length - 1; index >= 0; index--) {
      const equal = keys.slice(0, index).map(({ sql }, at): Piece => ({ sql: `${sql} = ?`, values: [seen[at] as Value] }));
      const bound = { value: seen[index] as Value, isBeginning: isBeginning && index === seen.length - 1 };
      for (const { pieces, order } of walks(keys.slice(index), bound)) segments.push(segment([...equal, ...pieces], order));
    }
    return segments;
  };
  return {
    segments: (position) => (position === undefined ? walks(keys, undefined).map(({ pieces, order }) => segment(pieces, order)) : segmentsBehind(position)),
    keys: `SELECT ${keys.map(({ sql }) => sql).join(', ')} FROM ${table} WHERE place = ?`,
    keyCount: keys.length,
    descending: keys.at(-1)?.descending ?? false,
    mark: createHash('sha256')
      .update(JSON.stringify([query.conditions, query.sort]))
      .digest('base64url')
      .slice(0, 12),
    behind: (position) => behindOf(query, keys, position),
  };
};
