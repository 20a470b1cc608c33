// What is made from the tables is checked in as it would be made now, and it says what the tables say.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CHANGE_KINDS, CHANGES, ERRORS, OPERATIONS, PROTOCOL_VERSION, SETTINGS } from '@godwit/protocol';
import { EXAMPLES_FILE } from './docs/examples.ts';
import { pages } from './reference.ts';

const root = new URL('../', import.meta.url);
const made = pages();

test('the checked-in pages are fresh: else run `node scripts/reference.ts` after a build', () => {
  for (const [path, text] of Object.entries(made)) assert.equal(readFileSync(new URL(path, root), 'utf8').replaceAll('\r\n', '\n'), text, path);
  const held = readdirSync(new URL('docs/reference/', root)).map((name) => `docs/reference/${name}`);
  assert.deepEqual(
    held.filter((path) => !(path in made) && path !== EXAMPLES_FILE),
    [],
    'nothing there is written by hand',
  );
});

test('the pages hold every row, and their links lead somewhere', () => {
  for (const { name, method, path } of OPERATIONS) assert(made['docs/reference/operations.md']?.includes(`## ${name}\n\n\`${method} /v1${path}\`\n`), name);
  for (const code of Object.keys(ERRORS)) assert(made['docs/reference/errors.md']?.includes(`\n## ${code}\n`), code);
  for (const name of Object.keys(SETTINGS)) assert(made['docs/reference/settings.md']?.includes(`\n| \`${name}\` |`), name);
  for (const [path, text] of Object.entries(made)) {
    assert(!/undefined|\[object|NaN/.test(text), path);
    for (const [, file = '', anchor = ''] of text.matchAll(/\]\(([a-z]*(?:\.md)?)#([a-z_]+)\)/g)) {
      const target = file === '' ? text : made[`docs/reference/${file}`];
      assert(target !== undefined && new RegExp(`^#+ ${anchor}$`, 'im').test(target), `${path} ${file}#${anchor}`);
    }
  }
});

test('the changelog holds every version and every change, the newest first', () => {
  const text = made['CHANGELOG.md'] as string;
  const versions = CHANGES.map(({ version }) => version);
  assert.deepEqual(
    Array.from(text.matchAll(/^## \[(.+)\] - /gm), ([, version]) => version),
    versions,
  );
  for (const { version, protocolVersion, date, changes } of CHANGES) {
    assert.match(version, /^\d+\.\d+\.\d+$/);
    assert.match(protocolVersion, /^1\.\d+$/);
    assert.equal(new Date(date).toISOString().slice(0, 10), date);
    for (const change of changes) {
      const [, kind, sentence = ''] = /^(\w+): (.+\.)$/.exec(change) ?? [];
      assert(
        CHANGE_KINDS.some((one) => one === kind),
        change,
      );
      assert(text.toLowerCase().includes(`- ${sentence.toLowerCase()}\n`), change);
    }
  }
  assert.deepEqual(
    [...CHANGES]
      .map(({ date }) => date)
      .sort()
      .reverse(),
    CHANGES.map(({ date }) => date),
  );
  // The version that is being released is described.
  const { version } = JSON.parse(readFileSync(new URL('packages/protocol/package.json', root), 'utf8')) as { version: string };
  assert.deepEqual([versions[0], CHANGES[0]?.protocolVersion], [version, PROTOCOL_VERSION]);
});
