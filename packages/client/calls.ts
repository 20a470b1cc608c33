// Requests as the application makes them: each tried again as the contract says, with the same requestId, over whichever transport is up at that moment (8.2.1).

import { invalidEnvelope, isRequestId, ProtocolError } from '@godwit/protocol';
import type { Answer, ChangeOptions, Environment } from './api.ts';
import type { Ending } from './ending.ts';
import { GodwitError, refused } from './errors.ts';
import { type Carrier, type Exchange, hasBody, type Method, TIMEOUT_MS } from './transports/exchange.ts';
import { pause, RETRIES, retryWait } from './waits.ts';

export interface CallOptions extends ChangeOptions {
  readonly data?: unknown;
}

export type Call = (method: Method, path: string, options?: CallOptions) => Promise<Answer>;

/** A step of a path that URLs take for a walk, however it is written: over HTTP it would lead elsewhere, and over a WebSocket to nothing. */
const DOTS = /[/\\](?:\.|%2e){1,2}(?![^/\\#])/i;

/** What is wrong with a request that can be told before it is sent, as the server would tell it: so it is the same over either transport. */
const checked = (path: string, requestId: string): ProtocolError | undefined => {
  if (!isRequestId(requestId)) return invalidEnvelope('/requestId', 'must be 1 to 128 visible ASCII characters');
  return DOTS.test(path.split('?', 1)[0] ?? '') ? new ProtocolError('NOT_FOUND') : undefined;
};

/** `ending`: rejects what is under way with its reason when that comes. `retries`: how often what can succeed later is tried again. */
export const caller = ({ clock, random, newId }: Environment, carrier: Carrier, ending: Ending, retries = RETRIES): Call => {
  return async (method, path, { data = hasBody(method) ? null : undefined, requestId = newId(), signal, timeout = TIMEOUT_MS, ifMatch } = {}) => {
    const wrong = checked(path, requestId);
    if (wrong !== undefined) throw refused(wrong.body(), wrong.status, requestId);
    const exchange: Exchange = { method, path, data, requestId, timeout, signal, headers: ifMatch === undefined ? undefined : { 'if-match': ifMatch } };
    for (let attempt = 1; ; attempt++) {
      try {
        return await carrier(exchange);
      } catch (error) {
        if (ending.reason !== undefined) throw ending.reason;
        if (!(error instanceof GodwitError) || !error.retryable || attempt > retries) throw error;
        const wait = retryWait(attempt, random, error.details.retryAfterMs);
        await ending.during(signal, (ended) => pause(clock, wait, ended));
      }
    }
  };
};
