// The settings against the table of clause 13 in docs/protocol.md, both ways, and against themselves.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BOUNDS, defaultSettings, SETTINGS, type Setting } from './limits.ts';

const contract = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const rows: [string, Setting][] = Object.entries(SETTINGS);

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

/** A default as the contract writes it. */
const meant = (text: string): unknown => {
  if (text === 'off') return false;
  if (text === 'none') return [];
  const [, digits, unit = ''] = /^(\d+)([A-Za-z]*)$/.exec(text) ?? [];
  return Number(digits) * (unit === '' ? 1 : (UNITS[unit] ?? Number.NaN));
};

test('every setting of clause 13 is in the table with its default and clause, and no other', () => {
  const section = contract.slice(contract.indexOf('\n## 13 '));
  const said = [...section.matchAll(/\| ([a-z]\w+)(?: \([^)]*\))? \| (\S+) \| (\d+\.\d+\.?\d*) (?=\|)/g)].map(([, name, value = '', clause]) => [
    name,
    { value: meant(value), clause },
  ]);
  assert.equal(said.length, 22);
  const held = rows.map(([name, setting]) => [name, { value: setting.default, clause: setting.clause }]);
  assert.deepEqual(Object.fromEntries(held), Object.fromEntries(said));
});

test('every clause that is named exists', () => {
  for (const [name, { clause }] of rows) assert(contract.includes(`\n- ${clause} `), `${name} ${clause}`);
});

test('defaults lie within their bounds, and each unit has what it needs', () => {
  for (const [name, { unit, default: value, min, max, reason }] of rows) {
    assert(reason.length > 10 && !/[.]$/.test(reason), name);
    if (unit === 'switch') assert.equal(typeof value, 'boolean', name);
    else if (unit === 'list') assert(Array.isArray(value), name);
    else assert(min !== undefined && max !== undefined && min >= 0 && min <= Number(value) && Number(value) <= max && Number.isSafeInteger(max), name);
  }
});

test('the defaults are a fresh object of plain values', () => {
  assert.notEqual(defaultSettings(), defaultSettings());
  assert.deepEqual(Object.keys(defaultSettings()), Object.keys(SETTINGS));
});

test('the bounds that are no settings stand in the contract', () => {
  const said: Record<keyof typeof BOUNDS, RegExp> = {
    requestIdLength: /`requestId` \(1 to 128 visible ASCII/,
    documentIdLength: /\[A-Za-z0-9_-\]\{1,64\}/,
    nesting: /nesting deeper than 64/,
    listLimit: /`limit` \(1 to 100, default 50\)/,
    messagesLimit: /`limit` 1 to 1,000, default 100/,
    pageBytes: /A page ends early at 4 MB/,
    uriBytes: /URI_TOO_LONG/,
    headerBytes: /HEADERS_TOO_LARGE/,
    inProgressPerClient: /Other requests in progress: 100 per client/,
    failedAuthenticationsPerMinute: /100\s+failed authentications per minute/,
    tokenTtl: /`ttl` in seconds, at most 24 h/,
    patternsPerSubscription: /its patterns, at most 100/,
    subscriptionsPerConnection: /At most 1,000 per connection/,
    durablesPerClient: /at most 1,000 per client/,
    outstandingBytes: /1,000 messages or 8 MB/,
    cursorLength: /URL-safe string, at most 128 bytes/,
    fieldErrors: /`details\.errors` names the first hundred fields at fault/,
  };
  assert.deepEqual(Object.keys(said), Object.keys(BOUNDS));
  for (const [name, sentence] of Object.entries(said)) assert.match(contract, sentence, name);
  assert.deepEqual(
    [
      BOUNDS.requestIdLength,
      BOUNDS.documentIdLength,
      BOUNDS.nesting,
      BOUNDS.inProgressPerClient,
      BOUNDS.failedAuthenticationsPerMinute,
      BOUNDS.tokenTtl,
      BOUNDS.cursorLength,
    ],
    [128, 64, 64, 100, 100, 86_400, 128],
  );
  assert.deepEqual(
    [BOUNDS.listLimit, BOUNDS.messagesLimit],
    [
      { default: 50, max: 100 },
      { default: 100, max: 1000 },
    ],
  );
  assert.deepEqual([BOUNDS.patternsPerSubscription, BOUNDS.subscriptionsPerConnection, BOUNDS.durablesPerClient], [100, 1000, 1000]);
  assert.deepEqual([BOUNDS.pageBytes, BOUNDS.outstandingBytes], [4 * 1024 ** 2, 8 * 1024 ** 2]);
});
