// The request envelope (4.1.1) and the versions in it (10.1): what is taken, what is refused and which member is named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRequestId, isTimestamp, parseTimestamp, readEnvelope } from './envelope.ts';
import { ProtocolError } from './errors.ts';
import { isServedVersion, PROTOCOL_VERSION, SUPPORTED_VERSIONS } from './version.ts';

const refusal = (body: unknown, standIn?: string): string => {
  try {
    readEnvelope(body, standIn);
  } catch (error) {
    assert(error instanceof ProtocolError, String(error));
    return `${error.code} ${error.details.field}`;
  }
  return 'taken';
};

const good = { requestId: 'r-1', data: { a: 1 } };

test('requestId and data are required, unknown members are ignored', () => {
  assert.deepEqual(readEnvelope({ ...good, more: 1 }), good);
  for (const data of [null, false, 0, '', [], {}]) assert.deepEqual(readEnvelope({ requestId: 'r', data }), { requestId: 'r', data });
  for (const body of [null, [], 'x', 1, true, undefined]) assert.equal(refusal(body), 'INVALID_ENVELOPE ');
  assert.equal(refusal({ requestId: 'r' }), 'INVALID_ENVELOPE /data');
  assert.equal(refusal(Object.create({ requestId: 'r', data: 1 })), 'INVALID_ENVELOPE /data');
});

test('requestId: 1 to 128 visible ASCII characters', () => {
  for (const requestId of ['', ' ', 'a b', 'é', 'a\n', '\u007f', 'x'.repeat(129), 1, null, {}, []])
    assert.equal(refusal({ ...good, requestId }), 'INVALID_ENVELOPE /requestId');
  for (const requestId of ['!', '~', 'x'.repeat(128), '"\\']) assert.equal(refusal({ ...good, requestId }), 'taken');
  fc.assert(fc.property(fc.string({ maxLength: 130, unit: 'binary' }), (text) => isRequestId(text) === /^[\x21-\x7e]{1,128}$/.test(text)));
});

test('an Idempotency-Key stands in where the body brings no requestId', () => {
  assert.equal(readEnvelope({ data: 1 }, 'key').requestId, 'key');
  assert.equal(readEnvelope({ requestId: 'own', data: 1 }, 'key').requestId, 'own');
  assert.equal(refusal({ data: 1 }), 'INVALID_ENVELOPE /requestId');
  assert.equal(refusal({ requestId: null, data: 1 }, 'key'), 'INVALID_ENVELOPE /requestId');
});

test('timestamp and metadata are checked when present', () => {
  assert.equal(refusal({ ...good, timestamp: '2026-11-22T10:00:00.000Z', metadata: { version: '1.0', client: 'c', more: 1 } }), 'taken');
  for (const timestamp of [null, 1, '', 'yesterday', '2026-11-22', 1e12]) assert.equal(refusal({ ...good, timestamp }), 'INVALID_ENVELOPE /timestamp');
  for (const metadata of [null, 1, 'x', []]) assert.equal(refusal({ ...good, metadata }), 'INVALID_ENVELOPE /metadata');
  assert.equal(refusal({ ...good, metadata: { version: 1 } }), 'INVALID_ENVELOPE /metadata/version');
  assert.equal(refusal({ ...good, metadata: { client: 1 } }), 'INVALID_ENVELOPE /metadata/client');
  assert.equal(refusal({ ...good, metadata: { version: '2.0' } }), 'UNSUPPORTED_VERSION /metadata/version');
  assert.equal(refusal({ ...good, metadata: { version: '1.99' } }), 'taken');
});

test('versions: our major, any minor', () => {
  for (const version of ['1.0', '1.1', '1.999999999', ...SUPPORTED_VERSIONS, PROTOCOL_VERSION]) assert(isServedVersion(version), version);
  for (const version of ['', '1', '2.0', '0.9', '10.0', '1.0.0', 'v1.0', '1.0 ', '1.x', '-1.0', '1.1e9', '01.0', '1.0\n'])
    assert(!isServedVersion(version), version);
});

test('times: RFC 3339, real days only, leap seconds included', () => {
  const times: Record<string, number> = {
    '2026-11-22T10:00:00.000Z': Date.UTC(2026, 10, 22, 10),
    '2026-11-22t10:00:00z': Date.UTC(2026, 10, 22, 10),
    '2026-11-22T10:00:00.123456789+02:30': Date.UTC(2026, 10, 22, 7, 30, 0, 123),
    '2024-02-29T23:59:59-00:00': Date.UTC(2024, 1, 29, 23, 59, 59),
    '2016-12-31T23:59:60Z': Date.UTC(2017, 0, 1),
    '2017-01-01T00:59:60.5+01:00': Date.UTC(2017, 0, 1, 0, 0, 0, 500),
    '0001-01-01T00:00:00Z': Date.parse('0001-01-01T00:00:00Z'),
    '0000-02-29T00:00:00Z': Date.parse('0000-02-29T00:00:00Z'),
  };
  for (const [text, expected] of Object.entries(times)) assert.equal(parseTimestamp(text), expected, text);
  const bad = [
    '2026-02-29T00:00:00Z',
    '2026-02-31T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-32T00:00:00Z',
  ];
  const worse = [
    '2026-11-22T24:00:00Z',
    '2026-11-22T10:60:00Z',
    '2026-11-22T10:00:61Z',
    '2026-11-22T10:00:00',
    '2026-11-22 10:00:00Z',
    '2026-11-22T10:00Z',
    '2026-11-22T10:00:00.Z',
    '2026-11-22T10:00:00+24:00',
    '2026-11-22T10:00:00Z\n',
    '+002026-11-22T10:00:00Z',
  ];
  for (const text of [...bad, ...worse, 'Sun, 22 Nov 2026 10:00:00 GMT', '']) assert.equal(parseTimestamp(text), undefined, text);
});

test('property: what is written as a time is read back, and what is taken for one is a number', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
      (date) => parseTimestamp(date.toISOString()) === date.getTime(),
    ),
  );
  const digits = fc.stringMatching(/^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\dZ$/);
  fc.assert(fc.property(digits, (text) => isTimestamp(text) === Number.isFinite(parseTimestamp(text))));
});

test('property: no body makes anything but an envelope or an error of the catalogue', () => {
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        requestId: fc.jsonValue(),
        data: fc.jsonValue(),
        timestamp: fc.jsonValue(),
        metadata: fc.oneof(fc.jsonValue(), fc.record({ version: fc.jsonValue(), client: fc.jsonValue() })),
      },
      { requiredKeys: [] },
    ),
  );
  fc.assert(fc.property(body, (value) => /^(?:taken|(?:INVALID_ENVELOPE|UNSUPPORTED_VERSION) .*)$/.test(refusal(value))));
});
