// Puts fixed values where every run of the examples has others, each always in the place of the same one, so that a cursor that was
// answered is the cursor that is asked with.
import type { Example } from './examples.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const TIMES: Readonly<Record<string, string>> = { expiresAt: '2026-11-22T11:00:00.000Z', closesAt: '2026-11-22T10:01:00.000Z' };
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
/** A place in a log and the log's name. */
const CURSOR = /\b([0-9a-z]{11})([0-9a-z]{8})\b/;
/** Members that hold what differs from run to run, and what is shown in its place. */
const SECRETS: Readonly<Record<string, string>> = {
  key: 'gdw_3kFq0ZtYw8mJ1xVbN6sLrC5hPdA7uGeT',
  token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJkZXZpY2UtNyIsImV4cCI6MTc5NTM0NTIwMH0.Yb5c2kq0yHhV9m1sXw7uQ3tLrN8pZ4aE6dGfJoKiBvC',
};
/** Below these members numbers are measured: 12 stands for a count, and for some others what is nearer to life. */
const MEASURED = new Set(['uptime', 'store', 'feed', 'log', 'queuedBytes', 'requests', 'process', 'retryAfterMs', 'reconnectAfterMs']);
const SHOWN: Readonly<Record<string, number>> = {
  uptime: 86_400_000,
  retryAfterMs: 60_000,
  reconnectAfterMs: 350,
  residentBytes: 94_371_840,
  cpuSeconds: 12.5,
  eventLoopDelay: 0.0011,
  counts: 0,
};
/** What is the same every time, though it stands among what is measured. */
const STEADY = new Set(['bounds', 'statuses']);
const COUNTED = 12;

const within = (name: string, measured: string): string => {
  if (STEADY.has(name)) return '';
  return MEASURED.has(name) || (measured !== '' && name in SHOWN) ? name : measured;
};

type Visit = (text: string, member: string) => string;

const over = (value: unknown, visit: Visit, member = '', measured = ''): unknown => {
  if (typeof value === 'string') return visit(value, member);
  if (typeof value === 'number' && measured !== '') return SHOWN[measured] ?? (value > 0 ? COUNTED : 0);
  if (Array.isArray(value)) return value.map((one) => over(one, visit, member, measured));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, over(part, visit, name, within(name, measured))]));
};

/** The examples as they are kept. */
export const steady = (examples: readonly Example[]): readonly Example[] => {
  const fixed = new Map<string, string>();
  const first = (raw: string, shown: (index: number) => string, kind: string): void => {
    if (!fixed.has(raw)) fixed.set(raw, shown([...fixed.values()].filter((value) => value.startsWith(kind)).length + 1));
  };
  over(examples, (text, member) => {
    for (const [id] of text.matchAll(UUID)) first(id, (index) => `01a1ee4d-9a00-7b2c-8f31-${String(index).padStart(12, '0')}`, '01a1ee4d');
    const secret = SECRETS[member];
    if (secret !== undefined && text.length > 20) first(text, () => secret, secret);
    if (member === 'etag') first(text.slice(3, -1), (index) => `${String(index).padStart(2, '0')}fKpQw9ZsT1`, '0');
    if (member === 'next') first(text, () => 'bDhSOC1oMHo3WnF6IFsxNzk1MzQxNjAwMDAwLDFd', 'bDhS');
    if (['cursor', 'earliest', 'latest'].includes(member)) {
      const log = CURSOR.exec(text)?.[2];
      if (log !== undefined) first(log, () => '5d8h0q2x', '5d8h');
    }
    return text;
  });
  const replacements = [...fixed].sort(([left], [right]) => right.length - left.length);
  return over(examples, (text, member) => {
    if (member === 'retry-after') return '60';
    const timeless = text.replace(TIME, TIMES[member] ?? NOW);
    return replacements.reduce((shown, [raw, value]) => shown.replaceAll(raw, value), timeless);
  }) as Example[];
};
