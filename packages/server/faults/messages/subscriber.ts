// What every subscriber of the fault tests has: what it was given, in the order it was given, and a life of attempts until it is told to stop. What
// the server answers that no fault explains is kept as a complaint.
import { hash } from 'node:crypto';
import { pause } from '../../testing/process.ts';
import type { Random } from '../../testing/random.ts';
import { type Answer, type Delivery, type HttpCaller, httpCaller, type Json, Lost, RawSocket, type Target } from './wire.ts';

/** A delivery as it is kept: its data only as a hash. */
export interface Got extends Omit<Delivery, 'data'> {
  readonly digest: string;
  /** In which attempt it came. */
  readonly attempt: number;
}

export const digestOf = (data: unknown): string => hash('sha1', JSON.stringify(data ?? null), 'base64url');

export interface SubscriberOptions extends Target {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly random: Random;
  /** Whether its key may read documents, without which a wildcard passes their messages over (11.3). */
  readonly readsDocuments?: boolean;
  /** Two intervals of the server's heartbeat. */
  readonly silenceMs: number;
}

/** What the server may answer while it fails or stops; anything else is a complaint. */
const EXPECTED = new Set([429, 503, 504]);

export abstract class Subscriber {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly readsDocuments: boolean;
  readonly got: Got[] = [];
  readonly complaints: string[] = [];
  /** Connections and requests that were begun. */
  attempts = 0;
  /** What is left is over: keeps its clients from having rests and accidents of their own. */
  calm = false;
  abstract readonly kind: string;
  /** Whether messages may come more than once (6.2.6). */
  readonly repeats: boolean = false;
  protected readonly target: Target;
  protected readonly random: Random;
  protected readonly silenceMs: number;
  protected readonly http: HttpCaller;
  protected stopped = false;
  #end: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor({ name, patterns, random, readsDocuments = true, silenceMs, url, key }: SubscriberOptions) {
    this.name = name;
    this.patterns = patterns;
    this.random = random;
    this.readsDocuments = readsDocuments;
    this.silenceMs = silenceMs;
    this.target = { url, key };
    this.http = httpCaller(this.target);
  }

  protected get topics(): string {
    return this.patterns.join(',');
  }

  protected record({ data, ...rest }: Delivery): void {
    this.got.push({ ...rest, digest: digestOf(data), attempt: this.attempts });
  }

  protected complain(what: string, answer?: Answer | Json): void {
    this.complaints.push(`${this.name}: ${what} ${JSON.stringify(answer ?? null).slice(0, 300)}`);
  }

  /** Whether an answer is good; complains where nothing explains that it is not. */
  protected good(answer: Answer, what: string): boolean {
    if (answer.status < 300) return true;
    if (!EXPECTED.has(answer.status)) this.complain(what, answer);
    return false;
  }

  /** One connection, or one request, from its beginning to its end. */
  protected abstract attempt(): Promise<void>;

  /** Takes what ends the present attempt. */
  protected endWith(end: () => void): void {
    this.#end = end;
    if (this.stopped) end();
  }

  start(): void {
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.stopped) {
      this.attempts++;
      try {
        await this.attempt();
      } catch (error) {
        if (!(error instanceof Lost)) this.complain(error instanceof Error ? String(error.stack) : String(error));
        await pause(20 + this.random.below(150));
      }
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.#end?.();
    await this.#running;
    this.http.close();
  }

  /** A WebSocket that has been welcomed; its events go where the caller says. */
  protected async socket(onDelivery: (delivery: Delivery) => void, onNotice: (topic: string, data: Json) => void): Promise<RawSocket> {
    const socket = new RawSocket({ ...this.target, silenceMs: this.silenceMs, onDelivery, onNotice });
    this.endWith(() => socket.end());
    await socket.welcome();
    return socket;
  }

  /** Stays with a socket until it ends, reading nothing now and then, and leaving of its own accord. */
  protected async stay(socket: RawSocket, leaveAfter: number): Promise<void> {
    const closed = socket.closed;
    let over = false;
    void closed.then(() => {
      over = true;
    });
    const leave = setTimeout(() => {
      if (!this.calm) socket.end();
    }, leaveAfter);
    while (!over) {
      await Promise.race([closed, pause(300 + this.random.below(2000))]);
      if (!over && !this.calm && this.random.chance(0.25)) socket.rest(100 + this.random.below(1200));
    }
    clearTimeout(leave);
  }
}
