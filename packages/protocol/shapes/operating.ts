// Who is connected and how the server fares (11.5).
import { Timestamp } from './common.ts';

export const ConnectionShape = {
  type: 'object',
  required: ['id', 'client', 'transport', 'openedAt', 'subscriptions'],
  properties: {
    id: { type: 'string' },
    client: { type: 'string' },
    keyId: { type: 'string' },
    sub: { type: ['string', 'null'] },
    instance: { type: ['string', 'null'] },
    transport: { enum: ['websocket', 'sse'] },
    address: { type: 'string' },
    openedAt: Timestamp,
    expiresAt: { type: ['string', 'null'] },
    subscriptions: { type: 'integer' },
    queuedBytes: { type: 'integer' },
    messagesReceived: { type: 'integer' },
    behind: { type: 'boolean', description: 'whether it reads on from the log because it is slower than the feed' },
  },
} as const;

export const ConnectionList = { type: 'object', required: ['items'], properties: { items: { type: 'array', items: ConnectionShape } } } as const;

export const Stats = {
  type: 'object',
  required: ['uptime', 'connections', 'durableSubscriptions', 'log', 'store', 'feed'],
  properties: {
    uptime: { type: 'number', description: 'milliseconds' },
    connections: { type: 'object', properties: { websocket: { type: 'integer' }, sse: { type: 'integer' }, poll: { type: 'integer' } } },
    subscriptions: { type: 'integer' },
    durableSubscriptions: { type: 'integer' },
    log: { type: 'object' },
    store: { type: 'object' },
    feed: { type: 'object' },
  },
} as const;
