// What the main thread and the writer say to each other.
import type { RememberedRequest, TidyPolicy, WriteOutcome } from '../../ports/storage.ts';
import type { Fault } from './faults.ts';
import type { SharedGeneration } from './generation.ts';
import type { LogNumbers } from './log-tail.ts';
import type { Packed } from './packing.ts';

export type ToWriter =
  | { readonly kind: 'commit'; readonly units: Packed; readonly now: number }
  | { readonly kind: 'tidy'; readonly policy: TidyPolicy }
  | { readonly kind: 'close' };

/** What the writer's side looks like to the main thread; each part only where it changed. */
export interface Standing {
  readonly log: LogNumbers;
  readonly commits: number;
  readonly syncs: number;
  readonly publishes?: readonly SharedGeneration[];
  readonly changes?: readonly SharedGeneration[];
  readonly forgottenBefore: number;
  readonly collectionsChanged: boolean;
}

/** What is not 'written': by the place of the unit in its batch. */
export type Exception = readonly [index: number, outcome: Exclude<WriteOutcome, { status: 'written' }> | { readonly status: 'fault'; readonly fault: Fault }];

export type FromWriter =
  | { readonly kind: 'ready'; readonly salt: string; readonly standing: Standing }
  | { readonly kind: 'refused'; readonly fault: Fault }
  /** `places`: each unit's first place, 0 where it has none. */
  | { readonly kind: 'committed'; readonly places: Float64Array; readonly exceptions: readonly Exception[]; readonly standing: Standing }
  | { readonly kind: 'tidied'; readonly done: boolean; readonly standing: Standing }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly standing: Standing }
  | { readonly kind: 'closed' };

export type { RememberedRequest };
