// A long log against a short one: what a publish, going on from a cursor near the end, and a page at any place of it cost.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatCursor, parseCursor } from '@godwit/protocol';
import { openSqliteStorage } from '../../packages/server/storage/sqlite/index.ts';
import { type Figure, figure, alternate as httpAlternate, shown, startLoader } from '../harness/compare.ts';
import { ADMIN_KEY } from '../harness/processes.ts';
import type { Row } from '../harness/report.ts';
import { alternate, ratioOf, type Side } from '../sockets/loader.ts';
import { LOAD_CORE, PLACED, quick, rounds, seconds, section } from '../sockets/settings.ts';
import { godwit, withSides } from '../sockets/sides.ts';

const FEW = 10_000;
const MANY = quick ? 1_000_000 : 10_000_000;
const UNIT = 1000;
const UNITS_AT_ONCE = 8;
const MISSED = 100;
const DAYS = 6;
const headers = { authorization: `Bearer ${ADMIN_KEY}`, accept: 'application/json' };

/** Messages of the last days, put into the store by itself. */
const fill = async (directory: string, count: number): Promise<void> => {
  const storage = await openSqliteStorage({ directory });
  const from = Date.now() - DAYS * 86_400_000;
  const text = 'x'.repeat(176);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next += UNIT;
      const messages = Array.from({ length: UNIT }, (_, index) => ({
        messageId: randomUUID(),
        topic: `orders.o${(first + index) % 1000}.updated`,
        timestamp: from + Math.floor(((first + index) / count) * DAYS * 86_400_000),
        data: `{"n":${first + index},"text":"${text}"}`,
        change: false,
      }));
      const { status } = await storage.write({ messages });
      if (status !== 'written') throw new Error(`not written: ${status}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: UNITS_AT_ONCE }, lane));
  } finally {
    await storage.close();
  }
};

/** Writes the cursor of any place that was filled. */
const cursorsOf = async ({ server }: Side): Promise<(place: number) => string> => {
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/messages?topics=**&after=earliest&limit=1`, { headers });
  const { data } = (await response.json()) as { data: { items: { cursor: string }[] } };
  const first = parseCursor(data.items[0]?.cursor ?? '');
  if (first?.place !== 1) throw new Error(`the log does not begin at 1: ${JSON.stringify(data).slice(0, 500)}`);
  return (place) => formatCursor(place, first.tag);
};

const rowOf = (what: string, few: readonly number[], many: readonly number[]): Row => {
  const each = (perCpu: readonly number[]): Figure => figure(perCpu.map((value) => 1e6 / value));
  return [what, shown(each(few), 1), shown(each(many), 1), `${shown(ratioOf(few, many), 2)}, at most 1.5`];
};

const compare = async (sides: readonly Side[], counts: readonly number[]): Promise<Row[]> => {
  const cursors = await Promise.all(sides.map(cursorsOf));
  const at = (side: Side): number => sides.indexOf(side);
  const cursor = (side: Side, place: number): string => (cursors[at(side)] as (place: number) => string)(place);
  const length = (side: Side): number => counts[at(side)] as number;
  const figures = (all: readonly (readonly { perCpuSecond: number }[])[]): [number[], number[]] =>
    all.map((some) => some.map(({ perCpuSecond }) => perCpuSecond)) as [number[], number[]];

  // Before anything is published: memory holds nothing yet, so this reads the store.
  const resumed = await alternate(
    sides,
    (side) => ({ do: 'resume', target: side.target, after: cursor(side, length(side) - MISSED), messages: MISSED, connections: 8, seconds }),
    rounds,
  );
  const http = startLoader(LOAD_CORE);
  const contenders = sides.map((side) => {
    const last = length(side) - MISSED;
    const paths = Array.from(
      { length: 5000 },
      () => `/v1/messages?topics=**&limit=${MISSED}&after=${cursor(side, 1 + Math.floor(Math.random() * (last - 1)))}`,
    );
    return { server: side.server, job: { connections: 8, seconds, method: 'GET' as const, paths, headers, expect: 200 } };
  });
  const paged = await httpAlternate(http, contenders, rounds);
  await http.stop();
  const topics = Array.from({ length: 1000 }, (_, index) => `orders.o${index}.updated`);
  const published = await alternate(sides, ({ target }) => ({ do: 'publish', target, topics, connections: 16, inFlight: 16, seconds }), rounds);
  return [
    rowOf('confirmed publish, 16 x 16', ...figures(published)),
    rowOf(`go on from a cursor, ${MISSED} missed, WebSocket`, ...figures(resumed)),
    rowOf(`page of ${MISSED} at any place, HTTP`, ...figures(paged)),
  ];
};

export const log = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'godwit-bench-log-'));
  const counts = [FEW, MANY];
  try {
    const began = performance.now();
    for (const count of counts) await fill(join(folder, String(count)), count);
    console.log(`filled in ${((performance.now() - began) / 1000).toFixed(0)} s`);
    const starts = counts.map((count) => () => godwit(LOAD_CORE, { name: `${count} messages`, data: join(folder, String(count)) }));
    const body = await withSides(starts, (sides) => compare(sides, counts));
    const [few, many] = counts.map((count) => `${count.toLocaleString('en')} messages`) as [string, string];
    section(
      `a log of ${many}`,
      `Messages of the last ${DAYS} days, 1,000 topics. CPU microseconds of the server for each: median [least-most] of ${rounds} alternating rounds of ${seconds} s; ${PLACED}.`,
      ['what', few, many, 'times'],
      body,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
