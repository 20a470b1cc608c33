// The table of commands. Parsing, help, validation, "did you mean", docs/reference/cli.md and the shell's completion are made of it; what carries a
// command out is named in loaders.ts.
import type { FlagValues, Row, WordValues } from './frame/row.ts';
import { DOCUMENTS } from './rows/documents.ts';
import { MESSAGES } from './rows/messages.ts';
import { ACCESS, ITSELF, MOVING, OPERATING, SERVING } from './rows/operating.ts';

/** Every command, in the order of the help. */
export const COMMANDS = [...SERVING, ...MESSAGES, ...DOCUMENTS, ...ACCESS, ...OPERATING, ...MOVING, ...ITSELF] as const satisfies readonly Row[];

export type CommandName = (typeof COMMANDS)[number]['name'];
type RowOf<N extends CommandName> = Extract<(typeof COMMANDS)[number], { readonly name: N }>;
export type WordsOf<N extends CommandName> = WordValues<RowOf<N>['words']>;
export type FlagsOf<N extends CommandName> = FlagValues<RowOf<N>['flags']>;

const firstWords = (rows: readonly Row[]): readonly string[] => [...new Set(rows.map(({ name }) => name.split(' ')[0] as string))];

/** Whatever a command begins with. */
export const FIRST_WORDS = firstWords(COMMANDS);

/** First words that several commands share: `keys`. */
export const PREFIXES = firstWords(COMMANDS.filter(({ name }) => name.includes(' ')));

export const findCommand = (name: string): (Row & { readonly name: CommandName }) | undefined => COMMANDS.find((row) => row.name === name);

/** The commands of a first word. */
export const below = (prefix: string): readonly Row[] => COMMANDS.filter(({ name }) => name.startsWith(`${prefix} `));

/** Their second words: `create`, `list`. */
export const secondWords = (prefix: string): readonly string[] => below(prefix).map(({ name }) => name.slice(prefix.length + 1));
