// The envelope of requests and responses (4.1.1, 4.2.1): what stands around `data` whichever transport carries it.
import { type ErrorBody, ProtocolError } from './errors.ts';
import { BOUNDS } from './limits.ts';
import { checkVersion } from './version.ts';

export interface RequestEnvelope {
  readonly requestId: string;
  readonly timestamp?: string;
  readonly data: unknown;
  readonly metadata?: { readonly version?: string; readonly client?: string };
}

export type ResponseEnvelope<Data = unknown> =
  | { readonly requestId: string; readonly timestamp: string; readonly status: 'success'; readonly data: Data }
  | { readonly requestId: string; readonly timestamp: string; readonly status: 'error'; readonly error: ErrorBody };

const REQUEST_ID = /^[!-~]{1,128}$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Whether `text` names a request: 1 to 128 visible ASCII characters (4.1.1). */
export const isRequestId = (text: unknown): text is string => typeof text === 'string' && REQUEST_ID.test(text);

const two = (text: string, at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

/** Whether the day of a text of the form of `TIMESTAMP` is in the calendar. */
const isDay = (text: string): boolean => {
  const month = two(text, 5);
  const day = two(text, 8);
  if (day < 1 || month < 1 || month > 12) return false;
  if (month !== 2) return day <= 30 + ((month + (month >> 3)) & 1);
  const ofCentury = two(text, 2);
  const isLeap = (ofCentury === 0 ? two(text, 0) : ofCentury) % 4 === 0;
  return day <= (isLeap ? 29 : 28);
};

/**
 * The milliseconds since the epoch of an RFC 3339 time, undefined for what is none: the runtime's own reading takes 31 February for a day in March and
 * knows no leap second, which counts as the second after it.
 */
export const parseTimestamp = (text: string): number | undefined => {
  if (!isTimestamp(text)) return undefined;
  return text.startsWith('60', 17) ? Date.parse(`${text.slice(0, 17)}59${text.slice(19)}`) + 1000 : Date.parse(text);
};

/** Whether `text` is an RFC 3339 time. */
export const isTimestamp = (text: unknown): text is string => typeof text === 'string' && TIMESTAMP.test(text) && isDay(text);

export const invalidEnvelope = (field: string, message: string): ProtocolError =>
  new ProtocolError('INVALID_ENVELOPE', `${field === '' ? 'The body' : field} ${message}.`, { field, errors: [{ field, message }] });

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks a request envelope (4.1.1). `standIn` is the requestId of an `Idempotency-Key` header, taken where the body brings none. Throws
 * `INVALID_ENVELOPE` with `details.field`, or `UNSUPPORTED_VERSION` for another major in `metadata.version` (10.1).
 */
export const readEnvelope = (body: unknown, standIn?: string): RequestEnvelope => {
  if (!isObject(body)) throw invalidEnvelope('', 'must be an object {requestId, data}');
  const { requestId = standIn, timestamp, metadata } = body;
  if (requestId === undefined) throw invalidEnvelope('/requestId', 'is required: the body is {requestId, data}');
  if (!isRequestId(requestId)) throw invalidEnvelope('/requestId', `must be 1 to ${BOUNDS.requestIdLength} visible ASCII characters`);
  if (!Object.hasOwn(body, 'data')) throw invalidEnvelope('/data', 'is required: the body is {requestId, data}');
  if (timestamp !== undefined && !isTimestamp(timestamp)) throw invalidEnvelope('/timestamp', 'must be an RFC 3339 time');
  if (metadata === undefined) return { requestId, data: body.data };
  if (!isObject(metadata)) throw invalidEnvelope('/metadata', 'must be an object');
  const { version, client } = metadata;
  if (version !== undefined) {
    if (typeof version !== 'string') throw invalidEnvelope('/metadata/version', 'must be a string');
    checkVersion(version, '/metadata/version');
  }
  if (client !== undefined && typeof client !== 'string') throw invalidEnvelope('/metadata/client', 'must be a string');
  return { requestId, data: body.data };
};
