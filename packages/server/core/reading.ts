// Reading pages of the log for a client (6.2.2, 6.2.7, 6.3.1): from memory where it is recent, else from the store; parked in the feed where there is nothing yet.
import { invalidField } from '@godwit/protocol';
import type { Asker, LogFilter, StoredMessage } from '../ports/storage.ts';
import { subscribableFilter } from './access.ts';
import type { Call, Identity, Parking } from './call.ts';
import type { Core } from './core.ts';
import { JsonText } from './json.ts';
import { messageText } from './message.ts';
import { readPatterns } from './patterns.ts';

/** Stretches without a match that are read for one page. */
const MOST_STRETCHES = 50;
/** What a poll that found a message waits for more (6.3.2). */
const LINGER_MS = 10;

export interface ReadPage {
  readonly messages: readonly StoredMessage[];
  readonly cursor: number;
  readonly more: boolean;
}

export interface PageRequest {
  readonly filter: LogFilter;
  readonly after: number;
  readonly limit: number;
  readonly maxBytes: number;
  /** Where the client said from where, for the error that it is gone. */
  readonly field: string;
  readonly asker?: Asker;
}

/** What a reading of the log asks for: patterns that may be followed, and from where on; `field` is where the client said that. */
export const messagesAsked = (
  core: Core,
  { query, identity }: Pick<Call, 'query' | 'identity'>,
  field = '/query/after',
): { readonly filter: LogFilter; readonly after: number } => {
  const patterns = readPatterns((query['topics'] as string).split(','), '/query/topics');
  const filter = subscribableFilter(identity as Identity, core.collections, patterns, '/query/topics');
  return { filter, after: core.cursors.start(query['after'] as string | undefined, field) };
};

/** A page of what matches. Throws `CURSOR_EXPIRED` where messages after the place are no longer kept. */
export const readPage = async (core: Core, { filter, after, limit, maxBytes, field, asker }: PageRequest): Promise<ReadPage> => {
  core.cursors.checkKept(after, field);
  // The commonest question of a poll: is there anything new at all?
  if (after >= core.storage.log.last) return { messages: [], cursor: after, more: false };
  const recent = core.feed.delivered === core.storage.log.last ? core.feed.recallFew(after, filter, limit, maxBytes) : undefined;
  if (recent !== undefined) return { ...recent, more: recent.cursor < core.storage.log.last };
  let place = after;
  for (let stretch = 1; ; stretch++) {
    const page = await core.storage.readLog({ after: place, filter, limit, maxBytes, asker });
    if (page.first > place + 1) throw core.cursors.expired(field);
    // The store may have committed what this side is about to be told of: a cursor to there would be refused as one past the end.
    const { last } = core.storage.log;
    if (page.cursor > last) return { messages: page.messages.filter((message) => message.seq <= last), cursor: Math.max(place, last), more: false };
    if (page.messages.length > 0 || !page.more || stretch >= MOST_STRETCHES) return page;
    place = page.cursor;
  }
};

/** `wait` in seconds, checked against `pollTimeout` (6.3.1). */
export const checkWait = (core: Core, wait: number | undefined, field: string): number => {
  const ms = (wait ?? 0) * 1000;
  if (ms > core.settings.pollTimeout) throw invalidField(field, `must be at most ${core.settings.pollTimeout / 1000}`);
  return ms;
};

/** As `readPage`, but where nothing matches waits up to `waitMs` until something does; parked, it costs a timer and a map entry. */
export const readOrWait = async (core: Core, request: PageRequest, waitMs: number, parking: Parking | undefined): Promise<ReadPage> => {
  const end = core.clock.now() + waitMs;
  let { after } = request;
  for (;;) {
    const page = await readPage(core, { ...request, after });
    const left = end - core.clock.now();
    if (page.messages.length > 0 || page.more || left <= 0 || parking === undefined || core.feed.isClosed) return page;
    after = page.cursor;
    // What was committed while the page was read has been missed by nobody: the next page begins where this one ended.
    if (after < core.feed.delivered) continue;
    let gone = false;
    const { woken, gone: leave } = core.feed.wait(request.filter.patterns, request.filter.collections, left, (ms, callback) => core.clock.after(ms, callback));
    const lingered = woken.then(({ matched }) =>
      matched && core.clock.now() < end && !gone && !core.feed.isClosed
        ? new Promise<void>((resolve) => core.clock.after(Math.min(LINGER_MS, end - core.clock.now()), resolve))
        : undefined,
    );
    try {
      await parking.park(
        () => lingered,
        () => {
          gone = true;
          leave();
        },
      );
    } finally {
      // Where it may not wait, nothing is left that does.
      leave();
    }
    // It stands where the feed saw it last, also where retention has passed the place that it was parked at (6.3.1).
    const { place, matched } = await woken;
    after = Math.max(after, place);
    if (gone || !matched) return { messages: [], cursor: after, more: false };
    // Those that one message woke read a few in each turn.
    await new Promise<void>((resolve) => core.feed.turns.push(resolve));
  }
};

/** A page as the member `data` of its response. */
export const pageText = (core: Core, { messages, cursor, more }: ReadPage): JsonText => {
  const items = messages.map((message) => messageText(message, core.cursors.format(message.seq))).join(',');
  return new JsonText(`{"items":[${items}],"cursor":"${core.cursors.format(cursor)}","more":${more}}`);
};
