// The command: words in, a command's file out. Knows argv only.
import { SERVER_VERSION } from './version.ts';

interface Command {
  readonly summary: string;
  run(argv: readonly string[]): Promise<void>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    summary: 'start a server',
    run: async (argv) => (await import('./cli/serve.ts')).serve(argv),
  },
};

const help = (): string =>
  [
    'Usage: godwit <command> [flags]',
    '',
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`),
    '',
    'godwit <command> --help says more.',
    '',
  ].join('\n');

const [name, ...argv] = process.argv.slice(2);

if (name === '--version' || name === '-v') {
  process.stdout.write(`${SERVER_VERSION}\n`);
} else if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
  process.stdout.write(help());
} else if (!Object.hasOwn(COMMANDS, name)) {
  process.stderr.write(`godwit: there is no command ${JSON.stringify(name)}.\n\n${help()}`);
  process.exitCode = 2;
} else {
  await (COMMANDS[name] as Command).run(argv);
}
