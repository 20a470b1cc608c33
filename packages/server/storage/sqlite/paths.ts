// One sort key per member of a document, as SQL: the expression that indexes are made of and conditions compare with. It
// gives each JSON type a storage class of its own, so that SQLite's order of classes is the port's order of types:
// numbers < strings < false < true < objects and arrays (all alike) < null or missing. Nothing is converted on the way.
import type { Scalar } from '../../ports/storage.ts';
import type { Value } from './database.ts';

/** A sort key: the SQL, whether it can be the key of null, and which type it always has where that is known. */
export interface KeyExpression {
  readonly sql: string;
  readonly nullable: boolean;
  readonly always?: 'number' | 'string' | 'null';
}

// Blobs sort behind all text, and no JSON value is one.
const FALSE = new Uint8Array([0]);
const TRUE = new Uint8Array([1]);
const NULL = new Uint8Array([0xff]);
export const NULL_SQL = "x'ff'";
/** Behind every number, before every string; behind every string, before every boolean; behind every boolean. */
export const STRINGS_SQL = "''";
export const BOOLEANS_SQL = "x''";
export const OTHERS_SQL = "x'02'";

const KEPT: Readonly<Record<string, KeyExpression>> = {
  id: { sql: 'id', nullable: false, always: 'string' },
  version: { sql: 'version', nullable: false, always: 'number' },
  createdAt: { sql: 'created', nullable: false, always: 'number' },
  updatedAt: { sql: 'updated', nullable: false, always: 'number' },
};

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The SQL of a member's key. Members of arrays are not reached: every step is a quoted name. */
export const keyExpression = (path: readonly string[]): KeyExpression => {
  const head = path[0] ?? '';
  if (Object.hasOwn(KEPT, head)) {
    return path.length === 1 ? (KEPT[head] as KeyExpression) : { sql: NULL_SQL, nullable: true, always: 'null' };
  }
  const at = quote(`$${path.map((member) => `.${JSON.stringify(member)}`).join('')}`);
  // A whole number is compared as the double that it stands for (4.1.1), beyond 2^53 too.
  const sql = `CASE json_type(body,${at}) WHEN 'text' THEN json_extract(body,${at}) WHEN 'integer' THEN CAST(json_extract(body,${at}) AS REAL) WHEN 'real' THEN json_extract(body,${at}) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00' WHEN 'object' THEN x'02' WHEN 'array' THEN x'02' ELSE ${NULL_SQL} END`;
  return { sql, nullable: true };
};

/** The path that an index of a collection names: members with dots between. */
export const pathOf = (dotted: string): readonly string[] => dotted.split('.');

/** A scalar as the value its key has. */
export const keyOf = (scalar: Scalar): Value => {
  if (scalar === null) return NULL;
  if (scalar === true) return TRUE;
  if (scalar === false) return FALSE;
  return scalar;
};

/** The value that has this key; an empty object for any object or array. */
export const memberOf = (key: Value): unknown => {
  if (!(key instanceof Uint8Array)) return key;
  if (key[0] === 0x02) return {};
  return isNullKey(key) ? null : key[0] === 0x01;
};

/** Whether a key that was read is that of null or of a missing member. */
export const isNullKey = (key: Value): boolean => key instanceof Uint8Array && key[0] === 0xff;
