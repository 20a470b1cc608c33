// Publishers of the at-least-once test: each numbers what it publishes and repeats it with the same requestId, on any connection, until it is confirmed; a few
// are given up, so that nobody knows what became of them.
import { pause } from '../../testing/process.ts';
import type { Random } from '../../testing/random.ts';
import { type Answer, httpCaller, Lost, RawSocket, type Target } from './wire.ts';

export interface Published {
  readonly requestId: string;
  /** Undefined: a document of the collection `docs`. */
  readonly topic: string | undefined;
  readonly data: Record<string, unknown>;
  attempts: number;
  confirmed?: Answer;
}

export interface PublisherOptions extends Target {
  readonly worker: number;
  readonly random: Random;
  readonly silenceMs: number;
}

const TOPICS = ['alpha.0', 'alpha.1', 'alpha.2', 'alpha.1.x', 'alpha.2.x', 'beta.0', 'beta.1', 'gamma'] as const;
const GIVE_UP = 0.01;
const AT_ONCE = 8;

const sizeOf = (random: Random): number => (random.chance(0.03) ? 4000 + random.below(30_000) : random.below(120));

abstract class Publisher {
  readonly ledger: Published[] = [];
  readonly complaints: string[] = [];
  protected readonly options: PublisherOptions;
  /** Publishes nothing new; `done` when everything is confirmed. */
  protected stopping = false;
  #count = 0;
  #running: Promise<unknown> | undefined;

  constructor(options: PublisherOptions) {
    this.options = options;
  }

  protected next(asDocument: boolean): Published {
    const { random, worker } = this.options;
    const requestId = `p${worker}-${++this.#count}`;
    const data = { by: requestId, fill: 'x'.repeat(sizeOf(random)) };
    const published: Published = { requestId, topic: asDocument ? undefined : random.pick(TOPICS), data, attempts: 0 };
    this.ledger.push(published);
    return published;
  }

  protected pathOf({ topic }: Published): string {
    return topic === undefined ? '/docs' : `/topics/${topic}/messages`;
  }

  /** Whether it needs no further attempt. */
  protected settle(published: Published, answer: Answer): boolean {
    if (answer.status === 201) {
      published.confirmed = answer;
      return true;
    }
    if (![409, 429, 503, 504].includes(answer.status)) this.complaints.push(`${published.requestId}: ${JSON.stringify(answer).slice(0, 300)}`);
    return false;
  }

  protected givesUp(): boolean {
    return !this.stopping && this.options.random.chance(GIVE_UP);
  }

  protected abstract run(): Promise<unknown>;

  start(): void {
    this.#running = this.run();
  }

  async finish(): Promise<void> {
    this.stopping = true;
    await this.#running;
  }
}

/** Several requests at once, each repeated by itself; messages and documents. */
export class HttpPublisher extends Publisher {
  protected async run(): Promise<void> {
    const http = httpCaller(this.options);
    const { random } = this.options;
    const lane = async (): Promise<void> => {
      while (!this.stopping) {
        const published = this.next(random.chance(0.4));
        for (;;) {
          published.attempts++;
          const answer = await http
            .ask('POST', this.pathOf(published), published.data, { requestId: published.requestId, timeoutMs: 3000 })
            .catch(() => undefined);
          if (answer !== undefined && this.settle(published, answer)) break;
          if (this.givesUp()) break;
          await pause(20 + random.below(200));
        }
        await pause(random.below(80));
      }
    };
    await Promise.all(Array.from({ length: 3 }, lane));
    http.close();
  }
}

/** Many in flight on one WebSocket; what a connection left open goes out again on the next, first of all. */
export class SocketPublisher extends Publisher {
  protected async run(): Promise<void> {
    let open: Published[] = [];
    while (!this.stopping || open.length > 0) {
      const socket = new RawSocket(this.options);
      try {
        await socket.welcome();
        open = await this.#use(socket, open);
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        await pause(20 + this.options.random.below(200));
      }
      socket.end();
    }
  }

  /** Publishes until the connection ends; resolves with what is not confirmed. */
  async #use(socket: RawSocket, before: readonly Published[]): Promise<Published[]> {
    const { random } = this.options;
    const inFlight = new Set<Published>();
    const again = before.filter(() => !this.givesUp());
    let over = false;
    void socket.closed.then(() => {
      over = true;
    });
    const send = (published: Published): void => {
      inFlight.add(published);
      published.attempts++;
      socket.ask('POST', this.pathOf(published), published.data, { requestId: published.requestId }).then(
        (answer) => {
          inFlight.delete(published);
          if (!this.settle(published, answer)) again.push(published);
        },
        () => {},
      );
    };
    while (!over) {
      while (again.length > 0) send(again.shift() as Published);
      if (this.stopping && inFlight.size === 0) return [];
      for (let burst = random.chance(0.02) ? 60 : 1; burst > 0 && !this.stopping && inFlight.size < AT_ONCE * burst; burst--)
        send(this.next(random.chance(0.1)));
      await pause(random.below(30));
    }
    return [...again, ...inFlight];
  }
}
