// The console while things happen: two tabs, both editing one document, a cut connection, a server that dies and comes back, either transport, keys that may little. What is
// shown afterwards is exactly what the server has.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from '@godwit/client';
import { FaultyProxy } from '../../server/faults/messages/proxy.ts';
import { type Browser, launchBrowser, type Page } from '../../server/testing/browser.ts';
import { startProcess } from '../../server/testing/process.ts';
import { seededRandom } from '../../server/testing/random.ts';
import { ADMIN_KEY, FLAGS, openPage, openStage, type Stage } from './stage.ts';
import { type Story, tell } from './story.ts';

let stage: Stage;
let story: Story;
let browser: Browser;

before(async () => {
  stage = await openStage();
  story = await tell(stage.server.url, stage.client);
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await story?.close();
  await stage?.close();
});

const open = (path: string, more: Partial<Parameters<typeof openPage>[0]> = {}) => openPage({ browser, url: stage.server.url, key: ADMIN_KEY, path, ...more });
const tabs = (page: Page): Promise<string[]> => page.locator('nav.side a').allInnerTexts();
const editor = (page: Page) => page.locator('.editor textarea');

test('one signs in with a key that the server knows, and publishes what another tab sees', async () => {
  const one = await open('live', { key: undefined });
  await one.page.getByLabel('API key or token').fill('not-a-key');
  await one.page.keyboard.press('Enter');
  await one.page.getByText('The server does not know this key or token.').waitFor();
  await one.page.getByLabel('API key or token').fill('c2l4dGVlbiBhbmQg+/c2l4==');
  await one.page.keyboard.press('Enter');
  await one.page.getByText('This can be no key or token').waitFor();
  await one.page.getByLabel('API key or token').fill(ADMIN_KEY);
  await one.page.keyboard.press('Enter');
  await one.page.getByRole('heading', { name: 'Live' }).waitFor();
  const other = await open('live', { kept: { 'godwit.patterns': 'talk.**' } });
  await other.page.getByText('No messages yet').waitFor();

  await one.page.getByRole('button', { name: 'Publish', exact: true }).click();
  await one.page.getByLabel('Topic', { exact: true }).fill('talk.one');
  await one.page.getByRole('textbox', { name: 'Data' }).fill('{"hello":"other tab"}');
  await one.page.locator('form.pane-body button[type=submit]').click();
  await one.page.getByText('Confirmed at').waitFor();
  const row = other.page.locator('.row');
  await row.first().waitFor();
  assert.deepEqual(await row.locator('.row-topic').allInnerTexts(), ['talk.one']);
  await other.page.getByRole('listbox').focus();
  await other.page.keyboard.press('ArrowDown');
  await other.page.locator('.json-string', { hasText: 'other tab' }).waitFor();
  assert.deepEqual(other.wrong, []);
  // The key that was refused is reported by the browser itself.
  assert.deepEqual(
    one.wrong.filter((line) => !line.includes('status of 401')),
    [],
  );
  await one.context.close();
  await other.context.close();
});

test('a paused list keeps its place: what came meanwhile is shown in order when it goes on; the log can be looked back into', async () => {
  const { page, context, wrong } = await open('live', { kept: { 'godwit.patterns': 'steps.**' } });
  await page.getByText('No messages yet').waitFor();
  const say = async (from: number, to: number): Promise<void> => {
    for (let n = from; n <= to; n++) await stage.client.publish('steps.n', n);
  };
  const shown = async (): Promise<number[]> => (await page.locator('.row .row-data').allInnerTexts()).map(Number);
  await say(1, 3);
  await page.locator('.row').nth(2).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await say(4, 8);
  await page.getByText('5 came since.').waitFor();
  assert.deepEqual(await shown(), [3, 2, 1]);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.locator('.row').nth(7).waitFor();
  assert.deepEqual(await shown(), [8, 7, 6, 5, 4, 3, 2, 1]);
  await page.getByLabel('Filter by text in topic or data').fill('7');
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
  assert.deepEqual(await shown(), [7]);
  await page.getByLabel('Filter by text in topic or data').fill('');
  await page.locator('.row').nth(7).waitFor();
  await page.locator('.row').nth(5).click();
  await page.getByRole('button', { name: 'Log from here' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 5);
  assert.deepEqual(await shown(), [8, 7, 6, 5, 4]);
  await page.getByRole('button', { name: 'Look further back' }).click();
  await page.locator('.row').nth(7).waitFor();
  assert.deepEqual(await shown(), [8, 7, 6, 5, 4, 3, 2, 1]);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('a document edited in two tabs: what is saved elsewhere shows by itself, and a save on top of it shows both', async () => {
  const path = 'documents/orders/1010';
  const [one, other] = [await open(path), await open(path)];
  for (const { page } of [one, other]) await editor(page).waitFor();
  const change = async (page: Page, customer: string): Promise<void> => {
    const text = await editor(page).inputValue();
    await editor(page).fill(JSON.stringify({ ...JSON.parse(text), customer }, null, 2));
  };
  await change(one.page, 'First');
  await one.page.getByRole('button', { name: 'Save' }).click();
  await one.page.getByText('Saved as version 2.').waitFor();
  await other.page.locator('[data-version="2"]').waitFor();
  assert.match(await editor(other.page).inputValue(), /First/);
  await other.page.locator('tr.chosen td', { hasText: 'First' }).waitFor();

  await change(other.page, 'Theirs is older');
  await change(one.page, 'Second');
  await one.page.getByRole('button', { name: 'Save' }).click();
  await one.page.getByText('Saved as version 3.').waitFor();
  await other.page.getByText('changed elsewhere while you edit').waitFor();
  await other.page.getByRole('button', { name: 'Save' }).click();
  const dialog = other.page.getByRole('dialog');
  await dialog.getByText('Theirs, version 3').waitFor();
  assert.deepEqual(await dialog.locator('tr.differs td').allInnerTexts(), ['  "customer": "Theirs is older",', '  "customer": "Second",']);
  await dialog.getByRole('button', { name: 'Replace theirs with mine' }).click();
  await other.page.locator('[data-version="4"]').waitFor();
  await one.page.locator('[data-version="4"]').waitFor();
  assert.match(await editor(one.page).inputValue(), /Theirs is older/);
  const stored = await stage.client.get('orders', '1010');
  assert.deepEqual([stored['customer'], stored.version], ['Theirs is older', 4]);

  await editor(one.page).fill('{"total": "much"}');
  assert.deepEqual((await one.page.locator('.verdict .faults code').allInnerTexts()).sort(), ['/customer', '/status', '/total']);
  await one.page.getByRole('button', { name: 'Discard' }).click();
  await one.page.getByText('Valid by the schema.').waitFor();
  assert.deepEqual(one.wrong, []);
  assert.deepEqual(
    other.wrong.filter((line) => !line.includes('status of 412')),
    [],
  );
  await one.context.close();
  await other.context.close();
});

for (const transport of ['auto', 'longpoll'] as const) {
  test(`the connection cut, the server killed and started again, over ${transport === 'auto' ? 'a WebSocket' : 'long-polling'}: each message is shown once, in order`, async () => {
    const lives = await openStage();
    const proxy = await FaultyProxy.listen(seededRandom(7));
    proxy.aim(lives.server.url);
    const { page, context, wrong } = await openPage({
      browser,
      url: proxy.url,
      key: ADMIN_KEY,
      path: 'live',
      height: 2000,
      kept: { 'godwit.patterns': 'count.**', 'godwit.transport': transport },
    });
    await page.locator(`.state-line[data-status="open"][data-transport="${transport === 'auto' ? 'websocket' : 'longpoll'}"]`).waitFor();
    let said = 0;
    let publisher = lives.client;
    const say = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n++) await publisher.publish('count.up', ++said);
    };
    const exact = async (): Promise<void> => {
      await page.waitForFunction((n) => document.querySelector('.row .row-data')?.textContent === String(n), said, { timeout: 45_000 });
      const texts = await page.locator('.row .row-data').allInnerTexts();
      assert.deepEqual(
        texts.map(Number),
        Array.from({ length: said }, (_, index) => said - index),
      );
    };
    await say(5);
    await exact();
    proxy.cutAll(true);
    await say(5);
    await exact();
    lives.server.kill('SIGKILL');
    await lives.server.exited;
    proxy.cutAll(true);
    await page.locator('.state-line[data-status="reconnecting"]').waitFor({ timeout: 45_000 });
    const next = await startProcess({ data: lives.data, flags: FLAGS });
    publisher = createClient({ url: next.url, key: ADMIN_KEY });
    await say(10);
    proxy.aim(next.url);
    await exact();
    await say(5);
    await exact();
    assert.deepEqual(
      wrong.filter((line) => !/ERR_|WebSocket connection|status of 50/.test(line)),
      [],
      'a broken connection is what the browser reports, and nothing else',
    );
    await context.close();
    await publisher.close();
    await proxy.close();
    next.kill('SIGKILL');
    await next.exited;
    await lives.close();
  });
}

test('a key without admin sees and can do only what it may', async () => {
  const { page, context, wrong, accessibility } = await open('', { key: story.reader });
  await page.getByRole('heading', { name: 'Live' }).waitFor();
  assert.deepEqual(
    (await tabs(page)).map((text) => text.split(' ')[0]),
    ['Live', 'Documents', 'Subscriptions', 'Tokens', 'You'],
  );
  assert.equal(await page.getByRole('button', { name: 'Publish', exact: true }).count(), 0);
  for (const forbidden of ['health', 'connections']) {
    await page.goto(`${stage.server.url}/console/${forbidden}`);
    await page.getByText('Not for these credentials').waitFor();
    assert.deepEqual(await accessibility(), []);
  }
  await page.goto(`${stage.server.url}/console/documents/orders/1001`);
  await page.locator('.pane .json').waitFor();
  assert.deepEqual(await page.locator('.collections a').allInnerTexts(), ['orders']);
  assert.deepEqual([await page.locator('textarea').count(), await page.getByRole('button', { name: /New|Schema|Remove|Delete/ }).count()], [0, 0]);
  await page.goto(`${stage.server.url}/console/documents/customers`);
  await page.getByText('There is no collection customers that you may see').waitFor();
  await page.goto(`${stage.server.url}/console/live`);
  await page.getByLabel('Patterns').fill('customers.**');
  await page.keyboard.press('Enter');
  await page.locator('.state.failed').getByText('Not allowed').waitFor();
  assert.deepEqual(await accessibility(), []);
  assert.deepEqual(
    wrong.filter((line) => !line.includes('status of 403')),
    [],
  );
  await context.close();
});

test('a key is made, shown once with lines to paste, used, and revoked: who used it is out', async () => {
  const admin = await open('keys');
  const { page } = admin;
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Name').fill('Passing by');
  await page.getByLabel('On what, scope 1').fill('passing.**');
  await page.getByRole('button', { name: 'Make the key' }).click();
  const secret = await page.locator('[data-secret]').innerText();
  assert.match(await page.locator('.snippet').innerText(), new RegExp(`curl .*${secret}`));
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('[data-secret]').count(), 1, 'what is shown once is not closed by a slip');
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.locator('td', { hasText: 'Passing by' }).waitFor();
  assert.ok(!(await page.content()).includes(secret));

  const user = await open('live', { key: secret });
  await user.page.getByText('No messages yet').waitFor();
  await page.getByRole('button', { name: 'Revoke Passing by' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.locator('td', { hasText: 'Passing by' }).waitFor({ state: 'detached' });
  await user.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await user.page.locator('.notice').waitFor();
  assert.deepEqual(admin.wrong, []);
  await admin.context.close();
  await user.context.close();
});

test('connections are shown and ended; a durable subscription is made, lags, and is deleted', async () => {
  const guest = createClient({ url: stage.server.url, key: story.reader, instance: 'guest' });
  await guest.connect();
  const { page, context, wrong } = await open('connections');
  const rows = page.locator('.table tbody tr', { hasText: 'shop-window' });
  await rows.nth(1).waitFor();
  await page.getByRole('button', { name: 'End the connection of shop-window' }).last().click();
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  await page.goto(`${stage.server.url}/console/subscriptions`);
  await page.getByRole('button', { name: 'New subscription' }).click();
  await page.getByLabel('Name').fill('late');
  await page.getByLabel('Patterns').fill('lag.**');
  await page.getByRole('button', { name: 'Create' }).click();
  const row = page.locator('tr', { hasText: 'late' });
  await row.waitFor();
  for (let n = 0; n < 7; n++) await stage.client.publish('lag.a', n);
  await row.locator('td[data-name="Pending"]', { hasText: '7' }).waitFor();
  await page.getByRole('button', { name: 'Delete late' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await row.waitFor({ state: 'detached' });
  assert.deepEqual(wrong, []);
  await context.close();
  await guest.close();
});

test('the settings in force are shown over a WebSocket too', async () => {
  const { page, context, wrong } = await open('you');
  await page.locator('.state-line[data-transport="websocket"]').waitFor();
  await page.getByRole('link', { name: 'Health' }).click();
  await page.locator('.settings td', { hasText: 'heartbeatInterval' }).waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test('an empty server says so on every page, and one that is out of reach too', async () => {
  const bare = await openStage();
  const { page, context, accessibility } = await openPage({ browser, url: bare.server.url, key: ADMIN_KEY, path: 'live' });
  for (const [path, text] of [
    ['live', 'No messages yet'],
    ['documents', 'No collections yet'],
    ['subscriptions', 'No durable subscriptions'],
  ] as const) {
    await page.goto(`${bare.server.url}/console/${path}`);
    await page.getByText(text).first().waitFor();
    assert.deepEqual(await accessibility(), [], path);
  }
  await page.goto(`${bare.server.url}/console/health`);
  await page.locator('.plot canvas').first().waitFor();
  bare.server.kill('SIGKILL');
  await bare.server.exited;
  await page.locator('.state-line[data-status="reconnecting"]').waitFor();
  await page.getByText('What is shown may be old').waitFor({ timeout: 45_000 });
  assert.deepEqual(await accessibility(), []);
  await context.close();
  await bare.close();
});
