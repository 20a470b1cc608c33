// What the server's own description (/v1/asyncapi.json) tells of topics and collections that the user may see: which there are, and the schema of what goes to them.
import { matches } from '@godwit/protocol';
import { signal } from '@preact/signals';
import { client } from '../frame/session.ts';
import { type Members, resolve } from './judge.ts';

export interface DescribedTopic {
  /** A topic, with `*` where a segment is free, and a last `**` where several are. */
  readonly pattern: string;
  /** Of the data of its messages; undefined where nothing is said. */
  readonly schema: unknown;
}

export interface Described {
  /** The whole document: what references are resolved in. */
  readonly root: unknown;
  readonly topics: readonly DescribedTopic[];
}

const membersOf = (value: unknown): Members => (typeof value === 'object' && value !== null ? (value as Members) : {});

/** Follows references until there is none. */
const settled = (root: unknown, value: unknown): Members => {
  let found = membersOf(value);
  for (let step = 0; step < 8 && typeof found['$ref'] === 'string'; step++) found = membersOf(resolve(root, found['$ref']));
  return found;
};

/** The schema of the data: that within the event that the WebSocket sends, else the whole payload. */
const dataSchema = (root: unknown, message: Members): unknown => {
  const payload = settled(root, message['payload']);
  const inEvent = membersOf(membersOf(settled(root, membersOf(payload['properties'])['payload'])['properties'])['data']);
  return Object.keys(inEvent).length > 0 ? inEvent : Object.hasOwn(membersOf(payload['properties']), 'payload') ? undefined : message['payload'];
};

/** Reads an AsyncAPI 3.0 document of a Godwit server. Pure. */
export const readDescription = (root: unknown): Described => {
  const topics: DescribedTopic[] = [];
  for (const value of Object.values(membersOf(membersOf(root)['channels']))) {
    const channel = settled(root, value);
    const { address } = channel;
    if (typeof address !== 'string' || address.startsWith('/')) continue;
    const [message] = Object.values(membersOf(channel['messages']));
    topics.push({
      pattern: typeof channel['x-pattern'] === 'string' ? channel['x-pattern'] : address.replaceAll(/\{[^}]*\}/g, '*'),
      schema: message === undefined ? undefined : dataSchema(root, settled(root, message)),
    });
  }
  return { root, topics };
};

export const described = signal<Described>({ root: undefined, topics: [] });

/** Reads it anew; what was known stays where that fails. */
export const describe = async (): Promise<void> => {
  const { data } = await client().request('GET', '/asyncapi.json');
  described.value = readDescription(data);
};

/** The schema of what is published to a topic, and whether anything is known of it. The narrowest pattern wins. */
export const schemaOfTopic = ({ topics }: Described, topic: string): DescribedTopic | undefined =>
  topics.filter(({ pattern }) => matches(pattern, topic)).sort((one, other) => one.pattern.split('*').length - other.pattern.split('*').length)[0];

/** The schema of a collection's documents, without the members that the server keeps. */
export const schemaOfCollection = ({ root }: Described, name: string): unknown => resolve(root, `#/components/schemas/${name}.Schema`);
