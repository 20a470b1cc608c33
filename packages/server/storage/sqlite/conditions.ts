// Conditions of a list as SQL over sort keys (paths.ts). A key is never NULL, so every condition is plainly true or false;
// a range keeps to the values of its own type by the bounds between the types.
import type { Condition, Scalar } from '../../ports/storage.ts';
import type { Value } from './database.ts';
import { BOOLEANS_SQL, type KeyExpression, keyExpression, keyOf, OTHERS_SQL, STRINGS_SQL } from './paths.ts';

/** A piece of SQL with the values for its question marks. */
export interface Piece {
  readonly sql: string;
  readonly values: readonly Value[];
}

const NEVER: Piece = { sql: '0', values: [] };
export const ALWAYS: Piece = { sql: '1', values: [] };

const typeOf = (scalar: Scalar): 'number' | 'string' | 'boolean' | 'null' => (scalar === null ? 'null' : (typeof scalar as 'number' | 'string' | 'boolean'));

/** Whether a key can have this value at all: a kept member has one type, and its column would convert what it is compared with. */
const isPossible = (key: KeyExpression, scalar: Scalar): boolean => key.always === undefined || key.always === typeOf(scalar);

const equals = (key: KeyExpression, scalars: readonly Scalar[]): Piece => {
  const possible = scalars.filter((scalar) => isPossible(key, scalar));
  if (possible.length === 0) return NEVER;
  if (possible.length === 1) return { sql: `${key.sql} = ?`, values: [keyOf(possible[0] as Scalar)] };
  return { sql: `${key.sql} IN (${possible.map(() => '?').join(',')})`, values: possible.map(keyOf) };
};

const OPERATORS = { lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

const range = (key: KeyExpression, operator: keyof typeof OPERATORS, scalar: Scalar): Piece => {
  if (scalar === null || !isPossible(key, scalar)) return NEVER;
  const upwards = operator === 'gt' || operator === 'gte';
  const own = { sql: `${key.sql} ${OPERATORS[operator]} ?`, values: [keyOf(scalar)] };
  if (key.always !== undefined) return own;
  const bound = (sql: string): Piece => ({ sql: `(${own.sql} AND ${key.sql} ${sql})`, values: own.values });
  switch (typeof scalar) {
    case 'number':
      return upwards ? bound(`< ${STRINGS_SQL}`) : own;
    case 'string':
      return bound(upwards ? `< ${BOOLEANS_SQL}` : `>= ${STRINGS_SQL}`);
    default:
      return bound(upwards ? `< ${OTHERS_SQL}` : `>= ${BOOLEANS_SQL}`);
  }
};

/** One condition. */
export const conditionSql = ({ path, comparison, values }: Condition): Piece => {
  const key = keyExpression(path);
  const first = values[0] ?? null;
  switch (comparison) {
    case 'eq':
      return equals(key, [first]);
    case 'in':
      return equals(key, values);
    case 'ne':
      return isPossible(key, first) ? { sql: `${key.sql} <> ?`, values: [keyOf(first)] } : ALWAYS;
    default:
      return range(key, comparison, first);
  }
};
