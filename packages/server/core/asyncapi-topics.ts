// What goes over topics, for AsyncAPI: the changes of a collection's documents, and the topics that the application declared. A channel each.
import { DocumentChangeData, type JsonSchema, SocketEvent, SocketPublish } from '@godwit/protocol';
import { collectionSchemas, type DescribedCollection, embedded } from './openapi-collections.ts';
import { EXAMPLE_REQUEST_ID, EXAMPLE_TIME, type Json, schemaReference } from './openapi-components.ts';

/** What is sent, once: a message among the components, and in which channels it stands. */
export interface Sent {
  readonly name: string;
  readonly summary: string;
  readonly schema: unknown;
  readonly contentType?: string;
  /** Where the request's name stands, for messages that answer each other. */
  readonly correlation?: string;
  readonly example: unknown;
}

export interface DescribedTopic {
  readonly pattern: string;
  readonly schema: object | boolean | null;
  readonly summary: string | undefined;
}

/** A channel of topics with what the server sends on it, and what clients send where they may. */
export interface TopicChannel {
  readonly name: string;
  readonly channel: Json;
  readonly told: Sent;
  readonly taken: Sent | undefined;
}

export const EXAMPLE_CURSOR = 'cursor';
export const EXAMPLE_ID = '0192f3a0-5b7c-7d3e-9a41-2f6b8c0d1e60';

export const event = (payload: unknown): Json => ({ messageId: EXAMPLE_ID, type: 'event', payload, timestamp: EXAMPLE_TIME });

/** An event whose topic and data are known, in the shape of any. */
const narrowed = (shape: typeof SocketEvent | typeof SocketPublish, topic: JsonSchema, data: unknown): JsonSchema => {
  const { payload } = shape.properties;
  return { ...shape, properties: { ...shape.properties, payload: { ...payload, properties: { ...payload.properties, topic, data } } } };
};

const CHANGES = DocumentChangeData.properties.change.enum;
const DESCRIPTION = 'A topic: subscribe to it, or to a pattern that covers it, on the WebSocket; the event stream carries the same data.';
const ID = 'the id of the document, ^[A-Za-z0-9_-]{1,64}$';

const exampleDocument = (schema: DescribedCollection['schema'], version: number): Json | undefined => {
  const own = (schema as { examples?: unknown[] } | null)?.examples?.[0];
  return typeof own === 'object' ? { id: '42', version, createdAt: EXAMPLE_TIME, updatedAt: EXAMPLE_TIME, ...own } : undefined;
};

/** The topics of a collection, on which the server publishes every change of its documents (3.2.6). */
export const collectionChannels = ({ name, schema }: DescribedCollection): TopicChannel[] =>
  CHANGES.map((change, index) => {
    const { version, id } = DocumentChangeData.properties;
    const document = change === 'deleted' ? { type: 'null' } : schemaReference(`${name}.Document`);
    const example = change === 'deleted' ? null : exampleDocument(schema, index + 1);
    const data = { change, id: '42', version: index + 1, document: example };
    return {
      name: `${name}.${change}`,
      channel: { address: `${name}.{id}.${change}`, description: DESCRIPTION, parameters: { id: { description: ID } } },
      told: {
        name: `${name}.${change}`,
        summary: `A document of ${name} was ${change} (3.2.6)`,
        schema: narrowed(
          SocketEvent,
          { type: 'string', pattern: `^${name}\\.[A-Za-z0-9_-]{1,64}\\.${change}$` },
          { ...DocumentChangeData, properties: { change: { const: change }, id, version, document } },
        ),
        example: example === undefined ? undefined : event({ subscription: `~${name}.**`, topic: `${name}.42.${change}`, cursor: EXAMPLE_CURSOR, data }),
      },
      taken: undefined,
    };
  });

const SEGMENT = '[A-Za-z0-9_-]+';

/** Each segment of a pattern, said by `some` for `*`, by `more` for `**`. */
const spelled = (pattern: string, some: (position: number) => string, more: string): string =>
  pattern
    .split('.')
    .map((segment, index) => (segment === '*' ? some(index + 1) : segment === '**' ? more : segment))
    .join('.');

const topicShape = (pattern: string): JsonSchema => ({
  type: 'string',
  pattern: `^${spelled(pattern, () => SEGMENT, `${SEGMENT}(?:.${SEGMENT})*`).replaceAll('.', '\\.')}$`,
});

const topicParameters = (pattern: string): Json =>
  Object.fromEntries(
    pattern.split('.').flatMap((segment, index): [string, Json][] => {
      if (segment === '*') return [[`segment${index + 1}`, { description: `one segment, ${SEGMENT}` }]];
      return segment === '**' ? [['rest', { description: 'one segment or more, joined by dots' }]] : [];
    }),
  );

const EXAMPLE_SEGMENT = '42';

/** The names by which components of declared topics go: `topics` and `messages` are words of the protocol, so no collection has them. */
const namesOf = (topics: readonly DescribedTopic[]): readonly string[] => {
  const taken = new Set<string>();
  return topics.map(({ pattern }) => {
    const name = spelled(pattern, () => 'any', 'rest');
    // A pattern may have such a word as a segment.
    let unique = name;
    for (let copy = 2; taken.has(unique); copy++) unique = `${name}.${copy}`;
    taken.add(unique);
    return unique;
  });
};

/** The topics that the application declared: whoever may publishes to them, and what breaks their schema is refused. */
export const declaredChannels = (topics: readonly DescribedTopic[]): TopicChannel[] => {
  const names = namesOf(topics);
  return topics.map(({ pattern, schema, summary = `Messages on ${pattern}` }, index) => {
    const name = names[index];
    const data = schemaReference(`topics.${name}`);
    const examples = (schema as { examples?: unknown } | null)?.examples;
    const topic = spelled(pattern, () => EXAMPLE_SEGMENT, EXAMPLE_SEGMENT);
    const example = (payload: (data: unknown) => Json): Json | undefined => (Array.isArray(examples) ? payload(examples[0]) : undefined);
    return {
      name: `topics.${name}`,
      channel: {
        address: spelled(pattern, (position) => `{segment${position}}`, '{rest}'),
        description: `${summary}. ${DESCRIPTION}`,
        ...(topic === pattern ? {} : { parameters: topicParameters(pattern) }),
        'x-pattern': pattern,
      },
      told: {
        name: `topics.${name}`,
        summary,
        schema: narrowed(SocketEvent, topicShape(pattern), data),
        example: example((told) => event({ subscription: `~${pattern}`, topic, cursor: EXAMPLE_CURSOR, data: told })),
      },
      taken: {
        name: `messages.${name}`,
        summary: `${summary}: a publish without confirmation (5.2.5); as a request, \`POST /topics/${topic}/messages\` with this \`data\``,
        schema: narrowed(SocketPublish, topicShape(pattern), data),
        correlation: '/messageId',
        example: example((sent) => ({ messageId: EXAMPLE_REQUEST_ID, type: 'event', payload: { topic, data: sent } })),
      },
    };
  });
};

/** AsyncAPI has no schema that is `false`. */
const spoken = (schema: unknown): unknown => (schema === false ? { not: {} } : schema);

/** The schemas that the channels refer to: a collection's documents as they are read, and the data of declared topics. */
export const topicSchemas = (collections: readonly DescribedCollection[], topics: readonly DescribedTopic[]): Json => {
  const found: [string, unknown][] = collections.flatMap((collection) => {
    const { [`${collection.name}.Data`]: _sent, ...read } = collectionSchemas(collection);
    return Object.entries(read);
  });
  const names = namesOf(topics);
  for (const [index, { schema }] of topics.entries()) {
    const component = `topics.${names[index]}`;
    found.push([component, typeof schema === 'object' && schema !== null ? embedded(schema as JsonSchema, component) : schema === false ? false : {}]);
  }
  return Object.fromEntries(found.map(([name, schema]) => [name, spoken(schema)]));
};
