// GET /v1/messages: what matches, in log order, from a cursor on (6.2.2). Waiting and streaming are the adapters' (6.3).
import { BOUNDS } from '@godwit/protocol';
import { subscribableFilter } from '../core/access.ts';
import type { Handler, Identity } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { JsonText } from '../core/json.ts';
import { messageText } from '../core/message.ts';
import { readPatterns } from '../core/patterns.ts';

/** Empty stretches are read on for so long before a page without messages is answered. */
const MOST_STRETCHES = 50;

export const readMessages =
  (core: Core): Handler =>
  async ({ query, identity }) => {
    const patterns = readPatterns((query['topics'] as string).split(','), '/query/topics');
    const filter = subscribableFilter(identity as Identity, core.collections, patterns, '/query/topics');
    const from = core.cursors.start(query['after'] as string | undefined, '/query/after');
    core.cursors.checkKept(from, '/query/after');
    const limit = (query['limit'] as number | undefined) ?? BOUNDS.messagesLimit.default;
    let after = from;
    for (let stretch = 1; ; stretch++) {
      const page = await core.storage.readLog({ after, filter, limit, maxBytes: BOUNDS.pageBytes });
      if (page.first > after + 1) throw core.cursors.expired('/query/after');
      if (page.messages.length === 0 && page.more && stretch < MOST_STRETCHES) {
        after = page.cursor;
        continue;
      }
      const items = page.messages.map((message) => messageText(message, core.cursors.format(message.seq))).join(',');
      return { status: 200, data: new JsonText(`{"items":[${items}],"cursor":"${core.cursors.format(page.cursor)}","more":${page.more}}`) };
    }
  };
