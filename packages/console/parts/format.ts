// Numbers, sizes and times as a person reads them. Pure.

const NUMBER = new Intl.NumberFormat('en-GB');
const two = (value: number): string => String(value).padStart(2, '0');

export const count = (value: number): string => NUMBER.format(Math.round(value));

/** A rate: small ones with a decimal. */
export const rate = (perSecond: number): string => (perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : count(perSecond));

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

export const bytes = (value: number): string => {
  let unit = 0;
  let scaled = value;
  while (scaled >= 1024 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${unit === 0 || scaled >= 100 || Number.isInteger(scaled) ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[unit]}`;
};

const SPANS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** A duration in its two largest units: `3 d 4 h`. */
export const duration = (ms: number): string => {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const first = SPANS.findIndex(([, size]) => ms >= size);
  const [unit, size] = SPANS[first] as (typeof SPANS)[number];
  const whole = Math.floor(ms / size);
  const next = SPANS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((ms % size) / next[1]);
  return next === undefined || rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${next[0]}`;
};

/** Milliseconds with as many digits as mean something. */
export const milliseconds = (ms: number): string => `${ms >= 100 ? Math.round(ms) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;

/** `14:03:22.125`, in local time. */
export const clock = (timestamp: string | number, withMs = true): string => {
  const at = new Date(timestamp);
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return withMs ? `${text}.${String(at.getMilliseconds()).padStart(3, '0')}` : text;
};

/** `2026-11-22 14:03:22`, in local time. */
export const moment = (timestamp: string | number): string => {
  const at = new Date(timestamp);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(timestamp, false)}`;
};

/** A value on one line, cut where it becomes long. */
export const preview = (value: unknown, most = 300): string => {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length <= most ? text : `${text.slice(0, most)}…`;
};

/** About how many bytes a value weighs, without writing it down; counting ends at `most`. */
export const weight = (value: unknown, most = 1 << 20): number => {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let sum = 16;
  for (const [name, member] of Object.entries(value)) {
    sum += name.length + weight(member, most);
    if (sum > most) break;
  }
  return sum;
};
