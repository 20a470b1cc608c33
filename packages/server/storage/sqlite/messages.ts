// What the main thread and the writer say to each other. What is said for every commit is a flat list: objects within
// objects cost as much to clone as a small commit costs the writer.
import type { TidyPolicy, WriteOutcome } from '../../ports/storage.ts';
import type { Fault } from './faults.ts';
import type { SharedGeneration } from './generation.ts';
import type { LogNumbers } from './log-tail.ts';
import type { Numbers } from './packing.ts';

export type ToWriter =
  | readonly [kind: 'commit', now: number, text: string, numbers: Numbers, segment: number, start: number]
  /** Memory in which publishes will come. */
  | readonly [kind: 'segment', id: number, memory: SharedArrayBuffer]
  | readonly [kind: 'tidy', policy: TidyPolicy]
  | readonly [kind: 'close'];

/** How the writer's side stands; the other parts only where they changed. */
export interface Standing {
  readonly log: LogNumbers;
  readonly commits: number;
  readonly forgottenBefore: number;
  readonly news: News | undefined;
}

export interface News {
  readonly publishes?: readonly SharedGeneration[];
  readonly changes?: readonly SharedGeneration[];
  readonly collections: boolean;
}

/** What is not 'written': by the place of the unit in its batch. */
export type Exception = readonly [index: number, outcome: Exclude<WriteOutcome, { status: 'written' }> | { readonly status: 'fault'; readonly fault: Fault }];

/** The numbers of a standing; behind a commit those of its units follow: each one's first place, 0 where it has none. */
type StandingNumbers = Numbers;
const STANDING_NUMBERS = 6;

export type FromWriter =
  | readonly [kind: 'committed', numbers: StandingNumbers, news: News | undefined, exceptions: readonly Exception[] | undefined]
  | readonly [kind: 'ready', numbers: StandingNumbers, news: News | undefined, salt: string]
  | readonly [kind: 'tidied', numbers: StandingNumbers, news: News | undefined, done: boolean | Fault]
  | readonly [kind: 'refused', fault: Fault]
  | readonly [kind: 'closed'];

/** The numbers of a standing, with room for those of so many units. */
export const numbersOf = ({ log, commits, forgottenBefore }: Omit<Standing, 'news'>, units = 0): number[] | Float64Array<ArrayBuffer> => {
  const numbers = [log.first, log.last, log.bytes, log.oldest, commits, forgottenBefore];
  if (units === 0) return numbers;
  const all = units <= 64 ? new Array<number>(STANDING_NUMBERS + units).fill(0) : new Float64Array(STANDING_NUMBERS + units);
  for (let index = 0; index < STANDING_NUMBERS; index++) all[index] = numbers[index] as number;
  return all;
};

export const standingOf = (numbers: StandingNumbers, news: News | undefined): Standing => ({
  log: { first: numbers[0] as number, last: numbers[1] as number, bytes: numbers[2] as number, oldest: numbers[3] as number },
  commits: numbers[4] as number,
  forgottenBefore: numbers[5] as number,
  news,
});

/** Where the number of a unit lies among the numbers of its commit. */
export const placeAt = (unit: number): number => STANDING_NUMBERS + unit;
