// The two machine-read documents as a server with collections and actions serves them, judged by the tools that others use: OpenAPI by Redocly's
// recommended rules, AsyncAPI by its own parser.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { type TestServer, testServer } from './testing/server.ts';

const collections = {
  orders: {
    schema: {
      type: 'object',
      required: ['total', 'status'],
      properties: { total: { type: 'number', minimum: 0 }, status: { enum: ['open', 'paid'] }, lines: { type: 'array', items: { $ref: '#/$defs/line' } } },
      additionalProperties: false,
      $defs: { line: { type: 'object', required: ['item'], properties: { item: { type: 'string' } } } },
      examples: [{ total: 12.5, status: 'open', lines: [{ item: 'tea' }] }],
    },
    indexes: ['status'],
  },
  notes: {},
  sealed: { schema: { type: 'object', propertyNames: { pattern: '^[a-z]+$' }, maxProperties: 3 } },
} as const;
const payOrder = {
  method: 'POST',
  path: '/orders/:id/pay',
  scope: 'write:orders',
  data: { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } },
  result: { type: 'object', required: ['paid'], properties: { paid: { type: 'boolean' } } },
  handler: () => ({ paid: true }),
} as const;

let server: TestServer;
let folder: string;
before(async () => {
  server = await testServer({ collections, actions: { payOrder } });
  folder = await mkdtemp(join(tmpdir(), 'godwit-described-'));
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Problem {
  readonly ruleId: string;
  readonly severity: string;
  readonly message: string;
  readonly location: readonly { readonly pointer?: string }[];
}

/** What Redocly finds, warnings included, as rule and place. It is told to speak to nobody. */
const lint = async (text: string): Promise<string[]> => {
  const file = join(folder, 'openapi.json');
  await writeFile(file, text);
  await writeFile(join(folder, 'redocly.yaml'), 'telemetry: off\nextends: [recommended]\n');
  const command = join(dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json')), 'bin', 'cli.js');
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NODE_TEST_CONTEXT: '' };
  const said = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [command, 'lint', file, '--format=json', '--max-problems=1000'], { cwd: folder, env }, (error, stdout, stderr) =>
      stdout.includes('{') ? resolve(stdout) : reject(error ?? new Error(stderr)),
    );
  });
  const { problems } = JSON.parse(said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1)) as { problems: Problem[] };
  return problems.map(({ ruleId, location, message }) => `${ruleId} ${location[0]?.pointer ?? ''} ${message}`);
};

/**
 * What a linter may say of it, and why it stays. A handshake succeeds with 101, which the rule does not count as a success. A collection's schema as it
 * was declared is there for whoever generates code, and no operation takes or gives it just so: the server keeps members beside it (3.2.2).
 */
const STAYS = [/^operation-2xx-response #\/paths\/~1v1~1ws\/get\/responses /, /^no-unused-components #\/components\/schemas\/\w+\.Schema /];

test('OpenAPI passes the recommended rules of its linter, warnings included', { timeout: 120_000 }, async () => {
  const { text } = await server.client.ask('GET', '/v1/openapi.json');
  assert(text.includes('/v1/orders/{id}/pay') && text.includes('orders.Document'), 'the collections and actions are in it');
  assert.deepEqual(
    (await lint(text)).filter((problem) => !STAYS.some((pattern) => pattern.test(problem))),
    [],
  );
  const broken = { ...(JSON.parse(text) as object), security: [{ nobody: [] }] };
  assert.notDeepEqual(
    (await lint(JSON.stringify(broken))).filter((problem) => !STAYS.some((pattern) => pattern.test(problem))),
    [],
    'and the linter does find what is wrong',
  );
});

// Its declarations name packages that have none: it is loaded by its name.
const parser = '@asyncapi/parser';

interface Diagnostic {
  readonly code: string | number;
  readonly message: string;
  readonly path: readonly (string | number)[];
}

test('AsyncAPI passes its parser without a word', { timeout: 120_000 }, async () => {
  const { Parser } = (await import(parser)) as { Parser: new () => { parse(text: string): Promise<{ diagnostics: readonly Diagnostic[] }> } };
  const parse = async (text: string): Promise<string[]> =>
    (await new Parser().parse(text)).diagnostics
      .filter(({ code }) => !String(code).endsWith('-latest-version'))
      .map(({ code, message, path }) => `${code} ${path.join('/')} ${message}`);
  const { text } = await server.client.ask('GET', '/v1/asyncapi.json');
  assert(text.includes('orders'), 'the topics of the collections are in it');
  assert.deepEqual(await parse(text), []);
  assert.notDeepEqual(
    await parse(JSON.stringify({ ...(JSON.parse(text) as object), channels: { a: { messages: 1 } } })),
    [],
    'and the parser does find what is wrong',
  );
});
