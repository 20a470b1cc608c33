// What an identity may do (11.3): scopes asked of it, and which messages of collections reach it.
import { allows, covers, firstSegment, meets, ProtocolError } from '@godwit/protocol';
import type { LogFilter } from '../ports/storage.ts';
import type { Identity } from './call.ts';
import type { Collections } from './collections.ts';

export const mayDo = (identity: Identity, scope: string): boolean => identity.scopes.some((held) => allows(held, scope));

/** As `mayDo` of `publish:<topic>`, without a text for those who may do everything. */
export const mayPublish = (identity: Identity, topic: string): boolean => {
  const { scopes } = identity;
  for (let index = 0; index < scopes.length; index++) {
    const held = scopes[index] as string;
    if (held === 'admin' || (held.startsWith('publish:') && covers(held.slice('publish:'.length), topic))) return true;
  }
  return false;
};

/** Throws `FORBIDDEN` with `details.scope` unless the identity holds the scope or a wider one. */
export const requireScope = (identity: Identity, scope: string, field?: string): void => {
  if (!mayDo(identity, scope)) throw new ProtocolError('FORBIDDEN', `This needs the scope ${scope}.`, { scope, ...(field === undefined ? {} : { field }) });
};

/** Whether there is a topic of the pattern that it may publish or subscribe to. */
export const mayTouch = (identity: Identity, pattern: string): boolean =>
  identity.scopes.some((held) => held === 'admin' || (/^(?:publish|subscribe):/.test(held) && meets(held.slice(held.indexOf(':') + 1), pattern)));

/** The collections whose messages may reach it: those that it may read (11.3). */
export const readableCollections = (identity: Identity): '*' | readonly string[] => {
  if (mayDo(identity, 'read:*')) return '*';
  return identity.scopes.filter((scope) => scope.startsWith('read:')).map((scope) => scope.slice('read:'.length));
};

/**
 * Throws `FORBIDDEN` unless each pattern is covered by a `subscribe` scope and, where its first segment names a collection, that may be read; gives what of
 * the log may reach the identity: a wildcard passes over the messages of collections that it may not read (11.3).
 */
export const subscribableFilter = (identity: Identity, collections: Collections, patterns: readonly string[], field: string): LogFilter => {
  for (const pattern of patterns) {
    requireScope(identity, `subscribe:${pattern}`, field);
    const name = firstSegment(pattern);
    if (collections.has(name)) requireScope(identity, `read:${name}`, field);
  }
  return { patterns, collections: readableCollections(identity) };
};

/** Whether a pattern that was allowed once is so still, for a live subscription whose holder's scopes changed (5.4). */
export const stillCovered = (identity: Identity, collections: Collections, pattern: string): boolean =>
  identity.scopes.some((held) => held === 'admin' || (held.startsWith('subscribe:') && covers(held.slice('subscribe:'.length), pattern))) &&
  (!collections.has(firstSegment(pattern)) || mayDo(identity, `read:${firstSegment(pattern)}`));
