// Requests over HTTP (section 3): the envelope around them, and what may come back instead of one.
import { type ErrorBody, PROTOCOL_VERSION } from '@godwit/protocol';
import type { Answer, Environment } from '../api.ts';
import type { Credentials } from '../credentials.ts';
import { GodwitError, noAnswer, refused, tooLate } from '../errors.ts';
import { type Carrier, type Exchange, hasBody, REPLAYED } from './exchange.ts';

/** What stands between may answer in the server's place: those that say that it cannot be reached are like no answer. */
const isGateway = (status: number): boolean => status === 408 || status === 429 || (status > 501 && status < 505) || (status > 519 && status < 525);

const bodyOf = ({ method, requestId, data }: Exchange): string | null => (hasBody(method) ? JSON.stringify({ requestId, data }) : null);

const headersOf = ({ method, headers, requestId }: Exchange, credential: string | undefined): Record<string, string> => ({
  accept: 'application/json',
  'x-protocol-version': PROTOCOL_VERSION,
  'x-request-id': requestId,
  ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
  ...(hasBody(method) && { 'content-type': 'application/json' }),
  ...(method === 'DELETE' && { 'idempotency-key': requestId }),
  ...headers,
});

const answerOf = (response: Response, text: string, requestId: string): Answer => {
  const headers = Object.fromEntries(response.headers);
  const answer = { status: response.status, headers, replayed: headers[REPLAYED] === 'true', requestId };
  if (response.status === 204 || response.status === 304) return { ...answer, data: undefined };
  let body: { status?: unknown; data?: unknown; error?: ErrorBody } | undefined;
  try {
    body = JSON.parse(text) as typeof body;
  } catch {}
  if (body?.status === 'success') return { ...answer, data: body.data };
  if (body?.status === 'error' && body.error !== undefined) throw refused(body.error, response.status, requestId);
  if (response.ok && body !== undefined) return { ...answer, data: body };
  if (isGateway(response.status)) throw noAnswer(`Something between answered ${response.status}.`, requestId);
  throw new GodwitError(
    { code: 'PROTOCOL', message: `The answer ${response.status} is not of this protocol: is the url right?` },
    { status: response.status, requestId },
  );
};

/** `base` ends before `/v1`. Credentials that are refused are got anew, once, and the request repeated at once. */
export const httpCarrier = ({ fetch, clock }: Environment, base: string, credentials: Credentials): Carrier => {
  const carry = async (exchange: Exchange, credential: string | undefined): Promise<Answer> => {
    const { method, path, requestId, timeout, signal } = exchange;
    signal?.throwIfAborted();
    // What JSON cannot hold is the caller's mistake, and no failure to reach the server.
    const body = bodyOf(exchange);
    const ending = new AbortController();
    const abort = (): void => ending.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const timer = clock.setTimeout(() => ending.abort(tooLate(timeout, requestId)), timeout);
    try {
      const response = await fetch(`${base}/v1${path}`, {
        method,
        headers: headersOf(exchange, credential),
        body,
        signal: ending.signal,
        cache: 'no-store',
        credentials: 'omit',
      });
      return answerOf(response, await response.text(), requestId);
    } catch (error) {
      if (error instanceof GodwitError) throw error;
      if (ending.signal.aborted) throw ending.signal.reason;
      throw noAnswer('The server could not be reached.', requestId, error);
    } finally {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  };
  return async (exchange) => {
    const credential = await credentials.current();
    try {
      return await carry(exchange, credential);
    } catch (error) {
      if ((error as GodwitError).status !== 401 || !credentials.canRenew) throw error;
      return carry(exchange, await credentials.renew(credential));
    }
  };
};
