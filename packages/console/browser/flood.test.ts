// A flood: 10,000 messages a second for 30 seconds, published by another process. The page stays responsive (no task of it longer than 100 ms), its memory is flat, it says that
// it samples what it draws, and it has counted every message. On a busy machine the time that an idle process had to wait for its turn is added to the bar. Where the machine is busy with other things, what an idle process had to wait for its turn is added to the bar.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchBrowser, type Page } from '../../server/testing/browser.ts';
import { ADMIN_KEY, openPage, openStage } from './stage.ts';

const PER_SECOND = 10_000;
const SECONDS = 30;
const LONGEST_TASK_MS = 100;
/** What the heap may gain between a third of the flood and its end. */
const MOST_GROWTH = 8 * 1024 * 1024;
/** On a machine that is busy a flood takes longer than its 30 seconds. */
const PATIENCE_MS = 240_000;
const TEST_MS = 300_000;
const PICTURES = fileURLToPath(new URL('../../../tmp/console/', import.meta.url));

const publishing = async (url: string): Promise<{ readonly confirmed: number; readonly seconds: number }> => {
  const program = fileURLToPath(new URL('./flood-publisher.ts', import.meta.url));
  const child = spawn(process.execPath, [program, url, ADMIN_KEY, String(PER_SECOND), String(SECONDS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0);
  return JSON.parse(out);
};

const received = async (page: Page): Promise<number> => Number(await page.locator('.rate').getAttribute('data-received'));

test('a flood of 10,000 messages a second keeps the page responsive and its memory flat', { timeout: TEST_MS }, async (t) => {
  mkdirSync(PICTURES, { recursive: true });
  const stage = await openStage();
  const browser = await launchBrowser();
  try {
    const { page, context, wrong } = await openPage({ browser, url: stage.server.url, key: ADMIN_KEY, path: 'live' });
    await page.getByText('No messages yet').waitFor();
    const debug = await context.newCDPSession(page);
    await debug.send('Performance.enable');
    /** CPU seconds of the page's thread. */
    const cpu = async (): Promise<number> =>
      (await debug.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ThreadTime')?.value ?? Number.NaN;
    const heap = async (): Promise<number> => {
      await debug.send('HeapProfiler.collectGarbage');
      return (await debug.send('Runtime.getHeapUsage')).usedSize;
    };
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(window, { longTasks: tasks });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }).observe({ entryTypes: ['longtask'] });
    });
    const longTasks = (): Promise<number[]> => page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
    // This process does nothing meanwhile: what it waits for its turn, everybody does.
    const idle = monitorEventLoopDelay({ resolution: 10 });
    idle.enable();
    const cpuBefore = await cpu();
    const flood = publishing(stage.server.url);
    flood.catch(() => {});
    const third = (PER_SECOND * SECONDS) / 3;
    await page.waitForFunction((n) => Number(document.querySelector('.rate')?.getAttribute('data-received')) >= n, third, { timeout: PATIENCE_MS });
    const said = await page.locator('.rate').innerText();
    await page.screenshot({ path: `${PICTURES}live-flood-light-1440.png` });
    // Collecting all garbage is a long task of the debugger's own making.
    const before = await longTasks();
    const early = await heap();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    const skipped = (await longTasks()).length;
    const { confirmed, seconds } = await flood;
    await page.waitForFunction((n) => Number(document.querySelector('.rate')?.getAttribute('data-received')) >= n, confirmed, { timeout: PATIENCE_MS });
    const tasks = [...before, ...(await longTasks()).slice(skipped)];
    const share = ((await cpu()) - cpuBefore) / SECONDS;
    const late = await heap();
    idle.disable();
    const waited = idle.max / 1e6;
    const longest = Math.max(0, ...tasks);
    t.diagnostic(`${confirmed} messages in ${seconds.toFixed(1)} s (${Math.round(confirmed / seconds)}/s); the page said: ${said.replaceAll('\n', ' ')}`);
    t.diagnostic(
      `tasks over 50 ms: ${tasks.length}, the longest ${longest.toFixed(0)} ms (an idle process waited up to ${waited.toFixed(0)} ms); heap ${(early / 1e6).toFixed(1)} MB at a third, ${(late / 1e6).toFixed(1)} MB at the end`,
    );
    t.diagnostic(`the page's thread needed ${(share * 100).toFixed(0)} % of a core for it`);
    assert.equal(confirmed, PER_SECOND * SECONDS);
    assert.equal(await received(page), confirmed, 'each message was counted once');
    assert.match(said, /sampled showing [\d,]+ of [\d,]+\/s/);
    assert.ok(longest <= LONGEST_TASK_MS + waited, `the longest task took ${longest} ms`);
    assert.ok(late - early < MOST_GROWTH, `the heap grew by ${late - early} bytes`);
    assert.ok((await page.locator('.row').count()) < 100, 'only what can be seen is drawn');
    assert.deepEqual(wrong, []);
    await context.close();
  } finally {
    await browser.close();
    await stage.close();
  }
});
