// How unnamed subscriptions are packed into as few of the server's as may be (6.2.3, 6.3.2): each lane carries up to a hundred patterns of subscriptions that
// stand at about the same place, and begins at the earliest of them. Pure.
import type { Delivery } from './delivery.ts';

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

/** Packs subscriptions whose places are known, neighbours in the log together; those that `isAlone` names each by itself. */
export const pack = (deliveries: readonly Delivery[], isAlone: (delivery: Delivery) => boolean): Lane[] => {
  const sorted = [...deliveries].sort((one, other) => compare(one.received ?? '', other.received ?? '') || compare(one.topics.join(), other.topics.join()));
  const lanes: Delivery[][] = [];
  let patterns = new Set<string>();
  let text = 0;
  for (const delivery of sorted) {
    const added = delivery.topics.filter((topic) => !patterns.has(topic));
    const more = added.reduce((sum, topic) => sum + topic.length + 1, 0);
    const isOpen = lanes.length > 0 && !isAlone(delivery) && !isAlone(lanes.at(-1)?.[0] as Delivery);
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
  for (const lane of lanes.map(laneOf)) {
    const same = byKey.get(lane.key);
    if (same === undefined) byKey.set(lane.key, lane);
    else for (const member of lane.members) same.members.add(member);
  }
  return [...byKey.values()];
};

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
