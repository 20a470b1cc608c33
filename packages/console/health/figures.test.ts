import assert from 'node:assert/strict';
import { test } from 'node:test';
import { between, figures, type Look, quantile, type Stats } from './figures.ts';

const stats = (over: {
  uptime: number;
  written?: number;
  commits?: number;
  units?: number;
  statuses?: Record<string, number>;
  counts?: number[];
  cpu?: number;
}): Stats => ({
  uptime: over.uptime,
  connections: { websocket: 2, sse: 1, poll: 0 },
  subscriptions: 0,
  durableSubscriptions: 0,
  log: { messages: 0, bytes: 5, oldest: null },
  store: { commits: over.commits ?? 0, units: over.units ?? 0, messagesWritten: over.written ?? 0, largestCommit: 0 },
  feed: { delivered: 0, droppedToLog: 0, waitingPolls: 0 },
  requests: { total: 0, statuses: over.statuses ?? {}, publishSeconds: { bounds: [0.001, 0.01], counts: over.counts ?? [0, 0, 0] } },
  process: { residentBytes: 1, cpuSeconds: over.cpu ?? 0, eventLoopDelay: { p50: 0.001, p99: 0.002, max: 0.003 } },
});
const look = (at: number, over: Parameters<typeof stats>[0]): Look => ({ at, stats: stats(over) });

test('a quantile lies within its bucket', () => {
  const even = { bounds: [1, 2, 4], counts: [10, 10, 20, 0] };
  assert.deepEqual([quantile(even, 0.25), quantile(even, 0.5), quantile(even, 0.75), quantile(even, 1)], [1, 2, 3, 4]);
  assert.equal(quantile({ bounds: [1], counts: [0, 5] }, 0.5), 1, 'above all bounds nothing more can be said');
  assert.equal(quantile({ bounds: [1], counts: [0, 0] }, 0.5), null);
  assert.deepEqual(between({ bounds: [1], counts: [1, 2] }, { bounds: [1], counts: [4, 2] }).counts, [3, 0]);
});

test('two looks are what happened between them', () => {
  const found = figures(
    look(1000, { uptime: 1000, written: 10, commits: 2, units: 10, statuses: { 200: 1, 429: 1 }, counts: [5, 0, 0], cpu: 1 }),
    look(3000, { uptime: 3000, written: 30, commits: 6, units: 26, statuses: { 200: 9, 429: 5, 404: 2, 500: 1 }, counts: [5, 10, 0], cpu: 2 }),
  );
  assert.equal(found?.publishes, 10);
  assert.equal(found.commitUnits, 4);
  assert.deepEqual([found.rateLimited, found.refused, found.failed, found.cpu], [2, 1, 0.5, 50]);
  assert.equal(found.confirmP50?.toFixed(3), '5.500');
  assert.deepEqual([found.delayP50, found.delayMax, found.websockets], [1, 3, 2]);
});

test('nothing is said across a restart, nor of a distribution in which nothing happened', () => {
  assert.equal(figures(look(1000, { uptime: 9000, written: 100 }), look(3000, { uptime: 500, written: 1 })), undefined);
  const quiet = figures(look(1000, { uptime: 1000 }), look(3000, { uptime: 3000 }));
  assert.deepEqual([quiet?.confirmP50, quiet?.commitUnits, quiet?.publishes], [null, null, 0]);
});
