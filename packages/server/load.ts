// What a server reads from its store at the start, and what it puts there the first time: the signing secret, the keys, the collections; and what the
// application declared of them and of topics, checked.
import { readJson } from '@godwit/protocol';
import { type CollectionDefinitions, checkCollectionDefinition, declaredTopic, type TopicDefinitions } from './application.ts';
import { type Collection, type CollectionSchema, checkCollectionName, newCollection, storedCollection } from './core/collections.ts';
import type { Core } from './core/core.ts';
import { hashKey, type Key } from './core/keys.ts';
import { DeclaredTopics } from './core/topics.ts';
import type { Ids } from './ports/ids.ts';
import type { Storage } from './ports/storage.ts';

const SECRET = { kind: 'secret', id: 'tokens' } as const;
const FIRST_KEY = 'admin';

/** The secret that signs tokens, made at the first start. */
export const loadSecret = async (storage: Storage, ids: Ids): Promise<string> => {
  const [known] = await storage.records(SECRET.kind);
  if (known !== undefined) return JSON.parse(known.body) as string;
  const secret = ids.secret(32);
  await storage.write({ records: [{ ...SECRET, body: JSON.stringify(secret), expect: 'absent' }] });
  return secret;
};

export const loadKeys = async ({ storage, keys }: Core): Promise<void> => {
  for (const { body } of await storage.records('key')) keys.set(JSON.parse(body) as Key);
};

const saveKey = async ({ storage, keys }: Core, key: Key): Promise<void> => {
  await storage.write({ records: [{ kind: 'key', id: key.id, body: JSON.stringify(key) }] });
  keys.set(key);
};

/** Sees to it that there is an admin key: the one given, at every start, or one made at the first. Returns it where it was made (12.4). */
export const loadAdminKey = async (core: Core, given: string | undefined): Promise<string | undefined> => {
  const first = core.keys.get(FIRST_KEY);
  const admin = (hash: string): Key => ({
    id: FIRST_KEY,
    hash,
    name: 'first admin key',
    client: FIRST_KEY,
    scopes: ['admin'],
    limits: first?.limits ?? {},
    createdAt: core.clock.now(),
  });
  if (given !== undefined) {
    if (first?.hash !== hashKey(given)) await saveKey(core, admin(hashKey(given)));
    return undefined;
  }
  if (core.keys.all().some((key) => key.scopes.includes('admin'))) return undefined;
  const made = `gdw_${core.ids.secret(24)}`;
  await saveKey(core, admin(hashKey(made)));
  return made;
};

/** The declared topics; undefined where there are none. Throws a sentence where one cannot be. */
export const loadTopics = (definitions: TopicDefinitions = {}): DeclaredTopics | undefined => {
  const topics = Object.entries(definitions).map(([pattern, definition]) => declaredTopic(pattern, definition));
  return topics.length === 0 ? undefined : new DeclaredTopics(topics);
};

/** No collection may have the name with which a declared topic begins, neither now nor later. */
const reserveTopics = ({ collections, topics }: Core, declared: CollectionDefinitions): void => {
  for (const name of topics?.names ?? []) {
    if (collections.has(name) || Object.hasOwn(declared, name))
      throw new Error(`A topic that begins with ${name} cannot be declared: ${name} is a collection, to whose topics only the server publishes (3.2.6).`);
    collections.reserve(name, `The application declares topics that begin with ${name}.`);
  }
};

/** Loads the collections of the store and brings those of the configuration in step. Throws a sentence where one cannot be. */
export const loadCollections = async (core: Core, definitions: CollectionDefinitions): Promise<void> => {
  for (const { name, schema, indexes, createdAt, updatedAt } of await core.storage.collections()) {
    const definition = {
      name,
      schema: schema === null ? null : (readJson(schema) as CollectionSchema),
      indexes: indexes.map((paths) => paths.join(',')),
      source: 'api' as const,
    };
    core.collections.set(newCollection(definition, { createdAt, updatedAt }));
  }
  reserveTopics(core, definitions);
  for (const [name, definition] of Object.entries(definitions)) {
    checkCollectionName(name, `/collections/${name}`);
    checkCollectionDefinition(name, definition);
    const { schema = null, indexes = [] } = definition;
    await declare(core, name, schema as CollectionSchema, indexes);
  }
};

const declare = async (core: Core, name: string, schema: CollectionSchema, indexes: readonly string[]): Promise<void> => {
  const before: Collection | undefined = core.collections.has(name) ? core.collections.get(name) : undefined;
  const now = core.clock.now();
  const collection = newCollection(
    { name, schema, indexes, source: 'configuration' },
    { createdAt: before?.createdAt ?? now, updatedAt: now },
    `/collections/${name}`,
  );
  const stored = storedCollection(collection);
  const same = before !== undefined && JSON.stringify({ ...storedCollection(before), updatedAt: 0 }) === JSON.stringify({ ...stored, updatedAt: 0 });
  if (!same) {
    const outcome = await core.storage.write({ collections: [{ kind: before === undefined ? 'create' : 'replace', collection: stored }] });
    if (outcome.status === 'conflict' && outcome.reason === 'client-messages') {
      throw new Error(`The collection ${name} cannot be made: the log holds messages that clients published under its name (3.2.5). Choose another name.`);
    }
    if (outcome.status !== 'written') throw new Error(`The collection ${name} could not be made: ${JSON.stringify(outcome)}.`);
  }
  core.collections.set(same && before !== undefined ? { ...collection, updatedAt: before.updatedAt } : collection);
};
