// Times as they stand on the wire: RFC 3339 UTC with milliseconds.

/** `00` to `59`, and `000Z` to `999Z`. */
const TWO = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const MILLISECONDS = Array.from({ length: 1000 }, (_, value) => `${String(value).padStart(3, '0')}Z`);
const MINUTE_MS = 60_000;

// The minutes that were asked for last, each in the place of its number: most times that are written are recent, or near each other.
const KEPT = 256;
const keptMinutes = new Float64Array(KEPT).fill(Number.NaN);
const keptTexts = new Array<string>(KEPT).fill('');

let lastMs = Number.NaN;
let lastText = '';

/** `2026-11-22T10:00:00.000Z`. The last one is kept: within one millisecond many are asked for. */
export const wireTime = (ms: number): string => {
  if (ms === lastMs) return lastText;
  const minute = Math.floor(ms / MINUTE_MS);
  const place = minute & (KEPT - 1);
  if (keptMinutes[place] !== minute) {
    keptTexts[place] = new Date(minute * MINUTE_MS).toISOString().slice(0, -7);
    keptMinutes[place] = minute;
  }
  const rest = ms - minute * MINUTE_MS;
  const second = Math.floor(rest / 1000);
  lastText = `${keptTexts[place]}${TWO[second]}.${MILLISECONDS[Math.floor(rest) - second * 1000]}`;
  lastMs = ms;
  return lastText;
};
