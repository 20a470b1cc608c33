// A proxy of the kind that knows no WebSockets: while it blocks, it refuses, swallows or breaks the request for an upgrade, and lets everything else through (6.3.2).
// When it begins to block, the WebSockets that go through it are cut.
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '../../testing/random.ts';

const PAGE = '<html><body>Bad gateway</body></html>';
const REFUSAL = `HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: ${PAGE.length}\r\nConnection: close\r\n\r\n${PAGE}`;

const forget = (): void => {};

export class UpgradeBlocker {
  readonly counters = { blocked: 0, passed: 0 };
  readonly #random: Random;
  readonly #listener: Server;
  readonly #all = new Set<Socket>();
  readonly #upgraded = new Set<Socket>();
  readonly #target: number;
  #isBlocking = false;

  private constructor(random: Random, target: string) {
    this.#random = random;
    this.#target = Number(new URL(target).port);
    this.#listener = createServer((client) => this.#accept(client));
  }

  static async listen(random: Random, target: string): Promise<UpgradeBlocker> {
    const blocker = new UpgradeBlocker(random, target);
    await new Promise<void>((resolve) => blocker.#listener.listen(0, '127.0.0.1', resolve));
    return blocker;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.address() as { port: number }).port}`;
  }

  get isBlocking(): boolean {
    return this.#isBlocking;
  }

  /** WebSockets that are open through it. */
  get upgraded(): number {
    return this.#upgraded.size;
  }

  block(): void {
    this.#isBlocking = true;
    for (const socket of this.#upgraded) socket.destroy();
  }

  unblock(): void {
    this.#isBlocking = false;
  }

  #accept(client: Socket): void {
    this.#all.add(client);
    let server: Socket | undefined;
    client.on('error', forget);
    client.on('close', () => {
      this.#all.delete(client);
      this.#upgraded.delete(client);
      server?.destroy();
    });
    // An upgrade may be asked for on a connection that has carried other requests before.
    client.on('data', (chunk) => {
      if (!this.#upgraded.has(client) && /\r\nupgrade: *websocket\r\n/i.test(chunk.toString('latin1'))) {
        if (this.#isBlocking) return this.#refuse(client);
        this.counters.passed++;
        this.#upgraded.add(client);
      }
      server ??= this.#connect(client);
      server.write(chunk);
    });
  }

  /** In words of its own, by a break, or never. */
  #refuse(client: Socket): void {
    this.counters.blocked++;
    const fate = this.#random.below(3);
    if (fate === 0) client.end(REFUSAL);
    else if (fate === 1) client.destroy();
  }

  #connect(client: Socket): Socket {
    const server = connect(this.#target, '127.0.0.1');
    this.#all.add(server);
    server.on('error', forget);
    server.on('close', () => {
      this.#all.delete(server);
      client.destroy();
    });
    server.pipe(client);
    return server;
  }

  async close(): Promise<void> {
    for (const socket of this.#all) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
  }
}
