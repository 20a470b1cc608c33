// The words of a command, read by its row: flags with their types and defaults, then words by their names. What is unknown is refused with the name that was
// probably meant; no value is repeated in a refusal, since a secret may have lost its flag.
import { parseArgs } from 'node:util';
import { parseDuration } from '@godwit/protocol';
import { nearestName } from '../../settings.ts';
import { type Flag, flagsOf, type Row } from './row.ts';
import { UsageError } from './usage.ts';

export interface Parsed {
  readonly words: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly flags: Readonly<Record<string, unknown>>;
}

const SHORT = { h: 'help' } as const;

const range = ({ min, max }: { readonly min?: number; readonly max?: number }): string =>
  max === undefined ? (min === undefined ? '' : ` from ${min} on`) : ` from ${min ?? 0} to ${max}`;

/** What a flag's value must be, as the end of "must be ...". */
export const describeFlag = (flag: Flag): string => {
  if (flag.type === 'count') return `a whole number${range(flag)}`;
  if (flag.type === 'duration') return 'a duration, a number with ms, s, m, h or d';
  if (flag.type === 'text' && flag.choices !== undefined) return `one of ${flag.choices.join(', ')}`;
  return 'a text';
};

const readValue = (flag: Flag, text: string): unknown => {
  switch (flag.type) {
    case 'count': {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
      return number === undefined || number < (flag.min ?? 0) || number > (flag.max ?? Number.MAX_SAFE_INTEGER) ? undefined : number;
    }
    case 'duration':
      return text === '0' ? 0 : parseDuration(text);
    case 'text':
      return flag.choices === undefined || flag.choices.includes(text) ? text : undefined;
    default:
      return text;
  }
};

const readFlags = (row: Row, tokens: readonly Token[]): Record<string, unknown> => {
  const known = flagsOf(row);
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(known)) {
    if (flag.type === 'switch') values[name] = false;
    else if (flag.type === 'list') values[name] = [];
    else values[name] = flag.default;
  }
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const name = token.rawName === '-h' ? SHORT.h : token.name;
    const flag = token.rawName.startsWith('--') || name === SHORT.h ? known[name] : undefined;
    if (flag === undefined) throw unknownFlag(row, token.rawName, Object.keys(known));
    if (flag.type === 'switch') {
      if (token.value !== undefined) throw new UsageError(`--${name} takes no value.`, row.name);
      values[name] = true;
      continue;
    }
    if (token.value === undefined || (token.inlineValue !== true && token.value.startsWith('--')))
      throw new UsageError(`--${name} needs a value: ${describeFlag(flag)}.`, row.name);
    if (flag.type === 'list') {
      const parts = flag.apart === true ? [token.value] : token.value.split(',').map((part) => part.trim());
      values[name] = [...(values[name] as string[]), ...parts.filter((part) => part !== '')];
      continue;
    }
    const value = readValue(flag, token.value);
    if (value === undefined) throw new UsageError(`The value of --${name} must be ${describeFlag(flag)}.`, row.name);
    values[name] = value;
  }
  return values;
};

const unknownFlag = (row: Row, given: string, names: readonly string[]): UsageError => {
  const meant = given.startsWith('--') ? nearestName(given.slice(2), names) : undefined;
  if (meant !== undefined) return new UsageError(`godwit ${row.name} has no flag ${given}; did you mean --${meant}?`, row.name);
  const hint = given.startsWith('--') ? '' : '; a word that begins with - stands behind --';
  return new UsageError(`godwit ${row.name} has no flag ${given}${hint}.`, row.name);
};

const readWords = (row: Row, given: readonly string[]): Parsed['words'] => {
  const words: Record<string, string | readonly string[] | undefined> = {};
  let at = 0;
  for (const { name, describe, optional, many } of row.words) {
    const value = many === true ? given.slice(at) : given[at];
    if (optional !== true && (value === undefined || value.length === 0)) throw new UsageError(`godwit ${row.name} needs <${name}>: ${describe}.`, row.name);
    words[name] = value;
    at += many === true ? given.length : 1;
  }
  if (at < given.length) {
    const takes = row.words.length === 0 ? 'no words' : row.words.length === 1 ? 'one word' : `${row.words.length} words`;
    throw new UsageError(`godwit ${row.name} takes ${takes}, but ${given.length} are given; what belongs together stands in quotes.`, row.name);
  }
  return words;
};

type Token = NonNullable<ReturnType<typeof tokensOf>>[number];

const tokensOf = (row: Row, argv: readonly string[]) => {
  const options = Object.fromEntries(
    Object.entries(flagsOf(row)).map(([name, { type }]) => [name, { type: type === 'switch' ? ('boolean' as const) : ('string' as const), multiple: true }]),
  );
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens;
};

/** Reads what stands behind a command's name. Throws `UsageError`. */
export const parseCommand = (row: Row, argv: readonly string[]): Parsed => {
  const tokens = tokensOf(row, argv);
  const flags = readFlags(row, tokens);
  // Who asks for help need not have the words right.
  if (flags.help === true) return { words: {}, flags };
  return {
    flags,
    words: readWords(
      row,
      tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : [])),
    ),
  };
};
