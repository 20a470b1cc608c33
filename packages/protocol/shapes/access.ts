// Keys and tokens (section 11).
import { ClientName, Scopes, type Shape, Timestamp } from './common.ts';

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
