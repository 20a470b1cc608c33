// `node scripts/docs/build.ts`: writes the reference as plain HTML into packages/server/dist/docs, from the tables that the server runs on, the contract
// and the executed examples. `npm run build` runs it when one of these has changed.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { contractPage } from './contract.ts';
import { readExamples } from './examples.ts';
import { type Page, pageText } from './html.ts';
import { messagesPage } from './messages.ts';
import { operationsPage } from './operations.ts';
import { closeCodesPage, errorsPage, indexPage, scopesPage, settingsPage } from './tables.ts';

const root = new URL('../../', import.meta.url);

/** Every page, the first one first. */
export const pages = (): readonly Page[] => {
  const text = readFileSync(new URL('docs/protocol.md', root), 'utf8');
  const examples = readExamples();
  // The contract comes first: it knows which clauses the others may lead to.
  const contract = contractPage(text);
  const others = [operationsPage(examples), messagesPage(examples), errorsPage(examples), closeCodesPage(text), scopesPage(), settingsPage(), contract];
  return [indexPage(others), ...others];
};

/** Files by their names. */
export const files = (): ReadonlyMap<string, string> => new Map(pages().map((page) => [`${page.path === '' ? 'index' : page.path}.html`, pageText(page)]));

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = fileURLToPath(new URL('packages/server/dist/docs/', root));
  const made = files();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, html] of made) writeFileSync(`${folder}${name}`, html);
  for (const name of ['style.css', 'icon.svg']) copyFileSync(fileURLToPath(new URL(name, import.meta.url)), `${folder}${name}`);
}
