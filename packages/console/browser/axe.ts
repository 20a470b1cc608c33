// What axe-core finds wrong with a page as people with other senses use it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '../../server/testing/browser.ts';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Every violation as a line: the rule, and where. */
export const violations = async (page: Page): Promise<string[]> => {
  // Evaluated by the debugger, which the page's policy does not bind; a script element of ours would be refused.
  await page.evaluate(SOURCE);
  return page.evaluate(async (tags) => {
    const { axe } = window as unknown as {
      axe: { run(options: unknown): Promise<{ violations: { id: string; nodes: { target: unknown[]; failureSummary?: string }[] }[] }> };
    };
    const { violations: found } = await axe.run({ runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary = '' }) => `${id} at ${target.join(' ')}: ${failureSummary.split('\n')[1]?.trim() ?? ''}`),
    );
  }, RULES);
};
