// What `--help` says, made of the table: what a command does, how it is written, examples to paste, its flags.
import { formatValue } from '../../settings.ts';
import { below, COMMANDS, PREFIXES, secondWords } from '../table.ts';
import { EXIT_TEXT } from './exit.ts';
import { COMMON, CONNECTION, type Flag, GROUPS, type Row, type Word } from './row.ts';

const WIDTH = 100;

/** Breaks a text into lines of the width, each with the indentation. */
const wrapped = (text: string, indent: string): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, indent + line];
};

const wordText = ({ name, optional, many }: Word): string => {
  const text = `<${name}>${many === true ? ' …' : ''}`;
  return optional === true ? `[${text}]` : text;
};

/** `godwit publish <topic> <data> [flags]`. */
export const usageOf = (row: Row): string => ['godwit', row.name, ...row.words.map(wordText), '[flags]'].join(' ');

/** The default of a flag as a person writes it; empty where it has none. */
export const defaultOf = (flag: Flag): string => {
  if (flag.type === 'switch' || flag.type === 'list' || flag.default === undefined) return '';
  return flag.type === 'duration' ? formatValue('duration', flag.default) : String(flag.default);
};

/** `--limit <n>`. */
export const flagText = (name: string, flag: Flag): string => `--${name}${flag.type === 'switch' ? '' : ` <${flag.value ?? flag.type}>`}`;

const rows = (pairs: readonly (readonly [string, string])[]): string[] => {
  const left = Math.max(...pairs.map(([name]) => name.length)) + 2;
  return pairs.flatMap(([name, text]) => {
    const [first = '', ...rest] = wrapped(text, ' '.repeat(left + 2));
    return [`  ${name.padEnd(left)}${first.trimStart()}`, ...rest];
  });
};

const flagRows = (flags: Readonly<Record<string, Flag>>): string[] =>
  rows(
    Object.entries(flags).map(([name, flag]) => {
      const fallback = defaultOf(flag);
      return [flagText(name, flag), fallback === '' ? flag.describe : `${flag.describe} (${fallback})`];
    }),
  );

/** A sentence begins so. */
export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** The help of one command. */
export const commandHelp = (row: Row): string => {
  const lines = [`${capital(row.summary)}.`, '', `Usage: ${usageOf(row)}`];
  if (row.about !== undefined) lines.push('', ...row.about.flatMap((sentence) => wrapped(sentence, '')));
  lines.push('', 'Examples:', ...row.examples.flatMap(({ line, does }) => [`  # ${does}`, `  ${line}`]));
  if (row.words.length > 0) lines.push('', 'Words:', ...rows(row.words.map((word) => [`<${word.name}>`, word.describe])));
  if (Object.keys(row.flags).length > 0) lines.push('', 'Flags:', ...flagRows(row.flags));
  lines.push('', row.asks ? 'The server and who asks, and what every command takes:' : 'What every command takes:');
  lines.push(...flagRows({ ...(row.asks ? CONNECTION : {}), ...COMMON }));
  return `${lines.join('\n')}\n`;
};

/** The commands of a first word: `keys`. */
export const prefixHelp = (prefix: string): string =>
  [
    `Usage: godwit ${prefix} <command> [flags]`,
    '',
    ...rows(below(prefix).map(({ name, summary }) => [name, summary])),
    '',
    `godwit help ${prefix} <command> says more.`,
    '',
  ].join('\n');

/** All commands, under their headings. */
export const overview = (): string => {
  const lines = ['Usage: godwit <command> [flags]', ''];
  const seen = new Set<string>();
  for (const group of GROUPS) {
    lines.push(`${group}:`);
    for (const row of COMMANDS as readonly Row[]) {
      if (row.group !== group) continue;
      const [first = ''] = row.name.split(' ');
      if (seen.has(first)) continue;
      seen.add(first);
      const text = PREFIXES.includes(first) ? secondWords(first).join(', ') : row.summary;
      lines.push(`  ${first.padEnd(14)} ${text}`);
    }
    lines.push('');
  }
  lines.push(
    'A first minute, with a server that was started by `godwit serve` and its key in GODWIT_KEY:',
    "  godwit subscribe 'hello.**' &",
    `  godwit publish hello.world '{"n": 1}'`,
    '',
    'godwit help <command> says more, with examples. The server is --url or GODWIT_URL, http://localhost:7117 without them;',
    'the key is GODWIT_KEY or GODWIT_ADMIN_KEY. Every command takes --json.',
    EXIT_TEXT,
    '',
  );
  return lines.join('\n');
};
