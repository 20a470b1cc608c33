// Who waits for a request's answer, as the store asks before it reads: nobody after its time (6.1.1), or when the WebSocket that it came over has closed.
import type { Identity } from '../core/call.ts';
import type { Session } from '../core/session.ts';
import type { Asker } from '../ports/storage.ts';

export class RequestAsker implements Asker {
  readonly client: string;
  readonly #session: Session | undefined;
  /** Set once it was answered before its outcome was there. */
  isAnswered = false;

  constructor({ identity, session }: { readonly identity: Identity | undefined; readonly session?: Session | undefined }) {
    this.client = identity?.client ?? '';
    this.#session = session;
  }

  get isGone(): boolean {
    return this.isAnswered || this.#session?.isClosed === true;
  }
}
