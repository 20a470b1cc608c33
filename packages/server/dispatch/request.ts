// What an adapter hands to the dispatcher and what it gets back; no medium shows in either.
import { ProtocolError } from '@godwit/protocol';
import type { Identity, Parking, Preconditions } from '../core/call.ts';
import type { RateState } from '../core/rate.ts';
import type { Session } from '../core/session.ts';
import type { RequestAsker } from './asker.ts';

export interface Request {
  /** Without the question mark. */
  readonly query: string;
  readonly data: unknown;
  /** Under which name it takes effect once (4.1.3); undefined: it is carried out whenever it comes. */
  readonly requestId: string | undefined;
  readonly preconditions: Preconditions;
  readonly identity: Identity | undefined;
  /** Whether it comes from the budget of 7.1.1; what a WebSocket carries comes from that of 7.2.1. */
  readonly metered: boolean;
  /** Operations that were taken from that budget before it was known what it asks for. */
  readonly counted?: number;
  /** The WebSocket that it came over. */
  readonly session?: Session | undefined;
  readonly parking?: Parking | undefined;
  /** Milliseconds that it has waited for its turn: of its time (6.1.1) so much less is left. */
  readonly waited?: number;
  /** Set once it was looked at. */
  asker?: RequestAsker | undefined;
  /** Set once it was counted. */
  rate?: RateState;
}

export interface Reply {
  readonly status: number;
  /** The member `data` as JSON text; undefined where there is no body. */
  readonly text: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** To be called when it is on its way. */
  readonly started?: (() => void) | undefined;
}

/** Path and query of a request that names both in one (5.2.1, 9.2.1). */
export const splitTarget = (target: string): [path: string, query: string] => {
  const mark = target.indexOf('?');
  return mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
};

export const REPLAY_HEADER = 'x-idempotent-replay';

/** The outcome of the first time (4.1.3). */
export const replayed = (reply: Reply): Reply => ({ ...reply, headers: { ...reply.headers, [REPLAY_HEADER]: 'true' } });

/** Its name was used for another operation. */
export const reused = (): ProtocolError => new ProtocolError('REQUEST_ID_REUSED');
