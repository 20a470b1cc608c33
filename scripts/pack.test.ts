// The public packages, packed and installed into an empty folder: they hold what they should and nothing else, run, type-check, bundle for browsers within
// their size, and please the linters of packages. Everything is looked at as installed, nothing through this workspace.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { install, PUBLIC, pack, root } from './packed.ts';

/** The browser build of the SDK: at most 12 KB. */
const MOST_GZIPPED = 12_288;
const RUN_MS = 60_000;

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'godwit-pack-')));
const app = join(folder, 'app');
let archives: string[] = [];
let lender = '';

before(() => {
  assert.equal(spawnSync(process.execPath, ['-e', `fs.mkdirSync(${JSON.stringify(app)})`]).status, 0);
  archives = pack(folder);
  lender = install(archives, app);
});
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const installed = (name: string): string => join(app, 'node_modules', name);
const read = (path: string): string => readFileSync(path, 'utf8');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly engines: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const manifest = (name: string): Manifest => JSON.parse(read(join(installed(name), 'package.json'))) as Manifest;

/** Every file of an installed package, by its path within. */
const filesOf = (name: string): string[] =>
  readdirSync(installed(name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(installed(name), join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .filter((path) => !path.startsWith('node_modules/'));

/** Made by other tools than the compiler: the pages, and the scenarios that `godwit spec` runs. */
const MADE = /^dist\/(?:console|docs|spec)\//;

for (const { name, folder: source } of PUBLIC) {
  test(`${name} holds what it needs and nothing besides`, () => {
    const files = filesOf(name);
    const { version, license, description, keywords, engines, bin = {}, exports, dependencies = {} } = manifest(name);
    assert(description.length > 40 && keywords.length > 3 && license === 'Apache-2.0' && engines['node'] !== undefined);
    assert.equal(read(join(installed(name), 'LICENSE')), read(join(root, 'LICENSE')));
    assert(read(join(installed(name), 'README.md')).length < 3000);
    const named = [...Object.values(bin), ...Object.values(exports).flatMap((target) => (typeof target === 'string' ? target : Object.values(target)))];
    for (const target of named) assert(files.includes(target.replace('./', '')), target);
    for (const file of files) {
      assert(/^(?:LICENSE|README\.md|package\.json|bin\/|dist\/)/.test(file), file);
      assert(!/\.test\.|\.contract\.|\/testing\/|\/faults\/|tsbuildinfo|(?:^|\/)\./.test(file), file);
      // A file that was deleted or renamed stays behind in `dist`.
      const from = join(source, file.replace(/^dist\//, '').replace(/(?:\.d\.ts|\.js|\.js\.map)$/, '.ts'));
      if (file.startsWith('dist/') && !MADE.test(file)) assert(existsSync(from), `${file} has no source any more: remove dist and build again`);
    }
    const imported = new Set<string>();
    for (const file of files.filter((each) => /\.(?:js|d\.ts)$/.test(each) && !each.startsWith('dist/console/'))) {
      const text = read(join(installed(name), file));
      const map = /^\/\/# sourceMappingURL=(.+)$/m.exec(text)?.[1];
      if (map !== undefined) {
        const { sources, sourcesContent } = JSON.parse(read(join(installed(name), dirname(file), map))) as { sources: string[]; sourcesContent?: string[] };
        assert.equal(sourcesContent?.length, sources.length, `${file}: its map names files that are not here`);
      }
      for (const [, target = ''] of text.matchAll(/(?:^|[\s;}])(?:from|import)\s*\(?\s*['"]([^'"\n]+)['"]/g)) {
        if (target.startsWith('.')) {
          const place = join(installed(name), dirname(file), target);
          assert(existsSync(file.endsWith('.d.ts') ? place.replace(/\.[jt]s$/, '.d.ts') : place), `${file} imports ${target}`);
        } else imported.add(isBuiltin(target) ? 'node:' : target.split('/', target.startsWith('@') ? 2 : 1).join('/'));
      }
    }
    const strange = [...imported].filter((one) => !(one in dependencies) && !(one === 'node:' && name === 'godwit'));
    assert.deepEqual(strange, [], 'imports what it does not depend on');
    for (const [own] of Object.entries(dependencies).filter(([each]) => /^@?godwit/.test(each)))
      assert.equal(dependencies[own], version, 'one version for all');
  });
}

const run = (file: string, args: readonly string[] = []): Promise<{ code: number | null; output: string }> => {
  const child = spawn(process.execPath, [file, ...args], { cwd: app, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_MS, env: { PATH: process.env['PATH'] } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
};

test('they run in Node: a server, a client, one message there and back, an action', async () => {
  writeFileSync(
    join(app, 'run.mjs'),
    `import { createClient, GodwitError } from '@godwit/client';
import { matches } from '@godwit/protocol';
import { createServer, defineApi } from 'godwit';

const api = defineApi({
  topics: { 'greetings.*': { schema: { type: 'string' } } },
  actions: { greet: { method: 'POST', path: '/greet/:name', scope: 'any', handler: ({ params, tx }) => tx.publish('greetings.' + params.name, 'Hello') } },
});
const server = await createServer({ ...api, port: 0, host: '127.0.0.1', data: 'data', adminKey: 'a-key-of-the-pack-test', console: true });
const client = createClient({ url: 'http://127.0.0.1:' + server.port, key: 'a-key-of-the-pack-test' });
const stream = client.subscribe('greetings.*');
await stream.ready;
await client.publish('greetings.one', 'Hi');
await client.call('POST /greet/:name', { params: { name: 'two' }, data: null });
const refused = await client.publish('greetings.three', 3).catch((error) => error);
console.log(refused instanceof GodwitError, refused.code);
let left = 2;
for await (const { topic, data } of stream) {
  console.log(topic, data, matches('greetings.*', topic));
  if (--left === 0) break;
}
for (const page of ['/console', '/docs', '/v1/openapi.json']) console.log(page, (await fetch('http://127.0.0.1:' + server.port + page)).status);
await client.close();
await server.close();
`,
  );
  const { code, output } = await run(join(app, 'run.mjs'));
  assert.equal(output, 'true VALIDATION_FAILED\ngreetings.one Hi true\ngreetings.two Hello true\n/console 200\n/docs 200\n/v1/openapi.json 200\n');
  assert.equal(code, 0);
});

test('the command is the package’s own, and runs', { skip: process.platform === 'win32' && 'npm makes a script of it there' }, async () => {
  const bin = join(app, 'node_modules', '.bin', 'godwit');
  assert.equal(realpathSync(bin), realpathSync(join(installed('godwit'), 'bin', 'godwit.js')));
  assert(read(bin).startsWith('#!/usr/bin/env node\n') && (statSync(bin).mode & 0o111) !== 0, 'it can be executed');
  const { code, output } = await run(bin, ['--version']);
  assert.deepEqual([code, output.includes(manifest('godwit').version)], [0, true], output);
});

/** The blocks of a package's README, each as a program of its own. */
const examplesOf = (name: string): string[] => [...read(join(installed(name), 'README.md')).matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);

test('they type-check under strict with every declaration looked at, as modules of Node and for bundlers; so do the READMEs', () => {
  writeFileSync(
    join(app, 'api.ts'),
    `import { defineApi, fail } from 'godwit';
export default defineApi({
  collections: { orders: { schema: { type: 'object', required: ['total'], properties: { total: { type: 'number' } } } } },
  topics: { 'news.*': { schema: { type: 'string' } } },
  actions: (action) => ({
    double: action({
      method: 'POST',
      path: '/orders/:id/double',
      handler: async ({ params, tx }) => {
        const order = await tx.get('orders', params.id);
        if (order === undefined) throw fail('NOT_FOUND');
        return { total: order.total * 2, at: new Date() };
      },
    }),
  }),
});
`,
  );
  writeFileSync(
    join(app, 'browser.ts'),
    `import { createClient, localStorageCursors } from '@godwit/client';
import { isTopic } from '@godwit/protocol';
import type api from './api.ts';
const client = createClient<typeof api>({ url: location.origin, getToken: async () => 'token' });
const { total, at } = await client.call('POST /orders/:id/double', { params: { id: '1' } });
const answer: [number, string, boolean] = [total, at, isTopic('a')];
client.subscribe('news.*', ({ data }) => data.toUpperCase(), { store: { key: 'news', cursors: localStorageCursors() } });
// @ts-expect-error: no such field
await client.create('orders', { price: 1 });
// @ts-expect-error: no such topic
await client.publish('new.today', 'x');
console.log(answer);
`,
  );
  const examples = PUBLIC.flatMap(({ name }) => examplesOf(name));
  assert(examples.length >= 3);
  for (const [index, text] of examples.entries()) writeFileSync(join(app, `example-${index}.ts`), text);
  const ways: Record<string, object> = {
    node: { module: 'nodenext', types: ['node'] },
    bundler: { module: 'esnext', moduleResolution: 'bundler', types: [] },
  };
  for (const [way, options] of Object.entries(ways)) {
    const compilerOptions = {
      target: 'es2024',
      lib: ['es2024', 'dom', 'dom.iterable'],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      allowImportingTsExtensions: true,
      ...options,
    };
    const files = ['api.ts', 'browser.ts', ...examples.map((_, index) => `example-${index}.ts`)];
    writeFileSync(join(app, `tsconfig.${way}.json`), JSON.stringify({ compilerOptions, files }));
    const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(app, `tsconfig.${way}.json`)], {
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout], [0, ''], way);
  }
});

// Held in variables: their declarations name packages that have none.
const linter = 'publint';
const linterWords = 'publint/utils';
const bundler = 'vite';

test('publint has nothing to say', async () => {
  const { publint } = await import(linter);
  const { formatMessage } = await import(linterWords);
  for (const { name } of PUBLIC) {
    const { messages } = await publint({ pkgDir: installed(name), pack: false, strict: true });
    const said = (messages as unknown[]).map((message) => formatMessage(message, manifest(name), { color: false }));
    assert.deepEqual(said, [], name);
  }
});

test('the types are not wrong, by @arethetypeswrong/cli for modules of today', () => {
  const cli = join(dirname(createRequire(import.meta.url).resolve('@arethetypeswrong/cli/package.json')), 'dist', 'index.js');
  for (const archive of archives) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, archive, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
  }
});

test('the SDK in a browser bundle: its size, and nothing in it but itself', async (t) => {
  t.diagnostic(`dependencies from ${lender}`);
  writeFileSync(join(app, 'page.js'), "import { createClient } from '@godwit/client';\nglobalThis.client = createClient({ url: location.origin });\n");
  const { build } = await import(bundler);
  const made = await build({
    root: app,
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: true, modulePreload: false, target: 'es2022', rollupOptions: { input: join(app, 'page.js') } },
  });
  const chunks = made.output as { type: string; code: string; imports: string[]; dynamicImports: string[]; modules: Record<string, unknown> }[];
  assert.deepEqual(
    chunks.map(({ type }) => type),
    ['chunk'],
  );
  const [{ code, imports, dynamicImports, modules } = { code: '', imports: [''], dynamicImports: [], modules: {} }] = chunks;
  assert.deepEqual([...imports, ...dynamicImports], []);
  const strangers = Object.keys(modules).filter((id) => !/[/\\]@godwit[/\\](?:client|protocol)[/\\]dist[/\\]|[/\\]page\.js$/.test(id));
  assert.deepEqual(strangers, []);
  assert(!/node:|typebox|\brequire\(/.test(code));
  const size = gzipSync(code, { level: 9 }).length;
  console.log(`@godwit/client in a browser bundle: ${code.length} bytes minified, ${size} gzipped, of ${MOST_GZIPPED}`);
  assert(size > 1000 && size <= MOST_GZIPPED, `the SDK is ${size} bytes gzipped, ${size - MOST_GZIPPED} over its ${MOST_GZIPPED}`);
});
