// This API as OpenAPI 3.1, a pure function of the table of operations, the shapes, the catalogue, the declared collections and the
// application's actions: served at /v1/openapi.json (3.1.3). It says nothing that the tables do not.
import {
  CollectionName,
  DocumentId,
  ERRORS,
  type ErrorCode,
  type JsonSchema,
  OPERATIONS,
  type Operation,
  PROTOCOL_VERSION,
  type Settings,
  Topic,
} from '@godwit/protocol';
import { collectionSchemas, type DescribedCollection, embedded } from './openapi-collections.ts';
import {
  EXAMPLE_REQUEST_ID,
  errorResponse,
  errorResponseName,
  headerReference,
  type Json,
  parameterReference,
  referring,
  requestEnvelope,
  responseEnvelope,
  responseReference,
  schemaReference,
  sharedHeaders,
  sharedParameters,
  sharedSchemas,
} from './openapi-components.ts';

export interface OpenapiInput {
  readonly serverVersion: string;
  readonly limits: Settings;
  readonly collections: readonly DescribedCollection[];
  /** The application's own operations: rows like those of the table. */
  readonly actions: readonly Operation[];
  readonly operations?: readonly Operation[];
}

/** What a row becomes part of: a path of its own, or the paths of one collection. */
interface Setting {
  readonly row: Operation;
  readonly tag: string;
  readonly collection: DescribedCollection | undefined;
  readonly action: boolean;
  readonly limits: Settings;
}

const TAGS: readonly (readonly [clauses: RegExp, tag: string, description: string])[] = [
  [/^(?:3\.1|10)\b/, 'Discovery', 'What this server is and speaks'],
  [/^3\.2\.5\b/, 'Collections', 'Collections and their schemas'],
  [/^3\.2\b/, 'Documents', 'JSON documents in collections'],
  [/^(?:5|6)\b/, 'Messages', 'Publishing to topics and reading the log'],
  [/^9\b/, 'Batch', 'Many operations at once'],
  [/^11\b/, 'Access', 'Keys, tokens and connections'],
];
const ACTIONS_TAG = 'Actions';

const tagOf = (row: Operation): string => TAGS.find(([clauses]) => clauses.test(row.clause))?.[1] ?? 'Other';

const ANY_SEGMENT = { type: 'string', minLength: 1 } as const;

/** The shape of a parameter where the path says what it stands for; an action's own may be anything. */
const parameterShape = (path: string, name: string): JsonSchema => {
  if (path.startsWith('/{collection}')) return name === 'collection' ? CollectionName : DocumentId;
  if (path === '/collections/{name}') return CollectionName;
  return path.startsWith('/topics/{topic}/') ? Topic : ANY_SEGMENT;
};

const pathParameters = (row: Operation, path: string): Json[] => {
  const own = Array.from(row.path.matchAll(/\{(\w+)\}/g), ([, name = '']) => parameterShape(row.path, name)).reverse();
  // A path may have been renamed, or begin with the name of one collection: the last parameters are the same ones.
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name).reverse();
  return names.map((name, index) => ({ name, in: 'path', required: true, schema: own[index] ?? ANY_SEGMENT })).reverse();
};

const queryParameters = (query: JsonSchema | undefined, limits: Settings): Json[] => {
  const {
    properties = {},
    patternProperties,
    required = [],
  } = (query ?? {}) as { properties?: Record<string, Json>; patternProperties?: Json; required?: string[] };
  const parameters = Object.entries(properties).map(([name, { description, ...schema }]): Json => {
    // The one bound that is a setting (6.3.1).
    const bounded = name === 'wait' && schema.maximum === undefined ? { ...schema, maximum: limits.pollTimeout / 1000 } : schema;
    return { name, in: 'query', required: required.includes(name), ...(description === undefined ? {} : { description }), schema: bounded };
  });
  return patternProperties === undefined ? parameters : [...parameters, parameterReference('Filter')];
};

const isWrite = (row: Operation): boolean => row.method !== 'GET';
const hasBody = (row: Operation): boolean => row.data !== undefined;
const onDocument = (row: Operation): boolean => row.path === '/{collection}/{id}';

/** The errors of a row and those that any operation of its kind may meet, in the order of the catalogue. */
const errorsOf = (row: Operation): ErrorCode[] => {
  const codes = new Set<ErrorCode>([
    ...row.errors,
    'UNSUPPORTED_VERSION',
    'FORBIDDEN',
    'NOT_ACCEPTABLE',
    'REQUEST_TIMEOUT',
    'URI_TOO_LONG',
    'HEADERS_TOO_LARGE',
  ]);
  const add = (...more: ErrorCode[]): void => {
    for (const code of more) codes.add(code);
  };
  add('INTERNAL', 'UNAVAILABLE', 'TIMEOUT', 'VALIDATION_FAILED');
  if (row.access !== 'none') add('UNAUTHENTICATED', 'TOKEN_EXPIRED', 'RATE_LIMITED', 'TOO_MANY_CONNECTIONS');
  if (hasBody(row)) add('MALFORMED_JSON', 'INVALID_ENVELOPE', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  if (row.remembered) add('REQUEST_ID_REUSED', 'REQUEST_IN_PROGRESS', 'STORAGE_FULL');
  // It takes the status of what failed in it.
  codes.delete('BATCH_FAILED');
  return (Object.keys(ERRORS) as ErrorCode[]).filter((code) => codes.has(code));
};

const byStatus = (codes: readonly ErrorCode[]): Map<string, ErrorCode[]> => Map.groupBy(codes, (code) => String(ERRORS[code].status));

/** Under which name an action's schema stands among the components. */
const actionSchemaName = (row: Operation, part: 'Data' | 'Result'): string => `${row.name.replace(/[^A-Za-z0-9._-]/g, '_')}.Action${part}`;

const dataShape = ({ row, collection, action }: Setting): unknown => {
  if (action) return schemaReference(actionSchemaName(row, 'Data'));
  if (row.method === 'PATCH' && onDocument(row)) return schemaReference('DocumentPatch');
  return collection === undefined ? referring(row.data) : schemaReference(`${collection.name}.Data`);
};

const resultShape = ({ row, collection, action }: Setting): unknown => {
  if (action && row.result !== undefined) return schemaReference(actionSchemaName(row, 'Result'));
  if (collection === undefined) return referring(row.result ?? {});
  const document = schemaReference(`${collection.name}.Document`);
  return row.name === 'listDocuments'
    ? { type: 'object', required: ['items', 'next'], properties: { items: { type: 'array', items: document }, next: { type: ['string', 'null'] } } }
    : document;
};

const exampleOf = (schema: object | boolean | null | undefined): unknown => {
  const { examples, example } = (schema ?? {}) as { examples?: unknown[]; example?: unknown };
  return examples?.[0] ?? example;
};

const EXAMPLES: Readonly<Record<string, unknown>> = {
  batch: {
    mode: 'atomic',
    operations: [
      { method: 'POST', path: '/orders', data: { item: 'tea' } },
      { method: 'POST', path: '/topics/news/messages', data: 'tea was ordered' },
    ],
  },
  createCollection: { name: 'orders', schema: { type: 'object', required: ['item'], properties: { item: { type: 'string' } } }, indexes: ['item'] },
  replaceCollection: { schema: { type: 'object' } },
  createKey: { name: 'reader', scopes: ['read:orders', 'subscribe:orders.**'] },
  createToken: { ttl: 3600, sub: 'ada', scopes: ['read:orders'] },
  publish: { temperature: 21.5 },
  createDocument: { item: 'tea' },
  replaceDocument: { item: 'coffee' },
  patchDocument: { item: null, note: 'sold out' },
};

const requestBody = (setting: Setting): Json => {
  const { row, collection, limits } = setting;
  const data = collection === undefined ? (EXAMPLES[row.name] ?? exampleOf(row.data)) : row.method === 'PATCH' ? undefined : exampleOf(collection.schema);
  const most = row.name === 'batch' ? limits.maxBatchBytes : limits.maxMessageBytes;
  return {
    required: true,
    description: `The envelope around \`data\`; at most ${most} bytes, counted after decompression (\`Content-Encoding: gzip\`).`,
    content: {
      'application/json': {
        schema: requestEnvelope(dataShape(setting)),
        ...(data === undefined ? {} : { example: { requestId: EXAMPLE_REQUEST_ID, data } }),
      },
    },
  };
};

const successHeaders = (row: Operation): Json => {
  const names = ['X-Request-Id', 'X-Protocol-Version'];
  if (row.access !== 'none') names.push('X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset');
  if (row.remembered) names.push('X-Idempotent-Replay');
  if ((onDocument(row) && row.method !== 'DELETE') || row.name === 'createDocument') names.push('ETag');
  if (row.name === 'createDocument' || row.name === 'createCollection') names.push('Location');
  if (row.name === 'listDocuments') names.push('Link');
  if (row.deprecated !== undefined) names.push('Deprecation', ...(row.deprecated.sunset === undefined ? [] : ['Sunset']));
  return Object.fromEntries(names.map((name) => [name, headerReference(name)]));
};

const success = (setting: Setting): Json => {
  const { row } = setting;
  const headers = successHeaders(row);
  if (row.name === 'connect')
    return {
      101: { description: 'The connection is a WebSocket from here on (section 5)', headers: { 'X-Protocol-Version': headerReference('X-Protocol-Version') } },
    };
  if (row.success === 204) return { 204: { description: 'Done; no content', headers } };
  const schema = row.bare === true ? { type: 'object' } : responseEnvelope(resultShape(setting));
  const answer = (description: string): Json => ({ description, headers, content: { 'application/json': { schema } } });
  return {
    [row.success]: answer(row.summary),
    ...(row.name === 'createSubscription' ? { 200: answer('It was there already, with the same topics; its cursor is untouched (6.2.4)') } : {}),
    ...(row.name === 'batch' ? { 207: answer('Some operations of a partial batch failed (9.2.2)') } : {}),
    ...(row.name === 'getDocument' ? { 304: { description: 'Not modified', headers: { ETag: headerReference('ETag') } } } : {}),
  };
};

const scopesOf = ({ row, collection }: Setting): string[] => {
  if (row.access === 'any') return [];
  if (row.access === 'read' || row.access === 'write') return [`${row.access}:${collection?.name ?? '{collection}'}`];
  return [row.access === 'publish' ? 'publish:{topic}' : row.access === 'subscribe' ? 'subscribe:{topics}' : row.access.replace(/^scope:/, '')];
};

const operationObject = (setting: Setting, path: string): Json => {
  const { row, tag, collection, limits } = setting;
  const headers = ['RequestIdHeader', 'ProtocolVersion'];
  if (isWrite(row)) headers.push('IdempotencyKey');
  if (onDocument(row)) headers.push(...(isWrite(row) ? ['IfMatch'] : []), 'IfNoneMatch');
  const failures = Object.fromEntries(Array.from(byStatus(errorsOf(row)), ([status, codes]) => [status, responseReference(errorResponseName(codes))]));
  return {
    operationId: collection === undefined ? row.name : `${row.name}_${collection.name}`,
    tags: [tag],
    summary: row.summary,
    ...(row.clause === '' ? {} : { description: `Clause ${row.clause} of the protocol; since ${row.since}.` }),
    ...(row.deprecated === undefined ? {} : { deprecated: true }),
    parameters: [...pathParameters(row, path), ...queryParameters(row.query, limits), ...headers.map(parameterReference)],
    ...(hasBody(row) ? { requestBody: requestBody(setting) } : {}),
    responses: {
      ...success(setting),
      ...failures,
      ...(row.errors.includes('BATCH_FAILED') ? { default: responseReference('BATCH_FAILED') } : {}),
    },
    security: row.access === 'none' ? [] : [{ bearer: scopesOf(setting) }],
  };
};

/** Two templates that differ in the names of their parameters only are one path to OpenAPI. */
const samePath = (path: string): string => path.replace(/\{\w+\}/g, '{}');

const pathsOf = (settings: readonly Setting[]): Json => {
  const paths = new Map<string, { path: string; item: Json }>();
  for (const setting of settings) {
    const { row, collection } = setting;
    const own = collection === undefined ? row.path : row.path.replace('{collection}', collection.name);
    const found = paths.get(samePath(own)) ?? { path: own, item: {} };
    paths.set(samePath(own), found);
    found.item[row.method.toLowerCase()] = operationObject(setting, found.path);
  }
  return Object.fromEntries(Array.from(paths.values(), ({ path, item }) => [`/v1${path}`, item]));
};

const actionSchemas = (row: Operation): Json => ({
  ...(row.data === undefined ? {} : { [actionSchemaName(row, 'Data')]: embedded(row.data, actionSchemaName(row, 'Data')) }),
  ...(row.result === undefined ? {} : { [actionSchemaName(row, 'Result')]: embedded(row.result, actionSchemaName(row, 'Result')) }),
});

const DESCRIPTION = [
  `Godwit protocol ${PROTOCOL_VERSION}. Every response is an envelope; errors carry a code of the catalogue, a sentence and details.`,
  'A write that is repeated with the same requestId takes effect once. `HEAD` works wherever `GET` does.',
  'The numbers in force are in `x-limits`: durations in milliseconds, sizes in bytes.',
].join('\n\n');

/** The headers that some operation of these answers with. */
const headersOf = (settings: readonly Setting[]): Json => {
  const names = new Set(settings.flatMap(({ row }) => Object.keys(successHeaders(row))));
  return Object.fromEntries(Object.entries(sharedHeaders()).filter(([name]) => names.has(name) || name === 'Retry-After'));
};

/** The OpenAPI 3.1 document. */
export const openapi = ({ serverVersion, limits, collections, actions, operations = OPERATIONS }: OpenapiInput): Json => {
  const onCollection = operations.filter((row) => row.path.startsWith('/{collection}'));
  const settings: Setting[] = [
    ...operations.map((row) => ({ row, tag: tagOf(row), collection: undefined, action: false, limits })),
    ...collections.flatMap((collection) => onCollection.map((row) => ({ row, tag: collection.name, collection, action: false, limits }))),
    ...actions.map((row) => ({ row, tag: ACTIONS_TAG, collection: undefined, action: true, limits })),
  ];
  const failures = new Map(
    settings.flatMap(({ row }) => [...byStatus(errorsOf(row)).values()]).map((codes) => [errorResponseName(codes), errorResponse(codes)]),
  );
  failures.set('BATCH_FAILED', errorResponse(['BATCH_FAILED']));
  const used = new Set(settings.map(({ tag }) => tag));
  const described = [...TAGS.map(([, name, description]) => ({ name, description })), { name: ACTIONS_TAG, description: "The application's own operations" }];
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Godwit',
      version: serverVersion,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      'x-protocol-version': PROTOCOL_VERSION,
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [...described.filter(({ name }) => used.has(name)), ...collections.map(({ name }) => ({ name, description: `Documents of the collection ${name}` }))],
    paths: pathsOf(settings),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'an API key or a token (11.1)' } },
      parameters: sharedParameters(),
      headers: headersOf(settings),
      responses: Object.fromEntries(failures),
      schemas: Object.assign(sharedSchemas(), ...collections.map(collectionSchemas), ...actions.map(actionSchemas)) as Json,
    },
    'x-limits': limits,
  };
};
