// One operation on its way through the server, as a handler sees it: no transport, no credentials, only who asks and for what.
import type { KeyLimits } from '@godwit/protocol';
import type { Asker, StoredDocument } from '../ports/storage.ts';
import type { Session } from './session.ts';
import type { Transaction } from './transaction.ts';

/** Who is asking (clause 1, section 11). */
export interface Identity {
  readonly keyId: string;
  /** The client's name; of a token `<client> <sub>`: a name holds no space, so no two clients share one. */
  readonly client: string;
  readonly scopes: readonly string[];
  readonly limits: KeyLimits;
  /** Which budget of 7.1.1 its operations come from. */
  readonly budget: string;
  /** When a token expires, in milliseconds since the epoch; null for a key. */
  readonly expiresAt: number | null;
  /** The `sub` of a token; null for a key. */
  readonly sub: string | null;
}

/** The preconditions of an operation, whichever transport carried them. */
export interface Preconditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

export interface Call {
  /** The segments of the path that stand for something, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly data: unknown;
  readonly preconditions: Preconditions;
  /** Undefined only for operations that ask for no credentials. */
  readonly identity: Identity | undefined;
  /** The WebSocket that it came over; undefined elsewhere. */
  readonly session: Session | undefined;
  /** How it may wait; undefined where nothing may, as in a batch. */
  readonly parking: Parking | undefined;
  /** Who waits for what it reads. */
  readonly asker: Asker;
  /** What this operation writes, and reads before writing. */
  readonly tx: Transaction;
  /** A document as this operation sees it: the last confirmed state, in an atomic batch that of the batch so far. */
  document(collection: string, id: string): StoredDocument | undefined | Promise<StoredDocument | undefined>;
}

/** Lets a request that waits for a message count as what lasts, not as what is in progress (7.1.2). */
export interface Parking {
  /** Runs `wait`; throws `TOO_MANY_CONNECTIONS` where the client has as many as it may. `gone` is called when nobody waits for the answer any more. */
  park(wait: () => Promise<void>, gone: () => void): Promise<void>;
}

export interface Result {
  readonly status: number;
  /** The member `data` of the response; `JsonText` where it is text already; absent where there is no body. */
  readonly data?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is remembered in place of `data` for a repeat, where `data` holds a secret (4.1.3). */
  readonly remember?: unknown;
  /** Runs when the response is on its way: what it announces comes after it (6.2.3). */
  readonly started?: () => void;
}

export type Handler = (call: Call) => Result | Promise<Result>;
