// Requests over HTTP (section 3): the envelope around them, and what may come back instead of one.
import { type ErrorBody, PROTOCOL_VERSION } from '@godwit/protocol';
import type { Answer, Environment } from '../api.ts';
import type { Credentials } from '../credentials.ts';
import type { Ending } from '../ending.ts';
import { GodwitError, noAnswer, refused, tooLate } from '../errors.ts';
import { within } from '../waits.ts';
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

/** The longest that a header makes a request wait: that of the window of 7.1.1. A page of something between that names hours is asked again, for what it speaks of may be back in minutes. */
const MOST_RETRY_AFTER_MS = 60_000;

/** What `Retry-After` says (8.2.1), in seconds or as a date. */
const retryAfterOf = (header: string | undefined, now: number): { readonly retryAfterMs?: number } => {
  if (header === undefined) return {};
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return ms > 0 ? { retryAfterMs: Math.min(ms, MOST_RETRY_AFTER_MS) } : {};
};

const answerOf = (response: Response, text: string, requestId: string, now: number): Answer => {
  const headers = Object.fromEntries(response.headers);
  const answer = { status: response.status, headers, replayed: headers[REPLAYED] === 'true', requestId };
  if (response.status === 204 || response.status === 304) return { ...answer, data: undefined };
  let body: { status?: unknown; data?: unknown; error?: ErrorBody } | undefined;
  try {
    body = JSON.parse(text) as typeof body;
  } catch {}
  if (body?.status === 'success') return { ...answer, data: body.data };
  if (body?.status === 'error' && body.error !== undefined) {
    const details = { ...retryAfterOf(headers['retry-after'], now), ...body.error.details };
    throw refused({ ...body.error, details }, response.status, requestId);
  }
  if (response.ok && body !== undefined) return { ...answer, data: body };
  if (isGateway(response.status))
    throw noAnswer(`Something between answered ${response.status}.`, requestId, undefined, retryAfterOf(headers['retry-after'], now));
  throw new GodwitError(
    { code: 'PROTOCOL', message: `The answer ${response.status} is not of this protocol: is the url right?` },
    { status: response.status, requestId },
  );
};

/**
 * `base` ends before `/v1`. Credentials that are refused are got anew, once, and the request repeated at once. What is waited for, be it an answer or credentials, is given up at
 * `timeout` and when the signal is aborted.
 */
export const httpCarrier = ({ fetch, clock }: Environment, base: string, credentials: Credentials, ending: Ending): Carrier => {
  const carry = async (exchange: Exchange, body: string | null, credential: string | undefined, signal: AbortSignal): Promise<Answer> => {
    const { method, path, requestId } = exchange;
    try {
      const response = await fetch(`${base}/v1${path}`, {
        method,
        headers: headersOf(exchange, credential),
        body,
        signal,
        cache: 'no-store',
        credentials: 'omit',
      });
      return answerOf(response, await response.text(), requestId, clock.now());
    } catch (error) {
      if (error instanceof GodwitError) throw error;
      throw noAnswer('The server could not be reached.', requestId, error);
    }
  };
  return (exchange) =>
    ending.during(exchange.signal, async (signal) => {
      const { requestId, timeout } = exchange;
      // What JSON cannot hold is the caller's mistake, and no failure to reach the server.
      const body = bodyOf(exchange);
      const late = (): GodwitError => tooLate(timeout, requestId);
      const inTime = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => within(clock, timeout, late, signal, work);
      const credential = await inTime(() => credentials.current());
      try {
        return await inTime((ended) => carry(exchange, body, credential, ended));
      } catch (error) {
        if ((error as GodwitError).status !== 401 || !credentials.canRenew) throw error;
        const renewed = await inTime(() => credentials.renew(credential));
        return inTime((ended) => carry(exchange, body, renewed, ended));
      }
    });
};
