// What `npm test` prints: the runner's own report, and at its very end the counts as plain `# tests N` lines whether or not a person
// watches, so that CI can read them. Fails a run in which no test was executed, and a test file that declares none.

import { relative } from 'node:path';
import { compose } from 'node:stream';
import { spec } from 'node:test/reporters';
import { stripVTControlCharacters } from 'node:util';

const count = /^ℹ ((?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+)$/;
const complaints = [];
/** Asked for some tests by name, a file may well have none of them. */
const picking = process.execArgv.some((option) => /^--test-(name-pattern|skip-pattern|only)/.test(option));

async function* watch(events) {
  let empty = 0;
  for await (const event of events) {
    if (event.type === 'test:pass' && isWholeFile(event.data)) {
      empty += 1;
      if (!picking) complaints.push(`${event.data.name} declares no test`);
    }
    if (event.type === 'test:summary' && event.data.file === undefined && ran(event.data.counts) === empty) complaints.push('no test was executed');
    yield event;
  }
}

/** The runner reports a file without a test as one passed test that carries the file's name. */
function isWholeFile({ nesting, name, file }) {
  return nesting === 0 && file !== undefined && relative(name, file) === '';
}

function ran({ passed, failed, cancelled }) {
  return passed + failed + cancelled;
}

export default async function* report(source) {
  yield `tests on Node ${process.version}\n`;
  const counts = [];
  for await (const chunk of compose(source, watch, new spec())) {
    const lines = String(chunk).split('\n');
    counts.push(...lines.flatMap((line) => plainCount(line) ?? []));
    yield lines.filter((line) => plainCount(line) === undefined).join('\n');
  }
  if (complaints.length > 0) process.exitCode = 1;
  yield `\n${[...complaints, ...counts].join('\n')}\n`;
}

function plainCount(line) {
  const [, words] = count.exec(stripVTControlCharacters(line)) ?? [];
  return words === undefined ? undefined : `# ${words}`;
}
