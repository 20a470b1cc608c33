// Where a browser keeps the cursors of its unnamed subscriptions between visits.
import type { CursorStore } from './api.ts';

/** Keeps cursors in the page's `localStorage`, under a prefix; where that is full or forbidden, a visit begins as the subscription says. */
export const localStorageCursors = (prefix = 'godwit.cursor.'): CursorStore => ({
  get(key) {
    try {
      return localStorage.getItem(prefix + key);
    } catch {
      return undefined;
    }
  },
  set: (key, cursor) => localStorage.setItem(prefix + key, cursor),
});
