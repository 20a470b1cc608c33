// The publishes of one WebSocket on the short way: from the bytes of a message to those of its response, with the same rules as on the long one (requests.ts), where
// everything goes that is not plainly in order.
import type { Flight, PublishListener, WriteOutcome } from '../../ports/storage.ts';
import type { Connection } from '../../session/connection.ts';
import { confirmationFrames } from './confirmations.ts';
import type { TextTaker } from './intake.ts';
import type { SocketRequests } from './requests.ts';
import { Skimmed } from './skim.ts';

const skimmed = new Skimmed();

export class Publisher implements TextTaker, PublishListener {
  readonly #requests: SocketRequests;
  readonly #connection: Connection;

  constructor(requests: SocketRequests, connection: Connection) {
    this.#requests = requests;
    this.#connection = connection;
  }

  take(bytes: Buffer, start: number, end: number, isPlain: boolean): void {
    const connection = this.#connection;
    if (connection.isClosed) return;
    if (skimmed.read(bytes, start, end, isPlain) && this.#requests.publish(connection, skimmed, this)) return;
    this.#requests.receive(connection, bytes.subarray(start, end));
  }

  confirmed(flight: Flight, from: number, to: number): void {
    const { cursors, ids, clock } = this.#requests.core;
    this.#connection.send(confirmationFrames(flight, from, to, cursors, ids, clock.now()));
    for (let index = from; index < to; index++) this.#requests.settled(201, flight.startedAt(index));
  }

  refused(flight: Flight, index: number, outcome: Exclude<WriteOutcome, { readonly status: 'written' }>): void {
    this.#requests.settled(this.#requests.refused(this.#connection, flight.requestId(index), outcome), flight.startedAt(index));
  }

  failed(flight: Flight, index: number, error: Error): void {
    this.#requests.settled(this.#requests.fail(this.#connection, flight.requestId(index), error), flight.startedAt(index));
  }
}
