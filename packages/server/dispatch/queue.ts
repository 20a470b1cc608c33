// Turns at documents: who joins waits for everyone who joined before at one of the same documents, and for nobody else. All of one's places are
// taken at once, so that nobody waits in a circle.

export class Queue {
  /** Until when the last of a document is done. */
  readonly #last = new Map<string, Promise<void>>();

  /** Resolves when it is one's turn at all of them, with what ends it. */
  async join(keys: readonly string[]): Promise<() => void> {
    let end = (): void => {};
    const mine = new Promise<void>((resolve) => {
      end = resolve;
    });
    const before = keys.map((key) => this.#last.get(key));
    for (const key of keys) this.#last.set(key, mine);
    await Promise.all(before);
    return () => {
      for (const key of keys) if (this.#last.get(key) === mine) this.#last.delete(key);
      end();
    };
  }
}
