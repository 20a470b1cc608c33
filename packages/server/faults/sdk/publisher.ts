// A publisher on the SDK: it awaits the confirmation of each message; where the SDK has given up its retries (8.2.1), it asks again with the same requestId.
import { type ClientOptions, createClient, GodwitError } from '@godwit/client';
import { pause } from '../../testing/process.ts';
import type { Random } from '../../testing/random.ts';
import type { Published } from '../messages/publishers.ts';
import { type Life, newLife } from './environment.ts';

const TOPICS = ['alpha.0', 'alpha.1', 'alpha.2', 'alpha.1.x', 'alpha.2.x', 'beta.0', 'beta.1', 'gamma'] as const;
const LANES = 3;

export interface SdkPublisherOptions extends ClientOptions {
  readonly worker: number;
  readonly seeded: Random;
  /** Without a connection requests go over HTTP. */
  readonly connects: boolean;
}

export class SdkPublisher {
  readonly ledger: Published[] = [];
  readonly complaints: string[] = [];
  replayed = 0;
  readonly #options: SdkPublisherOptions;
  readonly #life: Life;
  #stopping = false;
  #count = 0;
  #running: Promise<unknown> | undefined;

  constructor(options: SdkPublisherOptions) {
    this.#options = options;
    this.#life = newLife(options.seeded);
  }

  start(): void {
    const { worker, seeded, connects, ...options } = this.#options;
    const client = createClient({ ...options, ...this.#life.environment });
    if (connects) client.connect().catch((error: unknown) => this.complaints.push(`${worker}: ${error}`));
    const lane = async (): Promise<void> => {
      while (!this.#stopping) {
        await this.#publish(client, this.#next(seeded.chance(0.2)));
        await pause(seeded.below(100));
      }
    };
    this.#running = Promise.all(Array.from({ length: LANES }, lane)).then(() => client.close());
  }

  #next(isDocument: boolean): Published {
    const { seeded, worker } = this.#options;
    const requestId = `s${worker}-${++this.#count}`;
    const data = { by: requestId, fill: 'x'.repeat(seeded.chance(0.03) ? 4000 + seeded.below(30_000) : seeded.below(120)) };
    const published: Published = { requestId, topic: isDocument ? undefined : seeded.pick(TOPICS), data, attempts: 0 };
    this.ledger.push(published);
    return published;
  }

  async #publish(client: ReturnType<typeof createClient>, published: Published): Promise<void> {
    const { requestId, topic, data } = published;
    for (;;) {
      published.attempts++;
      try {
        const answer = await client.request('POST', topic === undefined ? '/docs' : `/topics/${topic}/messages`, { data, requestId });
        published.confirmed = { status: answer.status, data: answer.data, error: undefined, replayed: answer.replayed };
        if (answer.status !== 201) this.complaints.push(`${requestId}: ${answer.status}`);
        if (answer.replayed) this.replayed++;
        return;
      } catch (error) {
        if (error instanceof GodwitError && error.retryable) continue;
        this.complaints.push(`${requestId}: ${error}`);
        return;
      }
    }
  }

  /** Nothing that it began comes to anything. */
  abandon(): void {
    this.#stopping = true;
    this.#life.die();
  }

  async finish(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }
}
