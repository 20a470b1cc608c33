// What goes over the WebSocket and the event stream as AsyncAPI 3.0, a pure function of the shapes, the notices and the declared collections and topics:
// served at /v1/asyncapi.json (3.1.3). It speaks as the server: `receive` is what clients send. Operations themselves are in OpenAPI.
import {
  CLOSE_CODES,
  type JsonSchema,
  MessageShape,
  MessagesQuery,
  NOTICES,
  PROTOCOL_VERSION,
  ProtocolError,
  type Settings,
  SocketEvent,
  SocketPublish,
  SocketRequest,
  SocketResponse,
} from '@godwit/protocol';
import {
  collectionChannels,
  type DescribedTopic,
  declaredChannels,
  EXAMPLE_CURSOR,
  EXAMPLE_ID,
  event,
  type Sent,
  type TopicChannel,
  topicSchemas,
} from './asyncapi-topics.ts';
import type { DescribedCollection } from './openapi-collections.ts';
import { EXAMPLE_REQUEST_ID, EXAMPLE_TIME, type Json } from './openapi-components.ts';

export interface AsyncapiInput {
  readonly serverVersion: string;
  readonly limits: Settings;
  readonly collections: readonly DescribedCollection[];
  /** Those that the application declared. */
  readonly topics: readonly DescribedTopic[];
}

const SOCKET = 'socket';
const STREAM = 'stream';
const WEBSOCKETS = ['ws', 'wss'];
const HTTP = ['http', 'https'];

const reference = (...path: readonly string[]): Json => ({ $ref: `#/${path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}` });
const componentReference = (name: string): Json => reference('components', 'messages', name);
const messageReferences = (sent: readonly Sent[]): Json => Object.fromEntries(sent.map(({ name }) => [name, componentReference(name)]));
const channelMessages = (channel: string, names: readonly string[]): Json[] => names.map((name) => reference('channels', channel, 'messages', name));
const serverReferences = (names: readonly string[]): Json[] => names.map((name) => reference('servers', name));

const noticeShape = (topic: string, data: JsonSchema): JsonSchema => ({
  ...SocketEvent,
  properties: {
    ...SocketEvent.properties,
    messageId: { type: 'string', format: 'uuid' },
    payload: { type: 'object', required: ['topic', 'data'], properties: { topic: { const: topic }, data } },
    timestamp: SocketPublish.properties.timestamp,
  },
});

const NOTICE_EXAMPLES: Readonly<Record<keyof typeof NOTICES, Json>> = {
  welcome: { connectionId: EXAMPLE_ID, protocolVersion: PROTOCOL_VERSION, heartbeatInterval: 30_000, limits: {}, expiresAt: null },
  heartbeat: { cursor: EXAMPLE_CURSOR },
  expiring: { expiresAt: EXAMPLE_TIME },
  detached: { subscription: 'invoices', reason: 'taken-over' },
  gap: { subscription: '~orders.**', from: EXAMPLE_CURSOR, to: EXAMPLE_CURSOR },
  goaway: { reason: 'restart', closesAt: EXAMPLE_TIME, reconnectAfterMs: 400 },
};

const REQUEST: Sent = {
  name: 'request',
  summary: 'An operation, as over HTTP (5.2.2); its messageId is the requestId',
  schema: SocketRequest,
  correlation: '/messageId',
  example: { messageId: EXAMPLE_REQUEST_ID, type: 'request', payload: { method: 'POST', path: '/subscriptions', data: { topics: ['orders.**'] } } },
};
const answered = (outcome: Json): Json => ({
  messageId: EXAMPLE_ID,
  type: 'response',
  payload: { requestId: EXAMPLE_REQUEST_ID, ...outcome },
  timestamp: EXAMPLE_TIME,
});
const RESPONSE: Sent = {
  name: 'response',
  summary: 'What became of a request, in any order (5.2.3), or what was wrong about a message (5.2.1)',
  schema: SocketResponse,
  correlation: '/payload/requestId',
  example: answered({ status: 'success', statusCode: 201, data: { subscription: '~orders.**', cursor: EXAMPLE_CURSOR } }),
};
const PUBLISH: Sent = {
  name: 'publish',
  summary: 'A publish without confirmation (5.2.5): no guarantee, and a response only where it is refused',
  schema: SocketPublish,
  correlation: '/messageId',
  example: { messageId: 'p-1', type: 'event', payload: { topic: 'sensors.42', data: { temperature: 21.5 } } },
};
const EVENT: Sent = {
  name: 'event',
  summary: 'A message of a subscription (5.2.4), in log order',
  schema: SocketEvent,
  example: event({ subscription: '~sensors.*', topic: 'sensors.42', cursor: EXAMPLE_CURSOR, data: { temperature: 21.5 } }),
};
const NOTICE_MESSAGES: readonly Sent[] = Object.entries(NOTICES).map(([name, { clause, summary, data }]) => ({
  name: `notice.${name}`,
  summary: `${summary} (${clause})`,
  schema: noticeShape(`$sys.${name}`, data),
  example: event({ topic: `$sys.${name}`, data: NOTICE_EXAMPLES[name as keyof typeof NOTICES] }),
}));
const STREAMED: Sent = {
  name: 'streamed.message',
  summary: '`event: message`, `id:` the cursor; `data:` is this (6.3.3)',
  schema: MessageShape,
  contentType: 'text/event-stream',
  example: { messageId: EXAMPLE_ID, topic: 'sensors.42', cursor: EXAMPLE_CURSOR, timestamp: EXAMPLE_TIME, data: { temperature: 21.5 } },
};
const STREAMED_GAP: Sent = {
  name: 'streamed.gap',
  summary: '`event: gap`, `id:` where it goes on; `data:` is this (6.2.9)',
  schema: NOTICES.gap.data,
  contentType: 'text/event-stream',
  example: NOTICE_EXAMPLES.gap,
};

const messageObject = ({ name, summary, schema, contentType = 'application/json', correlation, example }: Sent): Json => ({
  name,
  summary,
  contentType,
  payload: schema,
  ...(correlation === undefined ? {} : { correlationId: { description: 'the requestId (4.1.3)', location: `$message.payload#${correlation}` } }),
  ...(example === undefined ? {} : { examples: [{ name, payload: example }] }),
});

const refusalExample = (): Json =>
  answered({ status: 'error', statusCode: 403, error: new ProtocolError('FORBIDDEN', undefined, { scope: 'subscribe:orders.**' }).body() });

const serverObjects = (): Json => {
  const server = (protocol: string, description: string, security: readonly string[]): Json => ({
    host: '{host}',
    protocol,
    description,
    variables: { host: { default: 'localhost:7117', description: 'the host and port that this document came from' } },
    security: security.map((name) => reference('components', 'securitySchemes', name)),
  });
  return {
    ws: server('ws', 'WebSockets without TLS', ['bearer', 'subprotocol']),
    wss: server('wss', 'WebSockets over TLS', ['bearer', 'subprotocol']),
    http: server('http', 'Event streams without TLS', ['bearer']),
    https: server('https', 'Event streams over TLS', ['bearer']),
  };
};

const INSTANCE: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]{1,64}$',
  description: 'a new WebSocket of the same instance replaces the old one (5.5)',
};

const fixedChannels = (onSocket: readonly Sent[], onStream: readonly Sent[]): Json => ({
  [SOCKET]: {
    address: '/v1/ws',
    title: 'The WebSocket',
    description: 'Subprotocol `godwit.v1`. Every text message is `{messageId, type, payload, timestamp}`; binary messages close with 1003.',
    servers: serverReferences(WEBSOCKETS),
    messages: messageReferences(onSocket),
    bindings: { ws: { method: 'GET', query: { type: 'object', properties: { instance: INSTANCE } }, bindingVersion: '0.1.0' } },
    'x-close-codes': CLOSE_CODES,
  },
  [STREAM]: {
    address: '/v1/messages',
    title: 'The event stream',
    description: '`GET` with `Accept: text/event-stream` (6.3.3); `Last-Event-ID` wins over `after`. The same path without it is a page of the log.',
    servers: serverReferences(HTTP),
    messages: messageReferences(onStream),
  },
});

const operationObjects = (topics: readonly TopicChannel[]): Json => {
  const operation = (action: 'send' | 'receive', channel: string, { name, summary }: Sent, more: Json = {}): Json => ({
    action,
    channel: reference('channels', channel),
    summary,
    messages: channelMessages(channel, [name]),
    ...more,
  });
  const stream = operation('send', STREAM, STREAMED, { messages: channelMessages(STREAM, [STREAMED.name, STREAMED_GAP.name]) });
  return {
    request: operation('receive', SOCKET, REQUEST, { reply: { channel: reference('channels', SOCKET), messages: channelMessages(SOCKET, [RESPONSE.name]) } }),
    response: operation('send', SOCKET, RESPONSE),
    publish: operation('receive', SOCKET, PUBLISH),
    event: operation('send', SOCKET, EVENT),
    ...Object.fromEntries(NOTICE_MESSAGES.map((sent) => [sent.name, operation('send', SOCKET, sent)])),
    stream: { ...stream, bindings: { http: { method: 'GET', query: MessagesQuery, bindingVersion: '0.3.0' } } },
    ...Object.fromEntries(topics.map(({ name, told }) => [told.name, operation('send', name, told)])),
    ...Object.fromEntries(topics.flatMap(({ name, taken }) => (taken === undefined ? [] : [[taken.name, operation('receive', name, taken)]]))),
  };
};

const sentOn = ({ told, taken }: TopicChannel): readonly Sent[] => (taken === undefined ? [told] : [told, taken]);

const topicChannel = (topic: TopicChannel): Json => ({
  ...topic.channel,
  servers: serverReferences(WEBSOCKETS),
  messages: messageReferences(sentOn(topic)),
});

const DESCRIPTION = [
  `Godwit protocol ${PROTOCOL_VERSION}: what goes over the WebSocket \`/v1/ws\` and the event stream, told by the server, so that \`receive\` is what a client sends.`,
  'A `request` carries any operation of `/v1/openapi.json`. Subscriptions are opened by requests; their messages come as `event`, at least once and in log order.',
  'Schemas are JSON Schema 2020-12. The numbers in force are in `x-limits`: durations in milliseconds, sizes in bytes.',
].join('\n\n');

/** The AsyncAPI 3.0 document. */
export const asyncapi = ({ serverVersion, limits, collections, topics: declared }: AsyncapiInput): Json => {
  const topics = [...collections.flatMap(collectionChannels), ...declaredChannels(declared)];
  const onSocket = [REQUEST, RESPONSE, PUBLISH, EVENT, ...NOTICE_MESSAGES];
  const onStream = [STREAMED, STREAMED_GAP];
  const messages = Object.fromEntries([...onSocket, ...onStream, ...topics.flatMap(sentOn)].map((sent) => [sent.name, messageObject(sent)]));
  const response = messages[RESPONSE.name] as { examples: Json[] };
  response.examples.push({ name: 'refused', payload: refusalExample() });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Godwit',
      version: serverVersion,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0' },
      'x-protocol-version': PROTOCOL_VERSION,
    },
    defaultContentType: 'application/json',
    servers: serverObjects(),
    channels: { ...fixedChannels(onSocket, onStream), ...Object.fromEntries(topics.map((topic) => [topic.name, topicChannel(topic)])) },
    operations: operationObjects(topics),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'an API key or a token (11.1)' },
        subprotocol: {
          type: 'httpApiKey',
          in: 'header',
          name: 'Sec-WebSocket-Protocol',
          description: 'for browsers: `godwit.v1, bearer.<token or key>`; the server selects `godwit.v1` (5.1.1)',
        },
      },
      messages,
      schemas: topicSchemas(collections, declared),
    },
    'x-limits': limits,
  };
};
