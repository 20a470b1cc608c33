// The place behind a row of a list as text, bounded however long the strings are that the list is sorted by (3.2.4): a long one stands as its beginning
// and its digest. The whole is read again from the row, which `place` names for good. Where that is gone or has another value by now, the list goes
// on at the row that came next; where that was changed too, from the beginning of the string: rather one twice than none.
import { hash } from 'node:crypto';
import { StorageError } from '../../ports/storage.ts';
import type { Value } from './database.ts';

/** Where a list goes on. */
export interface Position {
  /** Keys of the order; `isBeginning`: the last of these is only the beginning of a string, and what begins so is behind it. */
  readonly keys: readonly Value[];
  readonly isBeginning: boolean;
  /** The document that these are all the keys of; undefined where it is not known by its own. */
  readonly id: string | undefined;
}

/** What a position has to fit. */
export interface ListShape {
  /** Names conditions and sort: a position belongs to them. */
  readonly mark: string;
  readonly keyCount: number;
  /** Whether the last of the keys, the place, runs downwards. */
  readonly descending: boolean;
}

/** The keys of the row at a place, if there is one. The last of them is the place. */
export type KeysAt = (place: number) => readonly Value[] | undefined;

/** Bytes of a string's JSON without the quotes, up to which it stands whole. */
const MOST_BYTES = 200;

const digestOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, 12);
const rowDigest = (keys: readonly Value[]): string => digestOf(JSON.stringify(keys));
const bytesOf = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2;

/** A string that is too long to stand whole. */
type Cut = readonly [beginning: string, digest: string];
type Key = Value | Cut;

const cut = (text: string): Key => {
  if (text.length <= MOST_BYTES && bytesOf(text) <= MOST_BYTES) return text;
  let end = 0;
  let bytes = 0;
  for (const point of text) {
    bytes += bytesOf(point);
    if (bytes > MOST_BYTES) break;
    end += point.length;
  }
  return [text.slice(0, end), digestOf(text)];
};

const isCut = (key: Key): key is Cut => Array.isArray(key);

/** The string that was cut, where the row still has it. */
const wholeOf = ([, digest]: Cut, now: Value | undefined): string | undefined => (typeof now === 'string' && digestOf(now) === digest ? now : undefined);

/** The position behind the row of these keys; `next` is the place of the row behind it. */
export const writePosition = ({ mark }: ListShape, id: string, row: readonly Value[], next: number, keysAt: KeysAt): string => {
  const keys = row.map((key) => (typeof key === 'string' ? cut(key) : key));
  const witness = keys.some(isCut) ? [next, rowDigest(keysAt(next) ?? [])] : [];
  // What JSON lacks stands as an object.
  return JSON.stringify([mark, id, keys.map((key) => (key instanceof Uint8Array ? { b: key[0] } : key)), ...witness]);
};

const refuse = (): never => {
  throw new StorageError('position', 'The place in the list is not one of this list.');
};

const readKey = (key: unknown): Key => {
  if (typeof key === 'number' || typeof key === 'string') return key;
  if (Array.isArray(key)) return key.length === 2 && key.every((part) => typeof part === 'string') ? (key as unknown as Cut) : refuse();
  const byte = (key as { b?: unknown } | null)?.b;
  return typeof byte === 'number' && Number.isInteger(byte) && byte >= 0 && byte <= 255 ? new Uint8Array([byte]) : refuse();
};

/** The place in this list that a text of `writePosition` names. Throws `StorageError('position')` for any other text. */
export const readPosition = (text: string, { mark, keyCount, descending }: ListShape, keysAt: KeysAt): Position => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse();
  }
  if (!Array.isArray(parsed) || parsed[0] !== mark) return refuse();
  const [, id, written, next, digest] = parsed as unknown[];
  if (typeof id !== 'string' || !Array.isArray(written) || written.length !== keyCount) return refuse();
  const keys = written.map(readKey);
  if (!keys.some(isCut)) return { keys: keys as Value[], isBeginning: false, id };

  const place = keys.at(-1);
  if (!Number.isSafeInteger(place) || !Number.isSafeInteger(next)) return refuse();
  const row = keysAt(place as number) ?? [];
  const found = keys.map((key, index) => (isCut(key) ? wholeOf(key, row[index]) : key));
  const lost = found.indexOf(undefined);
  if (lost < 0) return { keys: found as Value[], isBeginning: false, id };

  const behind = keysAt(next as number);
  if (behind !== undefined && rowDigest(behind) === digest) {
    // Just before it: places are whole numbers, and the last key.
    return { keys: [...behind.slice(0, -1), (next as number) + (descending ? 1 : -1)], isBeginning: false, id: undefined };
  }
  const [beginning] = keys[lost] as Cut;
  return { keys: [...(found.slice(0, lost) as Value[]), beginning], isBeginning: true, id: undefined };
};
