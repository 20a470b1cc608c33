// Subscriptions, their acknowledgements and the session of a WebSocket (6.2.3 to 6.2.7, 5.4).
import { CursorText, type Shape } from './common.ts';

const Patterns = { type: 'array', items: { type: 'string', minLength: 1, maxLength: 255 }, minItems: 1, maxItems: 1000 } as const;
const Name = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' } as const;
const AckWait = {
  type: ['integer', 'string'],
  minimum: 10,
  maximum: 86_400_000,
  pattern: '^[0-9]{1,8}(ms|s|m|h)$',
  description: 'how long without an acknowledgement until messages are sent again: milliseconds, or text such as `30s`; at most a day',
} as const;

export const SubscriptionCreate = {
  type: 'object',
  required: ['topics'],
  properties: { name: Name, topics: Patterns, after: { ...CursorText, description: 'a cursor, `earliest` or `latest`' }, ackWait: AckWait },
  additionalProperties: false,
} as const;
export type SubscriptionCreate = Shape<typeof SubscriptionCreate>;

export const SubscriptionReplace = {
  type: 'object',
  required: ['topics'],
  properties: { topics: Patterns, ackWait: AckWait },
  additionalProperties: false,
} as const;
export type SubscriptionReplace = Shape<typeof SubscriptionReplace>;

/** A durable subscription. */
export const SubscriptionShape = {
  type: 'object',
  required: ['name', 'topics', 'cursor', 'pending', 'attached', 'ackWait', 'redeliveries'],
  properties: {
    name: Name,
    topics: Patterns,
    cursor: { ...CursorText, description: 'everything up to here is acknowledged' },
    pending: { type: 'integer', minimum: 0, maximum: 10_000 },
    attached: { type: 'boolean' },
    ackWait: AckWait,
    redeliveries: { type: 'integer', description: 'messages sent again since the server started' },
    client: { type: 'string', description: 'whose it is' },
  },
} as const;

/** What opening a subscription answers: an unnamed one its id and place, a durable one itself. */
export const SubscriptionOpened = {
  anyOf: [{ type: 'object', required: ['subscription', 'cursor'], properties: { subscription: { type: 'string' }, cursor: CursorText } }, SubscriptionShape],
} as const;

export const SubscriptionList = { type: 'object', required: ['items'], properties: { items: { type: 'array', items: SubscriptionShape } } } as const;

export const SubscriptionListQuery = {
  type: 'object',
  properties: {
    client: { type: 'string', minLength: 1, maxLength: 257, description: 'with the scope `admin`: whose subscriptions' },
    all: { enum: ['true'], description: 'with the scope `admin`: those of every client' },
  },
  additionalProperties: false,
} as const;

export const ClientQuery = {
  type: 'object',
  properties: { client: { type: 'string', minLength: 1, maxLength: 257, description: 'with the scope `admin`: whose subscriptions' } },
  additionalProperties: false,
} as const;

export const SubscriptionAttached = {
  type: 'object',
  required: ['subscription', 'cursor', 'pending'],
  properties: { subscription: Name, cursor: CursorText, pending: { type: 'integer', minimum: 0, maximum: 10_000 } },
} as const;

export const SubscriptionAck = { type: 'object', required: ['cursor'], properties: { cursor: CursorText }, additionalProperties: false } as const;
export type SubscriptionAck = Shape<typeof SubscriptionAck>;

export const SubscriptionAcked = {
  type: 'object',
  required: ['cursor', 'pending'],
  properties: { cursor: CursorText, pending: { type: 'integer', minimum: 0, maximum: 10_000 } },
} as const;

export const SubscriptionPull = {
  type: 'object',
  properties: {
    ack: CursorText,
    limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
    wait: { type: 'number', minimum: 0, description: 'seconds to wait for a message, at most `pollTimeout`' },
  },
  additionalProperties: false,
} as const;
export type SubscriptionPull = Shape<typeof SubscriptionPull>;

export const SessionRenew = {
  type: 'object',
  required: ['token'],
  properties: { token: { type: 'string', minLength: 1, maxLength: 8192 } },
  additionalProperties: false,
} as const;
export type SessionRenew = Shape<typeof SessionRenew>;

export const SessionShape = { type: 'object', required: ['expiresAt'], properties: { expiresAt: { type: ['string', 'null'] } } } as const;
