// Messages and the reading of the log (6.2).
import { Any, CursorText, type Shape, Timestamp, Topic } from './common.ts';

export const Published = {
  type: 'object',
  required: ['messageId', 'topic', 'cursor', 'timestamp'],
  properties: { messageId: { type: 'string', format: 'uuid' }, topic: Topic, cursor: CursorText, timestamp: Timestamp },
} as const;
export type Published = Shape<typeof Published>;

export const MessageShape = {
  type: 'object',
  required: ['messageId', 'topic', 'cursor', 'timestamp', 'data'],
  properties: { ...Published.properties, data: Any },
} as const;

export const MessagePage = {
  type: 'object',
  required: ['items', 'cursor', 'more'],
  properties: {
    items: { type: 'array', items: MessageShape },
    cursor: { ...CursorText, description: 'where to go on, also when `items` is empty' },
    more: { type: 'boolean' },
  },
} as const;

export const MessagesQuery = {
  type: 'object',
  required: ['topics'],
  properties: {
    topics: { type: 'string', minLength: 1, maxLength: 26_000, description: 'patterns, commas between, at most 100' },
    after: { ...CursorText, default: 'latest', description: 'a cursor, `earliest` or `latest`' },
    before: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      description: 'in place of `after`: a cursor, `latest` or an RFC 3339 time; the last messages before it are read, and `cursor` is the place before them',
    },
    limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
    wait: { type: 'number', minimum: 0, description: 'seconds to wait for a message, at most `pollTimeout`' },
  },
  additionalProperties: false,
} as const;
