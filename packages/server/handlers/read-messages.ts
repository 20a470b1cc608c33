// GET /v1/messages: what matches, in log order, from a cursor on (6.2.2), waiting for it where asked to (6.3.1). Streaming is the adapters' (6.3.3).
import { BOUNDS, invalidField } from '@godwit/protocol';
import type { Call, Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { pageBytes } from '../core/page-bytes.ts';
import { placeBefore, readBack } from '../core/read-back.ts';
import { checkWait, messagesAsked, pageText, type ReadPage, readOrWait } from '../core/reading.ts';
import type { LogFilter } from '../ports/storage.ts';

/** What came before a place (6.2.2). */
const backwards = async (core: Core, call: Call, filter: LogFilter, before: string): Promise<ReadPage> => {
  for (const other of ['after', 'wait']) if (call.query[other] !== undefined) throw invalidField(`/query/${other}`, 'goes with no `before`');
  const limit = (call.query['limit'] as number | undefined) ?? BOUNDS.messagesLimit.default;
  return readBack(core, { filter, before: await placeBefore(core, before, '/query/before'), limit, maxBytes: pageBytes(core, call), asker: call.asker });
};

export const readMessages =
  (core: Core): Handler =>
  async (call) => {
    // What is not written yet has no place in the log, so there is none to go on from.
    if (call.tx.hasMessages) throw invalidField('/path', 'reads messages after this batch has written some');
    const { filter, after } = messagesAsked(core, call);
    const before = call.query['before'] as string | undefined;
    if (before !== undefined) return { status: 200, data: pageText(core, await backwards(core, call, filter, before)) };
    const wait = checkWait(core, call.query['wait'] as number | undefined, '/query/wait');
    const limit = (call.query['limit'] as number | undefined) ?? BOUNDS.messagesLimit.default;
    const page = await readOrWait(
      core,
      { filter, after, limit, maxBytes: pageBytes(core, call), field: '/query/after', asker: call.asker },
      wait,
      call.parking,
    );
    return { status: 200, data: pageText(core, page) };
  };
