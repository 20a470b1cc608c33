// Strict JSON: I-JSON (RFC 7493) as far as a double goes (4.1.1). What this accepts means the same to every reader and can be sent back unchanged.
import { ProtocolError } from './errors.ts';
import { BOUNDS } from './limits.ts';

const malformed = (message: string): ProtocolError => new ProtocolError('MALFORMED_JSON', message);

/** Members in a text that is known to be JSON: strings that a colon follows. */
const countMembers = (text: string): number => {
  let members = 0;
  let index = text.indexOf('"');
  while (index !== -1) {
    let end = text.indexOf('"', index + 1);
    // A quote behind an odd number of backslashes is part of the string.
    for (;;) {
      let backslashes = 0;
      while (text.charCodeAt(end - 1 - backslashes) === 92) backslashes++;
      if (backslashes % 2 === 0) break;
      end = text.indexOf('"', end + 1);
    }
    let next = end + 1;
    let code = text.charCodeAt(next);
    while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++next);
    if (code === 58) members++;
    index = text.indexOf('"', next);
  }
  return members;
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
        for (const member of Object.keys(value)) {
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
    throw malformed('The text is not JSON.');
  }
  const walk = new Walk(text.includes('\\u'), depth);
  walk.value(value, 0);
  if (walk.members !== 0 && walk.members !== countMembers(text)) throw malformed('An object has a member twice.');
  return value;
};
