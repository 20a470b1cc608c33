// The catalogue of 8.1.1, copied from the contract by hand: the specification must not learn it from the server.

export type Retry = 'yes' | 'no' | 'depends';

interface Row {
  readonly statuses: readonly number[];
  readonly retry: Retry;
}

const row = (statuses: number | readonly number[], retry: Retry): Row => ({ statuses: typeof statuses === 'number' ? [statuses] : statuses, retry });

export const CATALOGUE = {
  MALFORMED_JSON: row(400, 'no'),
  INVALID_ENVELOPE: row(400, 'no'),
  INVALID_CURSOR: row(400, 'no'),
  UNSUPPORTED_VERSION: row([400, 404], 'no'),
  UNAUTHENTICATED: row(401, 'depends'),
  TOKEN_EXPIRED: row(401, 'depends'),
  FORBIDDEN: row(403, 'no'),
  NOT_FOUND: row(404, 'no'),
  METHOD_NOT_ALLOWED: row(405, 'no'),
  NOT_ACCEPTABLE: row(406, 'no'),
  CONFLICT: row(409, 'no'),
  REQUEST_IN_PROGRESS: row(409, 'yes'),
  CURSOR_EXPIRED: row(410, 'depends'),
  PRECONDITION_FAILED: row(412, 'depends'),
  PAYLOAD_TOO_LARGE: row(413, 'no'),
  BATCH_TOO_LARGE: row(413, 'no'),
  REQUEST_TIMEOUT: row(408, 'yes'),
  URI_TOO_LONG: row(414, 'no'),
  HEADERS_TOO_LARGE: row(431, 'no'),
  UNSUPPORTED_MEDIA_TYPE: row(415, 'no'),
  VALIDATION_FAILED: row(422, 'no'),
  REQUEST_ID_REUSED: row(422, 'no'),
  WEBSOCKET_REQUIRED: row(426, 'depends'),
  RATE_LIMITED: row(429, 'yes'),
  TOO_MANY_CONNECTIONS: row(429, 'yes'),
  BATCH_FAILED: row([], 'depends'),
  INTERNAL: row(500, 'yes'),
  UNAVAILABLE: row(503, 'yes'),
  TIMEOUT: row(504, 'yes'),
  STORAGE_FULL: row(507, 'no'),
} as const satisfies Record<string, Row>;

export type Code = keyof typeof CATALOGUE;

export const isCode = (code: unknown): code is Code => typeof code === 'string' && Object.hasOwn(CATALOGUE, code);
