// Times as they stand on the wire: RFC 3339 UTC with milliseconds.

let lastMs = -1;
let lastText = '';

/** `2026-11-22T10:00:00.000Z`. The last one is kept: within one millisecond many are asked for. */
export const wireTime = (ms: number): string => {
  if (ms !== lastMs) {
    lastMs = ms;
    lastText = new Date(ms).toISOString();
  }
  return lastText;
};
