// Memory in which publishes cross to the writer as they came: bytes that both threads see, so that nothing is copied or made into text on the way. What a commit
// used is used again once nobody asks for its messages.

/** Room for some hundreds of messages. */
export const SEGMENT_BYTES = 256 * 1024;

export interface Segment {
  readonly id: number;
  readonly memory: SharedArrayBuffer;
  readonly bytes: Buffer;
  /** Where the next publish goes. */
  used: number;
  /** Batches that lie in it. */
  holders: number;
}

export class Segments {
  readonly #announce: (segment: Segment) => void;
  readonly #free: Segment[] = [];
  #current: Segment | undefined;
  #made = 0;

  /** `announce` is told of each segment before anything is written to it. */
  constructor(announce: (segment: Segment) => void) {
    this.#announce = announce;
  }

  /** One with room for so many bytes behind what was written last, held for the caller. */
  hold(bytes: number): Segment {
    let segment = this.#current;
    if (segment === undefined || segment.used + bytes > SEGMENT_BYTES) {
      const former = segment;
      this.#current = segment = this.#free.pop() ?? this.#make();
      if (former?.holders === 0) this.#retire(former);
    }
    segment.holders++;
    return segment;
  }

  release(segment: Segment): void {
    if (--segment.holders > 0) return;
    if (segment === this.#current) segment.used = 0;
    else this.#retire(segment);
  }

  #retire(segment: Segment): void {
    segment.used = 0;
    this.#free.push(segment);
  }

  #make(): Segment {
    const memory = new SharedArrayBuffer(SEGMENT_BYTES);
    const segment = { id: ++this.#made, memory, bytes: Buffer.from(memory), used: 0, holders: 0 };
    this.#announce(segment);
    return segment;
  }
}
