// A flood: 10,000 messages a second for 30 seconds, published by another process. The page stays responsive (no task of it longer than 100 ms), its memory is flat, it says that
// it samples what it draws, and it has counted every message. A task is as long as the page's thread computes: what others do with the core meanwhile is told, not judged.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openPlainPage } from './plain-page.ts';
import { ADMIN_KEY, openStage } from './stage.ts';

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

/** Runs in the page before its own scripts: signs it in, and notes its errors. */
const script = (key: string): string => `
  sessionStorage.setItem('godwit.credential', ${JSON.stringify(key)});
  window.wrong = [];
  addEventListener('error', ({ message }) => window.wrong.push(message));
  addEventListener('unhandledrejection', ({ reason }) => window.wrong.push(String(reason)));
  document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => window.wrong.push('policy: ' + violatedDirective));
`;
const RECEIVED = "Number(document.querySelector('.rate')?.getAttribute('data-received') ?? -1)";

test('a flood of 10,000 messages a second keeps the page responsive and its memory flat', { timeout: TEST_MS }, async (t) => {
  mkdirSync(PICTURES, { recursive: true });
  const stage = await openStage();
  const page = await openPlainPage(`${stage.server.url}/console/live`, script(ADMIN_KEY));
  try {
    await page.until("document.body?.innerText.includes('No messages yet')", PATIENCE_MS);
    await page.ask('Performance.enable');
    /** CPU seconds of the page's thread. */
    const cpu = async (): Promise<number> =>
      (await page.ask('Performance.getMetrics')).metrics.find(({ name }: { name: string }) => name === 'ThreadTime')?.value ?? Number.NaN;
    const heap = async (): Promise<number> => {
      await page.ask('HeapProfiler.collectGarbage');
      return (await page.ask('Runtime.getHeapUsage')).usedSize;
    };
    const cpuBefore = await cpu();
    const first = await page.recordTasks();
    const flood = publishing(stage.server.url);
    flood.catch(() => {});
    await page.until(`${RECEIVED} >= ${(PER_SECOND * SECONDS) / 3}`, PATIENCE_MS);
    const said = await page.value<string>("document.querySelector('.rate').innerText");
    const early = await first();
    const { data } = await page.ask('Page.captureScreenshot');
    writeFileSync(`${PICTURES}live-flood-light-1440.png`, Buffer.from(data, 'base64'));
    // Collecting all garbage is a long task of the debugger's own making.
    const heapBefore = await heap();
    const rest = await page.recordTasks();
    const { confirmed, seconds } = await flood;
    await page.until(`${RECEIVED} >= ${confirmed}`, PATIENCE_MS);
    const tasks = early.concat(await rest());
    const share = ((await cpu()) - cpuBefore) / seconds;
    const heapAfter = await heap();
    const longest = tasks.reduce((most, { computed }) => Math.max(most, computed), 0);
    const longestTook = tasks.reduce((most, { took }) => Math.max(most, took), 0);
    t.diagnostic(`${confirmed} messages in ${seconds.toFixed(1)} s (${Math.round(confirmed / seconds)}/s); the page said: ${said.replaceAll('\n', ' ')}`);
    t.diagnostic(
      `${tasks.length} tasks, the longest ${longest.toFixed(0)} ms (${longestTook.toFixed(0)} ms with what others did meanwhile); heap ${(heapBefore / 1e6).toFixed(1)} MB at a third, ${(heapAfter / 1e6).toFixed(1)} MB at the end`,
    );
    t.diagnostic(`the page's thread needed ${(share * 100).toFixed(0)} % of a core for it`);
    assert.ok(tasks.length > SECONDS, 'tasks were noted');
    assert.equal(confirmed, PER_SECOND * SECONDS);
    assert.equal(await page.value(RECEIVED), confirmed, 'each message was counted once');
    assert.match(said, /sampled showing [\d,]+ of [\d,]+\/s/);
    assert.ok(longest <= LONGEST_TASK_MS, `the longest task took ${longest} ms`);
    assert.ok(heapAfter - heapBefore < MOST_GROWTH, `the heap grew by ${heapAfter - heapBefore} bytes`);
    assert.ok((await page.value<number>("document.querySelectorAll('.row').length")) < 100, 'only what can be seen is drawn');
    assert.deepEqual(await page.value('wrong'), []);
  } finally {
    await page.close();
    await stage.close();
  }
});
