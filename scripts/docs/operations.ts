// The page of operations: each row of the table with its shapes and what a real server answered.
import { OPERATIONS, type Operation } from '@godwit/protocol';
import { ACCESS, BATCH } from '../reference.ts';
import type { Example } from './examples.ts';
import { clauseLink, errorLink, facts, heading, type Page, two, words } from './html.ts';
import { escaped } from './markdown.ts';
import { examples, shape } from './shapes.ts';

/** How the page is divided: by the sections of the contract, the first that fits. */
const GROUPS: readonly (readonly [id: string, title: string, clauses: RegExp])[] = [
  ['discovery', 'Discovery', /^(?:3\.1|10)\b/],
  ['documents', 'Documents', /^3\.2\.[1-4]$/],
  ['collections', 'Collections', /^3\.2\.5$/],
  ['publishing', 'Publishing and reading', /^6\.2\.[12]$/],
  ['subscriptions', 'Subscriptions', /^6\.2\b/],
  ['websocket', 'WebSocket', /^5\b/],
  ['batches', 'Batches', /^9\b/],
  ['access', 'Access', /^11\.(?:[1-4]|6)$/],
  ['operating', 'Operating', /./],
];

const rows: readonly Operation[] = OPERATIONS;
const groupOf = (row: Operation): string => GROUPS.find(([, , clauses]) => clauses.test(row.clause))?.[0] as string;

/** A path with what stands for something marked. */
const pathHtml = (path: string): string => escaped(`/v1${path}`).replace(/\{\w+\}/g, (part) => `<var>${part}</var>`);
const method = (row: Operation): string => `<span class="method ${row.method.toLowerCase()}">${row.method}</span>`;

const access = (row: Operation): string =>
  words((ACCESS[row.access] ?? `scope \`${row.access.replace(/^scope:/, '')}\``).replace('scope ', '')).replace(
    '<code>admin</code>',
    '<a href="/docs/scopes#admin"><code>admin</code></a>',
  );

const answer = (row: Operation): string => {
  if (row.name === 'connect') return '<p>Answers by becoming a WebSocket (101).</p>';
  if (row.bare === true) return '<p>Answers a document of its own, without an envelope.</p>';
  return shape('<code>data</code> of the response', row.result);
};

const part = (row: Operation, some: readonly Example[]): string =>
  two(
    [
      heading(3, row.name, `${row.summary}`, row.summary),
      `<p class="line">${method(row)} <code>${pathHtml(row.path)}</code></p>`,
      row.deprecated === undefined ? '' : '<p><strong>Deprecated.</strong></p>',
      facts([
        ['Operation', `<code>${row.name}</code>, ${clauseLink(row.clause)}, since ${row.since}`],
        ['Access', access(row)],
        ['Success', row.name === 'connect' ? '101' : String(row.success)],
        ['Repeated', row.remembered ? 'takes effect once by its requestId' : row.method === 'GET' ? 'freely' : 'not remembered'],
        ['In a batch', BATCH[row.batch]],
        ...(row.errors.length === 0 ? [] : ([['Errors', row.errors.map(errorLink).join(', ')]] as const)),
      ]),
      shape('Query', row.query),
      shape('<code>data</code> of the request', row.data),
      answer(row),
    ].join('\n'),
    examples(some),
    row.name,
  );

export const operationsPage = (all: readonly Example[]): Page => ({
  path: 'operations',
  title: 'Operations',
  lead: 'Everything that can be asked, over HTTP, in a WebSocket request or in a batch: one vocabulary, the same rules and errors. The examples were executed against a real server.',
  contents: GROUPS.map(([id, title]) => [id, title]),
  body: [
    `<p>Requests with a body are <code>{requestId, data}</code>, answers <code>{requestId, timestamp, status, data}</code> or <code>{…, error}</code> (${clauseLink('4.1.1')}, ${clauseLink('4.2.1')}); the shapes below are those of <code>data</code>.
The errors named are an operation’s own: any may meet the <a href="/docs/errors">others</a> that fit. <code>$KEY</code> is an API key or a token. <strong>Collections and actions of an application</strong> are operations too: those of this server are in its own <a href="/v1/openapi.json">openapi.json</a>,
with a key that may read them.</p>`,
    ...GROUPS.flatMap(([id, title]) => {
      const own = rows.filter((row) => groupOf(row) === id);
      const list = own.map((row) => `<li><a href="#${row.name}">${method(row)} <code>${pathHtml(row.path)}</code> <span>${row.summary}</span></a></li>`);
      return [
        heading(2, id, title, title),
        `<ul class="overview">${list.join('')}</ul>`,
        ...own.map((row) =>
          part(
            row,
            all.filter(({ operation }) => operation === row.name),
          ),
        ),
      ];
    }),
  ].join('\n'),
});
