// Who asks, and how: one set of credentials over one transport. `send` speaks in operations (1 Terms) and means the same over
// every transport; `http` is HTTP with nothing hidden. Every answer passes the invariants before a scenario sees it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { checkError, checkResponse } from './invariants.ts';
import type { Json } from './json.ts';
import { exchange, type Received } from './wire.ts';

export type Transport = 'http' | 'batch' | 'websocket';

export interface Call {
  readonly data?: Json;
  readonly headers?: Record<string, string>;
  readonly requestId?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, Json>;
  readonly data: Json;
  readonly error: Json;
  readonly requestId: string | null;
  /** `X-Idempotent-Replay: true` (4.1.3). */
  readonly replayed: boolean;
}

export interface HttpCall {
  /** Sent in an envelope with a requestId of its own. */
  readonly data?: Json;
  readonly requestId?: string;
  /** Sent as it is, in place of an envelope. */
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string | string[]>;
  readonly chunked?: boolean;
  readonly timeoutMs?: number;
}

export interface HttpAnswer extends Answer, Omit<Received, 'headers'> {
  /** The whole body, parsed. */
  readonly json: Json;
}

/** Carries operations over something that is not HTTP's own requests. */
export type Carrier = (method: string, path: string, call: Call) => Promise<Answer>;

export interface Caller {
  readonly url: string;
  readonly credential: string | undefined;
  readonly transport: Transport;
  /** An operation: `path` is below `/v1`, with its query. */
  send(method: string, path: string, call?: Call): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, data: Json, call?: Call): Promise<Answer>;
  put(path: string, data: Json, call?: Call): Promise<Answer>;
  patch(path: string, data: Json, call?: Call): Promise<Answer>;
  delete(path: string, call?: Call): Promise<Answer>;
  /** HTTP, whatever the transport: `path` is the whole of it. */
  http(method: string, path: string, call?: HttpCall): Promise<HttpAnswer>;
}

const BODY_BEARING = new Set(['POST', 'PUT', 'PATCH']);

export const envelope = (data: Json, requestId: string = randomUUID()): Json => ({ requestId, timestamp: new Date().toISOString(), data });

const overHttp = async (url: string, credential: string | undefined, method: string, path: string, call: HttpCall = {}): Promise<HttpAnswer> => {
  const enveloped = call.body === undefined && 'data' in call;
  const body = enveloped ? JSON.stringify(envelope(call.data, call.requestId)) : call.body;
  const headers: Record<string, string | string[]> = {
    ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(!enveloped && call.requestId !== undefined ? { 'idempotency-key': call.requestId } : {}),
  };
  for (const [name, value] of Object.entries(call.headers ?? {})) headers[name.toLowerCase()] = value;
  for (const [name, value] of Object.entries(headers)) if (value === '') delete headers[name];
  const response = await exchange(url, {
    method,
    path,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(call.chunked === undefined ? {} : { chunked: call.chunked }),
    ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
  });
  const json = checkResponse(method, path, headers, response);
  const sentId = enveloped ? (JSON.parse(body as string) as Json).requestId : undefined;
  if (sentId !== undefined && json !== undefined && typeof sentId === 'string' && response.status < 300) {
    assert.equal(json.requestId, sentId, `4.2.1: the response to ${method} ${path} carries the request's requestId`);
  }
  return {
    ...response,
    json,
    data: json?.data,
    error: json?.error,
    requestId: json?.requestId ?? null,
    replayed: response.headers['x-idempotent-replay'] === 'true',
  };
};

/** An operation as a partial batch of one (9.2). The batch's requestId is the operation's. */
const overBatch = async (url: string, credential: string | undefined, method: string, path: string, call: Call): Promise<Answer> => {
  const operation = {
    id: 'one',
    method,
    path,
    ...('data' in call ? { data: call.data } : {}),
    ...(call.headers === undefined ? {} : { headers: call.headers }),
  };
  const batch = await overHttp(url, credential, 'POST', '/v1/batch', {
    data: { operations: [operation] },
    ...(call.requestId === undefined ? {} : { requestId: call.requestId }),
  });
  if (batch.status !== 200 && batch.status !== 207) return batch;
  const [result, ...more] = batch.data.results as Json[];
  assert.equal(more.length, 0, '9.2.2: one result for one operation');
  assert.equal(result.id, 'one', '9.2.2: the result carries the operation’s id');
  const failed = result.statusCode >= 400;
  assert.equal(batch.status, failed ? 207 : 200, '9.2.2: 200 when all succeeded, else 207');
  assert.equal(result.status, failed ? 'error' : 'success', '9.2.2: status of a result');
  if (failed) checkError(result.error, result.statusCode);
  const headers = Object.fromEntries(Object.entries(result.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const replayed = batch.replayed || headers['x-idempotent-replay'] === 'true';
  return { status: result.statusCode, headers, data: result.data, error: result.error, requestId: batch.requestId, replayed };
};

export const caller = (url: string, credential: string | undefined, transport: Transport = 'http', carrier?: Carrier): Caller => {
  const http = (method: string, path: string, call?: HttpCall): Promise<HttpAnswer> => overHttp(url, credential, method, path, call);
  const send = async (method: string, path: string, call: Call = {}): Promise<Answer> => {
    if (transport === 'batch') return overBatch(url, credential, method, path, call);
    if (transport === 'websocket') {
      assert.ok(carrier !== undefined, 'a caller over a WebSocket has one');
      return carrier(method, path, call);
    }
    // What `data` is left out of a body-bearing request goes as no body at all, which only a scenario about envelopes wants.
    return http(method, `/v1${path}`, BODY_BEARING.has(method) && !('data' in call) ? { ...call, data: undefined } : call);
  };
  return {
    url,
    credential,
    transport,
    send,
    http,
    get: (path, headers) => send('GET', path, headers === undefined ? {} : { headers }),
    post: (path, data, call) => send('POST', path, { ...call, data }),
    put: (path, data, call) => send('PUT', path, { ...call, data }),
    patch: (path, data, call) => send('PATCH', path, { ...call, data }),
    delete: (path, call) => send('DELETE', path, call),
  };
};
