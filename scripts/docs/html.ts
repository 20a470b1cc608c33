// The frame of every page of the reference: its head, the way to the others, its landmarks. No script, nothing from elsewhere.
import { CLOSE_CODES, ERRORS, OPERATIONS, SETTINGS } from '@godwit/protocol';
import { PLACES } from '../../packages/server/config.ts';
import { SERVER_VERSION } from '../../packages/server/version.ts';
import { escaped, inline, type Links } from './markdown.ts';

export interface Page {
  /** Below /docs; empty: the first page. */
  readonly path: string;
  readonly title: string;
  /** One sentence on what is found here. */
  readonly lead: string;
  /** The headings that the side names: anchor and words. */
  readonly contents: readonly (readonly [id: string, label: string])[];
  readonly body: string;
}

/** Every page in the order of the side. */
export const PAGES = [
  ['', 'Contents'],
  ['operations', 'Operations'],
  ['messages', 'Messages'],
  ['errors', 'Errors'],
  ['close-codes', 'Close codes'],
  ['scopes', 'Scopes'],
  ['settings', 'Settings'],
  ['contract', 'The contract'],
] as const;

export const pathOf = (page: string): string => (page === '' ? '/docs' : `/docs/${page}`);

const OPERATION_NAMES: ReadonlySet<string> = new Set(OPERATIONS.map(({ name }) => name));

/** Codes of errors, close codes, operations and settings lead to where they are told of. */
const codeLink = (text: string): string | undefined => {
  if (Object.hasOwn(ERRORS, text)) return `/docs/errors#${text}`;
  if (Object.hasOwn(CLOSE_CODES, text)) return `/docs/close-codes#${text}`;
  if (OPERATION_NAMES.has(text)) return `/docs/operations#${text}`;
  return Object.hasOwn(SETTINGS, text) || Object.hasOwn(PLACES, text) ? `/docs/settings#${text}` : undefined;
};

const clauses = new Set<string>();
/** Says which clauses there are, so that numbers of clauses lead there and other numbers stay numbers. */
export const knowClauses = (numbers: readonly string[]): void => {
  for (const number of numbers) clauses.add(number);
};

export const LINKS: Links = {
  clause: (number) => (clauses.has(number) ? `/docs/contract#${number}` : undefined),
  code: codeLink,
  target: (href) => (/^(?:https?:|\/)/.test(href) ? href : undefined),
};

/** A line of Markdown whose clauses and codes are links. */
export const words = (text: string): string => inline(text, LINKS);
export const clauseLink = (number: string): string => `<a class="clause" href="/docs/contract#${number}" aria-label="Clause ${number}">${number}</a>`;
export const errorLink = (code: string): string => `<a href="/docs/errors#${code}"><code>${code}</code></a>`;

/** A heading that can be linked to, and shows how when the pointer is over it. */
export const heading = (level: 2 | 3 | 4, id: string, html: string, name = id): string =>
  `<h${level} id="${escaped(id)}">${html}<a class="anchor" href="#${escaped(id)}" aria-label="Link to ${escaped(name)}">#</a></h${level}>`;

/** A list of facts: what, and what of it. */
export const facts = (rows: readonly (readonly [name: string, html: string])[]): string =>
  `<dl class="facts">${rows.map(([name, html]) => `<div><dt>${name}</dt><dd>${html}</dd></div>`).join('')}</dl>`;

/** A thing told of at the left, shown by examples at the right; `id`: that of the heading that names it. */
export const two = (told: string, shown: string, id?: string): string =>
  `<section class="operation"${id === undefined ? '' : ` aria-labelledby="${id}"`}><div class="told">${told}</div><div class="shown">${shown}</div></section>`;

const side = (page: Page): string => {
  const items = PAGES.map(([path, title]) => {
    const here = path === page.path;
    const own =
      here && page.contents.length > 0 ? `<ul class="own">${page.contents.map(([id, label]) => `<li><a href="#${id}">${label}</a></li>`).join('')}</ul>` : '';
    return `<li><a href="${pathOf(path)}"${here ? ' aria-current="page"' : ''}>${title}</a>${own}</li>`;
  });
  return `<nav class="side" aria-label="Pages"><ul>${items.join('')}</ul></nav>`;
};

/** A whole document. */
export const pageText = (page: Page): string => {
  const title = page.path === '' ? 'Godwit reference' : `${page.title} · Godwit reference`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><title>${title}</title>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<meta name="description" content="${escaped(page.lead)}">`,
    '<link rel="icon" href="/docs/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/docs/style.css"></head>',
    '<body><a class="skip" href="#content">To the content</a>',
    '<header class="top"><a class="name" href="/docs"><img src="/docs/icon.svg" alt="" width="28" height="28"> Godwit <span>reference</span></a>',
    `<p><span class="version">${SERVER_VERSION}</span><a href="/console">Console</a></p></header>`,
    `<div class="frame">${side(page)}`,
    `<main id="content" tabindex="-1"><h1>${page.title}</h1><p class="lead">${words(page.lead)}</p>`,
    page.body,
    '</main></div>',
    '<footer><p>Made from the tables that this server runs on. Machine-readable: <a href="/v1/openapi.json">openapi.json</a>, <a href="/v1/asyncapi.json">asyncapi.json</a>.</p></footer>',
    '</body></html>',
    '',
  ].join('\n');
};
