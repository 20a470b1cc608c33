// What holds of every HTTP response, whatever was asked (4.2.1, 8.1.1, 10.1). Each exchange of a scenario passes through here, so
// a clause broken in a corner is found by whichever scenario goes there first.
import assert from 'node:assert/strict';
import { CATALOGUE, isCode } from './catalogue.ts';
import type { Json } from './json.ts';
import type { Received } from './wire.ts';

export const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const CURSOR = /^[A-Za-z0-9._~-]{1,128}$/;

/** What an answer must never show: stack frames, files of the server, the words of its store (8.1.1). */
const SECRETS_OF_THE_HOUSE = [
  /\n\s+at /,
  /\bat (?:async )?[\w.<>]+ \(/,
  /node:internal|node_modules/,
  /\.[cm]?[jt]s:\d+/,
  /SQLITE|sqlite|no such (?:table|column)|syntax error near|UNIQUE constraint/,
  /\b(?:SELECT|INSERT INTO|UPDATE) .{1,200}\b(?:FROM|VALUES|SET)\b/,
  /(?:^|[\s"'(])\/(?:home|usr|var|tmp|root|opt|etc)\/[\w.-]+/,
];

const clip = (text: string): string => (text.length > 600 ? `${text.slice(0, 600)}…` : text);

export const isTimestamp = (value: unknown): boolean => typeof value === 'string' && TIMESTAMP.test(value) && !Number.isNaN(Date.parse(value));

export const isCursor = (value: unknown): boolean => typeof value === 'string' && CURSOR.test(value);

/** The shape of `error` (8.1.1), and that its status is the catalogue's. */
export const checkError = (error: Json, status: number): void => {
  const shown = clip(JSON.stringify(error) ?? 'undefined');
  assert.ok(isCode(error?.code), `8.1.1: error.code is of the catalogue: ${shown}`);
  const row = CATALOGUE[error.code as keyof typeof CATALOGUE];
  const statuses: readonly number[] = row.statuses;
  assert.ok(statuses.length === 0 || statuses.includes(status), `8.1.1: ${error.code} goes with ${statuses.join(' or ')}, not ${status}`);
  assert.ok(typeof error.message === 'string' && error.message.length > 0, `8.1.1: error.message is a sentence: ${shown}`);
  assert.ok(typeof error.details === 'object' && error.details !== null && !Array.isArray(error.details), `8.1.1: error.details is an object: ${shown}`);
  const { field, errors, retryable, retryAfterMs } = error.details;
  assert.equal(typeof retryable, 'boolean', `8.1.1: details.retryable is told: ${shown}`);
  if (row.retry === 'yes') assert.equal(retryable, true, `8.1.1: ${error.code} can be repeated: ${shown}`);
  if (row.retry === 'no') assert.equal(retryable, false, `8.1.1: ${error.code} cannot be repeated: ${shown}`);
  if (retryAfterMs !== undefined) assert.ok(typeof retryAfterMs === 'number' && retryAfterMs >= 0, `8.1.1: details.retryAfterMs is a time: ${shown}`);
  if (field !== undefined) assert.ok(typeof field === 'string' && (field === '' || field.startsWith('/')), `8.1.1: details.field is a JSON pointer: ${shown}`);
  if (errors !== undefined) {
    assert.ok(Array.isArray(errors) && errors.length > 0, `8.1.1: details.errors is a list: ${shown}`);
    for (const one of errors) {
      assert.ok(typeof one.field === 'string' && (one.field === '' || one.field.startsWith('/')), `8.1.1: details.errors[].field is a JSON pointer: ${shown}`);
      assert.equal(typeof one.message, 'string', `8.1.1: details.errors[].message is a sentence: ${shown}`);
    }
    assert.equal(field, errors[0].field, `8.1.1: details.field is the first of details.errors: ${shown}`);
  }
};

/** No stack, path or query of the server's in the text of an answer (8.1.1). */
export const checkNothingShown = (text: string): void => {
  for (const pattern of SECRETS_OF_THE_HOUSE) assert.doesNotMatch(text, pattern, `8.1.1: no stack, path or query reaches a client: ${clip(text)}`);
};

/** The envelope of a response (4.2.1). */
export const checkEnvelope = (body: Json, status: number): void => {
  const shown = clip(JSON.stringify(body) ?? 'undefined');
  assert.ok(typeof body === 'object' && body !== null && !Array.isArray(body), `4.2.1: a response is an object: ${shown}`);
  assert.ok(body.requestId === null || typeof body.requestId === 'string', `4.2.1: requestId: ${shown}`);
  assert.ok(isTimestamp(body.timestamp), `4.2.1: timestamp is RFC 3339 UTC with milliseconds: ${shown}`);
  const failed = status >= 400;
  assert.equal(body.status, failed ? 'error' : 'success', `4.2.1: status of a ${status}: ${shown}`);
  assert.deepEqual(Object.keys(body).sort(), ['requestId', failed ? 'error' : 'data', 'status', 'timestamp'].sort(), `4.2.1: members: ${shown}`);
  if (failed) checkError(body.error, status);
};

const isMachineRead = (path: string): boolean => /^\/v1\/(?:openapi|asyncapi)\.json(?:\?|$)/.test(path);

/** What 12.1 answers comes without an envelope, be it good or bad news; and so do pages for people. */
const isOutside = (path: string): boolean => /^\/(?:(?:healthz|readyz|metrics)?(?:\?|$)|(?:console|docs)(?:[/?]|$))/.test(path);

/** Everything that holds of every HTTP response. Answers the parsed body, undefined where there is none. */
export const checkResponse = (method: string, path: string, sent: Record<string, string | string[]>, response: Received): Json => {
  const { status, headers, text } = response;
  const name = `${method} ${clip(path)} → ${status}`;
  assert.ok(status >= 200 && status < 600, `${name}: a status of HTTP`);
  assert.equal(headers['x-protocol-version'], '1.0', `10.1: X-Protocol-Version on every response: ${name}`);
  const correlation = headers['x-request-id'];
  assert.ok(typeof correlation === 'string' && correlation.length > 0, `4.2.1: X-Request-Id on every response: ${name}`);
  if (/^\/v1(?:[/?]|$)/.test(path)) assert.match(headers['cache-control'] ?? '', /\bno-store\b/, `4.2.1: Cache-Control: no-store under /v1: ${name}`);
  if (status === 429) assert.match(headers['retry-after'] ?? '', /^\d+$/, `7.1.1: Retry-After on a 429: ${name}`);
  if (method === 'HEAD' || status === 204 || status === 304) {
    assert.equal(text, '', `a ${status} to ${method} has no body: ${name}`);
    return undefined;
  }
  const type = headers['content-type'] ?? '';
  if (isOutside(path) && (status < 400 || status === 503)) return undefined;
  if ((isMachineRead(path) && status < 400) || type.startsWith('text/event-stream')) return type.includes('json') ? JSON.parse(text) : undefined;
  if (method === 'OPTIONS' && text === '') return undefined;
  assert.match(type, /^application\/json\b/, `3.1.2: a JSON response says so: ${name}`);
  const body = JSON.parse(text) as Json;
  checkEnvelope(body, status);
  if (status >= 400) checkNothingShown(text);
  if (sent['x-request-id'] === undefined) assert.equal(correlation, body.requestId ?? correlation, `4.2.1: X-Request-Id is the envelope's requestId: ${name}`);
  return body;
};
