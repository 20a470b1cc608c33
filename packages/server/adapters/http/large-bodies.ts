// Bodies that may be larger than a message, which are batches: unpacked and carried out two of a client at a time, in the order in which they came. A few KB of gzip become
// 10 MB of text and ten times that in values, so that the hundred requests of a client that may be in progress (7.1.2) would take gigabytes.

const AT_ONCE = 2;

interface Held {
  count: number;
  readonly waiting: (() => void)[];
}

export class LargeBodies {
  readonly #clients = new Map<string, Held>();

  /** Resolves when it is one's turn, which ends with `leave`. */
  enter(client: string): Promise<void> {
    let held = this.#clients.get(client);
    if (held === undefined) this.#clients.set(client, (held = { count: 0, waiting: [] }));
    const { waiting } = held;
    if (held.count === AT_ONCE) return new Promise((resolve) => waiting.push(resolve));
    held.count++;
    return Promise.resolve();
  }

  leave(client: string): void {
    const held = this.#clients.get(client) as Held;
    const next = held.waiting.shift();
    if (next !== undefined) next();
    else if (--held.count === 0) this.#clients.delete(client);
  }
}
