// Durations as people write them (clause 13): a number with its unit.

/** Milliseconds in each unit, the longest first. */
export const DURATION_UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

const DURATION = /^(\d{1,15}(?:\.\d{1,9})?)(d|h|m|s|ms)$/;

/** Milliseconds of `30s`; undefined for what is no duration. */
export const parseDuration = (text: string): number | undefined => {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * DURATION_UNITS[unit as keyof typeof DURATION_UNITS];
};
