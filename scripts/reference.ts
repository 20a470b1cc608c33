// `node scripts/reference.ts`: writes docs/reference/ and CHANGELOG.md from the tables that the server runs on, so that they cannot say
// anything else. reference.test.ts fails where what is checked in is not what this would write. Run after a build.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  ADMIN_KEY_LENGTH,
  BOUNDS,
  CHANGE_KINDS,
  CHANGES,
  CLOSE_CODES,
  CREDENTIAL_CHARACTERS,
  ERRORS,
  type JsonSchema,
  OPERATIONS,
  type Operation,
  SETTINGS,
} from '@godwit/protocol';
import { environmentName, flagName, formatValue, PLACES } from '../packages/server/config.ts';
import { describeRule, type ValueRule } from '../packages/server/settings.ts';
import { code, table } from './markdown.ts';
import { cliParts } from './reference-cli.ts';

const HEAD = '<!-- Made by scripts/reference.ts from the tables in the code: change those, then run it. -->';

const page = (...parts: readonly string[]): string => `${parts.filter((part) => part !== '').join('\n\n')}\n`;

/** What a schema is, in a few words. */
export const typeName = (schema: JsonSchema): string => {
  const {
    type,
    enum: choices,
    const: only,
    items,
    anyOf,
  } = schema as { type?: string | string[]; enum?: unknown[]; const?: unknown; items?: JsonSchema; anyOf?: JsonSchema[] };
  if (choices !== undefined) return choices.map((choice) => JSON.stringify(choice)).join(', ');
  if (only !== undefined) return JSON.stringify(only);
  if (anyOf !== undefined) return anyOf.map(typeName).join(' or ');
  if (type === 'array') return `array of ${items === undefined ? 'anything' : typeName(items)}`;
  return type === undefined ? 'anything' : [type].flat().join(' or ');
};

/** What a schema asks for beside its type, in Markdown. */
export const rulesOf = (schema: JsonSchema): string => {
  const { description, default: fallback, minimum, maximum, minLength, maxLength, minItems, maxItems, pattern, format } = schema;
  const range = (least: unknown, most: unknown, unit: string): string =>
    least === undefined && most === undefined
      ? ''
      : `${least === undefined ? 'at most' : most === undefined ? 'at least' : `${least} to`} ${most ?? least}${unit}`;
  const rules = [
    String(description ?? ''),
    typeof format === 'string' ? format : '',
    typeof pattern === 'string' ? code(pattern) : '',
    range(minimum, maximum, ''),
    range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' items'),
    fallback === undefined ? '' : `default ${code(String(fallback))}`,
  ];
  return rules.filter((rule) => rule !== '').join('; ');
};

/** The members of a shape, and below them those of the objects in it: name, type, whether required, rules. */
export const membersOf = (schema: JsonSchema, prefix = ''): string[][] => {
  const {
    properties = {},
    required = [],
    patternProperties = {},
  } = schema as { properties?: Record<string, JsonSchema>; required?: string[]; patternProperties?: Record<string, JsonSchema> };
  const own = Object.entries(properties).flatMap(([name, member]) => {
    const inner = member.type === 'array' ? ((member.items ?? {}) as JsonSchema) : member;
    const below = `${prefix}${name}${inner === member ? '' : '[]'}.`;
    return [[code(prefix + name), typeName(member), required.includes(name) ? 'yes' : '', rulesOf(member)], ...membersOf(inner, below)];
  });
  return [...own, ...Object.values(patternProperties).map((member) => [code('filter[...]'), typeName(member), '', rulesOf(member)])];
};

const shapeTable = (title: string, schema: JsonSchema | undefined): string => {
  if (schema === undefined) return '';
  if (Array.isArray(schema.anyOf))
    return (schema.anyOf as JsonSchema[]).map((one, index) => shapeTable(index === 0 ? title : `${title}, or`, one)).join('\n\n');
  const members = membersOf(schema);
  const rules = rulesOf(schema);
  if (members.length === 0) return `${title}: ${typeName(schema)}${rules === '' ? '' : `; ${rules}`}.`;
  return `${title}:\n\n${table(['member', 'type', 'required', 'rule'], members)}`;
};

export const ACCESS: Readonly<Record<string, string>> = {
  none: 'no credentials',
  any: 'any valid credentials',
  admin: 'scope `admin`',
  read: 'scope `read:{collection}`',
  write: 'scope `write:{collection}`',
  publish: 'scope `publish:{topic}`',
  subscribe: 'scope `subscribe:` of every pattern',
};
export const BATCH: Readonly<Record<Operation['batch'], string>> = { never: 'no', partial: 'partial only', atomic: 'partial and atomic' };

const operationPart = (row: Operation): string =>
  page(
    `## ${row.name}`,
    `${code(`${row.method} /v1${row.path}`)}`,
    `${row.summary}.${row.deprecated === undefined ? '' : ' **Deprecated.**'}`,
    table(
      ['clause', 'since', 'access', 'success', 'takes effect once by its requestId', 'in a batch', 'errors of its own'],
      [
        [
          row.clause,
          row.since,
          ACCESS[row.access] ?? `scope ${code(row.access.replace(/^scope:/, ''))}`,
          row.name === 'connect' ? '101' : String(row.success),
          row.remembered ? 'yes' : 'no',
          BATCH[row.batch],
          row.errors.map((error) => `[${error}](errors.md#${error.toLowerCase()})`).join(', '),
        ],
      ],
    ),
    shapeTable('Query', row.query),
    shapeTable('`data` of the request', row.data),
    row.name === 'connect'
      ? 'Answers by becoming a WebSocket (101).'
      : row.bare === true
        ? 'Answers a document of its own, without an envelope.'
        : shapeTable('`data` of the response', row.result),
  ).trimEnd();

export const operationsPage = (): string =>
  page(
    HEAD,
    '# Operations',
    'Requests with a body are `{requestId, data}`, responses `{requestId, timestamp, status, data}` or `{..., error}` (clauses 4.1.1, 4.2.1); below is what `data` holds. ' +
      'The same rows, machine-readable: `GET /v1/openapi.json`.',
    table(
      ['operation', 'method and path', 'summary'],
      OPERATIONS.map(({ name, method, path, summary }) => [`[${name}](#${name.toLowerCase()})`, code(`${method} /v1${path}`), summary]),
    ),
    ...OPERATIONS.map(operationPart),
  );

export const errorsPage = (): string =>
  page(
    HEAD,
    '# Errors',
    'Every error is `{code, message, details}`. `details.retryable` says whether the same request can succeed later, `details.retryAfterMs` when; `details.field` names the first field at fault as a ' +
      'JSON pointer into the request, `details.errors` all of them (clause 8.1.1).',
    table(
      ['code', 'status', 'retry the same request'],
      Object.entries(ERRORS).map(([name, { status, retryable }]) => [`[${name}](#${name.toLowerCase()})`, String(status), retryable ? 'yes' : 'no']),
    ),
    ...Object.entries(ERRORS).map(([name, { status, sentence, remedy }]) => `## ${name}\n\n${status}. ${sentence}\n\n${remedy}`),
    '`BATCH_FAILED` takes the status of the operation that failed; `UNSUPPORTED_VERSION` is 404 where the version is in the URL.',
    '# Close codes of a WebSocket',
    'The range tells what to do with a code that is not known: 4000 to 4099 reconnect at once, 4100 to 4199 reconnect with backoff, 4200 to 4299 renew the credentials and reconnect, ' +
      '4300 to 4399 do not reconnect (clause 5.3).',
    table(['code', 'when'], Object.entries(CLOSE_CODES)),
  );

const settingRow = (name: string, entry: ValueRule & { readonly default?: unknown; readonly clause: string; readonly reason: string }): string[] => [
  code(name),
  entry.default === undefined || (Array.isArray(entry.default) && entry.default.length === 0) ? 'none' : code(formatValue(entry.unit, entry.default)),
  describeRule(entry),
  entry.clause,
  entry.reason,
  `${code(environmentName(name))} ${code(flagName(name))}`,
];
const SETTING_COLUMNS = ['setting', 'default', 'allowed', 'clause', 'what it bounds', 'environment and flag'];

export const bound = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([name, part]) => `${name} ${part}`)
        .join(', ')
    : String(value);

export const settingsPage = (): string =>
  page(
    HEAD,
    '# Settings',
    'From a configuration file, the environment or flags, the later over the earlier; the names are those of the first column in a file and in `createServer({ settings })`.',
    '- A duration is a number with `ms`, `s`, `m`, `h` or `d`; `0` alone is nothing. A bare number is refused, since it says nothing of its unit; only `createServer` takes numbers, as milliseconds.\n' +
      '- A size is a number of bytes or one with `KB`, `MB` or `GB`; 1 KB is 1,024 bytes.\n' +
      '- A switch is `on` or `off`; as a flag also `--web-socket-compression` and `--no-web-socket-compression`.\n' +
      '- The configuration file is `godwit.config.json`, `.js` or `.ts` in the working directory, or what `config` names; a module has a default export, an object or a function that returns one. ' +
      'Paths in it are relative to it, others to the working directory. It may also hold `collections`, `topics` and `actions`: a module spreads `defineApi({ ... })` beside its settings.\n' +
      '- `GODWIT_ADMIN_KEY`, in the environment only, gives the first admin key: ' +
      `${ADMIN_KEY_LENGTH} or more characters of \`${CREDENTIAL_CHARACTERS}\`, which a WebSocket can carry (5.1.1).\n` +
      '- What is unknown or ill-formed stops the start. Variables that an orchestrator makes of services (`GODWIT_PORT=tcp://...`, `GODWIT_SERVICE_*`) are passed over.',
    '## The protocol',
    table(
      SETTING_COLUMNS,
      Object.entries(SETTINGS).map(([name, entry]) => settingRow(name, entry)),
    ),
    '## The process',
    table(
      SETTING_COLUMNS,
      Object.entries(PLACES).map(([name, entry]) => settingRow(name, entry)),
    ),
    '## Bounds that are no settings',
    table(
      ['bound', 'value'],
      Object.entries(BOUNDS).map(([name, value]) => [code(name), bound(value)]),
    ),
  );

export const changelogPage = (): string =>
  page(
    '# Changelog',
    HEAD.replace('the tables in the code', 'packages/protocol/changelog.ts'),
    'The form is that of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/), versions are [semantic](https://semver.org/spec/v2.0.0.html). A running server tells the same at `GET /v1/changelog`.',
    ...CHANGES.flatMap(({ version, protocolVersion, date, changes }) => [
      `## [${version}] - ${date}`,
      `Protocol ${protocolVersion}.`,
      ...CHANGE_KINDS.flatMap((kind) => {
        const some = changes.filter((change) => change.startsWith(`${kind}: `)).map((change) => change.slice(kind.length + 2));
        return some.length === 0 ? [] : [`### ${kind}`, some.map((text) => `- ${text.slice(0, 1).toUpperCase()}${text.slice(1)}`).join('\n')];
      }),
    ]),
  );

/** Each file, below the root of the workspace, and what it holds. */
export const pages = (): Readonly<Record<string, string>> => ({
  'CHANGELOG.md': changelogPage(),
  'docs/reference/cli.md': page(HEAD, ...cliParts()),
  'docs/reference/errors.md': errorsPage(),
  'docs/reference/operations.md': operationsPage(),
  'docs/reference/settings.md': settingsPage(),
});

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, text] of Object.entries(pages())) {
    const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
