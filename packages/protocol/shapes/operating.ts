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
    bytesSent: { type: 'integer', description: 'that its socket has taken, handshake included' },
    bytesReceived: { type: 'integer' },
    messagesReceived: { type: 'integer' },
    behind: { type: 'boolean', description: 'whether it reads on from the log because it is slower than the feed' },
  },
} as const;

export const ConnectionList = { type: 'object', required: ['items'], properties: { items: { type: 'array', items: ConnectionShape } } } as const;

/** A distribution: how many values fell at most on each bound and above the one before; the last count has no bound. */
export const DistributionShape = {
  type: 'object',
  required: ['bounds', 'counts'],
  properties: { bounds: { type: 'array', items: { type: 'number' } }, counts: { type: 'array', items: { type: 'integer' } } },
} as const;

export const Stats = {
  type: 'object',
  required: ['uptime', 'connections', 'durableSubscriptions', 'log', 'store', 'feed', 'requests', 'process'],
  properties: {
    uptime: { type: 'number', description: 'milliseconds' },
    connections: { type: 'object', properties: { websocket: { type: 'integer' }, sse: { type: 'integer' }, poll: { type: 'integer' } } },
    subscriptions: { type: 'integer' },
    durableSubscriptions: { type: 'integer' },
    log: { type: 'object' },
    store: { type: 'object' },
    feed: { type: 'object' },
    requests: {
      type: 'object',
      required: ['total', 'statuses', 'publishSeconds'],
      properties: {
        total: { type: 'integer', description: 'operations that were answered since the start, a batch as one' },
        statuses: { type: 'object', additionalProperties: { type: 'integer' }, description: 'by status code' },
        publishSeconds: { ...DistributionShape, description: 'how long publishes took until they were confirmed' },
      },
    },
    process: {
      type: 'object',
      required: ['residentBytes', 'cpuSeconds', 'eventLoopDelay'],
      properties: {
        residentBytes: { type: 'integer' },
        cpuSeconds: { type: 'number' },
        eventLoopDelay: {
          type: ['object', 'null'],
          description: 'seconds, since it was asked for before; null the first time',
          properties: { p50: { type: 'number' }, p99: { type: 'number' }, max: { type: 'number' } },
        },
      },
    },
  },
} as const;
