// A network that fails: a TCP proxy that cuts, stalls and half-opens what goes through it, at random, as routers, sleeping laptops and dead peers do.
// It knows nothing of what it carries. What it chooses comes from a seed; when that happens is the machine's.
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '../../testing/random.ts';

export interface ProxyCounters {
  connections: number;
  cuts: number;
  stalls: number;
  halfOpens: number;
  /** Connections that found no server. */
  refused: number;
}

type Fate = 'cut' | 'reset' | 'stall-up' | 'stall-down' | 'stall-both' | 'client-alone' | 'server-alone';

const FATES: readonly Fate[] = ['cut', 'reset', 'stall-up', 'stall-down', 'stall-down', 'stall-both', 'client-alone', 'server-alone'];
/** Connections that nobody ends are ended after this, so that a run has bounds. */
const LONELY_MS = 15_000;

const forget = (): void => {};

/** One connection through the proxy: two sockets and what is wrong between them. */
class Passage {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Whether the end of one side ends the other. */
  #tied = true;
  #done = false;
  readonly #onEnd: () => void;

  constructor(client: Socket, server: Socket, onEnd: () => void) {
    this.#client = client;
    this.#server = server;
    this.#onEnd = onEnd;
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', forget);
      one.on('close', () => {
        if (this.#tied || other.destroyed) this.end();
      });
      one.pipe(other);
    }
  }

  get ended(): boolean {
    return this.#done;
  }

  after(ms: number, callback: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#done) callback();
    }, ms);
    this.#timers.add(timer);
  }

  /** Nothing goes one way, or neither, for a while; the bytes wait where they are. */
  stall(up: boolean, down: boolean, ms: number, then: () => void): void {
    if (up) this.#client.unpipe(this.#server).pause();
    if (down) this.#server.unpipe(this.#client).pause();
    this.after(ms, () => {
      if (up) this.#client.pipe(this.#server);
      if (down) this.#server.pipe(this.#client);
      then();
    });
  }

  /** One side is gone and the other is not told. */
  widow(left: 'client' | 'server'): void {
    this.#tied = false;
    const [stays, goes] = left === 'client' ? [this.#client, this.#server] : [this.#server, this.#client];
    goes.unpipe(stays);
    stays.unpipe(goes);
    // What it still says is taken and comes to nothing.
    stays.resume();
    goes.destroy();
    this.after(LONELY_MS, () => this.end());
  }

  end(reset = false): void {
    if (this.#done) return;
    this.#done = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of [this.#client, this.#server]) {
      if (reset && !socket.destroyed) socket.resetAndDestroy();
      else socket.destroy();
    }
    this.#onEnd();
  }

  /** The other side of a dying server's connection may never hear of it. */
  untie(): void {
    this.#tied = false;
    this.after(LONELY_MS, () => this.end());
  }
}

export class FaultyProxy {
  readonly counters: ProxyCounters = { connections: 0, cuts: 0, stalls: 0, halfOpens: 0, refused: 0 };
  readonly #random: Random;
  readonly #listener: Server;
  readonly #passages = new Set<Passage>();
  #target = 0;
  #failing = false;

  private constructor(random: Random) {
    this.#random = random;
    this.#listener = createServer((client) => this.#accept(client));
  }

  static async listen(random: Random): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(random);
    await new Promise<void>((resolve) => proxy.#listener.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.address() as { port: number }).port}`;
  }

  get open(): number {
    return this.#passages.size;
  }

  /** Where the server is now. */
  aim(url: string): void {
    this.#target = Number(new URL(url).port);
  }

  /** From now on connections have accidents. */
  fail(): void {
    this.#failing = true;
  }

  /** No more accidents, and what had one is ended: from here on the network is good. */
  heal(): void {
    this.#failing = false;
    this.cutAll();
  }

  cutAll(reset = false): void {
    for (const passage of [...this.#passages]) passage.end(reset);
  }

  /** Peers of a server that is about to be killed: some of them will not hear of it. */
  loosen(share: number): void {
    for (const passage of this.#passages) if (this.#random.chance(share)) passage.untie();
  }

  /** Every client vanishes and the server is told nothing, as when a whole network falls away. */
  loseClients(): void {
    for (const passage of this.#passages) passage.widow('server');
  }

  #accept(client: Socket): void {
    client.on('error', forget);
    this.counters.connections++;
    const server = connect(this.#target, '127.0.0.1');
    const passage = new Passage(client, server, () => this.#passages.delete(passage));
    server.once('error', () => {
      this.counters.refused++;
      passage.end();
    });
    this.#passages.add(passage);
    if (this.#failing) this.#doom(passage);
  }

  #doom(passage: Passage): void {
    const random = this.#random;
    // Most last some seconds; some die in the middle of their handshake.
    passage.after(random.chance(0.15) ? random.below(40) : 200 + random.below(7000), () => {
      if (!this.#failing) return;
      const fate = random.pick(FATES);
      if (fate === 'cut' || fate === 'reset') {
        this.counters.cuts++;
        passage.end(fate === 'reset');
      } else if (fate === 'client-alone' || fate === 'server-alone') {
        this.counters.halfOpens++;
        passage.widow(fate === 'client-alone' ? 'client' : 'server');
      } else {
        this.counters.stalls++;
        passage.stall(fate !== 'stall-down', fate !== 'stall-up', 100 + random.below(2500), () => this.#doom(passage));
      }
    });
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#listener.close(resolve));
  }
}
