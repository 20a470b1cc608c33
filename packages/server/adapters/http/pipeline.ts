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

export class Pipeline {
  /** What waits behind the request of a connection that is in progress. */
  readonly #waiting = new WeakMap<Socket, Begin[]>();

  /** Begins a request when those before it on its connection are answered. */
  take(socket: Socket, begin: Begin): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) this.#begin(socket, begin);
    else if (waiting.length < BOUNDS.inProgressPerClient) waiting.push(begin);
    else void begin(tooManyInProgress('Too many requests of this connection wait for their turn.'));
  }

  #begin(socket: Socket, begin: Begin): void {
    const answered = begin(undefined);
    if (answered === undefined) return;
    this.#waiting.set(socket, []);
    void answered.then(() => this.#next(socket));
  }

  #next(socket: Socket): void {
    const waiting = this.#waiting.get(socket) as Begin[];
    for (let begin = waiting.shift(); begin !== undefined; begin = waiting.shift()) {
      const answered = begin(undefined);
      if (answered === undefined) continue;
      void answered.then(() => this.#next(socket));
      return;
    }
    this.#waiting.delete(socket);
  }
}
