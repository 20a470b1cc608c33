// The OpenAPI document (3.1.3): valid as a whole, true to the tables, and exact about what may be sent to a collection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings, ERRORS, OPERATIONS, type Operation } from '@godwit/protocol';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formatsPlugin from 'ajv-formats';
import { openapi } from './openapi.ts';

// biome-ignore lint/suspicious/noExplicitAny: the document is walked as plain JSON.
type Doc = any;

const orders = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['item'],
  properties: { item: { $ref: '#/$defs/item' }, parent: { $ref: '#' }, $ref: { type: 'string' }, link: { const: { $ref: '#/x' } } },
  additionalProperties: false,
  $defs: { item: { type: 'string', minLength: 1 } },
  examples: [{ item: 'tea' }],
};
const customers = {
  $id: 'https://example.com/customer',
  $ref: '#/$defs/customer',
  $defs: { customer: { type: 'object', additionalProperties: false, properties: { friend: { $ref: 'https://example.com/customer#/$defs/customer' } } } },
};

const cancel: Operation = {
  name: 'cancelOrder',
  method: 'POST',
  path: '/orders/{order}/cancel',
  clause: '',
  summary: 'Cancel an order',
  access: 'scope:write:orders',
  data: { type: 'object', properties: { reason: { $ref: '#/$defs/reason' } }, $defs: { reason: { type: 'string' } } },
  result: { type: 'object' },
  success: 200,
  remembered: true,
  batch: 'partial',
  errors: ['NOT_FOUND', 'CONFLICT'],
  since: '1.0',
  deprecated: { since: 1, sunset: 2 },
};
/** Its path is that of a document to OpenAPI, under another name. */
const touch: Operation = { ...cancel, name: 'touchOrder', path: '/orders/{order}', access: 'any', success: 204 };

const input = {
  serverVersion: '0.1.0',
  limits: { ...defaultSettings(), pollTimeout: 45_000 },
  collections: [
    { name: 'orders', schema: orders },
    { name: 'customers', schema: customers },
    { name: 'notes', schema: null },
    { name: 'closed', schema: false },
  ],
  actions: [cancel, touch],
};

// What is served is JSON.
const doc: Doc = JSON.parse(JSON.stringify(openapi(input)));

const operations = (): { path: string; method: string; operation: Doc }[] =>
  Object.entries<Doc>(doc.paths).flatMap(([path, item]) => Object.entries<Doc>(item).map(([method, operation]) => ({ path, method, operation })));

const resolve = (ref: string): Doc =>
  ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<Doc>((at, segment) => at?.[segment.replaceAll('~1', '/').replaceAll('~0', '~')], doc);

const references = function* (value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [member, part] of Object.entries(value)) {
    if (member === '$ref' && typeof part === 'string') yield part;
    else if (member !== 'const') yield* references(part);
  }
};

const addFormats = formatsPlugin as unknown as typeof formatsPlugin.default;
const judge = (name: string): ((value: unknown) => boolean) => {
  const ajv = new Ajv2020({ strict: false });
  addFormats(ajv);
  ajv.addSchema(doc, 'doc:');
  const check = ajv.getSchema(`doc:#/components/schemas/${name}`);
  assert(check !== undefined, name);
  return (value) => check(value) === true;
};

test('the document is valid OpenAPI 3.1', async () => {
  // To the checker a member that is called `$ref` is a reference, and what stands beside a reference is nothing, so it gets schemas without them.
  const { $ref: _member, link: _link, ...properties } = orders.properties;
  const plain = openapi({ ...input, collections: [{ name: 'orders', schema: { ...orders, properties } }, ...input.collections.slice(2)] });
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(plain)));
  assert(valid, JSON.stringify(errors, null, 2));
});

test('every reference leads somewhere', () => {
  const seen = new Set(references(doc));
  assert(seen.size > 50);
  for (const ref of seen) assert(ref.startsWith('#/') && resolve(ref) !== undefined, ref);
  for (const [kind, components] of Object.entries<Doc>(doc.components)) {
    for (const name of Object.keys(components)) {
      assert.match(name, /^[a-zA-Z0-9._-]+$/);
      // What nothing refers to is a remnant, but for the security scheme and the schemas as declared.
      if (kind === 'parameters' || kind === 'headers' || kind === 'responses') assert(seen.has(`#/components/${kind}/${name}`), `${kind} ${name}`);
    }
  }
});

test('each row, and each row of a collection, is there once, with its parameters', () => {
  const ids = operations().map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  const perCollection = OPERATIONS.filter(({ path }) => path.startsWith('/{collection}')).length;
  assert.equal(ids.length, OPERATIONS.length + input.collections.length * perCollection + input.actions.length);
  for (const { name, method, path } of OPERATIONS) assert.equal(doc.paths[`/v1${path}`][method.toLowerCase()].operationId, name);
  assert.equal(doc.paths['/v1/orders/{id}'].patch.operationId, 'patchDocument_orders');
  assert.equal(doc.paths['/v1/orders/{order}/cancel'].post.deprecated, true);
  assert.equal(doc.paths['/v1/orders/{id}'].post.operationId, 'touchOrder');
  for (const { path, operation } of operations()) {
    const declared = operation.parameters.filter((parameter: Doc) => parameter.in === 'path').map((parameter: Doc) => parameter.name);
    assert.deepEqual(
      declared,
      Array.from(path.matchAll(/\{(\w+)\}/g), (found) => found[1]),
      path,
    );
    const names = operation.parameters.map((parameter: Doc) => (parameter.$ref === undefined ? `${parameter.in} ${parameter.name}` : parameter.$ref));
    assert.equal(new Set(names).size, names.length, path);
  }
});

test('every operation tells its errors, its success and who may', () => {
  for (const { path, method, operation } of operations()) {
    const row = [...OPERATIONS, ...input.actions].find(({ name }) => name === operation.operationId.split('_')[0]) as Operation;
    const codes = new Set(Object.values<Doc>(operation.responses).flatMap(({ $ref }) => ($ref === undefined ? [] : $ref.split('/').at(-1).split('.'))));
    for (const code of row.errors) assert(codes.has(code), `${method} ${path} ${code}`);
    assert(['INTERNAL', 'UNAVAILABLE', 'TIMEOUT', 'FORBIDDEN'].every((code) => codes.has(code)));
    assert.equal(codes.has('UNAUTHENTICATED'), row.access !== 'none');
    assert.equal(codes.has('MALFORMED_JSON'), row.data !== undefined);
    assert((row.name === 'connect' ? '101' : String(row.success)) in operation.responses);
    assert.deepEqual(operation.security.length === 0, row.access === 'none');
    assert.equal(operation.requestBody !== undefined, row.data !== undefined);
    for (const [status, { $ref }] of Object.entries<Doc>(operation.responses)) {
      if ($ref === undefined || status === 'default') continue;
      for (const code of $ref.split('/').at(-1).split('.')) assert.equal(String(ERRORS[code as keyof typeof ERRORS].status), status);
    }
  }
  assert.deepEqual(doc.paths['/v1/orders'].get.security, [{ bearer: ['read:orders'] }]);
  assert.deepEqual(doc.paths['/v1/orders/{order}/cancel'].post.security, [{ bearer: ['write:orders'] }]);
});

test('the schemas compile and the error examples keep them', () => {
  for (const name of Object.keys(doc.components.schemas)) judge(name);
  const isError = judge('ErrorEnvelope');
  for (const response of Object.values<Doc>(doc.components.responses)) {
    for (const { value } of Object.values<Doc>(response.content['application/json'].examples)) assert(isError(value), value.error.code);
  }
});

test('the examples of requests keep their schemas', () => {
  let examples = 0;
  for (const { path, operation } of operations()) {
    const media = operation.requestBody?.content['application/json'];
    if (media?.example === undefined) continue;
    const ajv = new Ajv2020({ strict: false });
    addFormats(ajv);
    ajv.addSchema({ ...doc, example: media.schema }, 'doc:');
    const check = ajv.getSchema('doc:#/example');
    assert(check?.(media.example), `${path} ${JSON.stringify(check?.errors)}`);
    examples++;
  }
  assert(examples >= 11);
});

test('a collection is described exactly, the kept members included', () => {
  const kept = { id: 'a', version: 1, createdAt: '2026-11-22T10:00:00.000Z', updatedAt: '2026-11-22T10:00:00.000Z' };
  const sent = judge('orders.Data');
  const read = judge('orders.Document');
  assert(sent({ item: 'tea' }) && sent({ item: 'tea', id: 'chosen' }) && sent({ ...kept, item: 'tea' }));
  assert(!sent({}) && !sent({ item: '' }) && !sent({ item: 'tea', more: 1 }) && !sent({ item: 'tea', id: 'not an id' }));
  assert(read({ ...kept, item: 'tea', parent: { item: 'x' }, $ref: 'x', link: { $ref: '#/x' } }));
  assert(!read({ item: 'tea' }) && !read({ ...kept }) && !read({ ...kept, item: 'tea', parent: { ...kept, item: 'x' } }));
  const customer = judge('customers.Document');
  assert(customer({ ...kept, friend: { friend: {} } }) && !customer({ ...kept, friend: { friend: { more: 1 } } }) && !customer({ ...kept, more: 1 }));
  assert(judge('notes.Document')({ ...kept, anything: 1 }) && !judge('notes.Document')({}));
  assert(!judge('closed.Data')({}));
});

test('queries: filters, bounds of the settings', () => {
  const of = (path: string, name: string): Doc => doc.paths[path].get.parameters.find((parameter: Doc) => parameter.name === name);
  assert.equal(of('/v1/messages', 'wait')?.schema.maximum, 45);
  assert.equal(of('/v1/messages', 'topics').required, true);
  assert.equal(of('/v1/orders', 'limit').schema.maximum, 100);
  assert(doc.paths['/v1/orders'].get.parameters.some(({ $ref }: Doc) => $ref === '#/components/parameters/Filter'));
  assert(doc.paths['/v1/orders/{id}'].get.parameters.some(({ $ref }: Doc) => $ref === '#/components/parameters/IfNoneMatch'));
  for (const condition of ['IfMatch', 'IfNoneMatch'])
    assert(
      doc.paths['/v1/orders/{id}'].delete.parameters.some(({ $ref }: Doc) => $ref === `#/components/parameters/${condition}`),
      condition,
    );
});

test('it is pure, and says the same twice', () => {
  assert.equal(JSON.stringify(openapi(input)), JSON.stringify(openapi(input)));
  assert(JSON.stringify(openapi({ ...input, collections: [], actions: [] })).length < 250_000);
});
