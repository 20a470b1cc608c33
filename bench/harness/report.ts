// Figures for people: a table on the screen and, only with `--write`, a section of bench/RESULTS.md with the machine, the versions and the date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from './processes.ts';

export type Row = readonly string[];

/** A table in Markdown, its columns aligned. */
export const table = (head: Row, rows: readonly Row[]): string => {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: Row): string => `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
};

const versionOf = (name: string): string => (JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;

/** What the figures hold for. */
export const circumstances = (peers: readonly string[] = []): string => {
  const cores = cpus();
  const machine = `${cores.length} cores (${cores[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release().split('-')[0]}`;
  const versions = [`Node ${process.versions.node}`, `SQLite ${process.versions.sqlite}`, ...peers.map((name) => `${name} ${versionOf(name)}`)].join(', ');
  return `${new Date().toISOString().slice(0, 10)}; ${machine}; ${versions}; loopback.`;
};

const FILE = join(root, 'bench/RESULTS.md');
const TOP =
  '# Results\n\nThe last run of each program of this folder, kept by `npm run bench -- <name> --write`. How to read them: README.md beside this file.\n';

/** Prints a section and, where the command line says `--write`, puts it in the place of the section of the same title. */
export const report = (title: string, body: string): void => {
  const section = `## ${title}\n\n${body.trim()}\n`;
  console.log(`\n${section}`);
  if (!process.argv.includes('--write')) return;
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : TOP;
  const sections = text.split(/^(?=## )/m);
  const place = sections.findIndex((one) => one.startsWith(`## ${title}\n`));
  if (place === -1) sections.push(section);
  else sections[place] = section;
  writeFileSync(FILE, `${sections.map((one) => one.trim()).join('\n\n')}\n`);
};

/** `--name value` or `--name=value` of the command line. */
export const option = (name: string, fallback: string): string => {
  const { argv } = process;
  const index = argv.findIndex((argument) => argument === `--${name}` || argument.startsWith(`--${name}=`));
  if (index === -1) return fallback;
  const argument = argv[index] as string;
  return argument.includes('=') ? argument.slice(argument.indexOf('=') + 1) : (argv[index + 1] ?? fallback);
};
