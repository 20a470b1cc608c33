// A whole run of the command: finds the row, reads the words by it, carries it out, and turns however it ended into an exit code and a sentence.
import type { Readable } from 'node:stream';
import type { Client } from '@godwit/client';
import { nearestName } from '../settings.ts';
import { SERVER_VERSION } from '../version.ts';
import { type Call, Interrupted, type Run } from './frame/call.ts';
import { EXIT } from './frame/exit.ts';
import { commandHelp, overview, prefixHelp } from './frame/help.ts';
import { Output, OutputClosed, type OutputOptions } from './frame/output.ts';
import { parseCommand } from './frame/parse.ts';
import type { Row } from './frame/row.ts';
import { UsageError } from './frame/usage.ts';
import { LOADERS } from './loaders.ts';
import { type CommandName, FIRST_WORDS, findCommand, PREFIXES, secondWords } from './table.ts';

export interface World extends Pick<OutputOptions, 'stdout' | 'stderr' | 'env'> {
  readonly stdin: Readable;
  readonly cwd: string;
  /** Aborted at Ctrl-C. */
  readonly interrupt: AbortSignal;
}

interface Asked {
  readonly row: (Row & { readonly name: CommandName }) | undefined;
  /** A first word without its second. */
  readonly prefix: string | undefined;
  readonly argv: readonly string[];
}

const wantsHelp = (argv: readonly string[]): boolean => argv.some((word) => word === '--help' || word === '-h');

const near = (given: string, names: readonly string[]): string => {
  const meant = nearestName(given, names);
  return meant === undefined ? 'godwit --help lists them' : `did you mean ${meant}?`;
};

/** Finds what is asked for. Throws `UsageError` for what there is not. */
const asked = (argv: readonly string[]): Asked => {
  const [first = '', second] = argv;
  if (PREFIXES.includes(first)) {
    const row = second === undefined ? undefined : findCommand(`${first} ${second}`);
    if (row !== undefined) return { row, prefix: undefined, argv: argv.slice(2) };
    if (second === undefined || wantsHelp([second])) return { row, prefix: first, argv: argv.slice(1) };
    throw new UsageError(`There is no command godwit ${first} ${JSON.stringify(second)}; ${near(second, secondWords(first))}`, first);
  }
  const row = findCommand(first);
  if (row === undefined) throw new UsageError(`There is no command ${JSON.stringify(first)}; ${near(first, FIRST_WORDS)}`);
  return { row, prefix: undefined, argv: argv.slice(1) };
};

const helpOn = (words: readonly string[]): string => {
  if (words.length === 0) return overview();
  const { row, prefix } = asked(words);
  return row === undefined ? prefixHelp(prefix as string) : commandHelp(row);
};

/** Runs a command that has a row and is not `serve` or `help`. */
const carryOut = async (row: Row & { readonly name: CommandName }, argv: readonly string[], world: World, output: Output): Promise<number> => {
  const { words, flags } = parseCommand(row, argv);
  if (flags.help === true) {
    await output.write(commandHelp(row));
    return 0;
  }
  const stop = new AbortController();
  const clients: Client[] = [];
  output.onClosed((why) => stop.abort(why));
  const whom: Call<CommandName>['whom'] = async () => (await import('./frame/connection.ts')).whom(flags, world.env);
  const call = {
    words,
    flags,
    output,
    stdin: world.stdin,
    cwd: world.cwd,
    env: world.env,
    signal: AbortSignal.any([stop.signal, world.interrupt]),
    now: Date.now,
    whom,
    connect: async (options, limited) => {
      const { clientOf } = await import('./frame/connection.ts');
      const client = clientOf(await whom(), (error) => stop.abort(error), options, limited);
      clients.push(client);
      return client;
    },
  } satisfies Omit<Call<CommandName>, 'words' | 'flags'> & { words: unknown; flags: unknown } as unknown as Call<never>;
  try {
    const run = (await LOADERS[row.name as keyof typeof LOADERS]()) as Run<never>;
    return (await run(call)) ?? 0;
  } finally {
    await Promise.all(clients.map((client) => client.close().catch(() => {})));
  }
};

/** `command`: the one that was asked for, where it is known. */
const fail = async (error: unknown, output: Output, command: string): Promise<number> => {
  if (error instanceof OutputClosed) return 0;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof UsageError) {
    const remedy = helpLine(error.command || command);
    if (output.json) output.error(JSON.stringify({ error: { code: 'USAGE', message: error.message, remedy } }));
    else output.error(`godwit: ${error.message}\n${remedy}`);
    return EXIT.usage;
  }
  const { failureOf, failureValue, sentenceOf } = await import('./frame/failure.ts');
  const failure = failureOf(error);
  output.error(output.json ? JSON.stringify(failureValue(failure)) : `godwit: ${sentenceOf(failure)}`);
  return failure.exit;
};

const helpLine = (command: string): string => (command === '' ? 'godwit --help lists the commands.' : `godwit help ${command} says how it is written.`);

/** Runs the command; resolves with its exit code, or with undefined where a server is running now. */
export const run = async (argv: readonly string[], world: World): Promise<number | undefined> => {
  const output = new Output({ ...world, json: argv.includes('--json') });
  let command = '';
  try {
    const [first] = argv;
    if (first === '--version' || first === '-v') {
      await output.write(`${SERVER_VERSION}\n`);
      return 0;
    }
    if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
      await output.write(helpOn(argv.slice(1).filter((word) => !word.startsWith('-'))));
      return 0;
    }
    const { row, prefix, argv: rest } = asked(argv);
    if (row === undefined) {
      await output.write(prefixHelp(prefix as string));
      return wantsHelp(rest) ? EXIT.done : EXIT.usage;
    }
    command = row.name;
    if (row.raw === true) {
      await (await import('./serve.ts')).serve(rest);
      return undefined;
    }
    return await carryOut(row, rest, world, output);
  } catch (error) {
    return await fail(error, output, command);
  }
};
