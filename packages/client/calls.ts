// Requests as the application makes them: each tried again as the contract says, with the same requestId, over whichever transport is up at that moment (8.2.1).
import { isRequestId } from '@godwit/protocol';
import type { Answer, ChangeOptions, Environment } from './api.ts';
import type { Ending } from './ending.ts';
import { GodwitError } from './errors.ts';
import { RETRIES, TIMEOUT_MS } from './figures.ts';
import { type Carrier, type Exchange, hasBody, type Method } from './transports/exchange.ts';
import { again } from './waits.ts';

export interface CallOptions extends ChangeOptions {
  readonly data?: unknown;
}

export type Call = (method: Method, path: string, options?: CallOptions) => Promise<Answer>;

/** A path of these segments. */
export const pathTo = (...segments: string[]): string => segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');

/** A step of a path that URLs take for a walk, however it is written: over HTTP it would lead elsewhere, and over a WebSocket to nothing. */
const DOTS = /[/\\](?:\.|%2e){1,2}(?![^/\\#])/i;

/** Throws what can be told of a request before it is sent, as the server would tell it: so it is the same over either transport. */
const check = (path: string, requestId: string): void => {
  if (!isRequestId(requestId)) {
    const field = '/requestId';
    const message = 'must be 1 to 128 visible ASCII characters';
    const details = { retryable: false, field, errors: [{ field, message }] };
    throw new GodwitError({ code: 'INVALID_ENVELOPE', message: `${field} ${message}.`, details }, { status: 400, requestId });
  }
  if (DOTS.test(path.split('?', 1)[0] ?? ''))
    throw new GodwitError({ code: 'NOT_FOUND', message: 'There is nothing here.', details: { retryable: false } }, { status: 404, requestId });
};

/** `ending`: rejects what is under way with its reason when that comes. `retries`: how often what can succeed later is tried again. */
export const caller = (environment: Environment, carrier: Carrier, ending: Ending, retries = RETRIES): Call => {
  return async (method, path, { data = hasBody(method) ? null : undefined, requestId = environment.newId(), signal, timeout = TIMEOUT_MS, ifMatch } = {}) => {
    check(path, requestId);
    const exchange: Exchange = { method, path, data, requestId, timeout, signal, headers: ifMatch === undefined ? undefined : { 'if-match': ifMatch } };
    for (let attempt = 1; ; attempt++) {
      try {
        return await carrier(exchange);
      } catch (error) {
        if (ending.reason) throw ending.reason;
        if (!(error instanceof GodwitError) || !error.retryable || attempt > retries) throw error;
        await ending.during(signal, (ended) => again(environment, attempt, error, ended));
      }
    }
  };
};
