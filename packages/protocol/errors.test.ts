// The catalogue of errors against the table of section 8 in docs/protocol.md, both ways, and the close codes against 5.3.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { CLOSE_CODES, ERRORS, type ErrorCode, type ErrorEntry, invalid, invalidField, ProtocolError, pointerSegment } from './errors.ts';

const contract = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const table = (header: string): string[][] => {
  const [, body = ''] = contract.split(`\n${header}\n|---|---|---|\n`);
  return body
    .slice(0, body.search(/\n(?!\|)/))
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
};
const entries: [string, ErrorEntry][] = Object.entries(ERRORS);

test('every code of section 8 is in the catalogue with its status and retry rule, and no other', () => {
  const said = new Map<string, { status: string; retry: string }>();
  for (const [codes = '', statuses = '', retry = ''] of table('| code | status | retry |')) {
    const names = codes.replace(/ \(.*\)/, '').split(', ');
    const several = statuses.split(', ');
    for (const [index, name] of names.entries()) said.set(name, { status: several.length === names.length ? (several[index] as string) : statuses, retry });
  }
  assert.deepEqual([...said.keys()].sort(), Object.keys(ERRORS).sort());
  for (const [code, { status, retryable }] of entries) {
    const row = said.get(code);
    // It takes the status and the rule of what failed in the batch: the catalogue holds the likeliest.
    if (code === 'BATCH_FAILED') continue;
    assert.equal(Number.parseInt(row?.status ?? '', 10), status, code);
    // "Whether the same request can succeed later" (8.1.1): with other credentials, or from another cursor, it is another request.
    assert.equal(retryable, /^(?:yes|after `Retry-After`)/.test(row?.retry ?? ''), code);
  }
});

test('every sentence is one, and every remedy says what to do', () => {
  for (const [code, { status, sentence, remedy }] of entries) {
    assert.match(code, /^[A-Z][A-Z_]+$/);
    assert(status >= 400 && status < 600, code);
    for (const text of [sentence, remedy]) assert(/^[A-Z`].*\.$/.test(text) && !text.includes('\n'), `${code}: ${text}`);
  }
});

test('the close codes are those of 5.3', () => {
  const said = table('| code | when | the client should |').flatMap(([codes = '']) => codes.split(', '));
  assert.deepEqual(Object.keys(CLOSE_CODES), said);
});

test('an error tells its status, its sentence and whether to try again', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const error = new ProtocolError(code);
    assert.equal(error.status, ERRORS[code].status);
    assert.deepEqual(error.body(), { code, message: ERRORS[code].sentence, details: { retryable: ERRORS[code].retryable } });
    assert(error instanceof Error && error.name === 'ProtocolError' && !('stack' in error.body()) && !JSON.stringify(error.body()).includes('errors.test'));
  }
  const moved = new ProtocolError('UNSUPPORTED_VERSION', 'No.', { supported: ['1.0'] }, { status: 404, headers: { allow: 'GET' }, cause: new Error('why') });
  assert.deepEqual([moved.status, moved.headers, moved.message, (moved.cause as Error).message], [404, { allow: 'GET' }, 'No.', 'why']);
  assert.deepEqual(moved.body().details, { retryable: false, supported: ['1.0'] });
  assert.equal(new ProtocolError('NOT_FOUND', undefined, { retryable: true }).body().details.retryable, true);
});

test('fields at fault: the first is named, all are listed', () => {
  const error = invalid([
    { field: '/data/name', message: 'is required' },
    { field: '/data/age', message: 'must be a number' },
  ]);
  assert.deepEqual(
    [error.code, error.status, error.message, error.details.field, error.details.errors?.length],
    ['VALIDATION_FAILED', 422, '/data/name is required.', '/data/name', 2],
  );
  assert.equal(invalidField('', 'must be an object').message, 'The value must be an object.');
  const many = Array.from({ length: 1000 }, (_, n) => ({ field: `/${n}`, message: 'is wrong' }));
  assert.deepEqual(invalid(many).details.errors, many.slice(0, 100));
  assert.equal(invalid([]).message, ERRORS.VALIDATION_FAILED.sentence);
});

test('property: a pointer made of any members leads back to them (RFC 6901)', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (members) => {
      const pointer = members.map((member) => `/${pointerSegment(member)}`).join('');
      assert.deepEqual(
        pointer
          .split('/')
          .slice(1)
          .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~')),
        members,
      );
    }),
  );
});
