// What goes over the WebSocket and the event stream as AsyncAPI 3.0, a pure function of the shapes, the notices and the declared collections: served at
// /v1/asyncapi.json (3.1.3). It speaks as the server: `receive` is what clients send. Operations themselves are in OpenAPI.
import {
  CLOSE_CODES,
  DocumentChangeData,
  DocumentId,
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
import { collectionSchemas, type DescribedCollection } from './openapi-collections.ts';
import { EXAMPLE_REQUEST_ID, EXAMPLE_TIME, type Json, schemaReference } from './openapi-components.ts';

export interface AsyncapiInput {
  readonly serverVersion: string;
  readonly limits: Settings;
  readonly collections: readonly DescribedCollection[];
}

/** What is sent, once: a message among the components, and in which channels it stands. */
interface Sent {
  readonly name: string;
  readonly summary: string;
  readonly schema: unknown;
  readonly contentType?: string;
  /** Where the request's name stands, for messages that answer each other. */
  readonly correlation?: string;
  readonly example: unknown;
}

const SOCKET = 'socket';
const STREAM = 'stream';
const EXAMPLE_CURSOR = 'cursor';
const EXAMPLE_ID = '0192f3a0-5b7c-7d3e-9a41-2f6b8c0d1e60';
const WEBSOCKETS = ['ws', 'wss'];
const HTTP = ['http', 'https'];

const reference = (...path: readonly string[]): Json => ({ $ref: `#/${path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}` });
const componentReference = (name: string): Json => reference('components', 'messages', name);
const channelMessages = (channel: string, names: readonly string[]): Json[] => names.map((name) => reference('channels', channel, 'messages', name));
const serverReferences = (names: readonly string[]): Json[] => names.map((name) => reference('servers', name));

const event = (payload: unknown): Json => ({ messageId: EXAMPLE_ID, type: 'event', payload, timestamp: EXAMPLE_TIME });

/** An event of a subscription whose topic and data are known. */
const eventShape = (topic: JsonSchema, data: unknown): JsonSchema => {
  const { payload } = SocketEvent.properties;
  return { ...SocketEvent, properties: { ...SocketEvent.properties, payload: { ...payload, properties: { ...payload.properties, topic, data } } } };
};

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

const CHANGES = DocumentChangeData.properties.change.enum;

interface CollectionTopic {
  readonly channel: string;
  readonly address: string;
  readonly sent: Sent;
}

const exampleDocument = (schema: DescribedCollection['schema'], version: number): Json | undefined => {
  const own = (schema as { examples?: unknown[] } | null)?.examples?.[0];
  return typeof own === 'object' ? { id: '42', version, createdAt: EXAMPLE_TIME, updatedAt: EXAMPLE_TIME, ...own } : undefined;
};

/** The topics of a collection, on which the server publishes every change of its documents (3.2.6). */
const topicsOf = ({ name, schema }: DescribedCollection): CollectionTopic[] =>
  CHANGES.map((change, index) => {
    const { version, id } = DocumentChangeData.properties;
    const document = change === 'deleted' ? { type: 'null' } : schemaReference(`${name}.Document`);
    const example = change === 'deleted' ? null : exampleDocument(schema, index + 1);
    return {
      channel: `${name}.${change}`,
      address: `${name}.{id}.${change}`,
      sent: {
        name: `${name}.${change}`,
        summary: `A document of ${name} was ${change} (3.2.6)`,
        schema: eventShape(
          { type: 'string', pattern: `^${name}\\.[A-Za-z0-9_-]{1,64}\\.${change}$` },
          { ...DocumentChangeData, properties: { change: { const: change }, id, version, document } },
        ),
        example:
          example === undefined
            ? undefined
            : event({
                subscription: `~${name}.**`,
                topic: `${name}.42.${change}`,
                cursor: EXAMPLE_CURSOR,
                data: { change, id: '42', version: index + 1, document: example },
              }),
      },
    };
  });

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
    messages: Object.fromEntries(onSocket.map(({ name }) => [name, componentReference(name)])),
    bindings: { ws: { method: 'GET', query: { type: 'object', properties: { instance: INSTANCE } }, bindingVersion: '0.1.0' } },
    'x-close-codes': CLOSE_CODES,
  },
  [STREAM]: {
    address: '/v1/messages',
    title: 'The event stream',
    description: '`GET` with `Accept: text/event-stream` (6.3.3); `Last-Event-ID` wins over `after`. The same path without it is a page of the log.',
    servers: serverReferences(HTTP),
    messages: Object.fromEntries(onStream.map(({ name }) => [name, componentReference(name)])),
  },
});

const operationObjects = (topics: readonly CollectionTopic[]): Json => {
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
    ...Object.fromEntries(topics.map(({ channel, sent }) => [channel, operation('send', channel, sent)])),
  };
};

const topicChannel = ({ address, sent }: CollectionTopic): Json => ({
  address,
  description: 'A topic: subscribe to it, or to a pattern that covers it, on the WebSocket; the event stream carries the same data.',
  servers: serverReferences(WEBSOCKETS),
  parameters: { id: { description: `the id of the document, ${DocumentId.pattern}` } },
  messages: { [sent.name]: componentReference(sent.name) },
});

const DESCRIPTION = [
  `Godwit protocol ${PROTOCOL_VERSION}: what goes over the WebSocket \`/v1/ws\` and the event stream, told by the server, so that \`receive\` is what a client sends.`,
  'A `request` carries any operation of `/v1/openapi.json`. Subscriptions are opened by requests; their messages come as `event`, at least once and in log order.',
  'Schemas are JSON Schema 2020-12. The numbers in force are in `x-limits`: durations in milliseconds, sizes in bytes.',
].join('\n\n');

/** The AsyncAPI 3.0 document. */
export const asyncapi = ({ serverVersion, limits, collections }: AsyncapiInput): Json => {
  const topics = collections.flatMap(topicsOf);
  const onSocket = [REQUEST, RESPONSE, PUBLISH, EVENT, ...NOTICE_MESSAGES];
  const onStream = [STREAMED, STREAMED_GAP];
  const messages = Object.fromEntries([...onSocket, ...onStream, ...topics.map(({ sent }) => sent)].map((sent) => [sent.name, messageObject(sent)]));
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
    channels: { ...fixedChannels(onSocket, onStream), ...Object.fromEntries(topics.map((topic) => [topic.channel, topicChannel(topic)])) },
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
      schemas: Object.assign({}, ...collections.map(documentSchemas)) as Json,
    },
    'x-limits': limits,
  };
};

/** A collection's documents as they are read, and the schema that they refer to. AsyncAPI has no schema that is `false`. */
const documentSchemas = (collection: DescribedCollection): Json => {
  const { [`${collection.name}.Data`]: _sent, ...read } = collectionSchemas(collection);
  return Object.fromEntries(Object.entries(read).map(([name, schema]) => [name, schema === false ? { not: {} } : schema]));
};
