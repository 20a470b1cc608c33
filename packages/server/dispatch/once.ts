// A request takes effect once (4.1.3): the writes of an operation and the memory of its name are one unit of the store. A repeat gets the first
// outcome; one that comes while the first is running waits for it; only what changed something is remembered.
import { hash } from 'node:crypto';
import { ProtocolError } from '@godwit/protocol';
import type { Call, Result } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { encode } from '../core/json.ts';
import { writtenPlaces } from '../core/place.ts';
import { Pending, Transaction } from '../core/transaction.ts';
import type { RememberedRequest, RequestName } from '../ports/storage.ts';
import { refusalOf } from './failure.ts';
import { publishedBefore } from './publishing.ts';
import { Queue } from './queue.ts';
import { type Reply, replayed, reused } from './request.ts';

/** One operation that writes, ready to be carried out, any number of times. */
export interface Work {
  readonly client: string;
  readonly requestId: string | undefined;
  /** Whether it is remembered as the message that it publishes. */
  readonly publishes: boolean;
  /** What makes it the same operation as another of its name. */
  operation(): string;
  /** Its handler, on a transaction. */
  perform(tx: Transaction): Result | Promise<Result>;
  /** Refuses a reply before it is written, where there is no room for it (9.2.1). */
  readonly admit?: ((reply: Reply) => void) | undefined;
}

type Named = Pick<Work, 'client' | 'operation'>;
type Attempted = Reply & { readonly remembered?: boolean };

/**
 * Emptied when it is over: a Map that grew leaves its former table to the next full collection of garbage, and all that hangs on the entries that were in
 * it then. With entries that are still full, half of all requests would grow old.
 */
interface Running {
  work: Named | undefined;
  attempt: Promise<Attempted> | undefined;
}

/** Writers of one document follow each other within a commit, so a refusal is rare and this many in a row are a storm. */
const MOST_TRIES = 32;

export const fingerprint = (...parts: readonly string[]): string => hash('sha256', parts.join('\n'), 'base64url');

const nameOf = (client: string, requestId: string): string => `${client}\0${requestId}`;

const textOf = (data: unknown): string | undefined => (data === undefined ? undefined : encode(data));

const outcomeText = (status: number, headers: Reply['headers'], text: string | undefined): string => `${status} ${JSON.stringify(headers)}\n${text ?? ''}`;

export class Once {
  readonly #core: Core;
  readonly #pending = new Pending();
  readonly #running = new Map<string, Running>();
  readonly #queue = new Queue();
  #holding = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** A transaction that writes nothing, for operations that only read. */
  reading(): Transaction {
    return Transaction.reading(this.#core);
  }

  /** Carries out a work, or gives the outcome of its first time. Throws errors of the catalogue and of the store. */
  run(work: Work): Promise<Reply> {
    if (work.requestId === undefined) return this.#attempt(work, undefined);
    // Strangers are no client: one of them gets the outcome of another only for the same operation, and keeps no name from the others.
    const requestId = work.client === '' ? fingerprint(work.requestId, work.operation()) : work.requestId;
    return this.#alone(work, requestId, () => this.#attempt(work, requestId));
  }

  /** Carries out what is remembered by its parts (9.2.4), and keeps its name meanwhile: a repeat waits for its end and begins anew, another operation is refused. */
  async hold(work: Named, requestId: string, carryOut: () => Promise<Reply>): Promise<Reply> {
    this.#holding++;
    try {
      return await this.#alone(work, requestId, carryOut);
    } finally {
      this.#holding--;
    }
  }

  /** Whether any name is held; only then has who goes past `run` to ask `isHeld`. */
  get isHolding(): boolean {
    return this.#holding > 0;
  }

  /** Whether a name may be held: what is asked under it must go through `run`. */
  isHeld(client: string, requestId: string): boolean {
    return this.isHolding && this.#running.has(nameOf(client, requestId));
  }

  async #alone(work: Named, requestId: string, carryOut: () => Promise<Attempted>): Promise<Reply> {
    const name = nameOf(work.client, requestId);
    for (let first = this.#running.get(name); first !== undefined; first = this.#running.get(name)) {
      if (first.work?.operation() !== work.operation()) throw reused();
      const outcome = await this.#wait(first.attempt);
      if (outcome !== undefined) return replayed(outcome);
    }
    const attempt = carryOut();
    const running: Running = { work, attempt };
    this.#running.set(name, running);
    try {
      return await attempt;
    } finally {
      this.#running.delete(name);
      running.work = running.attempt = undefined;
    }
  }

  /** The reply where it was remembered, undefined where not. */
  #wait(attempt: Running['attempt']): Promise<Reply | undefined> {
    return new Promise((resolve, reject) => {
      const stop = this.#core.clock.after(this.#core.settings.requestTimeout, () =>
        reject(new ProtocolError('REQUEST_IN_PROGRESS', undefined, { retryAfterMs: 1000 }, { headers: { 'retry-after': '1' } })),
      );
      const end = (reply: Reply | undefined): void => {
        stop();
        resolve(reply);
      };
      attempt?.then(
        (reply) => end(reply.remembered ? reply : undefined),
        () => end(undefined),
      );
    });
  }

  async #attempt(work: Work, requestId: string | undefined): Promise<Attempted> {
    let refused: Transaction | undefined;
    for (let attempt = 0; ; attempt++) {
      // Those who were refused try again one after the other, each on what the one before it announced: all at once they would refuse each other again.
      const done = refused === undefined ? undefined : await this.#queue.join(refused.keys);
      const tx = new Transaction(this.#core, this.#pending, attempt > 0);
      refused = tx;
      let result: Result;
      let waited: boolean;
      try {
        const performed = work.perform(tx);
        waited = performed instanceof Promise;
        result = performed instanceof Promise ? await performed : performed;
      } catch (error) {
        done?.();
        tx.settle(false);
        // It may fail only because it took effect before: what it made is there, what it removed is not.
        const remembered = await this.#recall(work, requestId);
        if (remembered !== undefined) return remembered;
        if (attempt + 1 < MOST_TRIES && !(await this.#isConfirmed(tx))) continue;
        throw error;
      }
      const headers = result.headers ?? {};
      if (tx.isEmpty) {
        done?.();
        // It may change nothing only because it took effect before, or because another unit that is not confirmed yet did the same.
        const remembered = await this.#recall(work, requestId);
        if (remembered !== undefined) return remembered;
        if (attempt + 1 < MOST_TRIES && !(await this.#isConfirmed(tx))) continue;
        tx.settle(true);
        return { status: result.status, text: textOf(result.data), headers, started: result.started };
      }
      let committed = false;
      try {
        if (tx.isFallen || tx.isOvertaken(waited)) {
          if (attempt + 1 < MOST_TRIES) continue;
          throw refusalOf('document');
        }
        const text = textOf(result.data);
        const kept = result.remember === undefined ? text : textOf(result.remember);
        work.admit?.({ status: result.status, text, headers });
        const name = requestId === undefined ? undefined : this.#name(work, requestId, outcomeText(result.status, headers, kept));
        const unit = tx.unit(name);
        tx.announce();
        const written = this.#core.storage.write(unit);
        done?.();
        const outcome = await written;
        if (outcome.status === 'written') {
          committed = true;
          return { status: result.status, text: text && this.#placed(text, outcome.firstSeq), headers, remembered: result.remember === undefined };
        }
        if (outcome.status === 'replayed') return this.#again(work, outcome.remembered);
        if (outcome.status === 'reused') throw reused();
        if (outcome.reason !== 'document' && outcome.reason !== 'record') throw refusalOf(outcome.reason);
        if (attempt + 1 >= MOST_TRIES) throw refusalOf(outcome.reason);
      } finally {
        done?.();
        tx.settle(committed);
      }
    }
  }

  #name(work: Work, requestId: string, outcome: string): RequestName {
    const { client } = work;
    return work.publishes ? { client, requestId, kind: 'publish' } : { client, requestId, kind: 'change', operation: work.operation(), outcome };
  }

  #placed(text: string, firstSeq: number): string {
    return writtenPlaces(text, firstSeq, (place) => this.#core.cursors.format(place));
  }

  /** Waits for what a transaction has read to be on stable storage; false where it will not be, and was read too early. */
  async #isConfirmed(tx: Transaction): Promise<boolean> {
    if (tx.isFallen) return false;
    const rest = tx.rest();
    return rest === undefined || (await this.#core.storage.write(rest)).status === 'written';
  }

  async #recall(work: Work, requestId: string | undefined): Promise<Reply | undefined> {
    if (requestId === undefined) return undefined;
    const remembered = await this.#core.storage.findRequest(work.client, requestId);
    return remembered === undefined ? undefined : this.#again(work, remembered);
  }

  /** The outcome of the first time. */
  #again(work: Work, remembered: RememberedRequest): Reply {
    if (remembered.kind === 'publish') {
      const { topic, data } = remembered.message;
      if (work.operation() !== publishOperation(topic, data)) throw reused();
      return publishedBefore(this.#core, remembered.message);
    }
    if (remembered.operation !== work.operation()) throw reused();
    const { outcome, firstSeq } = remembered;
    const end = outcome.indexOf('\n');
    const text = outcome.slice(end + 1);
    return replayed({
      status: Number(outcome.slice(0, 3)),
      text: text === '' ? undefined : this.#placed(text, firstSeq),
      headers: JSON.parse(outcome.slice(4, end)) as Record<string, string>,
    });
  }
}

/** A publish is the same operation where topic and data are the same. */
export const publishOperation = (topic: string, data: string): string => `publish ${topic}\n${data}`;

/** How a call sees documents when nothing of it is written: as last confirmed. */
export const confirmed =
  (core: Core): Call['document'] =>
  (collection, id) =>
    core.storage.getDocument(collection, id);
