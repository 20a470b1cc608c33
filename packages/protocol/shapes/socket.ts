// What goes over a WebSocket (section 5): the three types of messages, and the server's own notices. One shape is what the server sends or takes as one text message.
import { Any, CursorText, HeaderTexts, type JsonSchema, MethodName, type Shape, Timestamp, Topic } from './common.ts';

const MessageId = { type: 'string', pattern: '^[!-~]{1,128}$' } as const;

/** From a client: an operation of the table (5.2.2). */
export const SocketRequest = {
  type: 'object',
  required: ['messageId', 'type', 'payload'],
  properties: {
    messageId: { ...MessageId, description: 'names the request: the requestId of 4.1.3' },
    type: { const: 'request' },
    payload: {
      type: 'object',
      required: ['method', 'path'],
      properties: {
        method: MethodName,
        path: { type: 'string', pattern: '^/', description: 'below /v1, with its query' },
        data: Any,
        headers: { ...HeaderTexts, description: '`If-Match`, `If-None-Match`' },
      },
    },
    timestamp: Timestamp,
  },
} as const;
export type SocketRequest = Shape<typeof SocketRequest>;

/** From the server: what became of a request, or what was wrong about a message (5.2.1, 5.2.3). */
export const SocketResponse = {
  type: 'object',
  required: ['messageId', 'type', 'payload', 'timestamp'],
  properties: {
    messageId: MessageId,
    type: { const: 'response' },
    payload: {
      type: 'object',
      required: ['requestId', 'status', 'statusCode'],
      properties: {
        requestId: { type: ['string', 'null'], description: 'the messageId of the request; null where it could not be read' },
        status: { enum: ['success', 'error'] },
        statusCode: { type: 'integer', description: 'as over HTTP' },
        data: Any,
        error: {
          type: 'object',
          required: ['code', 'message', 'details'],
          properties: { code: { type: 'string', description: 'one of the catalogue' }, message: { type: 'string' }, details: { type: 'object' } },
        },
        headers: HeaderTexts,
      },
    },
    timestamp: Timestamp,
  },
} as const;
export type SocketResponse = Shape<typeof SocketResponse>;

/** From the server: a message of a subscription (5.2.4). */
export const SocketEvent = {
  type: 'object',
  required: ['messageId', 'type', 'payload', 'timestamp'],
  properties: {
    messageId: { ...MessageId, description: "the message's own, the same at every redelivery and to every subscriber" },
    type: { const: 'event' },
    payload: {
      type: 'object',
      required: ['subscription', 'topic', 'cursor', 'data'],
      properties: {
        subscription: { type: 'string', maxLength: 128, description: 'the id of the subscription that it is for' },
        topic: Topic,
        cursor: CursorText,
        data: Any,
        redelivered: { const: true, description: 'sent before and not acknowledged in time (6.2.6); a hint' },
      },
    },
    timestamp: { ...Timestamp, description: 'when it was published' },
  },
} as const;
export type SocketEvent = Shape<typeof SocketEvent>;

/** From a client: a publish without confirmation (5.2.5). */
export const SocketPublish = {
  type: 'object',
  required: ['messageId', 'type', 'payload'],
  properties: {
    messageId: MessageId,
    type: { const: 'event' },
    payload: { type: 'object', required: ['topic', 'data'], properties: { topic: Topic, data: Any } },
    timestamp: Timestamp,
  },
} as const;
export type SocketPublish = Shape<typeof SocketPublish>;

export interface Notice {
  readonly clause: string;
  readonly summary: string;
  /** The shape of the event's `data`. */
  readonly data: JsonSchema;
}

const object = <const P extends Record<string, JsonSchema>>(properties: P) => ({ type: 'object', required: Object.keys(properties), properties }) as const;

const ExpiresAt = { type: ['string', 'null'], format: 'date-time', description: 'when the credentials expire; null for those that do not' } as const;
const SubscriptionId = { type: 'string', description: 'the id or name of the subscription' } as const;

/** The server's own notices by the second segment of their topic (`$sys.welcome`): events without a subscription or a cursor of their own. */
export const NOTICES = {
  welcome: {
    clause: '5.1.2',
    summary: 'The first message of a connection: who it is, and what holds on it',
    data: object({
      connectionId: { type: 'string', format: 'uuid' },
      protocolVersion: { type: 'string' },
      heartbeatInterval: { type: 'integer', description: 'milliseconds' },
      limits: { type: 'object', description: 'settings in force: durations in milliseconds, sizes in bytes' },
      expiresAt: ExpiresAt,
    }),
  },
  heartbeat: {
    clause: '5.1.3',
    summary: 'The connection lives, and all that its subscriptions match has been sent up to the cursor',
    data: object({ cursor: CursorText }),
  },
  expiring: {
    clause: '5.4',
    summary: 'The credentials of the connection expire in a minute; renew them with POST /session',
    data: object({ expiresAt: Timestamp }),
  },
  detached: {
    clause: '6.2.5',
    summary: 'A subscription has ended: another connection took it over, it was deleted, or the scopes no longer cover it (5.4)',
    data: object({ subscription: SubscriptionId, reason: { type: 'string', examples: ['taken-over', 'deleted', 'forbidden'] } }),
  },
  gap: {
    clause: '6.2.9',
    summary: 'Retention overtook a subscription: messages after `from`, up to and with `to`, are missing; it goes on behind them',
    data: object({ subscription: SubscriptionId, from: CursorText, to: CursorText }),
  },
  goaway: {
    clause: '7.2.3',
    summary: 'The connection ends soon: its lifetime is over, or the server restarts (12.2)',
    data: object({
      reason: { type: 'string', examples: ['lifetime', 'restart'] },
      closesAt: Timestamp,
      reconnectAfterMs: { type: 'integer', minimum: 0, description: 'how long to wait before coming back, elsewhere if it can' },
    }),
  },
} as const satisfies Record<string, Notice>;

export type NoticeName = keyof typeof NOTICES;
