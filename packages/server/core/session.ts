// What a handler may ask of the WebSocket that an operation came over (6.2.3, 6.2.5, 5.4), in words of the protocol: no socket shows.
import type { LogFilter } from '../ports/storage.ts';
import type { Identity } from './call.ts';
import type { Durable } from './durables.ts';

export interface Session {
  readonly connectionId: string;
  /** Nothing that is sent to it arrives. */
  readonly isClosed: boolean;
  /**
   * Opens, or moves, an unnamed subscription; its messages come once `start` is called. Throws `CONFLICT` where the connection has as many as it may.
   */
  subscribe(filter: LogFilter, place: number): { readonly id: string; readonly start: () => void };
  /** Whether there was one. */
  unsubscribe(id: string): boolean;
  /** Takes a durable subscription's messages, from whoever had them; they come once `start` is called. */
  attach(durable: Durable, filter: LogFilter): { readonly start: () => void };
  /** Whether it was attached here. */
  detach(durable: Durable): boolean;
  /** Goes on with other credentials of the same client; what they no longer cover ends with a notice (5.4). */
  renew(identity: Identity): void;
}
