// The `pattern` of a schema that a user gave, in time that grows with the text and no faster: the engine of JavaScript can take years for forty characters
// (`^(a+)+$`), and whoever may write would choose them. Decision 0020.
import { RE2JS } from 're2js';

/** What `\s` and `.` mean in ECMA-262, as ranges; the other engine takes only ASCII for white, and only `\n` for the end of a line. */
const WHITE = '\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const NOT_WHITE =
  '\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}';
const NOT_LINE_END = '[^\\n\\r\\x{2028}\\x{2029}]';
/** Half of a character, and what changes the meaning of what is within. */
const UNTRANSLATABLE = /\\u[dD][89a-fA-F]|\(\?[a-z-]+:/;

/** The same pattern for the other engine; undefined where it has no way to say it. */
const translated = (pattern: string): string | undefined => {
  if (UNTRANSLATABLE.test(pattern)) return undefined;
  let isInClass = false;
  const text = pattern.replace(/\\u\{[^}]*\}|\\.|[.[\]]/gsu, (token) => {
    if (token === '\\s') return isInClass ? WHITE : `[${WHITE}]`;
    if (token === '\\S') return isInClass ? NOT_WHITE : `[${NOT_WHITE}]`;
    if (token === '[' && isInClass) return '\\[';
    if (token === '[') isInClass = true;
    else if (token === ']') isInClass = false;
    else if (token === '.' && !isInClass) return NOT_LINE_END;
    return token;
  });
  return RE2JS.translateRegExp(text);
};

/**
 * As `new RegExp(pattern, flags)`, which it is for what cannot be had in linear time: lookarounds, backreferences, counts above 1,000, properties other than those of
 * one name. Throws `SyntaxError` for what is no pattern.
 */
export const linearPattern = (pattern: string, flags: string): { test(text: string): boolean } => {
  const native = new RegExp(pattern, flags);
  const text = translated(pattern);
  if (text === undefined) return native;
  try {
    return RE2JS.compile(text);
  } catch {
    return native;
  }
};
