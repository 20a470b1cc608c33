// Responses: the envelope around `data` or `error`, the headers that every one carries, gzip where it pays (4.2.1, 9.1.1, 10.1).
import { type IncomingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isRequestId, PROTOCOL_VERSION, type ProtocolError } from '@godwit/protocol';
import type { RateState } from '../../core/rate.ts';
import { wireTime } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';

const gzipAsync = promisify<string, Buffer>(gzip);

/** Texts whose gzipped form is kept. */
const MOST_KEPT = 16;
const kept = new Map<string, Promise<Buffer>>();

/** Gzips a text that is answered over and over, to anybody who asks, but once. */
export const gzipOnce = (text: string): Promise<Buffer> => {
  let zipped = kept.get(text);
  if (zipped === undefined) {
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(text, (zipped = gzipAsync(text)));
  }
  return zipped;
};

/** How long a client that was refused may still send. */
const LAST_WORDS_MS = 1000;

/** What is known of a request when its response is written. */
export interface ResponseContext {
  /** Echoed as `X-Request-Id` and in the envelope. */
  requestId: string;
  readonly now: number;
  readonly gzip: boolean;
  readonly compressionThreshold: number;
  /** CORS headers, flat. */
  readonly originHeaders: readonly string[];
  readonly varyOrigin: boolean;
  rate: RateState | undefined;
}

/** What `X-Request-Id` of the response says where no body named the request: as it came, else made up (4.1.2). */
export const echoedId = ({ 'x-request-id': sent }: IncomingHttpHeaders, ids: Ids): string => (isRequestId(sent) ? sent : ids.uuid());

/** What every response carries, flat. */
export const baseHeaders = (context: Pick<ResponseContext, 'requestId' | 'rate' | 'originHeaders'>): string[] => {
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

/** Sends a body of JSON text, gzipped where it is large enough and the client takes it: a promise, which never rejects, where that takes time. */
export const sendText = (
  response: ServerResponse,
  context: ResponseContext,
  status: number,
  text: string,
  more: Readonly<Record<string, string>>,
  zip = gzipAsync,
): Promise<void> | undefined => {
  if (response.destroyed) return;
  const headers = baseHeaders(context);
  addHeaders(headers, more);
  headers.push('content-type', 'application/json; charset=utf-8');
  const bytes = Buffer.byteLength(text);
  const large = bytes >= context.compressionThreshold;
  if (large || context.varyOrigin)
    headers.push('vary', [large ? 'Accept-Encoding' : '', context.varyOrigin ? 'Origin' : ''].filter((name) => name !== '').join(', '));
  if (!large || !context.gzip) {
    write(response, status, headers, text, bytes);
    return;
  }
  // The client may go before it is gzipped: how it was answered is asked for all the same.
  response.statusCode = status;
  return zip(text).then(
    (zipped) => {
      headers.push('content-encoding', 'gzip');
      if (!response.destroyed) write(response, status, headers, zipped, zipped.length);
    },
    () => {
      if (!response.destroyed) write(response, status, headers, text, bytes);
    },
  );
};

/** Sends a success: `{requestId, timestamp, status, data}`, or nothing but headers where there is no data. */
export const sendSuccess = (
  response: ServerResponse,
  context: ResponseContext,
  status: number,
  text: string | undefined,
  more: Readonly<Record<string, string>>,
): Promise<void> | undefined => {
  if (text === undefined) {
    if (response.destroyed) return;
    const headers = baseHeaders(context);
    addHeaders(headers, more);
    if (context.varyOrigin) headers.push('vary', 'Origin');
    response.writeHead(status, headers);
    response.end();
    return;
  }
  return sendText(
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

/** An error's own headers. A 426 says to what (RFC 9110, section 15.5.22), and in which version (RFC 6455, section 4.4). */
const errorHeaders = (error: ProtocolError, keepsAlive: boolean): Readonly<Record<string, string>> =>
  error.status === 426
    ? { ...error.headers, upgrade: 'websocket', connection: keepsAlive ? 'Upgrade' : 'close, Upgrade', 'sec-websocket-version': '13' }
    : error.headers;

export const sendError = (response: ServerResponse, context: ResponseContext, error: ProtocolError): Promise<void> | undefined =>
  sendText(response, context, error.status, errorText(error, context.requestId, context.now), errorHeaders(error, response.shouldKeepAlive));

/** Answers with an error on a socket for which there is no response to write to, and closes it; `originHeaders` as in `ResponseContext`. */
export const sendBareError = (socket: Duplex, requestId: string, error: ProtocolError, clock: Clock, originHeaders: readonly string[] = []): void => {
  const body = errorText(error, requestId, clock.now());
  const own = { 'content-type': 'application/json; charset=utf-8', 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const headers = baseHeaders({ requestId, originHeaders, rate: undefined });
  addHeaders(headers, { ...own, ...errorHeaders(error, false) });
  let head = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n`;
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  socket.end(`${head}\r\n${body}`);
  // What the client still sends is read for a moment: closing at once would tear the answer out of its hands.
  socket.resume();
  clock.after(LAST_WORDS_MS, () => socket.destroy());
};
