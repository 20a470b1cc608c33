// Requests as the application makes them: each tried again as the contract says, with the same requestId, over whichever transport is up at that moment (8.2.1).
import type { Answer, ChangeOptions, Environment } from './api.ts';
import { GodwitError } from './errors.ts';
import { type Carrier, type Exchange, hasBody, type Method, TIMEOUT_MS } from './transports/exchange.ts';
import { pause, RETRIES, retryWait } from './waits.ts';

export interface CallOptions extends ChangeOptions {
  readonly data?: unknown;
}

export type Call = (method: Method, path: string, options?: CallOptions) => Promise<Answer>;

/** `retries`: how often what can succeed later is tried again. */
export const caller = ({ clock, random, newId }: Environment, carrier: Carrier, retries = RETRIES): Call => {
  return async (method, path, { data = hasBody(method) ? null : undefined, requestId = newId(), signal, timeout = TIMEOUT_MS, ifMatch } = {}) => {
    const exchange: Exchange = { method, path, data, requestId, timeout, signal, headers: ifMatch === undefined ? undefined : { 'if-match': ifMatch } };
    for (let attempt = 1; ; attempt++) {
      try {
        return await carrier(exchange);
      } catch (error) {
        if (!(error instanceof GodwitError) || !error.retryable || attempt > retries) throw error;
        await pause(clock, retryWait(attempt, random, error.details.retryAfterMs), signal);
      }
    }
  };
};
