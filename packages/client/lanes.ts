// How unnamed subscriptions are packed into as few of the server's as may be (6.2.3, 6.3.2): each lane carries up to a hundred patterns of subscriptions that
// stand at about the same place, and begins at the earliest of them. Pure.
import type { Delivery } from './delivery.ts';
import { earliestOf, type GodwitError } from './errors.ts';
import { MOST_PATTERNS, MOST_TEXT } from './figures.ts';

export interface Lane {
  /** Sorted, each once, commas between: two lanes of one key are one subscription at the server. */
  readonly key: string;
  readonly members: Set<Delivery>;
}

export const laneOf = (members: readonly Delivery[]): Lane => ({
  key: [...new Set(members.flatMap(({ topics }) => topics))].sort().join(),
  members: new Set(members),
});

/** The earliest place among its members; empty: the beginning of the log. */
export const placeOf = (members: Iterable<Delivery>): string => [...members].map(({ received = '' }) => received).sort()[0] ?? '';

/** Gives places to deliveries that name one themselves; those that want `latest` get theirs from the server. */
export const beginNamed = (deliveries: readonly Delivery[]): void => {
  for (const delivery of deliveries) {
    const { isFresh, start } = delivery;
    if (!isFresh || start === 'latest') continue;
    delivery.isUnproven = start !== 'earliest';
    delivery.begin(delivery.isUnproven ? start : '');
  }
};

/** A page of messages; of a place, a cheap read that begins there is asked. */
export const messagesPath = (topics: string, after: string, limit = 1): string =>
  `/messages?topics=${encodeURIComponent(topics)}&after=${encodeURIComponent(after)}&limit=${limit}`;

/**
 * A lane begins at the first of its members: the places of others that the server has not seen yet are asked after, so that none of another log is taken for one
 * of this. Those that are have failed; rejects with any other refusal.
 */
export const proveAll = async (members: Iterable<Delivery>, ask: (path: string) => Promise<unknown>): Promise<void> => {
  const after = placeOf(members);
  for (const cursor of new Set([...members].map(({ isUnproven, received }) => isUnproven && received))) {
    const standing = [...members].filter(({ received }) => received === cursor);
    const [first] = standing;
    if (!cursor || cursor === after || !first) continue;
    try {
      // Any of its patterns will do: what is asked is whether the place is one.
      await ask(messagesPath(first.topics[0] ?? '', cursor));
      prove(standing, cursor);
    } catch (error) {
      if (passGap(standing, error)) for (const member of standing) member.isUnproven = false;
      else if ((error as GodwitError).code === 'INVALID_CURSOR') for (const member of standing) member.outcome.failed(error);
      else throw error;
    }
  }
};

/** Messages before `earliest` are gone: each of its members that stands before hears of the gap (6.2.9). */
export const gapTo = (members: Iterable<Delivery>, earliest: string): void => {
  for (const member of members) {
    if (member.received === '') member.begin(earliest);
    else if (!member.isFresh) member.gap('', earliest);
  }
};

/** Whether `error` says that what they stand at is no longer kept: they have passed that, then. */
export const passGap = (members: Iterable<Delivery>, error: unknown): boolean => {
  const earliest = earliestOf(error);
  if (earliest) gapTo(members, earliest);
  return earliest !== undefined;
};

/** Those who stand at a place that the server has taken. */
export const prove = (members: Iterable<Delivery>, after: string): void => {
  for (const member of members) if (member.received === after) member.isUnproven = false;
};

/** A lane which began `after` was refused: those whose fault it is have failed, the others are returned. Where that is not known, all of them, to be tried each alone. */
export const blame = (lane: Iterable<Delivery>, error: GodwitError, after: string): readonly Delivery[] => {
  const members = [...lane];
  let culprits = error.code === 'INVALID_CURSOR' ? members.filter(({ received }) => received === after) : [];
  // Those that were tried alone already and are still together are of the same patterns.
  if (culprits.length === 0 && (members.length === 1 || members.every(({ isAlone }) => isAlone))) culprits = members;
  if (culprits.length === 0) for (const member of members) member.isAlone = true;
  for (const member of culprits) member.outcome.failed(error);
  return members.filter((member) => !culprits.includes(member));
};

/** Packs subscriptions whose places are known, neighbours in the log together; those that are to be alone each by itself. Who begins at the earliest is with nobody else: what begins there is not told what is gone (6.2.9). */
export const pack = (deliveries: readonly Delivery[]): Lane[] => {
  // A blank sorts before all that cursors are made of.
  const orderOf = ({ received = '', topics }: Delivery): string => `${received} ${topics}`;
  const sorted = [...deliveries].sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
  const lanes: Delivery[][] = [];
  let lane: Delivery[] = [];
  let patterns = new Set<string>();
  for (const delivery of sorted) {
    const { topics, isAlone, received } = delivery;
    const both = new Set([...patterns, ...topics]);
    const [first] = lane;
    const isOpen = first && !isAlone && !first.isAlone && (first.received === '') === (received === '');
    if (isOpen && both.size <= MOST_PATTERNS && [...both].join().length <= MOST_TEXT) {
      lane.push(delivery);
      patterns = both;
    } else {
      lane = [delivery];
      lanes.push(lane);
      patterns = new Set(topics);
    }
  }
  // Two of one key would be one subscription at the server: they share it.
  const byKey = Map.groupBy(lanes, (members) => `${members[0]?.received === ''} ${laneOf(members).key}`);
  return [...byKey.values()].map((same) => laneOf(same.flat()));
};
