// `godwit stats`: how a server fares (11.5), once or again and again.
import type { Run } from './frame/call.ts';
import { pause } from './frame/patience.ts';
import { countText, spanText } from './frame/progress.ts';

type Stats = Readonly<Record<string, unknown>>;

/** Members of members in one level: `log.messages`. */
export const flat = (value: Stats, prefix = ''): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? Object.entries(flat(member as Stats, `${prefix}${name}.`))
        : [[prefix + name, member]],
    ),
  );

const forPeople = (name: string, value: unknown): unknown => {
  if (typeof value !== 'number') return value;
  if (name === 'uptime') return spanText(value);
  return Number.isInteger(value) ? countText(value) : value.toFixed(3);
};

export const stats: Run<'stats'> = async ({ flags, output, signal, connect }) => {
  const client = await connect();
  for (let first = true; ; first = false) {
    const { data } = await client.request<Stats>('GET', '/stats', { signal });
    if (!first) await output.line('');
    await output.record(output.json ? data : Object.fromEntries(Object.entries(flat(data)).map(([name, value]) => [name, forPeople(name, value)])));
    if (!flags.watch) return;
    await pause(flags.interval, signal);
  }
};
