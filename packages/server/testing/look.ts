// Looks at a page as a careful visitor would: what it breaks of its own policy, what it says on the console, whom it asks, whether it is
// wider than the screen, and what axe finds that some people could not use.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from './browser.ts';

export interface Looks {
  readonly width: number;
  readonly height?: number;
  readonly scheme: 'light' | 'dark';
}

/** The four looks that every page is held against. */
export const LOOKS: readonly Looks[] = [360, 1440].flatMap((width) => (['light', 'dark'] as const).map((scheme) => ({ width, scheme })));

/** A page that is watched from before its first byte. Close it at the end. */
export interface Visit {
  readonly page: Page;
  /** What went wrong so far, a sentence each. */
  readonly faults: string[];
  /** Axe over the page as it is now: a sentence for each violation. */
  accessibility(): Promise<string[]>;
  /** How many pixels it is wider than the screen; 0 where it fits. */
  overhang(): Promise<number>;
  /** Writes a picture below `tmp/screenshots` of the workspace, which is not checked in; resolves with its path. */
  picture(name: string, whole?: boolean): Promise<string>;
  close(): Promise<void>;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** `target-size`, of WCAG 2.2, is asked for by its tag only. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const PICTURES = fileURLToPath(new URL('../../../tmp/screenshots/', import.meta.url));

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Opens an empty page on which nothing goes unseen; `origin` is the only one that it may ask. */
export const visit = async (browser: Browser, origin: string, { width, height = 900, scheme }: Looks): Promise<Visit> => {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
  const asked = (url: string): void => {
    const { origin: other, protocol } = new URL(url.replace(/^ws/, 'http'));
    if (other !== origin && !['data:', 'blob:', 'about:'].includes(protocol)) faults.push(`asked ${other}`);
  };
  page.on('request', (request) => asked(request.url()));
  page.on('websocket', (socket) => asked(socket.url()));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(`policy: ${violatedDirective} ${blockedURI}`));
  });
  return {
    page,
    faults,
    accessibility: async () => {
      // Evaluated by the debugger, which the page's policy does not bind; a script element of ours would be refused.
      await page.evaluate(AXE);
      const options = JSON.stringify({ runOnly: { type: 'tag', values: RULES }, resultTypes: ['violations'] });
      const violations = await page.evaluate<Violation[]>(`axe.run(document, ${options}).then(({ violations }) => violations)`);
      return violations.flatMap(({ id, help, nodes }) =>
        nodes.slice(0, 3).map((node) => `${id}: ${help}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
      );
    },
    overhang: () => page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)),
    picture: async (name, whole = false) => {
      mkdirSync(PICTURES, { recursive: true });
      const path = `${PICTURES}${name}.png`;
      await page.screenshot({ path, fullPage: whole });
      return path;
    },
    close: () => context.close(),
  };
};
