// Unnamed subscriptions over one WebSocket (6.2.3): opened in lanes, moved, merged and ended there. It lives as long as the socket; what it had not opened by then
// is opened by the next one, from the cursors that the deliveries keep.
import type { Environment } from './api.ts';
import { pathTo } from './calls.ts';
import type { Arrival, Delivery } from './delivery.ts';
import type { GodwitError } from './errors.ts';
import { MOST_LANES, MOST_OPENING, MOST_PATTERNS } from './figures.ts';
import { beginNamed, blame, gapTo, type Lane, laneOf, messagesPath, pack, passGap, placeOf, prove, proveAll } from './lanes.ts';
import type { Socket } from './transports/websocket.ts';
import { again, gathered } from './waits.ts';

interface OpenLane extends Lane {
  /** The server's id, from its response on. */
  id: string | undefined;
  /** Those of its members that it stands before: one that joined is not among them until the lane has moved back to its place. */
  readonly live: Set<Delivery>;
  /** One request at a time about one lane. */
  work: Promise<void>;
}

export class SocketLanes {
  readonly #socket: Socket;
  readonly #environment: Environment;
  readonly #lanes = new Map<string, OpenLane>();
  readonly #byId = new Map<string, OpenLane>();
  readonly #waiting = new Set<Delivery>();
  readonly #surplus = new Set<OpenLane>();
  #opening = 0;

  constructor(socket: Socket, environment: Environment) {
    this.#socket = socket;
    this.#environment = environment;
  }

  /** Opens subscriptions for deliveries, from their places on. */
  add(deliveries: readonly Delivery[]): void {
    beginNamed(deliveries);
    for (const delivery of deliveries) this.#waiting.add(delivery);
    this.#next();
  }

  #next(): void {
    if (this.#opening >= MOST_OPENING) return;
    if (this.#surplus.size > 0) this.#tidy();
    if (this.#waiting.size === 0) return;
    const deliveries = [...this.#waiting];
    this.#waiting.clear();
    for (const isNew of [false, true]) for (const lane of pack(deliveries.filter(({ isFresh }) => isFresh === isNew))) this.#join(lane);
    if (this.#lanes.size > MOST_LANES) this.#repack();
  }

  remove(delivery: Delivery): void {
    this.#waiting.delete(delivery);
    for (const lane of this.#lanes.values()) {
      lane.live.delete(delivery);
      if (lane.members.delete(delivery)) this.#surplus.add(lane);
    }
    this.#next();
  }

  event(arrival: Arrival, bytes: number, id: string): void {
    const lane = this.#byId.get(id);
    if (!lane) return;
    for (const member of lane.live) {
      // A lane that others left brings what was theirs until it is narrowed.
      if (member.key !== lane.key && !member.matches(arrival.topic)) continue;
      member.offer(arrival, bytes);
      if (member.isBehind) this.remove(member);
    }
  }

  /** Everything that matches was sent up to here (5.1.3). */
  heartbeat(cursor: string): void {
    for (const lane of this.#byId.values()) for (const member of lane.live) member.advance(cursor);
  }

  gap(from: string, to: string, id: string): void {
    for (const member of this.#byId.get(id)?.live ?? []) member.gap(from, to);
  }

  detached(reason: string, id: string): void {
    const lane = this.#byId.get(id);
    if (!lane) return;
    this.#forget(lane);
    const members = [...lane.members];
    const isTheirs = members.every(({ key }) => key === lane.key);
    for (const member of members) {
      if (isTheirs) member.outcome.ended(reason);
      else member.isAlone = true;
    }
    if (!isTheirs) this.add(members);
  }

  /** Adds members to the lane of their key and opens it, or moves it back to where they stand. */
  #join({ key, members }: Lane): void {
    const known = this.#lanes.get(key);
    const lane = known ?? { key, members: new Set(), live: new Set(), id: undefined, work: Promise.resolve() };
    for (const member of members) lane.members.add(member);
    this.#lanes.set(key, lane);
    this.#opening++;
    lane.work = lane.work
      .then(() => this.#open(lane))
      .then(() => {
        this.#opening--;
        this.#next();
      });
  }

  async #open(lane: OpenLane): Promise<void> {
    for (let attempt = 1; lane.members.size > 0 && this.#lanes.get(lane.key) === lane && this.#socket.isOpen; ) {
      let after = 'latest';
      try {
        await this.#place(lane);
        await proveAll(lane.members, (path) => this.#socket.ask('GET', path));
        const members = [...lane.members];
        if (members.length === 0) break;
        if (members.some(({ isFresh }) => !isFresh)) after = placeOf(members) || 'earliest';
        // Its messages may be right behind the response, in the same read: what they need must be there by then.
        await this.#socket.ask('POST', '/subscriptions', { topics: lane.key.split(','), after }, ({ data }) => {
          const { subscription, cursor } = data as { subscription: string; cursor: string };
          lane.id = subscription;
          this.#byId.set(subscription, lane);
          prove(members, after);
          for (const member of members) {
            member.begin(cursor);
            if (lane.members.has(member)) lane.live.add(member);
          }
          // Who stands before the earliest is not told by the server that something is missing (6.2.9): it was asked for what there is.
          if (after === 'earliest') gapTo(members, cursor);
        });
        for (const member of members) member.confirmed();
        break;
      } catch (error) {
        if (!this.#socket.isOpen) return;
        const failure = error as GodwitError;
        if (failure.retryable) await again(this.#environment, attempt, failure);
        else if (!passGap(lane.members, failure)) {
          this.#forget(lane);
          return this.add(blame(lane.members, failure, after));
        }
        attempt = Math.min(attempt + 1, 3);
      }
    }
    if (lane.members.size === 0) this.#drop(lane);
  }

  /** A lane that moves needs a cursor: members that want only what is new get the end of the log. */
  async #place(lane: OpenLane): Promise<void> {
    const fresh = [...lane.members].filter(({ isFresh }) => isFresh);
    if (fresh.length === 0 || fresh.length === lane.members.size) return;
    const { data } = await this.#socket.ask('GET', messagesPath(lane.key, 'latest'));
    for (const member of fresh) member.begin((data as { cursor: string }).cursor);
  }

  #forget(lane: OpenLane): void {
    if (this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
    if (lane.id && this.#byId.get(lane.id) === lane) this.#byId.delete(lane.id);
  }

  #drop(lane: OpenLane): void {
    if (this.#lanes.get(lane.key) !== lane) return;
    this.#forget(lane);
    // A lane that ended by itself meanwhile is what was wanted.
    if (lane.id) this.#socket.ask('DELETE', pathTo('subscriptions', lane.id)).catch(() => {});
  }

  /** Ends lanes without members, and narrows those that carry patterns of members which left. */
  readonly #tidy = gathered(() => {
    const lanes = [...this.#surplus];
    this.#surplus.clear();
    for (const lane of lanes) {
      if (lane.members.size === 0) lane.work = lane.work.then(() => (lane.members.size === 0 ? this.#drop(lane) : undefined));
      else if (laneOf([...lane.members]).key !== lane.key) this.#replace([lane]);
    }
  });

  #repack(): void {
    this.#replace([...this.#lanes.values()].filter(({ id, key }) => id && key.split(',').length < MOST_PATTERNS / 2));
  }

  /** Other lanes for the same members; the old ones end once the new ones are open, and until then both bring what is taken once. */
  #replace(old: readonly OpenLane[]): void {
    const members = [...new Set(old.flatMap((lane) => [...lane.members]))].filter(({ isFresh }) => !isFresh);
    const packed = pack(members);
    const wanted = packed.filter(({ key }) => !old.some((lane) => lane.key === key && lane.members.size > 0));
    for (const lane of wanted) this.#join(lane);
    const kept = new Set(packed.map(({ key }) => key));
    const opened = Promise.all(wanted.map(({ key }) => this.#lanes.get(key)?.work));
    for (const lane of old) {
      if (kept.has(lane.key)) continue;
      lane.work = Promise.all([lane.work, opened]).then(() => {
        for (const member of members) {
          lane.live.delete(member);
          lane.members.delete(member);
        }
        if (lane.members.size === 0) this.#drop(lane);
      });
    }
  }
}
