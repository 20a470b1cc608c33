// Collections as resources of their own (3.2.5). A collection of the configuration is shown here and changed only there.
import { type CollectionCreate, type CollectionReplace, ProtocolError } from '@godwit/protocol';
import type { Handler } from '../core/call.ts';
import { type Collection, type CollectionSchema, checkCollectionName, collectionValue, newCollection, storedCollection } from '../core/collections.ts';
import type { Core } from '../core/core.ts';

const found = (core: Core, name: string): Collection => core.collections.get(name);

const configured = (collection: Collection): void => {
  if (collection.source === 'configuration') {
    throw new ProtocolError('CONFLICT', `The collection ${collection.name} comes from the configuration and changes only there.`);
  }
};

export const createCollection =
  (core: Core): Handler =>
  ({ data, tx }) => {
    const { name, schema = null, indexes = [] } = data as CollectionCreate;
    checkCollectionName(name, '/data/name');
    const reservation = core.collections.reservation(name);
    if (reservation !== undefined) throw new ProtocolError('CONFLICT', reservation, { field: '/data/name' });
    if (core.collections.has(name)) throw new ProtocolError('CONFLICT', `There is a collection ${name} already.`, { field: '/data/name' });
    const now = core.clock.now();
    const collection = newCollection({ name, schema: schema as CollectionSchema, indexes, source: 'api' }, { createdAt: now, updatedAt: now });
    core.collections.claim(name);
    tx.collection({ kind: 'create', collection: storedCollection(collection) });
    tx.afterCommit(() => {
      core.collections.set(collection);
      core.collections.release(name);
    });
    tx.afterFailure(() => core.collections.release(name));
    return { status: 201, data: collectionValue(collection), headers: { location: `/v1/collections/${name}` } };
  };

export const listCollections =
  (core: Core): Handler =>
  () => ({ status: 200, data: { items: core.collections.all().map(collectionValue) } });

export const getCollection =
  (core: Core): Handler =>
  ({ params }) => ({ status: 200, data: collectionValue(found(core, params['name'] as string)) });

export const replaceCollection =
  (core: Core): Handler =>
  ({ params, data, tx }) => {
    const before = found(core, params['name'] as string);
    configured(before);
    const { schema, indexes = before.indexes } = data as CollectionReplace;
    const collection = newCollection(
      { name: before.name, schema: schema as CollectionSchema, indexes, source: 'api' },
      { createdAt: before.createdAt, updatedAt: core.clock.now() },
    );
    tx.collection({ kind: 'replace', collection: storedCollection(collection) });
    tx.afterCommit(() => core.collections.set(collection));
    return { status: 200, data: collectionValue(collection) };
  };

export const removeCollection =
  (core: Core): Handler =>
  ({ params, tx }) => {
    const { name, ...collection } = found(core, params['name'] as string);
    configured({ name, ...collection });
    tx.collection({ kind: 'remove', name });
    tx.afterCommit(() => core.collections.delete(name));
    return { status: 204 };
  };
