// How unnamed subscriptions are packed into as few of the server's as may be (6.2.3, 6.3.2): each lane carries up to a hundred patterns of subscriptions that
// stand at about the same place, and begins at the earliest of them. Pure.
import type { Delivery } from './delivery.ts';
import { earliestOf, type GodwitError } from './errors.ts';

/** Patterns of one subscription or poll (6.2.3). */
export const MOST_PATTERNS = 100;
/** Bytes of patterns of one poll: its URL stays below 8 KB. */
const MOST_TEXT = 6000;

export interface Lane {
  /** Sorted, each once, commas between: two lanes of one key are one subscription at the server. */
  readonly key: string;
  readonly members: Set<Delivery>;
}

const union = (members: Iterable<Delivery>): string[] => [...new Set([...members].flatMap(({ topics }) => topics))].sort();

export const laneOf = (members: readonly Delivery[]): Lane => ({ key: union(members).join(','), members: new Set(members) });

/** The earliest place among its members; empty: the beginning of the log. */
export const placeOf = (members: Iterable<Delivery>): string => {
  let least: string | undefined;
  for (const { received = '' } of members) if (least === undefined || received < least) least = received;
  return least ?? '';
};

/** The places among members that the server has still to take by themselves: it sees only the one that their lane begins at. */
const unprovenOf = (members: Iterable<Delivery>, after: string): Set<string> =>
  new Set([...members].flatMap(({ isUnproven, received }) => (isUnproven && received !== undefined && received !== after ? [received] : [])));

/** What is asked about a place: a cheap read that begins there. */
export const placeQuery = (topics: string, after: string): string =>
  `/messages?topics=${encodeURIComponent(topics)}&after=${encodeURIComponent(after)}&limit=1`;

/**
 * A lane begins at the first of its members: the places of others that the server has not seen yet are asked after, so that none of another log is taken for one
 * of this. `failed` hears of those that are; rejects with any other refusal.
 */
export const proveAll = async (
  members: Iterable<Delivery>,
  ask: (path: string) => Promise<unknown>,
  failed: (member: Delivery, error: unknown) => void,
): Promise<void> => {
  for (const cursor of unprovenOf(members, placeOf(members))) {
    const standing = [...members].filter(({ received }) => received === cursor);
    const [first] = standing;
    if (first === undefined) continue;
    try {
      await ask(placeQuery(first.topics.join(), cursor));
      prove(standing, cursor);
    } catch (error) {
      const earliest = earliestOf(error);
      if (earliest !== undefined) {
        for (const member of standing) member.isUnproven = false;
        gapTo(standing, earliest);
      } else if ((error as GodwitError).code === 'INVALID_CURSOR') for (const member of standing) failed(member, error);
      else throw error;
    }
  }
};

/** Messages before `earliest` are gone: each of its members that stands before hears of the gap (6.2.9). */
export const gapTo = (members: Iterable<Delivery>, earliest: string): void => {
  for (const member of members) {
    if (member.received === '') member.begin(earliest);
    else if (member.received !== undefined) member.gap(member.received, earliest);
  }
};

/** Those who stand at a place that the server has taken. */
export const prove = (members: Iterable<Delivery>, after: string): void => {
  for (const member of members) if (member.received === after) member.isUnproven = false;
};

/** Whose fault it is that a lane which began `after` was refused; none: that is to be found out by trying each alone. */
export const culpritsOf = (
  members: readonly Delivery[],
  { code }: GodwitError,
  after: string,
  isAlone: (delivery: Delivery) => boolean,
): readonly Delivery[] => {
  const standing = code === 'INVALID_CURSOR' ? members.filter(({ received }) => received === after) : [];
  if (standing.length > 0) return standing;
  // Those that were tried alone already and are still together are of the same patterns.
  return members.length === 1 || members.every(isAlone) ? members : [];
};

/** Packs subscriptions whose places are known, neighbours in the log together; those that `isAlone` names each by itself. Who begins at the earliest is with nobody else: what begins there is not told what is gone (6.2.9). */
export const pack = (deliveries: readonly Delivery[], isAlone: (delivery: Delivery) => boolean): Lane[] => {
  const sorted = [...deliveries].sort((one, other) => compare(one.received ?? '', other.received ?? '') || compare(one.topics.join(), other.topics.join()));
  const lanes: Delivery[][] = [];
  let patterns = new Set<string>();
  let text = 0;
  for (const delivery of sorted) {
    const added = delivery.topics.filter((topic) => !patterns.has(topic));
    const more = added.reduce((sum, topic) => sum + topic.length + 1, 0);
    const neighbour = lanes.at(-1)?.[0];
    const isOpen = neighbour !== undefined && !isAlone(delivery) && !isAlone(neighbour) && (neighbour.received === '') === (delivery.received === '');
    if (isOpen && patterns.size + added.length <= MOST_PATTERNS && text + more <= MOST_TEXT) {
      lanes.at(-1)?.push(delivery);
      for (const topic of added) patterns.add(topic);
      text += more;
    } else {
      lanes.push([delivery]);
      patterns = new Set(delivery.topics);
      text = delivery.topics.reduce((sum, topic) => sum + topic.length + 1, 0);
    }
  }
  // Two of one key would be one subscription at the server: they share it.
  const byKey = new Map<string, Lane>();
  for (const members of lanes) {
    const lane = laneOf(members);
    const name = members[0]?.received === '' ? ` ${lane.key}` : lane.key;
    const same = byKey.get(name);
    if (same === undefined) byKey.set(name, lane);
    else for (const member of members) same.members.add(member);
  }
  return [...byKey.values()];
};

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
