// What the tests in a browser, and the pictures, stand on: a server process with something in it, and pages that say what went wrong in them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@godwit/client';
import type { Browser, BrowserContext, Page } from '../../server/testing/browser.ts';
import { visit } from '../../server/testing/look.ts';
import { ADMIN_KEY, type ServerProcess, startProcess } from '../../server/testing/process.ts';

export { ADMIN_KEY };

/** No limit is in the way of a test. */
export const FLAGS = ['--operations-per-minute', '1000000000', '--messages-per-second', '1000000000', '--connections-per-client', '1000'];

export interface Stage {
  readonly server: ServerProcess;
  readonly data: string;
  /** Of the admin key. */
  readonly client: Client;
  close(): Promise<void>;
}

export const ORDER = {
  type: 'object',
  required: ['total', 'status', 'customer'],
  properties: {
    total: { type: 'number', minimum: 0 },
    status: { enum: ['open', 'paid', 'shipped', 'cancelled'] },
    customer: { type: 'string', minLength: 1 },
    lines: {
      type: 'array',
      items: { type: 'object', required: ['sku', 'count'], properties: { sku: { type: 'string' }, count: { type: 'integer', minimum: 1 } } },
    },
  },
  additionalProperties: false,
};

export const READING = {
  type: 'object',
  required: ['celsius', 'battery', 'ok'],
  properties: { celsius: { type: 'number', minimum: -90, maximum: 60 }, battery: { type: 'integer', minimum: 0, maximum: 100 }, ok: { type: 'boolean' } },
};

/** A server process on a directory of its own, that knows a topic by its schema. */
export const openStage = async (): Promise<Stage> => {
  const data = mkdtempSync(join(tmpdir(), 'godwit-console-'));
  const config = join(data, 'stage.config.json');
  writeFileSync(config, JSON.stringify({ topics: { 'sensors.*.reading': { schema: READING } } }));
  const server = await startProcess({ data, flags: [...FLAGS, '--config', config] });
  const client = createClient({ url: server.url, key: ADMIN_KEY });
  const close = async (): Promise<void> => {
    await client.close();
    server.kill('SIGKILL');
    await server.exited;
    rmSync(data, { recursive: true, force: true });
  };
  return { server, data, client, close };
};

export interface OpenOptions {
  readonly browser: Browser;
  readonly url: string;
  readonly key?: string | undefined;
  readonly path?: string;
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Kept for the tab beside the key. */
  readonly kept?: Readonly<Record<string, string>>;
}

export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Console errors, exceptions, what the policy refused, requests to elsewhere: what must stay empty. */
  readonly wrong: string[];
  /** What axe finds in the page as it is now. */
  accessibility(): Promise<string[]>;
}

/** A tab of its own at a page of the console, signed in where a key is given. */
export const openPage = async ({ browser, url, key, path = '', theme = 'light', width = 1440, height = 900, kept = {} }: OpenOptions): Promise<Opened> => {
  const { page, faults: wrong, accessibility } = await visit(browser, url, { width, height, scheme: theme });
  await page.addInitScript(
    (items: Record<string, string>) => {
      for (const [name, value] of Object.entries(items)) if (sessionStorage.getItem('godwit.left') === null) sessionStorage.setItem(name, value);
    },
    { ...(key === undefined ? {} : { 'godwit.credential': key }), ...kept },
  );
  await page.goto(`${url}/console/${path}`);
  return { page, context: page.context(), wrong, accessibility };
};
