// Responses: the envelope around `data` or `error`, the headers that every one carries, gzip where it pays (4.2.1, 9.1.1, 10.1).
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PROTOCOL_VERSION, type ProtocolError } from '@godwit/protocol';
import type { RateState } from '../../core/rate.ts';
import { wireTime } from '../../core/time.ts';

const gzipAsync = promisify(gzip);

/** What is known of a request when its response is written. */
export interface ResponseContext {
  /** Echoed as `X-Request-Id` and in the envelope. */
  requestId: string;
  readonly now: number;
  readonly gzip: boolean;
  readonly compressionThreshold: number;
  /** CORS headers, flat. */
  originHeaders: readonly string[];
  readonly varyOrigin: boolean;
  rate: RateState | undefined;
}

/** What every response carries, flat. */
export const baseHeaders = (context: ResponseContext): string[] => {
  const headers = ['x-request-id', context.requestId, 'x-protocol-version', PROTOCOL_VERSION, 'cache-control', 'no-store', 'x-content-type-options', 'nosniff'];
  const { rate } = context;
  if (rate !== undefined) {
    headers.push('x-ratelimit-limit', String(rate.limit), 'x-ratelimit-remaining', String(rate.remaining), 'x-ratelimit-reset', String(rate.reset));
  }
  if (context.originHeaders.length > 0) headers.push(...context.originHeaders);
  return headers;
};

const addHeaders = (headers: string[], more: Readonly<Record<string, string>>): void => {
  for (const name in more) headers.push(name, more[name] as string);
};

const write = (response: ServerResponse, status: number, headers: string[], body: string | Buffer, bytes: number): void => {
  headers.push('content-length', String(bytes));
  response.writeHead(status, headers);
  // Text in which every character is a byte is ASCII, and goes out without being encoded.
  if (typeof body === 'string' && body.length === bytes) response.end(body, 'latin1');
  else response.end(body);
};

/** Sends a body of JSON text, gzipped where it is large enough and the client takes it. */
export const sendText = (response: ServerResponse, context: ResponseContext, status: number, text: string, more: Readonly<Record<string, string>>): void => {
  if (response.destroyed) return;
  const headers = baseHeaders(context);
  addHeaders(headers, more);
  headers.push('content-type', 'application/json; charset=utf-8');
  const bytes = Buffer.byteLength(text);
  const large = bytes >= context.compressionThreshold;
  if (large || context.varyOrigin)
    headers.push('vary', [large ? 'Accept-Encoding' : '', context.varyOrigin ? 'Origin' : ''].filter((name) => name !== '').join(', '));
  if (!large || !context.gzip) return write(response, status, headers, text, bytes);
  gzipAsync(text).then(
    (zipped) => {
      headers.push('content-encoding', 'gzip');
      if (!response.destroyed) write(response, status, headers, zipped, zipped.length);
    },
    () => write(response, status, headers, text, bytes),
  );
};

/** Sends a success: `{requestId, timestamp, status, data}`, or nothing but headers where there is no data. */
export const sendSuccess = (
  response: ServerResponse,
  context: ResponseContext,
  status: number,
  text: string | undefined,
  more: Readonly<Record<string, string>>,
): void => {
  if (text === undefined) {
    if (response.destroyed) return;
    const headers = baseHeaders(context);
    addHeaders(headers, more);
    if (context.varyOrigin) headers.push('vary', 'Origin');
    response.writeHead(status, headers);
    response.end();
    return;
  }
  sendText(
    response,
    context,
    status,
    `{"requestId":${JSON.stringify(context.requestId)},"timestamp":"${wireTime(context.now)}","status":"success","data":${text}}`,
    more,
  );
};

/** The envelope of an error. */
export const errorText = (error: ProtocolError, requestId: string, now: number): string =>
  `{"requestId":${JSON.stringify(requestId)},"timestamp":"${wireTime(now)}","status":"error","error":${JSON.stringify(error.body())}}`;

export const sendError = (response: ServerResponse, context: ResponseContext, error: ProtocolError): void =>
  sendText(response, context, error.status, errorText(error, context.requestId, context.now), error.headers);
