// How often a page draws what keeps coming: at each frame while it is little, a few times a second in a flood, and it counts what it drew of what came, so that the page
// can say so. Frames and clock are given.

/** Messages a second from which on drawing each of them would help nobody. */
const FLOOD = 60;
const FLOOD_GAP_MS = 200;
const SECOND_MS = 1000;

export interface Frames {
  now(): number;
  /** Calls back at the next frame after so many milliseconds; returns what gives it up. */
  next(callback: () => void, afterMs: number): () => void;
}

export class Pace {
  /** Messages in the last whole second. */
  perSecond = 0;
  /** How many of them were drawn. */
  drawnPerSecond = 0;
  readonly #frames: Frames;
  readonly #draw: () => void;
  #cancel: (() => void) | undefined;
  #drewAt = Number.NEGATIVE_INFINITY;
  #secondAt: number;
  #came = 0;
  #drawn = 0;

  constructor(frames: Frames, draw: () => void) {
    this.#frames = frames;
    this.#draw = draw;
    this.#secondAt = frames.now();
  }

  get isFlood(): boolean {
    return this.perSecond > FLOOD;
  }

  /** So many messages came, and something is to be drawn. */
  changed(messages: number): void {
    this.#came += messages;
    this.#count();
    if (this.#cancel !== undefined) return;
    const gap = this.isFlood ? FLOOD_GAP_MS : 0;
    this.#cancel = this.#frames.next(
      () => {
        this.#cancel = undefined;
        this.#drewAt = this.#frames.now();
        this.#draw();
      },
      Math.max(0, this.#drewAt + gap - this.#frames.now()),
    );
  }

  /** So many new rows stood on the screen when it was drawn. */
  drew(rows: number): void {
    this.#drawn += rows;
  }

  /** To be called now and then, so that the figures fall when nothing comes; whether they changed. */
  tick(): boolean {
    const before = this.perSecond;
    this.#count();
    return before !== this.perSecond;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #count(): void {
    const passed = this.#frames.now() - this.#secondAt;
    if (passed < SECOND_MS) return;
    this.perSecond = Math.round((this.#came * SECOND_MS) / passed);
    this.drawnPerSecond = Math.min(this.perSecond, Math.round((this.#drawn * SECOND_MS) / passed));
    this.#came = 0;
    this.#drawn = 0;
    this.#secondAt += passed;
  }
}

/** The browser's own. */
export const browserFrames: Frames = {
  now: () => performance.now(),
  next(callback, afterMs) {
    let frame = 0;
    const wait = (): void => {
      frame = requestAnimationFrame(callback);
    };
    const timer = afterMs > 0 ? setTimeout(wait, afterMs) : undefined;
    if (timer === undefined) wait();
    return () => {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  },
};
