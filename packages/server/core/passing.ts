// Before retention takes messages away, durable subscriptions move over those that are none of theirs (6.2.6), so that only one that lost something is told so
// (6.2.9). One reading of what is about to go serves all of them, however many they are, and publishing costs nothing for it. Never moves over what matches.
import type { LogState, Storage, TidyPolicy } from '../ports/storage.ts';
import type { Durable, Durables } from './durables.ts';
import { RouteTree } from './route-tree.ts';

/** Who stands within so many places of the log's beginning has to move: far more than the store lets go of in a step. One that were overtaken would be told of a gap. */
const NEAR = 2_000;
/** How far they move at once: what they move is written down, so seldom and far. */
const FAR = 100_000;
/** Patterns of one reading. */
const MOST_PATTERNS = 2_000;
/** What matches ends the way of those that it matches, so little of it is needed at a time. */
const PAGE_MESSAGES = 256;
const PAGE_BYTES = 64 * 1024;

/** What a subscription was when the message after its acknowledged place was found to match: there it stays until something of it changes. */
interface Held {
  readonly acknowledged: number;
  readonly topics: readonly string[];
}

const takesMessages = ({ oldest, bytes }: LogState, { messagesBefore, maxLogBytes }: TidyPolicy): boolean =>
  bytes > maxLogBytes || (oldest !== null && oldest < messagesBefore);

export class Passing {
  readonly #storage: Storage;
  readonly #durables: Durables;
  readonly #held = new WeakMap<Durable, Held>();

  constructor(storage: Storage, durables: Durables) {
    this.#storage = storage;
    this.#durables = durables;
  }

  /** To be done before each step of tidying; resolves when who had to move has moved and that is written down. */
  async before(policy: TidyPolicy): Promise<void> {
    const { log } = this.#storage;
    if (!takesMessages(log, policy)) return;
    const target = Math.min(log.last, log.first - 1 + FAR);
    const { near, moved } = this.#near(log.first - 1, target);
    if (near.length === 0 && !moved) return;
    for (let at = 0; at < near.length; ) {
      const lot: Durable[] = [];
      for (let patterns = 0; at < near.length && patterns < MOST_PATTERNS; at++) {
        lot.push(near[at] as Durable);
        patterns += (near[at] as Durable).topics.length;
      }
      await this.#read(lot, target);
    }
    // A crash must not bring back a place that the log no longer has.
    await this.#durables.flush();
  }

  /** Those near the log's beginning of whom only the log can tell how far they may go. Who has lost something already stays where that can be told. */
  #near(beginning: number, target: number): { readonly near: readonly Durable[]; readonly moved: boolean } {
    const near: Durable[] = [];
    let moved = false;
    for (const durable of this.#durables) {
      const { acknowledged, attachment, topics } = durable;
      if (acknowledged < beginning || acknowledged >= Math.min(beginning + NEAR, target)) continue;
      const held = this.#held.get(durable);
      if (held?.acknowledged === acknowledged && held.topics === topics) continue;
      const { doneUntil } = attachment ?? {};
      if (doneUntil === undefined) near.push(durable);
      else moved = this.#durables.passOver(durable, Math.min(doneUntil, target)) || moved;
    }
    return { near, moved };
  }

  /** Each goes as far as nothing matches, by its topics alone: who will ask for its messages, with which rights, nobody knows. */
  async #read(durables: readonly Durable[], target: number): Promise<void> {
    const going = new Map(durables.map((durable) => [durable, durable.topics]));
    const routes = new RouteTree<Durable>();
    for (const [durable, topics] of going) for (const pattern of topics) routes.add(pattern, durable);
    let place = Math.min(...durables.map(({ acknowledged }) => acknowledged));
    while (going.size > 0 && place < target) {
      const patterns = [...new Set([...going.values()].flat())];
      const filter = { patterns, collections: '*' as const };
      const page = await this.#storage.readLog({ after: place, filter, limit: PAGE_MESSAGES, maxBytes: PAGE_BYTES });
      for (const { seq, topic } of page.messages) {
        for (const durable of routes.find(topic)) {
          const topics = going.get(durable);
          if (topics === undefined || seq <= durable.acknowledged || seq > target) continue;
          going.delete(durable);
          this.#pass(durable, topics, seq - 1);
          if (durable.acknowledged === seq - 1) this.#held.set(durable, { acknowledged: seq - 1, topics });
        }
      }
      // What was committed since is not known on this side yet.
      place = Math.min(page.cursor, target);
    }
    for (const [durable, topics] of going) this.#pass(durable, topics, place);
  }

  #pass(durable: Durable, topics: readonly string[], place: number): void {
    // It may have been given other topics, or been removed, while the log was read.
    if (durable.topics === topics && this.#durables.find(durable.client, durable.name) === durable) this.#durables.passOver(durable, place);
  }
}
