// The table of operations against itself and against docs/protocol.md: no request has two rows, and reserved words are those of 3.2.5.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERRORS } from './errors.ts';
import { OPERATIONS, type Operation, RESERVED_SEGMENTS } from './operations.ts';
import { PROTOCOL_VERSION, SUPPORTED_VERSIONS } from './version.ts';

const contract = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const rows: readonly Operation[] = OPERATIONS;

const segmentsOf = (path: string): string[] => path.split('/').slice(1);
const isParameter = (segment: string): boolean => /^\{[a-z]\w*\}$/.test(segment);

test('names, and methods with their paths, are unique', () => {
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
  assert.equal(new Set(rows.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`)).size, rows.length);
});

test('no path fits two rows: where one has a parameter, the other begins with a word that no collection may be called', () => {
  for (const { name, path } of rows) {
    assert.match(path, /^(?:\/(?:[a-z][a-z.]*|\{[a-z]+\}))*$/, name);
    const segments = segmentsOf(path);
    assert.equal(new Set(segments).size, segments.length, name);
    for (const { name: other, path: otherPath } of rows) {
      const others = segmentsOf(otherPath);
      if (path === otherPath || segments.length !== others.length) continue;
      const clash = segments.every((segment, index) => segment === others[index] || isParameter(segment) || isParameter(others[index] as string));
      if (clash)
        assert(
          [segments[0], others[0]].some((first) => RESERVED_SEGMENTS.has(String(first))),
          `${name} ${other}`,
        );
    }
  }
});

test('the first word of every path is reserved, and the reserved words are those of 3.2.5', () => {
  for (const { path } of rows) {
    const first = segmentsOf(path)[0];
    if (first !== undefined && !isParameter(first)) assert(RESERVED_SEGMENTS.has(first), path);
  }
  const clause = contract.slice(contract.indexOf('\n- 3.2.5 '), contract.indexOf('\n- 3.2.6 '));
  const said = [...clause.slice(clause.indexOf('(`batch')).matchAll(/`([^`]+)`/g)].slice(0, 2).flatMap(([, words = '']) => words.split(/\s+/));
  assert.deepEqual([...RESERVED_SEGMENTS].sort(), said.sort());
});

/**
 * What is not remembered though it is no GET (4.1.3): a batch remembers its operations, a token is made anew, ack and pull may be repeated freely, and
 * attaching, detaching and the session belong to a connection, as does its end.
 */
const UNREMEMBERED: ReadonlySet<string> = new Set([
  'batch',
  'createToken',
  'ackSubscription',
  'pullSubscription',
  'attachSubscription',
  'detachSubscription',
  'renewSession',
  'removeConnection',
]);

test('each row holds together', () => {
  for (const { name, method, data, result, success, remembered, batch, errors, clause, summary, since, bare, access, path } of rows) {
    assert.match(name, /^[a-z][A-Za-z]+$/);
    assert.equal(data !== undefined, ['POST', 'PUT', 'PATCH'].includes(method), name);
    // `connect` answers by becoming a WebSocket (5.1.1).
    assert.equal(result === undefined, success === 204 || bare === true || name === 'connect', name);
    if (method === 'GET') assert(!remembered && success === 200, name);
    else assert(remembered !== UNREMEMBERED.has(name), name);
    // Operations on documents and messages, reading them included (9.2.3).
    if (batch === 'atomic') assert(/^\/(?:\{collection\}|topics\/|messages$)/.test(path), name);
    if (access === 'read' || access === 'write') assert(path.includes('{collection}'), name);
    if (access === 'publish') assert(path.includes('{topic}'), name);
    assert.equal(new Set(errors).size, errors.length, name);
    for (const code of errors) assert(code in ERRORS, `${name} ${code}`);
    assert(contract.includes(`\n- ${clause} `), `${name} ${clause}`);
    assert(SUPPORTED_VERSIONS.includes(since), name);
    assert(summary.length > 0 && /^[A-Z].*[^.]$/.test(summary), name);
  }
  assert.equal(SUPPORTED_VERSIONS.at(-1), PROTOCOL_VERSION);
  assert(contract.startsWith(`# Godwit protocol ${PROTOCOL_VERSION}:`));
});
