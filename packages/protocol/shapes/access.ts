// Keys and tokens (section 11).
import { ClientName, CollectionName, Scopes, type Shape, Timestamp } from './common.ts';

const count = { type: 'integer', minimum: 1, maximum: 1_000_000_000 } as const;

export const KeyLimits = {
  type: 'object',
  properties: { operationsPerMinute: count, connectionsPerClient: { ...count, maximum: 1_000_000 }, messagesPerSecond: count },
  additionalProperties: false,
} as const;
export type KeyLimits = Shape<typeof KeyLimits>;

export const KeyCreate = {
  type: 'object',
  required: ['scopes'],
  properties: { name: { type: 'string', minLength: 1, maxLength: 128 }, client: ClientName, scopes: Scopes, limits: KeyLimits },
  additionalProperties: false,
} as const;
export type KeyCreate = Shape<typeof KeyCreate>;

export const KeyShape = {
  type: 'object',
  required: ['id', 'name', 'client', 'scopes', 'limits', 'createdAt'],
  properties: {
    id: { type: 'string' },
    name: { type: ['string', 'null'] },
    client: ClientName,
    scopes: Scopes,
    limits: KeyLimits,
    createdAt: Timestamp,
  },
} as const;
export type KeyShape = Shape<typeof KeyShape>;

export const KeyCreated = {
  ...KeyShape,
  properties: { ...KeyShape.properties, key: { type: 'string', description: 'shown this once; absent from a replay' } },
} as const;

export const KeyList = { type: 'object', required: ['items'], properties: { items: { type: 'array', items: KeyShape } } } as const;

/** Who is asking (11.6). */
export const CallerShape = {
  type: 'object',
  required: ['client', 'keyId', 'sub', 'scopes', 'limits', 'expiresAt', 'collections'],
  properties: {
    client: { type: 'string', description: 'the client; of a token with a space and its `sub` behind it' },
    keyId: { type: 'string', description: 'the key, or the one that the token was made with' },
    sub: { type: ['string', 'null'] },
    scopes: Scopes,
    limits: { ...KeyLimits, description: 'in force for it, of its own or by the settings' },
    expiresAt: { type: ['string', 'null'], description: 'when a token expires; null for a key' },
    collections: {
      type: 'array',
      description: 'those that it may read or write',
      items: {
        type: 'object',
        required: ['name', 'read', 'write'],
        properties: { name: CollectionName, read: { type: 'boolean' }, write: { type: 'boolean' } },
      },
    },
  },
} as const;

export const TokenCreate = {
  type: 'object',
  required: ['ttl'],
  properties: { ttl: { type: 'integer', minimum: 1, maximum: 86_400, description: 'seconds' }, sub: ClientName, scopes: Scopes },
  additionalProperties: false,
} as const;
export type TokenCreate = Shape<typeof TokenCreate>;

export const TokenCreated = {
  type: 'object',
  required: ['token', 'expiresAt', 'sub'],
  properties: { token: { type: 'string' }, expiresAt: Timestamp, sub: ClientName },
} as const;
