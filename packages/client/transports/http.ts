// Requests over HTTP (section 3): the envelope around them, and what may come back instead of one.
import { type ErrorBody, PROTOCOL_VERSION } from '@godwit/protocol';
import type { Answer, Environment } from '../api.ts';
import type { Credentials } from '../credentials.ts';
import { GodwitError, noAnswer, refused, tooLate } from '../errors.ts';
import { type Carrier, type Exchange, hasBody, REPLAYED } from './exchange.ts';

/** What stands between may answer in the server's place: those that say that it cannot be reached are like no answer. */
const GATEWAY: ReadonlySet<number> = new Set([408, 429, 502, 503, 504, 520, 521, 522, 523, 524]);

const bodyOf = ({ method, requestId, data }: Exchange): string | undefined => (hasBody(method) ? JSON.stringify({ requestId, data: data ?? null }) : undefined);

const headersOf = ({ method, headers, requestId }: Exchange, credential: string | undefined): Record<string, string> => ({
  accept: 'application/json',
  'x-protocol-version': PROTOCOL_VERSION,
  'x-request-id': requestId,
  ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
  ...(hasBody(method) ? { 'content-type': 'application/json' } : {}),
  ...(method === 'DELETE' ? { 'idempotency-key': requestId } : {}),
  ...headers,
});

const answerOf = (response: Response, text: string, requestId: string): Answer => {
  const headers = Object.fromEntries(response.headers);
  const answer = { status: response.status, headers, replayed: headers[REPLAYED] === 'true', requestId };
  if (response.status === 204 || response.status === 304) return { ...answer, data: undefined };
  let body: { status?: unknown; data?: unknown; error?: ErrorBody } | undefined;
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    body = undefined;
  }
  if (body?.status === 'success') return { ...answer, data: body.data };
  if (body?.status === 'error' && body.error !== undefined) throw refused(body.error, response.status, requestId);
  if (response.ok && body !== undefined) return { ...answer, data: body };
  if (GATEWAY.has(response.status)) throw noAnswer(`Something between answered ${response.status} in the server's place.`, requestId);
  throw new GodwitError(
    { code: 'PROTOCOL', message: `The answer ${response.status} is not one of this protocol: is the url that of a Godwit server?` },
    { status: response.status, requestId },
  );
};

/** `base` ends before `/v1`. */
export const httpCarrier =
  ({ fetch, clock }: Environment, base: string, credentials: Credentials): Carrier =>
  async (exchange) => {
    const { method, path, requestId, timeout, signal } = exchange;
    const ending = new AbortController();
    const abort = (): void => ending.abort(signal?.reason);
    if (signal?.aborted) throw signal.reason;
    signal?.addEventListener('abort', abort, { once: true });
    const timer = clock.setTimeout(() => ending.abort(tooLate(timeout, requestId)), timeout);
    let credential: string | undefined;
    try {
      // What it fails with is what the request fails with.
      credential = await credentials.current().catch((error: unknown) => {
        ending.abort(error);
        throw error;
      });
      const body = bodyOf(exchange);
      const response = await fetch(`${base}/v1${path}`, {
        method,
        headers: headersOf(exchange, credential),
        ...(body === undefined ? {} : { body }),
        signal: ending.signal,
        cache: 'no-store',
        credentials: 'omit',
      });
      return answerOf(response, await response.text(), requestId);
    } catch (error) {
      if (error instanceof GodwitError) {
        if (error.code === 'TOKEN_EXPIRED' || error.code === 'UNAUTHENTICATED') throw Object.assign(error, { credential });
        throw error;
      }
      if (ending.signal.aborted) throw ending.signal.reason;
      throw noAnswer('The server could not be reached, or the connection broke.', requestId, error);
    } finally {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  };
