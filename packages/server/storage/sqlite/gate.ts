// Before the reader threads stands a gate that the writer closes for the moment in which the WAL begins anew: readers that take turns would never leave it empty.

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

  /** Waits before a closed gate, not longer than given: the thread that closed it may have died. */
  pass(mostMs: number): void {
    Atomics.wait(this.#state, 0, CLOSED, mostMs);
  }
}
