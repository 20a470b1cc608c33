// The documents that describe the API: its changelog (10.3) and OpenAPI (3.1.3), from the same tables that serve it.
import { CHANGES, type Operation } from '@godwit/protocol';
import { mayDo } from '../core/access.ts';
import type { Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { JsonText } from '../core/json.ts';
import { openapi } from '../core/openapi.ts';
import { SERVER_VERSION } from '../version.ts';

export const getChangelog = (): Handler => () => ({ status: 200, data: { items: CHANGES } });

/** A stranger sees the protocol and the actions; who holds credentials also the collections that they may read. */
export const getOpenapi =
  (actions: readonly Operation[]) =>
  (core: Core): Handler => {
    // Making it takes milliseconds; what it is made of changes rarely.
    let last: { readonly of: string; readonly text: JsonText } | undefined;
    return ({ identity }) => {
      const collections = identity === undefined ? [] : core.collections.all().filter(({ name }) => mayDo(identity, `read:${name}`));
      const of = collections.map(({ name, updatedAt }) => `${name} ${updatedAt}`).join();
      if (last?.of !== of)
        last = { of, text: new JsonText(JSON.stringify(openapi({ serverVersion: SERVER_VERSION, limits: core.settings, collections, actions }))) };
      return { status: 200, data: last.text };
    };
  };
