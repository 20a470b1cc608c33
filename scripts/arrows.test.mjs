import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faults } from './arrows.mjs';

const clean = {
  'packages/protocol/index.ts': "import { Type } from 'typebox';\nexport * from './topic.ts';",
  'packages/protocol/topic.ts': '',
  'packages/server/ports/storage.ts': '',
  'packages/server/core/feed.ts': "import type { Storage } from '../ports/storage.ts';\nimport { parse } from '@godwit/protocol';",
  'packages/server/handlers/get.ts': "import { readFile } from 'node:fs';\nimport { feed } from '../core/feed.ts';",
};

const bad = [
  ['a handler that sees a socket', 'packages/server/handlers/put.ts', "import { reply } from '../adapters/http.ts';", 'handlers may not import adapters'],
  ['storage that sees a request', 'packages/server/storage/sqlite/a.ts', "export { a } from '../../dispatch/a.ts';", 'storage may not import dispatch'],
  ['an import over several lines', 'packages/server/core/a.ts', "import {\n  a,\n  b,\n} from '../session/a.ts';", 'core may not import session'],
  ['an import made while running', 'packages/server/core/a.ts', "const a = await import('../session/a.ts');", 'core may not import session'],
  ['an import for its effect', 'packages/server/core/a.ts', "import '../session/a.ts';", 'core may not import session'],
  ['Node in the protocol', 'packages/protocol/a.ts', "import { join } from 'node:path';", 'protocol may not import node:path'],
  ['the server in the protocol', 'packages/protocol/a.ts', "import { createServer } from 'godwit';", 'protocol may not import index'],
  ['the server in the specification', 'spec/a.ts', "import { a } from '../packages/server/core/feed.ts';", 'spec may not import core'],
  ['a value where a type may pass', 'packages/server/session/a.ts', "import { config } from '../config.ts';", 'session may not import config'],
  ['a file in no room', 'packages/server/utils/a.ts', '', 'stands in no room'],
  ['a test used by the program', 'packages/server/core/a.ts', "import { a } from './b.test.ts';", 'belongs to the tests'],
];

test('the drawn arrows pass', () => assert.deepEqual(faults(clean), []));

for (const [name, file, text, sentence] of bad) {
  test(`refuses ${name}`, () => {
    const found = faults({ ...clean, [file]: text });
    assert.equal(found.length, 1, found.join('\n'));
    assert.ok(found[0].startsWith(file) && found[0].includes(sentence), found[0]);
  });
}

test('a type passes where the table lets types pass', () => {
  assert.deepEqual(faults({ ...clean, 'packages/server/session/a.ts': "import type { Config } from '../config.ts';", 'packages/server/config.ts': '' }), []);
});

test('refuses a cycle, and shows it', () => {
  const ring = {
    'packages/server/core/a.ts': "import './b.ts';",
    'packages/server/core/b.ts': "import './c.ts';",
    'packages/server/core/c.ts': "import './a.ts';",
  };
  assert.deepEqual(faults(ring), ['cycle: packages/server/core/a.ts → packages/server/core/b.ts → packages/server/core/c.ts → packages/server/core/a.ts']);
});

test('tests and contracts stand outside the rooms; comments are no imports', () => {
  const text = "import { a } from '../adapters/http.ts';";
  assert.deepEqual(
    faults({ 'packages/server/core/a.test.ts': text, 'packages/server/ports/a.contract.ts': text, 'packages/server/core/b.ts': `// ${text}` }),
    [],
  );
});
