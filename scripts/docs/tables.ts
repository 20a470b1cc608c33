// The pages made of one table each: errors, close codes, scopes, settings; and the first page, which leads to all.
import { BOUNDS, CHANGES, CLOSE_CODES, ERRORS, OPERATIONS, type Operation, PROTOCOL_VERSION, SETTINGS } from '@godwit/protocol';
import { environmentName, flagName, formatValue, PLACES } from '../../packages/server/config.ts';
import { describeRule, type ValueRule } from '../../packages/server/settings.ts';
import { SERVER_VERSION } from '../../packages/server/version.ts';
import { bound } from '../reference.ts';
import { closeCodeAdvice } from './contract.ts';
import type { Example } from './examples.ts';
import { clauseLink, facts, heading, PAGES, type Page, pathOf, two, words } from './html.ts';
import { escaped } from './markdown.ts';
import { examples } from './shapes.ts';

const rows = (columns: readonly string[], body: readonly (readonly string[])[]): string =>
  `<table><thead><tr>${columns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${body
    .map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
    .join('')}</tbody></table>`;

export const errorsPage = (all: readonly Example[]): Page => ({
  path: 'errors',
  title: 'Errors',
  lead: 'Every error is `{code, message, details}`: a code from this catalogue, a sentence for a person, and what a program can use (8.1.1).',
  contents: [],
  body: [
    `<p><code>details.retryable</code> says whether the same request can succeed later, <code>details.retryAfterMs</code> when; <code>details.field</code> names the first field at fault as a JSON pointer into the request,
<code>details.errors</code> all of them. Clients retry what can succeed later at most three times, with the same requestId (${clauseLink('8.2.1')}).</p>`,
    rows(
      ['Code', 'Status', 'Retry'],
      Object.entries(ERRORS).map(([code, { status, retryable }]) => [`<a href="#${code}"><code>${code}</code></a>`, String(status), retryable ? 'yes' : 'no']),
    ),
    ...Object.entries(ERRORS).map(([code, { status, retryable, sentence, remedy }]) => {
      const some = all.filter(({ error }) => error === code);
      const told = [
        heading(2, code, `<code>${code}</code>`),
        `<p class="sentence">${words(sentence)}</p>`,
        facts([
          [
            'Status',
            code === 'BATCH_FAILED'
              ? 'that of the operation that failed'
              : code === 'UNSUPPORTED_VERSION'
                ? '400; 404 where the version is in the URL'
                : String(status),
          ],
          ['Retry', retryable ? 'the same request can succeed later' : 'not the same request'],
          ['Remedy', words(remedy)],
        ]),
      ];
      return two(told.join(''), examples(some), code);
    }),
  ].join('\n'),
});

const RANGES = [
  ['4000 to 4099', 'reconnect at once'],
  ['4100 to 4199', 'reconnect with backoff'],
  ['4200 to 4299', 'renew the credentials and reconnect'],
  ['4300 to 4399', 'do not reconnect'],
] as const;

export const closeCodesPage = (contract: string): Page => {
  const advice = closeCodeAdvice(contract);
  const should = (code: string): string => advice.get(code)?.replace(/^-$/, 'as it likes') ?? '';
  return {
    path: 'close-codes',
    title: 'Close codes',
    lead: 'Why a WebSocket was closed, and what its client should do (5.3).',
    contents: [],
    body: [
      '<table class="codes"><thead><tr><th scope="col">Code</th><th scope="col">When</th><th scope="col">The client should</th></tr></thead><tbody>',
      ...Object.entries(CLOSE_CODES).map(
        ([code, when]) =>
          `<tr id="${code}"><th scope="row"><a href="#${code}"><code>${code}</code></a></th><td>${words(when)}</td><td>${words(should(code))}</td></tr>`,
      ),
      '</tbody></table>',
      heading(2, 'ranges', 'A code that a client does not know'),
      '<p>The range tells what to do with it. Every reconnect is spread by up to 1 s.</p>',
      rows(['Range', 'The client should'], RANGES),
    ].join('\n'),
  };
};

const SCOPES: readonly (readonly [id: string, form: string, text: string, fits: (row: Operation) => boolean])[] = [
  [
    'read',
    'read:<var>collection</var>',
    'Reads and lists the documents of a collection, or of every one with `read:*`; and the messages of their changes, together with `subscribe`.',
    ({ access }) => access === 'read',
  ],
  [
    'write',
    'write:<var>collection</var>',
    'Creates, changes and removes the documents of a collection, or of every one with `write:*`.',
    ({ access }) => access === 'write',
  ],
  ['publish', 'publish:<var>pattern</var>', 'Publishes to the topics that the pattern matches.', ({ access }) => access === 'publish'],
  [
    'subscribe',
    'subscribe:<var>pattern</var>',
    'Reads and follows what the pattern covers. Messages of a collection’s topics reach only those who may also `read` it.',
    ({ access, name }) => access === 'subscribe' || name.endsWith('Subscription'),
  ],
  [
    'admin',
    'admin',
    'Everything: the above for all, and keys, collections, connections, statistics. No token can carry it.',
    ({ access }) => access === 'admin',
  ],
];

export const scopesPage = (): Page => {
  const list = (fits: (row: Operation) => boolean): string =>
    (OPERATIONS as readonly Operation[])
      .filter(fits)
      .map(
        ({ name, method, path }) =>
          `<li><a href="/docs/operations#${name}"><span class="method ${method.toLowerCase()}">${method}</span> <code>${escaped(`/v1${path}`)}</code></a></li>`,
      )
      .join('');
  return {
    path: 'scopes',
    title: 'Scopes',
    lead: 'What a key or a token may do is the list of its scopes (11.3). Those of a token lie within those of the key that minted it (11.2).',
    contents: SCOPES.map(([id]) => [id, id]),
    body: [
      ...SCOPES.map(
        ([id, form, text, fits]) => `${heading(2, id, `<code>${form}</code>`, id)}<p>${words(text)}</p><ul class="overview plain">${list(fits)}</ul>`,
      ),
      heading(2, 'any', 'Any valid credentials'),
      '<p>Of these operations a client sees only what is its own; what they do is judged by the scopes above.</p>',
      `<ul class="overview plain">${list(({ access }) => access === 'any')}</ul>`,
      heading(2, 'none', 'No credentials'),
      `<ul class="overview plain">${list(({ access }) => access === 'none')}</ul>`,
    ].join('\n'),
  };
};

type Row = ValueRule & { readonly default?: unknown; readonly clause: string; readonly reason: string };

const setting = ([name, entry]: [string, Row]): string => {
  const fallback =
    entry.default === undefined || (Array.isArray(entry.default) && entry.default.length === 0)
      ? 'none'
      : `<code>${escaped(formatValue(entry.unit, entry.default))}</code>`;
  const limit = (value: number | undefined): string => `<code>${formatValue(entry.unit, value)}</code>`;
  return [
    `<section class="setting" aria-labelledby="${name}">${heading(3, name, `<code>${name}</code>`)}`,
    `<p>${words(entry.reason.charAt(0).toUpperCase() + entry.reason.slice(1))}.</p>`,
    facts([
      ['Default', fallback],
      ...(entry.min === undefined || entry.max === undefined
        ? [['Allowed', escaped(describeRule(entry))] as const]
        : [['Least, most', `${limit(entry.min)}, ${limit(entry.max)}`] as const]),
      ['Flag', `<code>${flagName(name)}</code>`],
      ['Environment', `<code>${environmentName(name)}</code>`],
      ['Clause', /\./.test(entry.clause) ? clauseLink(entry.clause) : `<a class="clause" href="/docs/contract#${entry.clause}">section ${entry.clause}</a>`],
    ]),
    '</section>',
  ].join('');
};

export const settingsPage = (): Page => ({
  path: 'settings',
  title: 'Settings',
  lead: 'From a configuration file, the environment or flags, the later over the earlier (section 13 of the contract). What is in force is shown by `GET /v1`.',
  contents: [
    ['protocol', 'The protocol'],
    ['process', 'The process'],
    ['bounds', 'Bounds that are no settings'],
  ],
  body: [
    `<ul><li>A duration is a number with <code>ms</code>, <code>s</code>, <code>m</code>, <code>h</code> or <code>d</code>; a size a number of bytes or one with <code>KB</code>, <code>MB</code> or <code>GB</code>, where 1 KB is 1,024 bytes; a switch is <code>on</code> or <code>off</code>.</li>
<li>The names are those of a configuration file, <code>godwit.config.json</code>, <code>.js</code> or <code>.ts</code>, and of <code>createServer({ settings })</code>.</li>
<li><code>GODWIT_ADMIN_KEY</code>, in the environment only, gives the first admin key: 16 characters or more.</li>
<li>What is unknown or ill-formed stops the start with a sentence.</li></ul>`,
    heading(2, 'protocol', 'The protocol'),
    `<div class="settings">${Object.entries<Row>(SETTINGS).map(setting).join('')}</div>`,
    heading(2, 'process', 'The process'),
    `<div class="settings">${Object.entries<Row>(PLACES).map(setting).join('')}</div>`,
    heading(2, 'bounds', 'Bounds that are no settings'),
    facts(Object.entries(BOUNDS).map(([name, value]) => [`<code>${name}</code>`, escaped(bound(value))])),
  ].join('\n'),
});

export const indexPage = (pages: readonly Page[]): Page => ({
  path: '',
  title: 'Godwit reference',
  lead: 'One protocol for an application’s API and its realtime: documents over REST, messages over WebSocket, long-polling and server-sent events.',
  contents: [],
  body: [
    `<p>Server ${SERVER_VERSION}, protocol ${PROTOCOL_VERSION}, ${CHANGES[0]?.date ?? ''}. Every page is made from the tables that the server runs on, and every example was executed against one.</p>`,
    `<ul class="cards">${PAGES.slice(1)
      .map(
        ([path, title]) =>
          `<li><a href="${pathOf(path)}"><strong>${title}</strong> <span>${words(pages.find((page) => page.path === path)?.lead ?? '').replaceAll(/<\/?a[^>]*>/g, '')}</span></a></li>`,
      )
      .join('')}</ul>`,
    heading(2, 'machines', 'For machines'),
    `<ul><li><a href="/v1/openapi.json" download>openapi.json</a>: OpenAPI 3.1 of this server. With a key it also describes the collections that the key may read, each with its schema.</li>
<li><a href="/v1/asyncapi.json" download>asyncapi.json</a>: AsyncAPI 3.0 of its WebSocket, event stream and topics.</li>
<li><a href="/v1">/v1</a>: the discovery document, with the limits in force. <a href="/v1/changelog">/v1/changelog</a>: what changed from version to version.</li></ul>`,
    heading(2, 'yours', 'What is your application’s own'),
    `<p>This reference is that of the protocol, the same on every server of this version. The collections and actions that an application declares are operations like the others: those of this server are in its <code>openapi.json</code>.</p>`,
    heading(2, 'people', 'For people'),
    '<p>The <a href="/console">console</a> of this server shows its messages, documents, subscriptions, connections and health.</p>',
  ].join('\n'),
});
