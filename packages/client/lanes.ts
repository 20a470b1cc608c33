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

export const laneOf = (members: readonly Delivery[]): Lane => ({
  key: [...new Set(members.flatMap(({ topics }) => topics))].sort().join(),
  members: new Set(members),
});

/** Patterns in texts that fit into a URL each: one, where they are not long. */
export const textsOf = (topics: readonly string[]): readonly string[] => {
  const texts: string[] = [];
  for (const topic of topics) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + 1 + topic.length <= MOST_TEXT) texts[texts.length - 1] = `${last},${topic}`;
    else texts.push(topic);
  }
  return texts;
};

/** The earliest place among its members; empty: the beginning of the log. */
export const placeOf = (members: Iterable<Delivery>): string => [...members].map(({ received = '' }) => received).sort()[0] ?? '';

/** Gives places to deliveries that name one themselves; those that want `latest` get theirs from the server. */
export const beginNamed = (deliveries: readonly Delivery[]): void => {
  for (const delivery of deliveries) {
    if (delivery.received !== undefined) continue;
    const { start } = delivery;
    if (start === 'latest') continue;
    delivery.begin(start === 'earliest' ? '' : start);
    delivery.isUnproven = start !== 'earliest';
  }
};

/** The places among members that the server has still to take by themselves: it sees only the one that their lane begins at. */
const unprovenOf = (members: Iterable<Delivery>, after: string): Set<string> =>
  new Set([...members].flatMap(({ isUnproven, received }) => (isUnproven && received !== undefined && received !== after ? [received] : [])));

/** What is asked about a place: a cheap read that begins there. */
export const placeQuery = (topics: string, after: string): string =>
  `/messages?topics=${encodeURIComponent(topics)}&after=${encodeURIComponent(after)}&limit=1`;

/**
 * A lane begins at the first of its members: the places of others that the server has not seen yet are asked after, so that none of another log is taken for one
 * of this. Those that are have failed; rejects with any other refusal.
 */
export const proveAll = async (members: Iterable<Delivery>, ask: (path: string) => Promise<unknown>): Promise<void> => {
  for (const cursor of unprovenOf(members, placeOf(members))) {
    const standing = [...members].filter(({ received }) => received === cursor);
    const [first] = standing;
    if (first === undefined) continue;
    try {
      // Any of its patterns will do: what is asked is whether the place is one.
      await ask(placeQuery(textsOf(first.topics)[0] ?? '', cursor));
      prove(standing, cursor);
    } catch (error) {
      const earliest = earliestOf(error);
      if (earliest !== undefined) {
        for (const member of standing) member.isUnproven = false;
        gapTo(standing, earliest);
      } else if ((error as GodwitError).code === 'INVALID_CURSOR') for (const member of standing) member.outcome.failed(error);
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
export const culpritsOf = (members: readonly Delivery[], { code }: GodwitError, after: string): readonly Delivery[] => {
  const standing = code === 'INVALID_CURSOR' ? members.filter(({ received }) => received === after) : [];
  if (standing.length > 0) return standing;
  // Those that were tried alone already and are still together are of the same patterns.
  return members.length === 1 || members.every(({ isAlone }) => isAlone) ? members : [];
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
    const isOpen = first !== undefined && !isAlone && !first.isAlone && (first.received === '') === (received === '');
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
