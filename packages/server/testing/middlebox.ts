// What stands between a page and its server: a TCP proxy that does on command what middleboxes do of their own accord. It reads no more of HTTP than the first head of a
// connection, to tell WebSockets from the rest. What it does when is the test's choice.
import { connect, createServer, type Server, type Socket } from 'node:net';

/** `refuse`: answered as a proxy does that has never heard of upgrades; `swallow`: taken, and never answered. */
export type Upgrades = 'pass' | 'refuse' | 'swallow';

export interface MiddleboxCounters {
  connections: number;
  upgrades: number;
  refused: number;
  swallowed: number;
  cut: number;
  stalled: number;
  frozen: number;
  /** Connections that found no server. */
  lonely: number;
}

interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  isWebSocket: boolean;
  isFrozen: boolean;
}

const REFUSAL = 'HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 20\r\nConnection: close\r\n\r\n<h1>Not allowed</h1>';
const MOST_HEAD = 16 * 1024;

export class Middlebox {
  readonly counters: MiddleboxCounters = { connections: 0, upgrades: 0, refused: 0, swallowed: 0, cut: 0, stalled: 0, frozen: 0, lonely: 0 };
  upgrades: Upgrades = 'pass';
  readonly #listener: Server;
  readonly #passages = new Set<Passage>();
  readonly #clients = new Set<Socket>();
  #target = 0;

  private constructor() {
    this.#listener = createServer((client) => this.#accept(client));
  }

  static async listen(): Promise<Middlebox> {
    const box = new Middlebox();
    await new Promise<void>((resolve) => box.#listener.listen(0, '127.0.0.1', resolve));
    return box;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.address() as { port: number }).port}`;
  }

  /** Open WebSockets that carry something. */
  get webSockets(): number {
    return [...this.#passages].filter(({ isWebSocket, isFrozen }) => isWebSocket && !isFrozen).length;
  }

  /** Where the server is now. */
  aim(url: string): void {
    this.#target = Number(new URL(url).port);
  }

  /** Ends all that is under way, with a reset, as a router does that has forgotten about it. */
  cut(): void {
    for (const { client, server } of this.#passages) {
      this.counters.cut++;
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** All that is under way waits where it is for a while; nothing is lost. */
  stall(ms: number): void {
    for (const passage of this.#passages) {
      if (passage.isFrozen) continue;
      this.counters.stalled++;
      this.#part(passage);
      setTimeout(() => {
        if (!passage.isFrozen) this.#join(passage);
      }, ms);
    }
  }

  /** All that is under way goes to the server still, and its answers do not come back: what was done there is not known here. */
  mute(): void {
    for (const { client, server } of this.#passages) server.unpipe(client).pause();
  }

  /** All that is under way carries nothing any more and is never ended: each side believes in the other. */
  freeze(): void {
    for (const passage of this.#passages) {
      if (passage.isFrozen) continue;
      this.counters.frozen++;
      passage.isFrozen = true;
      this.#part(passage);
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    for (const { server } of this.#passages) server.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #accept(client: Socket): void {
    this.counters.connections++;
    this.#clients.add(client);
    client.on('error', () => {});
    client.on('close', () => this.#clients.delete(client));
    let head = Buffer.alloc(0);
    const read = (bytes: Buffer): void => {
      head = Buffer.concat([head, bytes]);
      if (!head.includes('\r\n\r\n') && head.length < MOST_HEAD) return;
      client.off('data', read);
      client.pause();
      this.#pass(client, head);
    };
    client.on('data', read);
  }

  #pass(client: Socket, head: Buffer): void {
    const isWebSocket = /\r\nupgrade: *websocket\r\n/i.test(head.toString('latin1'));
    if (isWebSocket && this.upgrades === 'refuse') {
      this.counters.refused++;
      client.end(REFUSAL);
      return;
    }
    if (isWebSocket && this.upgrades === 'swallow') {
      this.counters.swallowed++;
      client.resume();
      return;
    }
    if (isWebSocket) this.counters.upgrades++;
    const server = connect(this.#target, '127.0.0.1');
    const passage: Passage = { client, server, isWebSocket, isFrozen: false };
    this.#passages.add(passage);
    const lonely = (): void => {
      this.counters.lonely++;
    };
    server.on('error', () => {});
    server.once('close', lonely);
    server.once('connect', () => server.off('close', lonely));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const)
      one.on('close', () => {
        if (!passage.isFrozen) other.destroy();
        if (one.destroyed && other.destroyed) this.#passages.delete(passage);
      });
    server.write(head);
    this.#join(passage);
  }

  #join({ client, server }: Passage): void {
    client.pipe(server);
    server.pipe(client);
  }

  #part({ client, server }: Passage): void {
    client.unpipe(server).pause();
    server.unpipe(client).pause();
  }
}
