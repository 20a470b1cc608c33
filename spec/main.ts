// `npm run spec -- --url http://… --key …`: the executable specification against any living server, black-box.
// `--only 3.2` takes a clause and what is below it; `--serve "command"` lets scenarios start servers of their own; `--json` at the end, or `--lines` of it as they come.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ADMIN_KEY, ownBuild, startServer } from './own-server.ts';
import { closingLine, lineOf, tableOf } from './report.ts';
import { type Outcome, openSession, plan } from './run.ts';
import './scenarios/index.ts';

const USAGE = `Usage: npm run spec -- [--url URL --key KEY] [--serve COMMAND | --serve own] [--only CLAUSE] [--at-once N] [--json | --lines]
  --url, --key   the server to ask, and a key of scope admin; without them a server is started by --serve (the project's own build)
  --serve        how to start a server: '--port 0 --data DIR' and settings are added; 'own' is the project's own build`;

const parse = (): { url?: string; key?: string; serve?: string; only?: string; json: boolean; lines: boolean; atOnce: number } => {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      key: { type: 'string' },
      serve: { type: 'string' },
      only: { type: 'string' },
      'at-once': { type: 'string', default: '8' },
      json: { type: 'boolean', default: false },
      lines: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  // A key given by the environment is not seen by other users of the machine.
  if (values.url !== undefined && process.env.GODWIT_SPEC_KEY !== undefined) values.key ??= process.env.GODWIT_SPEC_KEY;
  if (values.help || (values.url === undefined) !== (values.key === undefined)) {
    console.log(USAGE);
    process.exit(values.help ? 0 : 2);
  }
  const { 'at-once': many, help: _, ...rest } = values;
  return { ...rest, atOnce: Math.max(1, Number(many) || 8) };
};

/** Servers run in directories of their own: what the command names by a path from here is named in full. */
const found = (word: string): string => (word.includes('/') && existsSync(word) ? resolve(word) : word);

const options = parse();
const command = options.serve === undefined || options.serve === 'own' ? ownBuild() : options.serve.trim().split(/\s+/).map(found);
const canServe = options.serve !== undefined || options.url === undefined;
const started = options.url === undefined ? await startServer(command) : undefined;
const target = { url: (options.url ?? started?.url ?? '').replace(/\/$/, ''), key: options.key ?? ADMIN_KEY, serve: command };

const outcomes: Outcome[] = [];
try {
  const session = await openSession(target, { canServe, atOnce: options.atOnce });
  await Promise.all(
    plan(options.only).map(async (run) => {
      const outcome = await session.perform(run);
      outcomes.push(outcome);
      if (options.lines) console.log(JSON.stringify({ ...outcome, error: outcome.error instanceof Error ? outcome.error.message : outcome.error }));
      else if (!options.json) console.log(lineOf(outcome));
    }),
  );
  await session.close();
} finally {
  await started?.discard();
}
if (options.json)
  console.log(
    JSON.stringify(
      outcomes.map(({ error: _, ...rest }) => rest),
      null,
      2,
    ),
  );
else if (!options.lines) console.log(`\n${tableOf(outcomes)}\n\n${closingLine(outcomes)}`);
process.exit(outcomes.some(({ result }) => result === 'FAIL') ? 1 : 0);
