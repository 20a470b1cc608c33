// What a command is, as data: its words, its flags with their types and defaults, its examples. Parsing, `--help`, the reference and the shell's completion
// are made of rows like these; nothing of a command is said anywhere else.

/** A word behind the command's name. */
export interface Word {
  readonly name: string;
  readonly describe: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  /** Whether any number of them may stand here, one at least; only the last word. */
  readonly many?: boolean;
}

interface Described {
  readonly describe: string;
  /** What stands for the value in the help. */
  readonly value?: string;
}

export type Flag =
  | (Described & { readonly type: 'switch' })
  | (Described & { readonly type: 'text'; readonly default?: string; readonly choices?: readonly string[] })
  | (Described & { readonly type: 'count'; readonly default?: number; readonly min?: number; readonly max?: number })
  /** Written as `30s`; milliseconds to the command. */
  | (Described & { readonly type: 'duration'; readonly default?: number })
  /** May be given several times, and with commas. */
  | (Described & { readonly type: 'list'; readonly apart?: boolean });

export interface Example {
  readonly line: string;
  readonly does: string;
}

export interface Row {
  /** One word, or two where commands share a first one: `keys create`. */
  readonly name: string;
  readonly group: Group;
  readonly summary: string;
  /** What a person should know before they use it, a sentence each. */
  readonly about?: readonly string[];
  readonly words: readonly Word[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Whether it asks a server: then it takes the flags of `CONNECTION` too. */
  readonly asks: boolean;
  /** Its own reading of what stands behind its name: `serve`, whose flags are the settings. */
  readonly raw?: boolean;
  readonly examples: readonly Example[];
}

export const GROUPS = ['Server', 'Messages', 'Documents', 'Access', 'Operating', 'Moving data', 'This command'] as const;
export type Group = (typeof GROUPS)[number];

/** Where a server is and who asks: flags of every command that asks one. */
export const CONNECTION = {
  url: { type: 'text', value: 'url', describe: 'the server; GODWIT_URL, else http://localhost:7117' },
  key: {
    type: 'text',
    value: 'key',
    describe: 'an API key; better in GODWIT_KEY or GODWIT_ADMIN_KEY, since other users of the machine see the words of a command',
  },
  token: { type: 'text', value: 'token', describe: 'a token in place of a key; GODWIT_TOKEN' },
} as const satisfies Record<string, Flag>;

/** Flags of every command. */
export const COMMON = {
  json: { type: 'switch', describe: 'lines for programs: one JSON value each, nothing else on standard output; errors as JSON' },
  help: { type: 'switch', describe: 'this help' },
} as const satisfies Record<string, Flag>;

type ValueOf<F> = F extends { readonly type: 'switch' }
  ? boolean
  : F extends { readonly type: 'list' }
    ? readonly string[]
    :
        | (F extends { readonly type: 'count' | 'duration' } ? number : F extends { readonly choices: readonly (infer C)[] } ? C : string)
        | (F extends { readonly default: unknown } ? never : undefined);

export type FlagValues<Flags> = { readonly [Name in keyof Flags]: ValueOf<Flags[Name]> };

type WordValue<W> = W extends { readonly many: true } ? readonly string[] : W extends { readonly optional: true } ? string | undefined : string;
export type WordValues<Words extends readonly Word[]> = { readonly [W in Words[number] as W['name']]: WordValue<W> };

/** All flags that a command takes. */
export const flagsOf = (row: Row): Readonly<Record<string, Flag>> => ({ ...row.flags, ...(row.asks ? CONNECTION : {}), ...COMMON });
