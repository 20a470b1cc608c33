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

/** Throws where a request cannot be meant: sent, it would end otherwise over each transport. */
const check = (path: string, requestId: string): void => {
  if (!isRequestId(requestId)) throw new TypeError('A requestId has 1 to 128 visible ASCII characters.');
  if (DOTS.test(path.split('?', 1)[0] ?? '')) throw new TypeError('A path has no step . or .. in it.');
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
