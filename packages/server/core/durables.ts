// Durable subscriptions (6.2.4 to 6.2.6): a name, patterns and the acknowledged place, kept by the server. All in memory; what changed is written down
// within the second, creation, change and deletion at once.
import { BOUNDS, ProtocolError } from '@godwit/protocol';
import type { Clock } from '../ports/clock.ts';
import type { LogFilter, RecordChange, Storage } from '../ports/storage.ts';
import type { LogCursors } from './log.ts';

export interface Durable {
  readonly client: string;
  readonly name: string;
  topics: readonly string[];
  /** Milliseconds. */
  ackWait: number;
  /** Everything up to here is done. */
  acknowledged: number;
  /** Up to here messages have left the server at some time: what is sent again says so. */
  sent: number;
  redeliveries: number;
  /** Who gets its messages now; undefined: nobody. */
  attachment: DurableAttachment | undefined;
}

/** The one that gets a durable subscription's messages. */
export interface DurableAttachment {
  /** Ends it with a notice that says why. */
  detach(reason: 'taken-over' | 'deleted' | 'forbidden'): void;
  /** The acknowledged place has moved. */
  acknowledged(): void;
  /** The acknowledged place has moved over what is none of its messages. */
  passedOver(): void;
  /** Begins anew from the acknowledged place, with the topics as they are now. */
  restart(): void;
  /** How many messages are sent and not acknowledged, where that is all that is pending; undefined where there is more. */
  readonly outstandingIsAll: number | undefined;
  /** Up to here all that match are acknowledged; undefined where it does not know. */
  readonly doneUntil: number | undefined;
  /** The collections whose messages come. */
  readonly collections: LogFilter['collections'];
}

interface Stored {
  readonly client: string;
  readonly name: string;
  readonly topics: readonly string[];
  readonly ackWait: number;
  readonly cursor: string;
  readonly sent: number;
}

const KIND = 'subscription';
const FLUSH_MS = 500;
const RETRY_MS = 1000;

const keyOf = (client: string, name: string): string => `${client}\0${name}`;

export class Durables {
  readonly #storage: Storage;
  readonly #cursors: LogCursors;
  readonly #clock: Clock;
  readonly #byClient = new Map<string, Map<string, Durable>>();
  readonly #dirty = new Set<Durable>();
  /** Those with a change under way, and how many: until it is over they must not be written down as they were. */
  readonly #changing = new Map<Durable, number>();
  #flushing: Promise<void> | undefined;
  #scheduled = false;

  constructor(storage: Storage, cursors: LogCursors, clock: Clock) {
    this.#storage = storage;
    this.#cursors = cursors;
    this.#clock = clock;
  }

  async load(): Promise<void> {
    for (const { body } of await this.#storage.records(KIND)) {
      const { client, name, topics, ackWait, cursor, sent } = JSON.parse(body) as Stored;
      let acknowledged: number;
      try {
        acknowledged = this.#cursors.place(cursor, '/cursor');
      } catch {
        // A restored store may know a place that its log never had: everything kept is ahead.
        acknowledged = this.#cursors.earliest;
      }
      this.set({ client, name, topics, ackWait, acknowledged, sent: Math.min(sent, this.#storage.log.last), redeliveries: 0, attachment: undefined });
    }
  }

  all(client?: string): Durable[] {
    const durables = client === undefined ? [...this] : [...(this.#byClient.get(client)?.values() ?? [])];
    return durables.sort((one, other) => (keyOf(one.client, one.name) < keyOf(other.client, other.name) ? -1 : 1));
  }

  /** Each of them, in no order. */
  *[Symbol.iterator](): Iterator<Durable> {
    for (const map of this.#byClient.values()) yield* map.values();
  }

  find(client: string, name: string): Durable | undefined {
    return this.#byClient.get(client)?.get(name);
  }

  /** The subscription, or `NOT_FOUND`. */
  get(client: string, name: string): Durable {
    const durable = this.find(client, name);
    if (durable === undefined) throw new ProtocolError('NOT_FOUND', `There is no subscription ${name}.`);
    return durable;
  }

  set(durable: Durable): void {
    let map = this.#byClient.get(durable.client);
    if (map === undefined) this.#byClient.set(durable.client, (map = new Map()));
    map.set(durable.name, durable);
  }

  /** Throws `CONFLICT` where the client has as many as it may (6.2.4). */
  checkRoom(client: string): void {
    if ((this.#byClient.get(client)?.size ?? 0) >= BOUNDS.durablesPerClient) {
      throw new ProtocolError('CONFLICT', `A client has at most ${BOUNDS.durablesPerClient} durable subscriptions.`, { limit: BOUNDS.durablesPerClient });
    }
  }

  delete(durable: Durable): void {
    const map = this.#byClient.get(durable.client);
    map?.delete(durable.name);
    if (map?.size === 0) this.#byClient.delete(durable.client);
    this.#dirty.delete(durable);
    durable.attachment?.detach('deleted');
  }

  /** The record of a subscription, for the unit that makes, changes or (null) removes it. */
  record(
    durable: Pick<Durable, 'client' | 'name' | 'topics' | 'ackWait' | 'acknowledged' | 'sent'> | null,
    client: string,
    name: string,
    expect?: 'absent' | 'present',
  ): RecordChange {
    const body = durable === null ? null : this.#body(durable);
    return { kind: KIND, id: keyOf(client, name), body, ...(expect === undefined ? {} : { expect }) };
  }

  #body({ client, name, topics, ackWait, acknowledged, sent }: Pick<Durable, 'client' | 'name' | 'topics' | 'ackWait' | 'acknowledged' | 'sent'>): string {
    const place = Math.max(acknowledged, 0);
    const stored: Stored = { client, name, topics, ackWait, cursor: this.#cursors.format(place), sent };
    return JSON.stringify(stored);
  }

  /** Everything up to `place` is done; never moves back (6.2.6). */
  acknowledge(durable: Durable, place: number): void {
    if (place <= durable.acknowledged) return;
    durable.acknowledged = place;
    durable.attachment?.acknowledged();
    this.touch(durable);
  }

  /** Nothing up to `place` is left to acknowledge, because none of it matches. Whether that moved it. */
  passOver(durable: Durable, place: number): boolean {
    if (place <= durable.acknowledged) return false;
    durable.acknowledged = place;
    durable.attachment?.passedOver();
    this.touch(durable);
    return true;
  }

  /** A change of it is about to be written; call what is returned once, when that is over, whatever became of it. */
  changing(durable: Durable): () => void {
    this.#changing.set(durable, (this.#changing.get(durable) ?? 0) + 1);
    return () => {
      const left = (this.#changing.get(durable) ?? 0) - 1;
      if (left > 0) this.#changing.set(durable, left);
      else this.#changing.delete(durable);
    };
  }

  /** It will be written down within the second. */
  touch(durable: Durable): void {
    this.#dirty.add(durable);
    this.#schedule(FLUSH_MS);
  }

  #schedule(ms: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(ms, () => {
      this.#scheduled = false;
      void this.flush();
    });
  }

  /** Writes down what changed. Never rejects: what could not be written now is tried again. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
    if (this.#dirty.size === 0) return;
    // One that was deleted meanwhile must not be written over another that was made under its name since.
    for (const durable of this.#dirty) if (this.find(durable.client, durable.name) !== durable) this.#dirty.delete(durable);
    const changed = [...this.#dirty].filter((durable) => !this.#changing.has(durable));
    for (const durable of changed) this.#dirty.delete(durable);
    if (this.#dirty.size > 0) this.#schedule(FLUSH_MS);
    if (changed.length === 0) return;
    this.#flushing = this.#write(changed).finally(() => {
      this.#flushing = undefined;
    });
    await this.#flushing;
  }

  async #write(changed: readonly Durable[]): Promise<void> {
    // Those that were deleted since must not come back: each is written only where it still is.
    const units = changed.map((durable) => this.#storage.write({ records: [this.record(durable, durable.client, durable.name, 'present')] }));
    const outcomes = await Promise.allSettled(units);
    for (const [index, outcome] of outcomes.entries()) if (outcome.status === 'rejected') this.#dirty.add(changed[index] as Durable);
    if (this.#dirty.size > 0) this.#schedule(RETRY_MS);
  }
}
