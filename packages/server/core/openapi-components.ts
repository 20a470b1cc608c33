// What the operations of the OpenAPI document share: envelopes, headers, errors. Made from the shapes, the bounds and the catalogue (sections 4 and 8).
import {
  BatchOperation,
  BatchResults,
  BOUNDS,
  Changelog,
  CollectionList,
  CollectionShape,
  Discovery,
  DocumentList,
  DocumentShape,
  ERRORS,
  type ErrorCode,
  type JsonSchema,
  KeyCreate,
  KeyCreated,
  KeyLimits,
  KeyList,
  KeyShape,
  MessagePage,
  MessageShape,
  PROTOCOL_VERSION,
  ProtocolError,
  Published,
  TokenCreate,
  TokenCreated,
} from '@godwit/protocol';

export type Json = Record<string, unknown>;

/** Shapes that have a name of their own in the document; wherever one stands within another, a reference stands. */
const NAMED_SHAPES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [Discovery, 'Discovery'],
  [Changelog, 'Changelog'],
  [DocumentShape, 'Document'],
  [DocumentList, 'DocumentList'],
  [CollectionShape, 'Collection'],
  [CollectionList, 'CollectionList'],
  [MessageShape, 'Message'],
  [MessagePage, 'MessagePage'],
  [Published, 'Published'],
  [BatchOperation, 'BatchOperation'],
  [BatchResults, 'BatchResults'],
  [KeyLimits, 'KeyLimits'],
  [KeyShape, 'Key'],
  [KeyList, 'KeyList'],
  [KeyCreate, 'KeyCreate'],
  [KeyCreated, 'KeyCreated'],
  [TokenCreate, 'TokenCreate'],
  [TokenCreated, 'TokenCreated'],
]);

export const schemaReference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
export const parameterReference = (name: string): Json => ({ $ref: `#/components/parameters/${name}` });
export const headerReference = (name: string): Json => ({ $ref: `#/components/headers/${name}` });
export const responseReference = (name: string): Json => ({ $ref: `#/components/responses/${name}` });

/** A shape with references in place of the named shapes in it. */
export const referring = (shape: unknown, root = false): unknown => {
  const name = NAMED_SHAPES.get(shape);
  if (name !== undefined && !root) return schemaReference(name);
  if (Array.isArray(shape)) return shape.map((item) => referring(item));
  if (typeof shape !== 'object' || shape === null) return shape;
  return Object.fromEntries(Object.entries(shape).map(([member, value]) => [member, referring(value)]));
};

const REQUEST_ID: JsonSchema = { type: 'string', pattern: `^[!-~]{1,${BOUNDS.requestIdLength}}$` };

export const EXAMPLE_REQUEST_ID = '0192f3a0-5b7c-7d3e-9a41-2f6b8c0d1e5f';
export const EXAMPLE_TIME = '2026-11-22T10:00:00.000Z';

/** The schema of a request's body around `data` (4.1.1). */
export const requestEnvelope = (data: unknown): Json => ({
  type: 'object',
  required: ['data'],
  properties: { requestId: schemaReference('RequestId'), timestamp: schemaReference('Timestamp'), data, metadata: schemaReference('Metadata') },
});

/** The schema of a response's body around `data` (4.2.1). */
export const responseEnvelope = (data: unknown): Json => ({
  type: 'object',
  required: ['requestId', 'timestamp', 'status', 'data'],
  properties: { requestId: { type: 'string' }, timestamp: schemaReference('Timestamp'), status: { const: 'success' }, data },
});

export const sharedSchemas = (): Json => ({
  RequestId: {
    ...REQUEST_ID,
    description: 'names the request: one that is repeated with the same requestId takes effect once (4.1.3); an `Idempotency-Key` header may stand in for it',
  },
  Timestamp: { type: 'string', format: 'date-time', description: 'RFC 3339; the server writes UTC with milliseconds', examples: [EXAMPLE_TIME] },
  Metadata: {
    type: 'object',
    description: 'who asks, in which version of the protocol (10.1)',
    properties: { version: { type: 'string', pattern: '^\\d{1,9}\\.\\d{1,9}$', examples: [PROTOCOL_VERSION] }, client: { type: 'string' } },
  },
  DocumentPatch: { type: 'object', description: 'a JSON merge patch (RFC 7396): members that are null are removed, others are set, what is not named stays' },
  ErrorEnvelope: {
    type: 'object',
    required: ['requestId', 'timestamp', 'status', 'error'],
    properties: {
      requestId: { type: ['string', 'null'] },
      timestamp: schemaReference('Timestamp'),
      status: { const: 'error' },
      error: {
        type: 'object',
        required: ['code', 'message', 'details'],
        properties: {
          code: { type: 'string', description: 'one of the catalogue; later minor versions may add some', examples: Object.keys(ERRORS) },
          message: { type: 'string', description: 'a sentence for a person' },
          details: {
            type: 'object',
            properties: {
              field: { type: 'string', description: 'the first field at fault, as a JSON pointer into the request' },
              errors: {
                type: 'array',
                items: { type: 'object', required: ['field', 'message'], properties: { field: { type: 'string' }, message: { type: 'string' } } },
              },
              retryable: { type: 'boolean', description: 'whether the same request can succeed later' },
              retryAfterMs: { type: 'integer', minimum: 0 },
            },
          },
        },
      },
    },
  },
  ...Object.fromEntries([...NAMED_SHAPES].map(([shape, name]) => [name, referring(shape, true)])),
});

const header = (description: string, schema: JsonSchema = { type: 'string' }): Json => ({ description, schema });
const count: JsonSchema = { type: 'integer', minimum: 0 };

export const sharedHeaders = (): Json => ({
  'X-Request-Id': header('the requestId, or what correlates where there is none (4.1.2)'),
  'X-Protocol-Version': header('the version of the protocol that the server speaks (10.1)', { type: 'string', examples: [PROTOCOL_VERSION] }),
  'X-RateLimit-Limit': header('operations allowed over any 60 s (7.1.1)', count),
  'X-RateLimit-Remaining': header('operations left', count),
  'X-RateLimit-Reset': header('seconds until the oldest one counted leaves the window', count),
  'X-Idempotent-Replay': header('`true` where this is the outcome of an earlier request with the same requestId (4.1.3)', { const: 'true' }),
  ETag: header('names this state of the document, for `If-Match` and `If-None-Match` (3.2.3)'),
  Location: header('the path of what was made', { type: 'string', format: 'uri-reference' }),
  Link: header('`<...>; rel="next"` where there is a next page, unless its address would be longer than one may be (3.2.4)'),
  'Retry-After': header('seconds to wait', count),
  Deprecation: header('since when the operation is deprecated (RFC 9745)'),
  Sunset: header('when the operation goes away (RFC 8594)'),
});

const parameter = (name: string, where: 'header' | 'query', description: string, schema: JsonSchema): Json => ({ name, in: where, description, schema });

export const sharedParameters = (): Json => ({
  RequestIdHeader: parameter('X-Request-Id', 'header', 'only correlates; echoed where the body brings no requestId (4.1.2)', REQUEST_ID),
  ProtocolVersion: parameter('X-Protocol-Version', 'header', 'the version that the client speaks; another major is refused (10.1)', {
    type: 'string',
    examples: [PROTOCOL_VERSION],
  }),
  IdempotencyKey: parameter(
    'Idempotency-Key',
    'header',
    'names a write: in place of the requestId of the body, and where there is no body (4.1.2)',
    REQUEST_ID,
  ),
  IfMatch: parameter('If-Match', 'header', 'go on only where the document is in this state, else 412 (3.2.3)', { type: 'string' }),
  IfNoneMatch: parameter('If-None-Match', 'header', 'go on only where the document is not in this state, else 304 to a read and 412 to a change (3.2.3)', {
    type: 'string',
  }),
  Filter: {
    name: 'filter',
    in: 'query',
    description:
      '`filter[field]=value`, or `filter[field][op]=value` with op one of eq ne lt lte gt gte in (a comma list); a dot reaches into a member (3.2.4)',
    style: 'deepObject',
    explode: true,
    schema: {
      type: 'object',
      additionalProperties: {
        anyOf: [
          { type: ['string', 'number', 'boolean', 'null'] },
          {
            type: 'object',
            propertyNames: { enum: ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in'] },
            additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
          },
        ],
      },
    },
    examples: { equal: { value: { status: 'open' } }, operator: { value: { total: { gte: 100 } } } },
  },
});

const errorExample = (code: ErrorCode): Json => ({
  summary: ERRORS[code].sentence,
  description: ERRORS[code].remedy,
  value: { requestId: EXAMPLE_REQUEST_ID, timestamp: EXAMPLE_TIME, status: 'error', error: new ProtocolError(code).body() },
});

/** The name of the response in which any of these errors may come. */
export const errorResponseName = (codes: readonly ErrorCode[]): string => codes.join('.');

export const errorResponse = (codes: readonly ErrorCode[]): Json => ({
  description: codes.map((code) => `\`${code}\`: ${ERRORS[code].sentence}`).join('\n\n'),
  headers: {
    'X-Request-Id': headerReference('X-Request-Id'),
    'X-Protocol-Version': headerReference('X-Protocol-Version'),
    ...(codes.some((code) => ERRORS[code].retryable && ERRORS[code].status !== 500) ? { 'Retry-After': headerReference('Retry-After') } : {}),
  },
  content: { 'application/json': { schema: schemaReference('ErrorEnvelope'), examples: Object.fromEntries(codes.map((code) => [code, errorExample(code)])) } },
});
