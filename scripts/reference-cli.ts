// docs/reference/cli.md, made of the table of commands that the command itself is made of.
import { EXIT_TEXT } from '../packages/server/cli/frame/exit.ts';
import { capital, defaultOf, flagText, usageOf } from '../packages/server/cli/frame/help.ts';
import { COMMON, CONNECTION, type Flag, GROUPS, type Row } from '../packages/server/cli/frame/row.ts';
import { COMMANDS } from '../packages/server/cli/table.ts';
import { code, table } from './markdown.ts';

const anchor = (name: string): string => name.replaceAll(' ', '-');
/** Words in angle brackets would be taken for markup. */
const prose = (text: string): string => text.replaceAll(/<\w+>[\w.]*\w/g, code);

const flagTable = (flags: Readonly<Record<string, Flag>>): string =>
  table(
    ['flag', 'default', 'what it says'],
    Object.entries(flags).map(([name, flag]) => [code(flagText(name, flag)), defaultOf(flag) === '' ? '' : code(defaultOf(flag)), flag.describe]),
  );

const part = (row: Row): string[] => [
  `### ${row.name}`,
  code(usageOf(row)),
  `${capital(row.summary)}.`,
  ...(row.about === undefined ? [] : [prose(row.about.join(' '))]),
  ...(row.words.length === 0
    ? []
    : [
        table(
          ['word', 'what it says'],
          row.words.map(({ name, describe }) => [code(`<${name}>`), describe]),
        ),
      ]),
  ...(Object.keys(row.flags).length === 0 ? [] : [flagTable(row.flags)]),
  `\`\`\`text\n${row.examples.map(({ line, does }) => `# ${does}\n${line}`).join('\n')}\n\`\`\``,
];

/** The page, without its head. */
export const cliParts = (): string[] => [
  '# The command',
  'What each command does and takes; the same is said by `godwit help <command>`. A first look: [the command line](../guides/command-line.md).',
  table(
    ['command', 'what it does'],
    (COMMANDS as readonly Row[]).map(({ name, summary }) => [`[${name}](#${anchor(name)})`, summary]),
  ),
  EXIT_TEXT,
  '## What every command takes',
  flagTable(COMMON),
  'Commands that ask a server take also:',
  flagTable(CONNECTION),
  ...GROUPS.flatMap((group) => [`## ${group}`, ...(COMMANDS as readonly Row[]).filter((row) => row.group === group).flatMap(part)]),
];
