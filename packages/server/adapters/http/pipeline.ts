// Requests that a client sends on one connection without waiting for the answers: carried out one after the other, as what comes later may
// rest on what came before (RFC 9112, section 9.3.2); beyond a hundred that wait, refused (7.1.2).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BOUNDS, type ProtocolError } from '@godwit/protocol';
import { tooManyInProgress } from '../../session/in-progress.ts';

/** Answers a request, or refuses it with an error; a promise (which never rejects) where that takes time. */
export type Begin = (refusal: ProtocolError | undefined) => Promise<void> | undefined;

type Answer = ServerResponse & { readonly req: IncomingMessage };

/** The response that a connection is busy with; those behind it wait for their turn. */
export const answering = (socket: Duplex): Answer | undefined => (socket as { _httpMessage?: Answer | null })._httpMessage ?? undefined;

/** Calls back when all that was asked on a connection is answered, to the last byte; never where the client goes first. */
export const afterAnswers = (socket: Duplex, callback: () => void): void => {
  const busy = answering(socket);
  if (busy === undefined) callback();
  else busy.once('close', () => afterAnswers(socket, callback));
};

/** Unread bytes of an answer, behind which nothing more is begun: the answers of a client that asks and does not read would grow without end. */
const MOST_UNREAD = 64 * 1024;

interface Asked {
  readonly response: ServerResponse;
  readonly begin: Begin;
}

export class Pipeline {
  /** What waits behind the request of a connection that is in progress. */
  readonly #waiting = new WeakMap<Socket, Asked[]>();

  /** Begins a request when those before it on its connection are answered, and read but for a little. */
  take(socket: Socket, response: ServerResponse, begin: Begin): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) {
      if (this.#begin(socket, { response, begin })) this.#waiting.set(socket, []);
    } else if (waiting.length < BOUNDS.inProgressPerClient) waiting.push({ response, begin });
    else void begin(tooManyInProgress('Too many requests of this connection wait for their turn.'));
  }

  /** Begins a request; whether those behind it wait, until `#next`. */
  #begin(socket: Socket, { response, begin }: Asked): boolean {
    const answered = begin(undefined);
    if (answered === undefined) return this.#isUnread(socket, response);
    void answered.then(() => {
      if (!this.#isUnread(socket, response)) this.#next(socket);
    });
    return true;
  }

  /** Whether much of an answer has not left; `#next` is called when it has. */
  #isUnread(socket: Socket, response: ServerResponse): boolean {
    if (response.closed || response.writableLength <= MOST_UNREAD) return false;
    response.once('close', () => this.#next(socket));
    return true;
  }

  #next(socket: Socket): void {
    const waiting = this.#waiting.get(socket) as Asked[];
    for (let asked = waiting.shift(); asked !== undefined; asked = waiting.shift()) if (this.#begin(socket, asked)) return;
    this.#waiting.delete(socket);
  }
}
