// The documents that describe the API: its changelog (10.3), OpenAPI and AsyncAPI (3.1.3), from the same tables that serve it.
import { CHANGES, type Operation } from '@godwit/protocol';
import { mayDo, mayTouch } from '../core/access.ts';
import { asyncapi } from '../core/asyncapi.ts';
import type { Handler } from '../core/call.ts';
import type { Collection } from '../core/collections.ts';
import type { Core } from '../core/core.ts';
import { JsonText } from '../core/json.ts';
import { openapi } from '../core/openapi.ts';
import type { DeclaredTopic } from '../core/topics.ts';
import { SERVER_VERSION } from '../version.ts';

export const getChangelog = (): Handler => () => ({ status: 200, data: { items: CHANGES } });

/** Texts that are kept: one for each set of collections and topics that somebody may see. */
const MOST_KEPT = 16;

/**
 * A stranger sees the protocol and the actions; who holds credentials also the collections that they may read, and the declared topics of
 * which they may publish or subscribe to some. */
const describing = (core: Core, describe: (collections: readonly Collection[], topics: readonly DeclaredTopic[]) => unknown): Handler => {
  // Making one takes milliseconds; what it is made of changes rarely.
  const kept = new Map<string, JsonText>();
  return ({ identity }) => {
    const collections = identity === undefined ? [] : core.collections.all().filter(({ name }) => mayDo(identity, `read:${name}`));
    const topics = identity === undefined ? [] : (core.topics?.all ?? []).filter(({ pattern }) => mayTouch(identity, pattern));
    const of = [...collections.map(({ name, createdAt, updatedAt }) => `${name} ${createdAt} ${updatedAt}`), ...topics.map(({ pattern }) => pattern)].join();
    let text = kept.get(of);
    if (text === undefined) {
      text = new JsonText(JSON.stringify(describe(collections, topics)));
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(of, text);
    }
    return { status: 200, data: text };
  };
};

export const getOpenapi =
  (actions: readonly Operation[]) =>
  (core: Core): Handler =>
    describing(core, (collections) => openapi({ serverVersion: SERVER_VERSION, limits: core.settings, collections, actions }));

export const getAsyncapi = (core: Core): Handler =>
  describing(core, (collections, topics) => asyncapi({ serverVersion: SERVER_VERSION, limits: core.settings, collections, topics }));
