// A subscriber on the SDK, as the fault test judges it: what its handler finished, in each life of the process that holds it. Several may share a client, and then
// share what the client opens at the server.
import type { Client, Message, SubscribeOptions, Subscription } from '@godwit/client';
import { pause } from '../../testing/process.ts';
import type { Random } from '../../testing/random.ts';
import { digestOf, type Got } from '../messages/subscriber.ts';
import type { Life } from './environment.ts';

export interface SdkSubscriberOptions {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly seeded: Random;
  readonly readsDocuments?: boolean;
  /** The server keeps its cursor. */
  readonly durable?: boolean;
  /** It takes its messages from the async iterator. */
  readonly iterates?: boolean;
  /** How long its handler takes, in milliseconds; none: it does not wait at all. */
  readonly takes?: () => number;
  /** How often its handler fails; a message that it failed on comes again only to a durable one. */
  readonly fails?: number;
}

/** What was handed over in one life. */
export interface Chapter {
  /** Where it began: undefined for a durable one, whose place the server knows. */
  readonly from: string | undefined;
  readonly got: Got[];
}

export class SdkSubscriber {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly readsDocuments: boolean;
  readonly isDurable: boolean;
  readonly chapters: Chapter[] = [];
  readonly complaints: string[] = [];
  /** The cursor as an application keeps it. */
  kept = 'earliest';
  failures = 0;
  readonly #options: SdkSubscriberOptions;
  #subscription: Subscription | undefined;

  constructor(options: SdkSubscriberOptions) {
    this.#options = options;
    this.name = options.name;
    this.patterns = options.patterns;
    this.readsDocuments = options.readsDocuments ?? true;
    this.isDurable = options.durable === true;
  }

  get got(): readonly Got[] {
    return this.chapters.flatMap(({ got }) => got);
  }

  begin(client: Client, life: Life): void {
    const { name, patterns, iterates, durable, fails = 0, takes, seeded } = this.#options;
    const chapter: Chapter = { from: durable ? undefined : this.kept, got: [] };
    this.chapters.push(chapter);
    const take = async (message: Message): Promise<void> => {
      if (life.isOver) return;
      const ms = takes?.() ?? 0;
      if (ms > 0) await pause(ms);
      if (seeded.chance(fails)) {
        this.failures++;
        throw new Error('as it must now and then');
      }
      if (life.isOver) return;
      const { messageId, topic, cursor, timestamp, redelivered } = message;
      chapter.got.push({ messageId, topic, cursor, timestamp, redelivered, digest: digestOf(message.data), attempt: this.chapters.length });
    };
    const options: SubscribeOptions = {
      ...(durable ? { name, after: 'earliest', ackWait: '1s' } : { after: this.kept }),
      onGap: (gap) => void this.complaints.push(`${name}: a gap ${JSON.stringify(gap)}`),
      onCursor: (cursor) => {
        if (life.isOver) return;
        if (this.kept !== 'earliest' && cursor < this.kept && !durable) this.complaints.push(`${name}: its cursor went back, from ${this.kept} to ${cursor}`);
        this.kept = cursor;
      },
    };
    const subscription = iterates ? client.subscribe(patterns, options) : client.subscribe(patterns, take, options);
    this.#subscription = subscription;
    subscription.closed.then(
      ({ reason }) => life.isOver || reason === 'closed' || this.complaints.push(`${name}: ended, ${reason}`),
      (error: unknown) => life.isOver || this.complaints.push(`${name}: failed, ${error}`),
    );
    if (iterates) {
      void (async () => {
        for await (const message of subscription as unknown as AsyncIterable<Message>) await take(message);
      })().catch((error: unknown) => this.complaints.push(`${name}: ${error}`));
    }
  }

  close(): Promise<void> | undefined {
    return this.#subscription?.close();
  }
}
