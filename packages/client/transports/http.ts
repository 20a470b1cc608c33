// Requests over HTTP (section 3): the envelope around them, and what may come back instead of one.
import { type ErrorBody, PROTOCOL_VERSION } from '@godwit/protocol';
import type { Answer, Environment } from '../api.ts';
import type { Credentials } from '../credentials.ts';
import type { Ending } from '../ending.ts';
import { GodwitError, noAnswer, tooLate } from '../errors.ts';
import { MOST_RETRY_AFTER_MS } from '../figures.ts';
import { answerOf, type Carrier, type Exchange, hasBody } from './exchange.ts';

/** What stands between may answer in the server's place: what says that it cannot be reached (502 to 504, and those of large networks up to 524) is like no answer. */
const isOfBetween = (status: number): boolean => status === 408 || status === 429 || (status > 501 && status < 525);

const headersOf = ({ method, headers, requestId }: Exchange, credential: string | undefined): Record<string, string> => ({
  accept: 'application/json',
  'x-protocol-version': PROTOCOL_VERSION,
  'x-request-id': requestId,
  ...(credential && { authorization: `Bearer ${credential}` }),
  ...(hasBody(method) && { 'content-type': 'application/json' }),
  ...(method === 'DELETE' && { 'idempotency-key': requestId }),
  ...headers,
});

/** What `Retry-After` says (8.2.1), in seconds; a date is passed over, as the clock here may be another. */
const retryAfterOf = (header = ''): { readonly retryAfterMs?: number } => {
  const ms = Number(header) * 1000;
  return ms > 0 ? { retryAfterMs: Math.min(ms, MOST_RETRY_AFTER_MS) } : {};
};

const read = async (response: Response, requestId: string): Promise<Answer> => {
  const { status, ok } = response;
  const text = await response.text();
  const headers = Object.fromEntries(response.headers);
  const answer = (data?: unknown): Answer => answerOf(status, data, headers, requestId);
  if (status === 204 || status === 304) return answer();
  let body: { readonly status?: string; readonly data?: unknown; readonly error?: ErrorBody } | undefined;
  try {
    body = JSON.parse(text) as typeof body;
  } catch {}
  if (body?.status === 'success') return answer(body.data);
  const wait = retryAfterOf(headers['retry-after']);
  if (body?.status === 'error' && body.error) {
    const { error } = body;
    throw new GodwitError({ ...error, details: { ...wait, ...error.details } }, { status, requestId });
  }
  if (ok && body !== undefined) return answer(body);
  if (isOfBetween(status)) throw noAnswer(`Something between answered ${status}.`, requestId, undefined, wait);
  throw new GodwitError({ code: 'PROTOCOL', message: `The answer ${status} is not of this protocol: is the url right?` }, { status, requestId });
};

/**
 * `base` ends before `/v1`. Credentials that are refused are got anew, once, and the request repeated at once. What is waited for, be it an answer or credentials, is given up at
 * `timeout` and when the signal is aborted.
 */
export const httpCarrier = ({ fetch }: Environment, base: string, credentials: Credentials, ending: Ending): Carrier => {
  return async (exchange) => {
    const { method, path, data, requestId, timeout, signal } = exchange;
    // What JSON cannot hold is the caller's mistake, and no failure to reach the server.
    const body = hasBody(method) ? JSON.stringify({ requestId, data }) : null;
    const inTime = <T>(work: (ended: AbortSignal) => Promise<T>): Promise<T> => ending.during(signal, work, timeout, () => tooLate(timeout, requestId));
    const ask = (credential: string | undefined): Promise<Answer> =>
      inTime(async (ended) => {
        try {
          const response = await fetch(`${base}/v1${path}`, {
            method,
            headers: headersOf(exchange, credential),
            body,
            signal: ended,
            cache: 'no-store',
            credentials: 'omit',
          });
          return await read(response, requestId);
        } catch (error) {
          throw error instanceof GodwitError ? error : noAnswer('The server could not be reached.', requestId, error);
        }
      });
    const credential = await inTime(() => credentials.current());
    try {
      return await ask(credential);
    } catch (error) {
      if ((error as GodwitError).status !== 401 || !credentials.canRenew) throw error;
      return ask(await inTime(() => credentials.renew(credential)));
    }
  };
};
