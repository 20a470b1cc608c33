// Strict JSON: I-JSON (RFC 7493) as far as a double goes (4.1.1). What this accepts means the same to every reader and can be sent back unchanged.
import { ProtocolError } from './errors.ts';
import { BOUNDS } from './limits.ts';

const malformed = (message: string): ProtocolError => new ProtocolError('MALFORMED_JSON', message);

const COLON = 58;
const BACKSLASH = 92;

/** Where the string that begins at `start` ends, in a text that is known to be JSON: at its closing quote. */
const stringEnd = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    // A quote behind an odd number of backslashes is part of the string.
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
};

const afterSpace = (text: string, start: number): number => {
  let index = start;
  for (let code = text.charCodeAt(index); code === 32 || code === 10 || code === 13 || code === 9; ) code = text.charCodeAt(++index);
  return index;
};

/** The names of members in a text that is known to be JSON, strings that a colon follows: how many, and whether one is written with an escape. */
const surveyNames = (text: string): { readonly members: number; readonly escaped: boolean } => {
  let members = 0;
  let escaped = false;
  let backslash = text.indexOf('\\');
  for (let start = text.indexOf('"'); start !== -1; ) {
    const end = stringEnd(text, start);
    const next = afterSpace(text, end + 1);
    if (text.charCodeAt(next) === COLON) {
      members++;
      if (!escaped && backslash !== -1) {
        if (backslash < start) backslash = text.indexOf('\\', start);
        escaped = backslash !== -1 && backslash < end;
      }
    }
    start = text.indexOf('"', next);
  }
  return { members, escaped };
};

const LITERAL = /[^ \t\r\n,\]}]+/y;

/**
 * Reads a text that is known to be JSON without the runtime's reading of names: V8 (in Node 24 and 26, nodejs/node#63785) takes a name that is written
 * with an escape for another one, `\"` for `\`, where an object of the process has that other one in its place. Any client could so
 * change what another one sends.
 */
class Reader {
  readonly text: string;
  readonly depth: number;
  at = 0;

  constructor(text: string, depth: number) {
    this.text = text;
    this.depth = depth;
  }

  /** The next character that is no space. */
  next(): string {
    this.at = afterSpace(this.text, this.at);
    return this.text[this.at] as string;
  }

  string(): string {
    const end = stringEnd(this.text, this.at);
    const token = this.text.slice(this.at, end + 1);
    this.at = end + 1;
    return token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
  }

  value(depth: number): unknown {
    const first = this.next();
    if (first === '"') return this.string();
    if (first !== '{' && first !== '[') {
      LITERAL.lastIndex = this.at;
      const token = (LITERAL.exec(this.text) as RegExpExecArray)[0];
      this.at += token.length;
      return JSON.parse(token);
    }
    if (depth >= this.depth) throw malformed(`The nesting is deeper than ${this.depth}.`);
    return first === '{' ? this.object(depth) : this.array(depth);
  }

  array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.at++;
    while (this.next() !== ']') {
      items.push(this.value(depth + 1));
      if (this.next() === ',') this.at++;
    }
    this.at++;
    return items;
  }

  object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.at++;
    while (this.next() !== '}') {
      const name = this.string();
      this.next();
      this.at++;
      const value = this.value(depth + 1);
      // As the runtime does: a member of that name, never the prototype.
      if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      else object[name] = value;
      if (this.next() === ',') this.at++;
    }
    this.at++;
    return object;
  }
}

/** Nobody writes deeper than this; what does must not end in a stack overflow. */
const DEEPEST = 1000;

/**
 * `JSON.parse` for texts that are known to be sound, such as those that the server wrote, but whose members have names of the users' choosing: with the
 * names as they are written. Throws what `JSON.parse` throws.
 */
export const readJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text);
  return text.includes('\\') && surveyNames(text).escaped ? new Reader(text, DEEPEST).value(0) : value;
};

class Walk {
  members = 0;
  readonly escapes: boolean;
  readonly depth: number;

  constructor(escapes: boolean, depth: number) {
    this.escapes = escapes;
    this.depth = depth;
  }

  value(value: unknown, depth: number): void {
    if (typeof value === 'string') {
      // Text that was decoded from UTF-8 holds a lone surrogate only where an escape made one.
      if (this.escapes && !value.isWellFormed()) throw malformed('A string holds half of a surrogate pair.');
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw malformed('A number does not fit a double.');
    } else if (typeof value === 'object' && value !== null) {
      if (depth >= this.depth) throw malformed(`The nesting is deeper than ${this.depth}.`);
      if (Array.isArray(value)) {
        for (const item of value) this.value(item, depth + 1);
      } else {
        for (const member in value) {
          this.members++;
          if (member === '__proto__') throw malformed('A member must not be called __proto__.');
          if (this.escapes && !member.isWellFormed()) throw malformed('The name of a member holds half of a surrogate pair.');
          this.value((value as Record<string, unknown>)[member], depth + 1);
        }
      }
    }
  }
}

/**
 * Parses JSON strictly: no doubled members, no lone surrogates, no number beyond a double, no member `__proto__`, at most `depth` levels (64). Throws
 * `MALFORMED_JSON` (4.1.1).
 */
export const parseJson = (text: string, depth: number = BOUNDS.nesting): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(text.trim() === '' ? 'The text is empty, which is not JSON.' : 'The text is not JSON.');
  }
  const { members, escaped } = surveyNames(text);
  if (escaped) value = new Reader(text, depth).value(0);
  const walk = new Walk(text.includes('\\u'), depth);
  walk.value(value, 0);
  if (walk.members !== members) throw malformed('An object has a member twice.');
  return value;
};
