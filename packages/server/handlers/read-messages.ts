// GET /v1/messages: what matches, in log order, from a cursor on (6.2.2), waiting for it where asked to (6.3.1). Streaming is the adapters' (6.3.3).
import { BOUNDS, invalidField } from '@godwit/protocol';
import type { Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { pageBytes } from '../core/page-bytes.ts';
import { checkWait, messagesAsked, pageText, readOrWait } from '../core/reading.ts';

export const readMessages =
  (core: Core): Handler =>
  async (call) => {
    // What is not written yet has no place in the log, so there is none to go on from.
    if (call.tx.hasMessages) throw invalidField('/path', 'reads messages after this batch has written some');
    const { filter, after } = messagesAsked(core, call);
    const wait = checkWait(core, call.query['wait'] as number | undefined, '/query/wait');
    const limit = (call.query['limit'] as number | undefined) ?? BOUNDS.messagesLimit.default;
    const page = await readOrWait(core, { filter, after, limit, maxBytes: pageBytes(core, call), field: '/query/after' }, wait, call.parking);
    return { status: 200, data: pageText(core, page) };
  };
