// Reading the log backwards for a client (6.2.2, `before`): the last messages before a place, in log order. The store reads forwards only, so a window of
// places is read behind the place, wider while little is found and narrower where more is found than was asked for.
import { parseTimestamp } from '@godwit/protocol';
import type { Asker, LogFilter, StoredMessage } from '../ports/storage.ts';
import type { Core } from './core.ts';
import type { ReadPage } from './reading.ts';

/** The widest window; a store looks at about as much at a time. */
const WIDEST = 16_384;
/** Windows that are read for one page. */
const MOST_WINDOWS = 64;
const EVERYTHING: LogFilter = { patterns: ['**'], collections: '*' };

export interface BackRequest {
  readonly filter: LogFilter;
  readonly before: number;
  readonly limit: number;
  readonly maxBytes: number;
  readonly asker: Asker;
}

const weigh = (messages: readonly StoredMessage[]): number => messages.reduce((sum, { topic, data }) => sum + topic.length + data.length, 0);

/** The last messages that match among those up to a place. `cursor` is the place before the first of them: where to go on from, backwards. */
export const readBack = async ({ storage, cursors }: Core, { filter, before, limit, maxBytes, asker }: BackRequest): Promise<ReadPage> => {
  const { earliest } = cursors;
  let messages: readonly StoredMessage[] = [];
  let bytesLeft = maxBytes;
  let reached = Math.max(before, earliest);
  let width = limit;
  for (let window = 1; window <= MOST_WINDOWS && reached > earliest && messages.length < limit; window++) {
    const from = Math.max(earliest, reached - width);
    const wanted = limit - messages.length;
    // One more than is wanted: if it comes, the window is too wide to tell which are the last.
    const page = await storage.readLog({ after: from, filter, limit: wanted + 1, maxBytes: Math.max(1, bytesLeft), asker });
    const found = page.messages.filter(({ seq }) => seq <= reached);
    if ((page.cursor < reached || found.length > wanted) && reached - from > 1) {
      width = Math.ceil((reached - from) / 2);
      continue;
    }
    bytesLeft -= weigh(found);
    // The first of a page is taken however much it weighs.
    if (bytesLeft < 0 && messages.length > 0) break;
    messages = [...found, ...messages];
    reached = from;
    width = Math.min(WIDEST, width * 2);
  }
  return { messages, cursor: Math.min(before, reached), more: reached > earliest };
};

/** The place before which all was published before `time`, in milliseconds since the epoch. */
export const placeAt = async ({ storage, cursors }: Core, time: number): Promise<number> => {
  let low = cursors.earliest;
  let high = cursors.latest;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { messages } = await storage.readLog({ after: middle, filter: EVERYTHING, limit: 1, maxBytes: 1 });
    const next = messages[0];
    if (next === undefined || next.timestamp >= time) high = middle;
    else low = Math.min(next.seq, high);
  }
  return low;
};

/** What `before` names: a cursor, `latest`, or a time. Throws `INVALID_CURSOR`. */
export const placeBefore = (core: Core, before: string, field: string): number | Promise<number> => {
  if (before === 'latest') return core.cursors.latest;
  const time = parseTimestamp(before);
  return time === undefined ? core.cursors.place(before, field) : placeAt(core, time);
};
