// What a real browser makes of the policy of the console's pages: the WebSocket and the calls of their own origin pass, and nothing else does,
// nor any script that stands in the page itself.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type Browser, launchBrowser } from '../../testing/browser.ts';
import { KEY, type TestServer, testServer } from '../../testing/server.ts';

let server: TestServer;
let browser: Browser;
const elsewhere = createServer((_request, response) => response.writeHead(200, { 'access-control-allow-origin': '*' }).end('elsewhere'));
let other: string;
before(async () => {
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  other = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  server = await testServer();
  browser = await launchBrowser();
});
after(async () => {
  await browser.close();
  await server.close();
  elsewhere.close();
});

/** Opens a WebSocket from within the page: its first message, or why there is none. */
const talk = ([url, key]: [string, string]): Promise<string> =>
  new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(`refused by ${effectiveDirective}`));
    const socket = new WebSocket(url, ['godwit.v1', `bearer.${key}`]);
    socket.onmessage = ({ data }) => {
      socket.close();
      resolve(String(data));
    };
    socket.onclose = ({ code }) => resolve(`closed ${code}`);
  });

test("'self' is the WebSocket and the API of this origin, under whichever name, and nothing else", async () => {
  const { port } = new URL(server.url);
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
    const page = await browser.newPage();
    await page.goto(`http://${host}/console`);
    assert.match(await page.evaluate(talk, [`ws://${host}/v1/ws`, KEY] as [string, string]), /\$sys\.welcome/, host);
    const asked = await page.evaluate(async (key) => {
      const response = await fetch('/v1/topics/hello/messages', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ requestId: crypto.randomUUID?.() ?? String(Math.random()), data: 1 }),
      });
      return response.status;
    }, KEY);
    assert.equal(asked, 201, `${host}: a page of the server's own calls it`);
    assert.match(
      await page.evaluate(talk, [`${other.replace('http', 'ws')}/v1/ws`, KEY] as [string, string]),
      /^refused by connect-src|^refused by default-src/,
    );
    await page.close();
  }
});

test('no other origin is asked, no script within the page runs, no other page frames it', async () => {
  const page = await browser.newPage();
  await page.goto(`${server.url}/console`);
  const tried = await page.evaluate(async (url) => {
    const refused: string[] = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.push(effectiveDirective));
    const fetched = await fetch(url).then(
      () => 'fetched',
      () => 'refused',
    );
    const script = document.createElement('script');
    script.textContent = 'document.title = "ran"';
    document.body.append(script);
    const image = document.createElement('img');
    const loaded = new Promise<string>((resolve) => {
      image.onload = () => resolve('loaded');
      image.onerror = () => resolve('refused');
    });
    image.src = `${url}/x.png`;
    document.body.append(image);
    return { fetched, image: await loaded, title: document.title, refused };
  }, other);
  assert.deepEqual([tried.fetched, tried.image], ['refused', 'refused']);
  assert.notEqual(tried.title, 'ran');
  assert(tried.refused.some((directive) => directive.startsWith('script-src')) && tried.refused.includes('connect-src'), tried.refused.join());

  const framing = await browser.newPage();
  await framing.setContent(`<iframe src="${server.url}/console"></iframe>`);
  assert.match(framing.frames()[1]?.url() ?? '', /^chrome-error:/, 'in the frame stands the browser’s own refusal');
  await Promise.all([page.close(), framing.close()]);
});
