// The reference as it is served: complete, linked, and in a real browser free of violations of its policy and of what axe finds, in light and
// dark, on a phone and on a desk.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CLOSE_CODES, ERRORS, NOTICES, OPERATIONS, SETTINGS } from '@godwit/protocol';
import { PLACES } from '../../packages/server/config.ts';
import { type Browser, launchBrowser } from '../../packages/server/testing/browser.ts';
import { LOOKS, visit } from '../../packages/server/testing/look.ts';
import { type TestServer, testServer } from '../../packages/server/testing/server.ts';
import { files } from './build.ts';
import { readExamples } from './examples.ts';

const made = files();
const pathOf = (name: string): string => `/docs/${name}`.replace(/(?:\/index)?\.html$/, '');
const page = (name: string): string => made.get(`${name}.html`) as string;

let server: TestServer;
let browser: Browser;
before(async () => {
  server = await testServer();
  browser = await launchBrowser();
});
after(async () => {
  await browser.close();
  await server.close();
});

test('what is served is what would be made now: else run `npm run build`', async () => {
  for (const [name, html] of made) {
    const answer = await server.as('').ask('GET', pathOf(name));
    assert.equal(answer.status, 200, name);
    assert(answer.text === html, `${name} is stale`);
  }
});

test('every row of every table has its place, and every link leads somewhere', () => {
  const ids = new Map([...made].map(([name, html]) => [pathOf(name), [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id as string)]));
  for (const [path, own] of ids) assert.equal(new Set(own).size, own.length, `${path} has an id twice`);
  const has = (path: string, names: readonly string[]): void => {
    for (const name of names) assert(ids.get(path)?.includes(name), `${path}#${name}`);
  };
  has(
    '/docs/operations',
    OPERATIONS.map(({ name }) => name),
  );
  has('/docs/errors', Object.keys(ERRORS));
  has('/docs/close-codes', Object.keys(CLOSE_CODES));
  has('/docs/settings', [...Object.keys(SETTINGS), ...Object.keys(PLACES)]);
  has('/docs/messages', Object.keys(NOTICES));
  has(
    '/docs/contract',
    OPERATIONS.map(({ clause }) => clause),
  );
  has('/docs/contract', ['1', '6.1', '6.2.8', '13', '3.1.1', '12.4']);
  for (const [name, html] of made) {
    assert(!/undefined|\[object|NaN/.test(html), name);
    for (const [, href = ''] of html.matchAll(/ href="([^"]+)"/g)) {
      const [path = '', anchor] = href.split('#');
      if (/^\/(?:v1|console)\b/.test(path) || path === '/docs/style.css' || path === '/docs/icon.svg') continue;
      const target = ids.get(path === '' ? pathOf(name) : path);
      assert(target !== undefined, `${name}: ${href}`);
      if (anchor !== undefined) assert(anchor === 'content' || target.includes(anchor), `${name}: ${href}`);
    }
  }
});

test('every operation and every notice has an example, and so has every error that a request can bring about', () => {
  const examples = readExamples();
  for (const { name } of OPERATIONS)
    assert(
      examples.some(({ operation }) => operation === name),
      name,
    );
  for (const name of Object.keys(NOTICES))
    assert(
      examples.some(({ notice }) => notice === name),
      name,
    );
  const shown = new Set(examples.map(({ error }) => error));
  // What these tell of is a server that fails or is late, or what no client that speaks HTTP well would send.
  const hard = [
    'REQUEST_TIMEOUT',
    'REQUEST_IN_PROGRESS',
    'TOO_MANY_CONNECTIONS',
    'URI_TOO_LONG',
    'HEADERS_TOO_LARGE',
    'INTERNAL',
    'UNAVAILABLE',
    'TIMEOUT',
    'STORAGE_FULL',
  ];
  assert.deepEqual(
    Object.keys(ERRORS).filter((code) => !shown.has(code)),
    Object.keys(ERRORS).filter((code) => hard.includes(code)),
  );
  for (const example of examples) {
    if (!('response' in example) || example.error === undefined) continue;
    const { error } = example.response.body as { error: { code: string } };
    assert.equal(error.code, example.error);
    assert(page('errors').includes(`<code>${error.code}</code>`));
  }
});

test('nothing but its own style and picture: no script, no style within, nothing from elsewhere', () => {
  for (const [name, html] of made) {
    assert(!/<script|<iframe|<form| style="| on\w+="|javascript:/i.test(html), name);
    for (const [, source = ''] of html.matchAll(/ (?:src|href)="([^"]+)"/g)) assert(/^[/#]/.test(source), `${name}: ${source}`);
  }
});

for (const looks of LOOKS) {
  test(`in a browser, ${looks.width} pixels, ${looks.scheme}: no violation, nothing wider than the screen`, { timeout: 120_000 }, async () => {
    const seen = await visit(browser, server.url, looks);
    for (const name of made.keys()) {
      await seen.page.goto(server.url + pathOf(name));
      assert.deepEqual(await seen.accessibility(), [], name);
      assert.equal(await seen.overhang(), 0, name);
      await seen.picture(`docs-${name.replace('.html', '')}-${looks.width}-${looks.scheme}`);
    }
    assert.deepEqual(seen.faults, []);
    await seen.close();
  });
}

test('by keyboard alone: the first stop leads to the content, the next ones to the pages', async () => {
  const { page: shown, close } = await visit(browser, server.url, { width: 1440, scheme: 'light' });
  await shown.goto(`${server.url}/docs/operations`);
  await shown.keyboard.press('Tab');
  await shown.keyboard.press('Enter');
  assert.equal(await shown.evaluate(() => document.activeElement?.id), 'content');
  await shown.goto(`${server.url}/docs/contract#6.2.8`);
  const top = await shown.evaluate(() => document.getElementById('6.2.8')?.getBoundingClientRect().top);
  assert(top !== undefined && top >= 50 && top < 900, `the clause is in view and under no header: ${top}`);
  await close();
});
