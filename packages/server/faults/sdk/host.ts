// A process that holds one client of the SDK and its subscribers: it begins them, one after the other, dies where the test says so, and begins again from the cursors
// that its application kept.
import { type Client, type ClientOptions, createClient, type State } from '@godwit/client';
import { pause } from '../../testing/process.ts';
import type { Random } from '../../testing/random.ts';
import { type Life, newLife } from './environment.ts';
import type { SdkSubscriber } from './subscriber.ts';

export interface HostOptions extends ClientOptions {
  readonly name: string;
  readonly seeded: Random;
  /** Errors that its client may report besides those that handlers throw. */
  readonly expects?: (error: unknown) => boolean;
}

export class Host {
  readonly name: string;
  readonly subscribers: readonly SdkSubscriber[];
  readonly complaints: string[] = [];
  /** How often messages began to flow over each transport. */
  readonly moves = { websocket: 0, longpoll: 0 };
  lives = 0;
  readonly #options: HostOptions;
  #life: Life | undefined;
  #client: Client | undefined;

  constructor(options: HostOptions, subscribers: readonly SdkSubscriber[]) {
    this.#options = options;
    this.name = options.name;
    this.subscribers = subscribers;
  }

  get state(): State | undefined {
    return this.#client?.state;
  }

  begin(): void {
    const { name, seeded, expects, ...options } = this.#options;
    const life = newLife(seeded);
    const client = createClient({ ...options, ...life.environment });
    this.lives++;
    this.#life = life;
    this.#client = client;
    client.on('state', ({ transport, status, error }) => {
      if (life.isOver) return;
      if (transport !== undefined) this.moves[transport]++;
      if (status === 'closed' && error !== undefined) this.complaints.push(`${name}: closed, ${error}`);
    });
    client.on('error', ({ error }) => {
      if (life.isOver || (error as Error).message === 'as it must now and then' || expects?.(error)) return;
      this.complaints.push(`${name}: ${error}`);
    });
    void (async () => {
      for (const subscriber of this.subscribers) {
        if (life.isOver) return;
        subscriber.begin(client, life);
        // Some are begun together, some join what is under way.
        if (seeded.chance(0.7)) await pause(seeded.below(400));
      }
    })();
  }

  /** The process dies without a word, and another takes its place. */
  restart(): void {
    this.#life?.die();
    this.begin();
  }

  async close(): Promise<void> {
    await this.#client?.close();
    this.#life?.die();
  }
}
