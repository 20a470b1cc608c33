// How many requests of one client are in progress (7.1.2).
import { BOUNDS, ProtocolError } from '@godwit/protocol';

/** The refusal of 7.1.2, in a sentence of what there is too much of. */
export const tooManyInProgress = (sentence: string): ProtocolError =>
  new ProtocolError('TOO_MANY_CONNECTIONS', sentence, { retryAfterMs: 1000, limit: BOUNDS.inProgressPerClient }, { headers: { 'retry-after': '1' } });

export class InProgress {
  readonly #counts = new Map<string, number>();
  total = 0;

  /** Counts one in. Throws `TOO_MANY_CONNECTIONS` beyond 100 of one client. */
  enter(client: string): void {
    const count = this.#counts.get(client) ?? 0;
    if (count >= BOUNDS.inProgressPerClient) throw tooManyInProgress('Too many requests of this client are in progress.');
    this.#counts.set(client, count + 1);
    this.total++;
  }

  /** Counts one in that was there before, whatever the limit says. */
  reenter(client: string): void {
    this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1);
    this.total++;
  }

  leave(client: string): void {
    const count = this.#counts.get(client) ?? 0;
    if (count <= 1) this.#counts.delete(client);
    else this.#counts.set(client, count - 1);
    this.total--;
  }
}
