// How far long work is, on one line of standard error that is written over: what was done, how fast, how long it may still take. Silent where nobody looks.
import type { Output } from './output.ts';

const SHOW_MS = 250;
/** The rate is that of the last few seconds: an average from the beginning says nothing of now. */
const WINDOW_MS = 8_000;

/** `1 h 5 min`, `12 s`: for people, so rounded. */
export const spanText = (ms: number): string => {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** `12,345`. */
export const countText = (count: number): string => Math.round(count).toLocaleString('en-GB');

export interface Step {
  /** What the line begins with: `Exporting orders`. */
  readonly doing: string;
  readonly done: number;
  readonly unit: string;
  /** From 0 to 1; undefined where the end is not known. */
  readonly part?: number | undefined;
  /** Why it stands still. */
  readonly waiting?: string | undefined;
}

export class Progress {
  readonly #output: Output;
  readonly #now: () => number;
  #shownAt = Number.NEGATIVE_INFINITY;
  #visible = false;
  readonly #marks: { at: number; done: number; part: number | undefined }[] = [];

  constructor(output: Output, now: () => number = Date.now) {
    this.#output = output;
    this.#now = now;
  }

  /** Says how far it is; cheap to call at every step. */
  step(step: Step): void {
    const at = this.#now();
    if (!this.#output.live || (at - this.#shownAt < SHOW_MS && step.waiting === undefined)) return;
    this.#shownAt = at;
    this.#marks.push({ at, done: step.done, part: step.part });
    while (this.#marks.length > 2 && at - (this.#marks[0] as { at: number }).at > WINDOW_MS) this.#marks.shift();
    this.#visible = true;
    this.#output.over(this.text(step).slice(0, Math.max(20, this.#output.columns - 1)));
  }

  /** The line, without its place on the screen. */
  text({ doing, done, unit, part, waiting }: Step): string {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    const words = [`${doing}: ${countText(done)} ${unit}`];
    if (waiting !== undefined) return [...words, waiting].join(', ');
    if (first !== undefined && last !== undefined && last.at > first.at) {
      const seconds = (last.at - first.at) / 1000;
      words.push(`${countText(Math.max(0, last.done - first.done) / seconds)}/s`);
      const gained = (last.part ?? 0) - (first.part ?? 0);
      if (part !== undefined && gained > 0) words.push(`${Math.floor(part * 100)} %`, `${spanText(((1 - part) / gained) * seconds * 1000)} left`);
    }
    return words.join(', ');
  }

  /** Takes the line away, so that what is printed next stands by itself. */
  clear(): void {
    if (this.#visible) this.#output.over('');
    this.#visible = false;
  }
}
