// The catalogue of errors: code, status, whether to try again, a sentence and its remedy, once for every transport (clause 8.1.1).
import { BOUNDS } from './limits.ts';

export interface ErrorEntry {
  readonly status: number;
  /** Whether the same request can succeed later (8.2.1). */
  readonly retryable: boolean;
  /** What happened, for a person. */
  readonly sentence: string;
  /** What to do about it, for the reference. */
  readonly remedy: string;
}

// biome-ignore format: a table, a row each
export const ERRORS = {
  MALFORMED_JSON: { status: 400, retryable: false, sentence: 'The body is not JSON that this server reads.', remedy: 'Send UTF-8 I-JSON: no doubled members, no lone surrogates, numbers that fit a double, at most 64 levels deep.' },
  INVALID_ENVELOPE: { status: 400, retryable: false, sentence: 'The request envelope is not valid.', remedy: 'Send {requestId, data} and, if wanted, {timestamp, metadata}; `details.field` names the member at fault.' },
  INVALID_CURSOR: { status: 400, retryable: false, sentence: 'The cursor is not one of this log or list.', remedy: 'Use a cursor as this server gave it, with the same filter and sort; after a restore or a wipe, start again from `earliest` or `latest`.' },
  UNSUPPORTED_VERSION: { status: 400, retryable: false, sentence: 'This protocol version is not supported.', remedy: 'Use one of `details.supported`.' },
  UNAUTHENTICATED: { status: 401, retryable: false, sentence: 'Credentials are required: an API key or token, as `Authorization: Bearer ...`.', remedy: 'Send `Authorization: Bearer <API key or token>`.' },
  TOKEN_EXPIRED: { status: 401, retryable: false, sentence: 'The token has expired.', remedy: 'Get a new token and try again.' },
  FORBIDDEN: { status: 403, retryable: false, sentence: 'These credentials do not allow this.', remedy: 'Use a key or token with the scope in `details.scope`, from an allowed origin.' },
  NOT_FOUND: { status: 404, retryable: false, sentence: 'There is nothing here.', remedy: 'Check the path and the id.' },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false, sentence: 'This path has no such method.', remedy: 'Use a method that the `Allow` header names.' },
  NOT_ACCEPTABLE: { status: 406, retryable: false, sentence: 'Only JSON can be sent.', remedy: 'Accept `application/json`.' },
  REQUEST_TIMEOUT: { status: 408, retryable: true, sentence: 'The request did not arrive whole in time.', remedy: 'Send it again with the same requestId.' },
  CONFLICT: { status: 409, retryable: false, sentence: 'The request does not fit the state of what it names.', remedy: 'Read the present state and decide anew.' },
  REQUEST_IN_PROGRESS: { status: 409, retryable: true, sentence: 'The first request with this requestId is still running.', remedy: 'Try again with the same requestId after `details.retryAfterMs`.' },
  CURSOR_EXPIRED: { status: 410, retryable: false, sentence: 'Messages after this cursor are no longer kept.', remedy: 'Go on from `details.earliest` and read again what the missing messages would have told.' },
  PRECONDITION_FAILED: { status: 412, retryable: false, sentence: 'The document is not in a state that the request asks for (`If-Match`, `If-None-Match`).', remedy: 'Read it again and decide anew.' },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false, sentence: 'This is larger than the server takes.', remedy: 'Keep below `details.limit` bytes, counted after decompression.' },
  BATCH_TOO_LARGE: { status: 413, retryable: false, sentence: 'The batch has too many operations.', remedy: 'Send at most `details.limit` operations at once.' },
  URI_TOO_LONG: { status: 414, retryable: false, sentence: 'The URL is too long.', remedy: 'Keep the path and query below 8 KB.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, sentence: 'The body must be JSON, plain or gzipped.', remedy: 'Send `Content-Type: application/json`, with no `Content-Encoding` but gzip.' },
  VALIDATION_FAILED: { status: 422, retryable: false, sentence: 'The request breaks a rule.', remedy: '`details.errors` names each field and the rule it breaks.' },
  REQUEST_ID_REUSED: { status: 422, retryable: false, sentence: 'This requestId was used for another operation.', remedy: 'Make a new requestId for each operation; keep it only to repeat the same one.' },
  WEBSOCKET_REQUIRED: { status: 426, retryable: false, sentence: 'This needs a WebSocket.', remedy: 'Open one at /v1/ws.' },
  RATE_LIMITED: { status: 429, retryable: true, sentence: 'Too many operations.', remedy: 'Wait for `Retry-After` seconds, then send it again with the same requestId.' },
  TOO_MANY_CONNECTIONS: { status: 429, retryable: true, sentence: 'Too many connections or requests at once.', remedy: 'Close connections that are not needed, or wait for `Retry-After` seconds.' },
  HEADERS_TOO_LARGE: { status: 431, retryable: false, sentence: 'The headers are too large.', remedy: 'Keep all headers together below 16 KB.' },
  BATCH_FAILED: { status: 422, retryable: false, sentence: 'One operation of the batch failed, so none took effect.', remedy: '`details.error` is what failed, `details.index` where.' },
  INTERNAL: { status: 500, retryable: true, sentence: 'The server failed.', remedy: 'Try again, a write with its requestId; the server log names the request by its X-Request-Id.' },
  UNAVAILABLE: { status: 503, retryable: true, sentence: 'The server cannot do this now.', remedy: 'Try again after `Retry-After` seconds, a write with its requestId.' },
  TIMEOUT: { status: 504, retryable: true, sentence: 'The operation took too long.', remedy: 'Try again, a write with its requestId: it takes effect at most once.' },
  STORAGE_FULL: { status: 507, retryable: false, sentence: 'The disk is full; nothing was written.', remedy: 'The operator must make room; reads go on, and writes work again by themselves.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** One field at fault: a JSON pointer into the request and what is wrong there. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface ErrorDetails {
  /** The first field at fault, as a JSON pointer into the request: `/data/name`, `/query/limit`, `/path/topic`, `/headers/if-match`. */
  readonly field?: string;
  readonly errors?: readonly FieldError[];
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly [member: string]: unknown;
}

export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** An error of the catalogue: the only kind that handlers throw and clients see (8.1.1). */
export class ProtocolError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly status: number;
  /** Extra response headers, such as `Allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message?: string,
    details: ErrorDetails = {},
    more: { status?: number; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message ?? ERRORS[code].sentence, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'ProtocolError';
    this.code = code;
    this.details = details;
    this.status = more.status ?? ERRORS[code].status;
    this.headers = more.headers ?? {};
  }

  /** The member `error` of a response. */
  body(): ErrorBody {
    return { code: this.code, message: this.message, details: { retryable: ERRORS[this.code].retryable, ...this.details } };
  }
}

/** The usual refusal: 422 naming each field (3.2.5, 8.1.1), of those at fault the first hundred: more is an attack on who reads them. */
export const invalid = (errors: readonly FieldError[]): ProtocolError => {
  const first = errors[0];
  return new ProtocolError('VALIDATION_FAILED', first === undefined ? undefined : `${first.field === '' ? 'The value' : first.field} ${first.message}.`, {
    ...(first === undefined ? {} : { field: first.field }),
    errors: errors.slice(0, BOUNDS.fieldErrors),
  });
};

/** One field at fault. */
export const invalidField = (field: string, message: string): ProtocolError => invalid([{ field, message }]);

/** A member for a JSON pointer (RFC 6901). */
export const pointerSegment = (member: string): string => member.replaceAll('~', '~0').replaceAll('/', '~1');

/** What the server's close codes mean, by clause 5.3. */
export const CLOSE_CODES = {
  1000: 'normal end',
  1001: 'going away',
  1003: 'binary message',
  1007: 'bad UTF-8',
  1009: 'message too large',
  1011: 'the server failed',
  1012: 'restart or drain',
  1013: 'too slow to read its own responses',
  4000: 'lifetime reached',
  4001: 'heartbeat missed',
  4100: 'too many messages or connections',
  4101: 'ended by an administrator',
  4200: 'credentials expired',
  4300: 'credentials revoked',
  4301: 'replaced by a newer connection of the same instance',
} as const;
