// One request and its answer, in words that both transports share.
import type { Answer } from '../api.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Exchange {
  readonly method: Method;
  /** Below /v1, with its query. */
  readonly path: string;
  readonly data?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly requestId: string;
  /** Milliseconds from its sending until it is given up. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** What carries exchanges: rejects with a GodwitError, or with the reason of the signal that ended it. */
export type Carrier = (exchange: Exchange) => Promise<Answer>;

export const hasBody = (method: Method): boolean => method === 'POST' || method === 'PUT' || method === 'PATCH';

/** The header that marks the first outcome of a request that was repeated (4.1.3). */
const REPLAYED = 'x-idempotent-replay';

export const answerOf = (status: number, data: unknown, headers: Answer['headers'], requestId: string): Answer => ({
  status,
  data,
  headers,
  replayed: headers[REPLAYED] === 'true',
  requestId,
});
