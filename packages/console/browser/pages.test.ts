// Every page in both themes, at the width of a phone and of a desk: it shows what it should, fits, breaks no rule of accessibility and no policy, and logs no error.
// A picture of each is left in tmp/console, to be looked at.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, launchBrowser, type Page } from '../../server/testing/browser.ts';
import { ADMIN_KEY, openPage, openStage, type Stage } from './stage.ts';
import { reading, type Story, tell } from './story.ts';

const PICTURES = fileURLToPath(new URL('../../../tmp/console/', import.meta.url));

interface Scene {
  readonly name: string;
  readonly path: string;
  /** Stands there when the page has its content. */
  readonly shows: string;
  readonly signedIn?: false;
  readonly act?: (page: Page) => Promise<void>;
}

const SCENES: readonly Scene[] = [
  { name: 'sign-in', path: '', shows: '.sign-in-card input', signedIn: false },
  { name: 'live', path: 'live', shows: '.row' },
  {
    name: 'live-message',
    path: 'live',
    shows: '.row',
    act: async (page) => {
      await page.locator('.row').nth(3).click();
      await page.getByRole('heading', { name: 'Data' }).waitFor();
    },
  },
  {
    name: 'live-publish',
    path: 'live',
    shows: '.row',
    act: async (page) => {
      await page.getByRole('button', { name: 'Publish', exact: true }).click();
      await page.getByLabel('Topic', { exact: true }).fill('sensors.attic.reading');
      await page.getByText('Declared as sensors.*.reading').waitFor();
      await page.getByRole('button', { name: 'Begin from the schema' }).click();
      await page.getByText('Valid by the schema.').waitFor();
      await page.getByRole('textbox', { name: 'Data' }).fill('{\n  "celsius": 18.5,\n  "battery": 101\n}');
      await page.locator('.verdict .faults').waitFor();
    },
  },
  { name: 'live-log', path: 'live', shows: '.row', act: (page) => page.getByRole('button', { name: 'Look into the log' }).click() },
  { name: 'documents', path: 'documents/orders', shows: '.documents td a' },
  { name: 'document', path: 'documents/orders/1007', shows: '.editor textarea' },
  {
    name: 'document-new',
    path: 'documents/orders',
    shows: '.documents td a',
    act: async (page) => {
      await page.getByRole('button', { name: 'New document' }).click();
      await page.locator('.verdict .faults').waitFor();
    },
  },
  {
    name: 'document-conflict',
    path: 'documents/orders/1003',
    shows: '.editor textarea',
    act: async (page) => {
      const text = page.getByLabel('Document', { exact: true }).last();
      await text.fill((await text.inputValue()).replace('cancelled', 'paid'));
      await stage.client.patch('orders', '1003', { customer: `Nobody ${Date.now()}` });
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('.versions').waitFor();
    },
  },
  { name: 'collection-new', path: 'documents/orders', shows: '.documents td a', act: (page) => page.getByRole('button', { name: 'New collection' }).click() },
  { name: 'subscriptions', path: 'subscriptions', shows: '.sparkline-line' },
  { name: 'subscription-delete', path: 'subscriptions', shows: '.table td', act: (page) => page.getByRole('button', { name: 'Delete audit' }).click() },
  { name: 'connections', path: 'connections', shows: '.table td' },
  { name: 'keys', path: 'keys', shows: '.table td' },
  { name: 'key-new', path: 'keys', shows: '.table td', act: (page) => page.getByRole('button', { name: 'New key' }).click() },
  {
    name: 'token',
    path: 'keys',
    shows: '.table td',
    act: async (page) => {
      await page.getByRole('button', { name: 'Mint a token' }).click();
      await page.getByRole('button', { name: 'Mint', exact: true }).click();
      await page.locator('.snippet').waitFor();
    },
  },
  { name: 'health', path: 'health', shows: '.plot canvas', act: (page) => page.locator('.settings td').first().waitFor() },
  { name: 'you', path: 'you', shows: '.facts' },
  { name: 'nowhere', path: 'nowhere', shows: '.state' },
];

const WIDTHS = [
  [1440, 900],
  [360, 740],
] as const;

let stage: Stage;
let story: Story;
let browser: Browser;
let pulse: NodeJS.Timeout;

before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  stage = await openStage();
  story = await tell(stage.server.url, stage.client);
  browser = await launchBrowser();
  let n = 60;
  pulse = setInterval(() => void stage.client.publish(`sensors.roof.reading`, reading(n++)).catch(() => {}), 400);
});

after(async () => {
  clearInterval(pulse);
  await browser?.close();
  await story?.close();
  await stage?.close();
});

for (const theme of ['light', 'dark'] as const) {
  for (const [width, height] of WIDTHS) {
    test(`every page, ${theme}, ${width} pixels wide`, async (t) => {
      const own = await openPage({ browser, url: stage.server.url, key: ADMIN_KEY, theme, width, height });
      const stranger = await openPage({ browser, url: stage.server.url, theme, width, height });
      for (const { name, path, shows, signedIn = true, act } of SCENES) {
        const { page: shown, accessibility } = signedIn ? own : stranger;
        await shown.goto(`${stage.server.url}/console/${path}`);
        await shown.locator(shows).first().waitFor({ state: 'attached', timeout: 20_000 });
        await act?.(shown);
        await shown.screenshot({ path: join(PICTURES, `${name}-${theme}-${width}.png`) });
        assert.ok((await shown.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name} is wider than the screen`);
        assert.deepEqual(await accessibility(), [], name);
      }
      // The browser itself reports the answer 412 that the conflict is about.
      const unexpected = [...own.wrong, ...stranger.wrong].filter((line) => !/status of 412/.test(line));
      assert.deepEqual(unexpected, []);
      t.diagnostic(`${SCENES.length} pages, pictures in tmp/console`);
      await own.context.close();
      await stranger.context.close();
    });
  }
}
