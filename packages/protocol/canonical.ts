// JSON that is sound and already written as we would write it, told from its bytes without making anything of them: most of what programs send. What this does
// not know for sure it refuses, and the strict reading (json.ts) judges it.

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** A double holds every decimal of so many digits, and writes it as it was. */
const SURE_DIGITS = 15;
/** Beyond so many members of one object their names are not compared here. */
const MOST_NAMES = 24;
const NO = -1;

/** Bytes at which a string without escapes ends, or is none: the quote, the backslash, control characters. */
const STOPS = Uint8Array.from({ length: 256 }, (_, code) => (code < 0x20 || code === QUOTE || code === 0x5c ? 1 : 0));

/** The names of the objects that are open: where each begins and ends. */
const names = new Int32Array(2 * 1024);
let named = 0;
/** Of what is open at once, all names fit. */
const DEEPEST = Math.floor(names.length / (2 * MOST_NAMES));

/** Behind the string whose opening quote is before `start`; -1 where it has an escape or does not end before `end`. */
export const plainStringEnd = (bytes: Uint8Array, start: number, end: number): number => {
  let at = start;
  while (at < end && STOPS[bytes[at] as number] === 0) at++;
  return at < end && bytes[at] === QUOTE ? at + 1 : NO;
};

/** Whether these bytes stand at a place. */
export const standsAt = (bytes: Uint8Array, at: number, word: Uint8Array): boolean => {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false;
  return true;
};

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const TRUE = ascii('true');
const FALSE = ascii('false');
const NULL = ascii('null');

const isDigit = (code: number | undefined): boolean => code !== undefined && code >= ZERO && code <= ZERO + 9;

/** Integers and decimals of few digits, without an exponent; not -0, no needless zeros. */
const numberEnd = (bytes: Uint8Array, start: number, end: number): number => {
  let at = bytes[start] === MINUS ? start + 1 : start;
  const first = at;
  while (at < end && isDigit(bytes[at])) at++;
  const digits = at - first;
  if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return NO;
  const isZero = bytes[first] === ZERO;
  const next = at < end ? bytes[at] : undefined;
  if (next === DOT) {
    const fraction = ++at;
    while (at < end && isDigit(bytes[at])) at++;
    // 0.05 is left to the strict reading: how small a number is that is written without an exponent need not be known here.
    if (at === fraction || bytes[at - 1] === ZERO || (isZero && bytes[fraction] === ZERO) || digits + at - fraction > SURE_DIGITS) return NO;
  } else if (digits > SURE_DIGITS || (isZero && first > start)) return NO;
  // An exponent is written by nobody the way we do.
  return at < end && ((bytes[at] as number) | 0x20) === 0x65 ? NO : at;
};

const isNew = (bytes: Uint8Array, from: number, start: number, end: number): boolean => {
  for (let index = from; index < named; index += 2) {
    const other = names[index] as number;
    if ((names[index + 1] as number) - other !== end - start) continue;
    let at = 0;
    while (start + at < end && bytes[start + at] === bytes[other + at]) at++;
    if (start + at === end) return false;
  }
  return true;
};

const objectEnd = (bytes: Uint8Array, start: number, end: number, depth: number): number => {
  if (bytes[start] === OBJECT_END) return start + 1;
  const from = named;
  for (let at = start; ; at++) {
    if (bytes[at] !== QUOTE || named - from >= MOST_NAMES * 2) return NO;
    const name = at + 1;
    const behind = plainStringEnd(bytes, name, end);
    if (behind === NO || bytes[behind] !== COLON) return NO;
    // Names that are numbers change places when they are read, and `__proto__` is refused.
    const first = bytes[name] as number;
    if (isDigit(first) || first === 0x5f || !isNew(bytes, from, name, behind - 1)) return NO;
    names[named++] = name;
    names[named++] = behind - 1;
    at = valueEnd(bytes, behind + 1, end, depth);
    if (at === NO) return NO;
    if (bytes[at] === OBJECT_END) {
      named = from;
      return at + 1;
    }
    if (bytes[at] !== COMMA) return NO;
  }
};

const arrayEnd = (bytes: Uint8Array, start: number, end: number, depth: number): number => {
  if (bytes[start] === ARRAY_END) return start + 1;
  for (let at = start; ; at++) {
    at = valueEnd(bytes, at, end, depth);
    if (at === NO) return NO;
    if (bytes[at] === ARRAY_END) return at + 1;
    if (bytes[at] !== COMMA) return NO;
  }
};

const valueEnd = (bytes: Uint8Array, start: number, end: number, depth: number): number => {
  if (start >= end) return NO;
  switch (bytes[start]) {
    case QUOTE:
      return plainStringEnd(bytes, start + 1, end);
    case OBJECT:
      return depth === 0 ? NO : objectEnd(bytes, start + 1, end, depth - 1);
    case ARRAY:
      return depth === 0 ? NO : arrayEnd(bytes, start + 1, end, depth - 1);
    case 0x74:
      return standsAt(bytes, start, TRUE) ? start + TRUE.length : NO;
    case 0x66:
      return standsAt(bytes, start, FALSE) ? start + FALSE.length : NO;
    case 0x6e:
      return standsAt(bytes, start, NULL) ? start + NULL.length : NO;
    default:
      return numberEnd(bytes, start, end);
  }
};

/**
 * Behind the JSON value that begins at `start`, where it is one that `parseJson` accepts at a depth of at most `depth` and whose bytes are those that `JSON.stringify` would make
 * of it; -1 where that is not so, or is not sure. `bytes` up to `end` are known to be UTF-8.
 */
export const canonicalEnd = (bytes: Uint8Array, start: number, end: number, depth: number): number => {
  named = 0;
  const behind = valueEnd(bytes, start, end, Math.min(depth, DEEPEST));
  return behind > end ? NO : behind;
};
