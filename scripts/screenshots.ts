// `npm run screenshots`: makes the pictures of the console that the README shows, in docs/pictures, by a server with a small story in it and a headless browser. Run it after
// the console has changed, and look at what it made.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ADMIN_KEY, openPage, openStage } from '../packages/console/browser/stage.ts';
import { reading, tell } from '../packages/console/browser/story.ts';
import { launchBrowser, type Page } from '../packages/server/testing/browser.ts';

const FOLDER = fileURLToPath(new URL('../docs/pictures/', import.meta.url));
const WIDTH = 1360;
const HEIGHT = 760;
const PULSE_MS = 120;
/** Until the charts have something to tell. */
const STORY_MS = 40_000;

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly theme: 'light' | 'dark';
  readonly act: (page: Page) => Promise<void>;
}

const PICTURES: readonly Picture[] = [
  {
    name: 'live',
    path: 'live',
    theme: 'light',
    act: async (page) => {
      await page.locator('.row').nth(6).click();
      await page.getByRole('heading', { name: 'Data' }).waitFor();
    },
  },
  {
    name: 'documents',
    path: 'documents/orders/1007',
    theme: 'dark',
    act: async (page) => {
      const text = page.locator('.editor textarea');
      await text.fill((await text.inputValue()).replace('"shipped"', '"posted"'));
      await page.locator('.verdict .faults').waitFor();
    },
  },
  { name: 'health', path: 'health', theme: 'light', act: (page) => page.locator('.plot canvas').first().waitFor() },
];

const stage = await openStage();
const story = await tell(stage.server.url, stage.client);
const browser = await launchBrowser();
let n = 0;
const pulse = setInterval(() => {
  n++;
  for (let burst = 0; burst < 1 + (n % 60 > 40 ? 6 : n % 3); burst++)
    void stage.client.publish(`sensors.${['hall', 'roof', 'cellar'][(n + burst) % 3]}.reading`, reading(n)).catch(() => {});
  if (n % 25 === 0) void stage.client.patch('orders', String(1000 + (n % 24)), { status: n % 2 === 0 ? 'paid' : 'shipped' }).catch(() => {});
}, PULSE_MS);
try {
  mkdirSync(FOLDER, { recursive: true });
  const opened = await Promise.all(
    PICTURES.map(({ path, theme }) => openPage({ browser, url: stage.server.url, key: ADMIN_KEY, path, theme, width: WIDTH, height: HEIGHT })),
  );
  await new Promise((resolve) => setTimeout(resolve, STORY_MS));
  for (const [index, { name, act }] of PICTURES.entries()) {
    const { page, wrong } = opened[index] as (typeof opened)[number];
    await act(page);
    const file = `${FOLDER}${name}.png`;
    writeFileSync(file, await page.screenshot());
    if (wrong.length > 0) throw new Error(`${name}: ${wrong.join('; ')}`);
    process.stdout.write(`docs/pictures/${name}.png, ${Math.round(statSync(file).size / 1024)} KB\n`);
  }
} finally {
  clearInterval(pulse);
  await browser.close();
  await story.close();
  await stage.close();
}
