// Cursors: opaque to users, here made and read. A fixed-width place, then the tag of the epoch that wrote it, so that
// cursors of one log compare as byte strings in log order and one of another log is never taken for a place in this one (clause 1).

const PLACE_WIDTH = 11;
const TAG_WIDTH = 8;
const CURSOR = /^[0-9a-z]{19}$/;

export interface Cursor {
  /** The place in the log just after the message of this number. */
  readonly place: number;
  readonly tag: string;
}

/** Writes a cursor; `tag` has 8 characters of `[0-9a-z]`. */
export const formatCursor = (place: number, tag: string): string => place.toString(36).padStart(PLACE_WIDTH, '0') + tag;

/** Reads a cursor; undefined for what is not one. Whether it is of this log is for the log to say. */
export const parseCursor = (text: string): Cursor | undefined => {
  if (!CURSOR.test(text)) return undefined;
  const place = Number.parseInt(text.slice(0, PLACE_WIDTH), 36);
  return Number.isSafeInteger(place) ? { place, tag: text.slice(PLACE_WIDTH, PLACE_WIDTH + TAG_WIDTH) } : undefined;
};
