// A collection as it is now, kept exact: the pattern to copy. Three rules make it so.
// 1. Follow first, list second. What changes while the list is read then comes twice; the other way round it would be missed.
// 2. Changes wait until the list is in. They are complete and in order, so whatever the list saw of them, they end in the present state.
// 3. A change that the list has seen already is passed over, by its version: the state never goes back to what it was.
import { type Change, type Client, GodwitError, type Kept, type Message } from '@godwit/client';

export interface Listener<D> {
  /** The whole collection was read: at the beginning, and after a gap. */
  all(documents: ReadonlyMap<string, D>): void;
  /** One document changed; undefined: it is gone. Called for each change, once and in order. */
  changed(id: string, document: D | undefined, message: Message): void;
}

export interface View<D> {
  readonly documents: ReadonlyMap<string, D>;
  /** Resolves when the collection is in; rejects where it may not be read or followed. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, rejects where it ended by itself: it is not kept up to date any more. */
  readonly closed: Promise<unknown>;
  close(): Promise<void>;
}

const RETRY_MS = 1000;

export const follow = <D extends Kept>(client: Client, collection: string, listener: Listener<D>): View<D> => {
  const documents = new Map<string, D>();

  /** A board has nothing better to do than to go on: only what the server refuses ends it. */
  const read = async (): Promise<D[]> => {
    for (;;) {
      try {
        return (await client.list(collection, { limit: 100 }).all()) as unknown as D[];
      } catch (error) {
        if (error instanceof GodwitError && !error.retryable) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  };

  const load = async (): Promise<void> => {
    const found = await read();
    documents.clear();
    for (const document of found) documents.set(document.id, document);
    listener.all(documents);
  };

  const apply = (change: Change<D>): void => {
    const known = documents.get(change.id);
    if (change.document === null) documents.delete(change.id);
    // One that was removed and made again begins at version 1 again: `createdAt` tells the two apart.
    else if (known === undefined || known.createdAt !== change.document.createdAt || known.version < change.version) documents.set(change.id, change.document);
  };

  const subscription = client.subscribe(
    `${collection}.**`,
    async (message) => {
      await listed; // a handler that waits holds back what comes after it, and nothing is lost meanwhile
      const change = message.data as Change<D>;
      apply(change);
      listener.changed(change.id, documents.get(change.id), message);
    },
    {
      // Changes that are no longer kept cannot be caught up on: the list tells what has become of them.
      onGap: () => {
        listed = load();
      },
    },
  );
  let listed = subscription.ready.then(load);
  listed.catch(() => void subscription.close());

  return { documents, ready: listed, closed: subscription.closed, close: () => subscription.close() };
};
