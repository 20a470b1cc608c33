// Documents and collections (3.2).
import { CollectionName, DocumentId, type Shape, Timestamp } from './common.ts';

/** A document as clients see it: its own members beside those that the server keeps (3.2.2). */
export const DocumentShape = {
  type: 'object',
  required: ['id', 'version', 'createdAt', 'updatedAt'],
  properties: { id: DocumentId, version: { type: 'integer', minimum: 1 }, createdAt: Timestamp, updatedAt: Timestamp },
} as const;
/** The members of every document that the server keeps (3.2.2). */
export type DocumentMembers = Shape<typeof DocumentShape>;

/** What is sent to create or replace a document. */
export const DocumentData = { type: 'object' } as const;

export const DocumentList = {
  type: 'object',
  required: ['items', 'next'],
  properties: { items: { type: 'array', items: DocumentShape }, next: { type: ['string', 'null'] } },
} as const;

export const DocumentListQuery = {
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 50, description: 'how many documents at most' },
    after: { type: 'string', minLength: 1, description: '`next` of the page before' },
    sort: {
      type: 'string',
      maxLength: 1024,
      pattern: '^-?[^-.,[\\]"][^,[\\]"]*(,-?[^-.,[\\]"][^,[\\]"]*)*$',
      description: 'fields, commas between, `-` before one for descending',
    },
  },
  patternProperties: {
    '^filter\\[[^\\[\\]]+\\](\\[(eq|ne|lt|lte|gt|gte|in)\\])?$': {
      type: 'string',
      description: '`filter[field]=value` or `filter[field][op]=value`, op one of eq ne lt lte gt gte in',
    },
  },
  additionalProperties: false,
} as const;

/** The message of a document's change (3.2.6). */
export const DocumentChangeData = {
  type: 'object',
  required: ['change', 'id', 'version', 'document'],
  properties: {
    change: { enum: ['created', 'updated', 'deleted'] },
    id: DocumentId,
    version: { type: 'integer', minimum: 1 },
    document: { anyOf: [DocumentShape, { type: 'null' }] },
  },
} as const;

const JsonSchemaValue = { type: ['object', 'boolean', 'null'], description: 'a JSON Schema (2020-12), or null for none' } as const;
const Indexes = {
  type: 'array',
  maxItems: 16,
  items: { type: 'string', minLength: 1, maxLength: 256 },
  description: 'fields that lists filter and sort by quickly, a dot reaching into a member; `status,total` serves a filter on the one sorted by the other',
} as const;

export const CollectionCreate = {
  type: 'object',
  required: ['name'],
  properties: { name: CollectionName, schema: JsonSchemaValue, indexes: Indexes },
  additionalProperties: false,
} as const;
export type CollectionCreate = Shape<typeof CollectionCreate>;

export const CollectionReplace = {
  type: 'object',
  required: ['schema'],
  properties: { name: CollectionName, schema: JsonSchemaValue, indexes: Indexes, source: {}, createdAt: {}, updatedAt: {} },
  additionalProperties: false,
} as const;
export type CollectionReplace = Shape<typeof CollectionReplace>;

export const CollectionShape = {
  type: 'object',
  required: ['name', 'schema', 'indexes', 'source', 'createdAt', 'updatedAt'],
  properties: {
    name: CollectionName,
    schema: JsonSchemaValue,
    indexes: Indexes,
    source: { enum: ['api', 'configuration'], description: 'where it was declared; one of the configuration changes only there' },
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
} as const;

export const CollectionList = {
  type: 'object',
  required: ['items'],
  properties: { items: { type: 'array', items: CollectionShape } },
} as const;
