// Before the reader threads stands a gate that the writer closes for the moment in which the WAL begins anew: readers that take turns would never leave it empty.

/** The most that the writer waits for the readers inside, and that those outside wait: the thread that closed it may have died. */
export const READERS_MS = 100;

const OPEN = 0;
const CLOSED = 1;

export class Gate {
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  close(): void {
    Atomics.store(this.#state, 0, CLOSED);
  }

  open(): void {
    Atomics.store(this.#state, 0, OPEN);
    Atomics.notify(this.#state, 0);
  }

  /** Waits before a closed gate. */
  pass(): void {
    Atomics.wait(this.#state, 0, CLOSED, READERS_MS);
  }
}
