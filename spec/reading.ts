// Reading on until the end: pages of a list (3.2.4), messages of the log (6.2.2). Bounded, whatever the server answers.
import assert from 'node:assert/strict';
import type { Caller } from './caller.ts';
import { succeeds } from './expect.ts';
import type { Json } from './json.ts';

const MOST_PAGES = 1_000;

/** The items of all pages of a list, from `path` on; `between` is called after each page that is not the last. */
export const walk = async (who: Caller, path: string, between?: (page: Json[], count: number) => Promise<unknown>): Promise<Json[]> => {
  const items: Json[] = [];
  let after: string | null = null;
  for (let page = 1; page <= MOST_PAGES; page++) {
    const next: string = after === null ? path : `${path}${path.includes('?') ? '&' : '?'}after=${encodeURIComponent(after)}`;
    const data = succeeds(await who.get(next), 200, `page ${page} of ${path}`);
    assert.ok(Array.isArray(data.items), '3.2.4: data.items is a list');
    items.push(...data.items);
    if (data.next === null) return items;
    assert.equal(typeof data.next, 'string', '3.2.4: next is a page cursor, or null at the end');
    after = data.next;
    await between?.(data.items, page);
  }
  assert.fail(`${path}: no end in ${MOST_PAGES} pages`);
};

/** The cursor that stands at the end of the log now. */
export const endOfLog = async (who: Caller, topics = '**'): Promise<string> =>
  succeeds(await who.get(`/messages?topics=${topics}&after=latest&limit=1`), 200, 'the end of the log').cursor;

/** Every message that matches, after `cursor`, to the end of the log. */
export const logAfter = async (who: Caller, topics: string, cursor: string, limit = 1_000): Promise<Json[]> => {
  const items: Json[] = [];
  let after = cursor;
  for (let page = 1; page <= MOST_PAGES; page++) {
    const data = succeeds(await who.get(`/messages?topics=${topics}&after=${after}&limit=${limit}`), 200, 'reading the log');
    items.push(...data.items);
    after = data.cursor;
    if (data.more !== true) return items;
  }
  assert.fail(`${topics}: no end in ${MOST_PAGES} pages`);
};
