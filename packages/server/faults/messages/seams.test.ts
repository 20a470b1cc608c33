// The seams of a subscription (6.2.5 to 6.2.10, 5.1.3): between the feed, the memory of what is recent and the log; between a stall and going on; between one
// attachment and the next. Random interleavings over the real store; `SEED=n` repeats those of a run, `RUNS=n` says how many.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { readableCollections } from '../../core/access.ts';
import type { Identity } from '../../core/call.ts';
import type { Durable } from '../../core/durables.ts';
import { ADMIN, type Assembly, assemble, holderOf } from '../../testing/assembly.ts';
import { settled } from '../../testing/clock.ts';
import { seedOfRun } from '../../testing/random.ts';
import { checkScript, type Known } from './script.ts';
import { aWhile, type Seat, Stage } from './stage.ts';

const RUNS = Number(process.env['RUNS'] ?? 80);
const SEATS = 3;
const ACK_WAIT_MS = 1000;
const MAX_OUTSTANDING = 4;
const STEP_MS = 250;
/** Where the machine is slow fewer runs must do. */
const LONGEST_MS = RUNS * 400;
const PATIENCE_MS = 10_000;
const PATTERNS = [['a'], ['a', 'b'], ['*.x'], ['**'], ['docs.**', 'b'], ['none']] as const;
const TOPICS = ['a', 'b', 'a.x', 'b.x', 'docs.1', 'docs.2'] as const;
/** Some wake nobody, some fill an outbox, some fill a page. */
const SIZES = [10, 10, 10, 700, 3000, 200_000] as const;
const NAMES = ['d0', 'd1'] as const;

type Op =
  | { readonly op: 'publish'; readonly messages: readonly (readonly [topic: number, size: number])[]; readonly wait: boolean }
  | { readonly op: 'turns'; readonly count: number }
  | { readonly op: 'stall' | 'release' | 'reconnect' | 'detach'; readonly seat: number; readonly name: number }
  | { readonly op: 'rights'; readonly seat: number; readonly documents: boolean }
  | { readonly op: 'subscribe'; readonly seat: number; readonly patterns: number; readonly from: 'latest' | 'start' | 'own'; readonly hesitates: boolean }
  | { readonly op: 'unsubscribe'; readonly seat: number; readonly patterns: number }
  | { readonly op: 'attach'; readonly seat: number; readonly name: number; readonly hesitates: boolean }
  | { readonly op: 'acknowledge'; readonly name: number; readonly share: number }
  | { readonly op: 'topics'; readonly name: number; readonly patterns: number }
  | { readonly op: 'advance'; readonly steps: number }
  | { readonly op: 'tidy'; readonly keep: number };

const seat = fc.nat(SEATS - 1);
const name = fc.nat(NAMES.length - 1);
const patterns = fc.nat(PATTERNS.length - 1);
const anOp: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('publish' as const),
      messages: fc.array(fc.tuple(fc.nat(TOPICS.length - 1), fc.nat(SIZES.length - 1)), { minLength: 1, maxLength: 10 }),
      wait: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('turns' as const), count: fc.nat(3) }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constantFrom('stall' as const, 'release' as const, 'reconnect' as const, 'detach' as const), seat, name }) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('subscribe' as const),
      seat,
      patterns,
      from: fc.constantFrom('latest' as const, 'start' as const, 'own' as const),
      hesitates: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('unsubscribe' as const), seat, patterns }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('attach' as const), seat, name, hesitates: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('acknowledge' as const), name, share: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('topics' as const), name, patterns }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('advance' as const), steps: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('rights' as const), seat, documents: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('tidy' as const), keep: fc.nat(3) }) },
);

let assembly: Assembly;
before(async () => {
  assembly = await assemble({
    settings: { maxOutstanding: MAX_OUTSTANDING, ackWait: ACK_WAIT_MS, maxQueuedBytes: 1024, heartbeatInterval: 1000, connectionsPerClient: 1000 },
  });
});
after(() => assembly.close());

/** One run: a stage of its own over the store that all share, from where its log ends now. */
class Play {
  readonly stage = new Stage(assembly.core);
  readonly start = assembly.core.storage.log.last;
  readonly log: Known[] = [];
  readonly seats: Seat[] = [];
  /** Those that ended too: what they were sent is judged alike. */
  readonly scripts: { readonly seat: Seat; readonly open: () => boolean }[] = [];
  readonly #pending: Promise<unknown>[] = [];
  readonly #durables: Durable[];
  readonly #holders = new Map<Durable, Seat>();

  constructor() {
    this.#durables = NAMES.map((each) => ({
      ...{ client: ADMIN.client, name: each, topics: ['**'], ackWait: ACK_WAIT_MS, acknowledged: this.start, sent: 0 },
      ...{ redeliveries: 0, attachment: undefined },
    }));
    for (const durable of this.#durables) assembly.core.durables.set(durable);
    for (let index = 0; index < SEATS; index++) this.#sit(index);
  }

  #sit(index: number, identity: Identity = ADMIN): Seat {
    const made = this.stage.seat(identity);
    this.seats[index] = made;
    this.scripts.push({ seat: made, open: () => !made.connection.isClosed });
    return made;
  }

  #filter(of: readonly string[], identity: Identity) {
    return { patterns: of, collections: readableCollections(identity) };
  }

  #subscribe(at: Seat, of: readonly string[], place: number, hesitates: boolean): void {
    const { connection, mark } = at;
    const { id, start } = connection.subscribe(this.#filter(of, connection.identity), place);
    mark({ kind: 'opened', subscription: id, place, patterns: of, durable: false, sent: 0 });
    this.#answer(at, id, start, hesitates);
  }

  /** What is asked may be answered some turns later: until then nothing may come. */
  #answer({ script, mark }: Seat, subscription: string, start: () => void, hesitates: boolean): void {
    const answer = (): void => {
      // It may have been opened anew, or have ended, since.
      if (script.findLast((item) => item.kind === 'opened' && item.subscription === subscription) !== opened) return;
      mark({ kind: 'started', subscription });
      start();
    };
    const opened = script.at(-1);
    if (hesitates) this.#pending.push(aWhile(1).then(answer));
    else answer();
  }

  /** Where a client goes on that has what its script says. */
  #own({ script }: Seat, id: string): number | undefined {
    const last = script.findLast((item) => 'subscription' in item && item.subscription === id);
    if (last?.kind === 'event') return last.seq;
    if (last?.kind === 'gap') return last.to;
    return last?.kind === 'opened' ? last.place : undefined;
  }

  /** The seat that a durable subscription's messages go to. */
  #holder(durable: Durable): Seat | undefined {
    return durable.attachment === undefined ? undefined : this.#holders.get(durable);
  }

  acknowledge(durable: Durable, place: number): void {
    if (place <= durable.acknowledged) return;
    this.#holder(durable)?.mark({ kind: 'acknowledged', subscription: durable.name, place });
    assembly.core.durables.acknowledge(durable, place);
  }

  /** The last that a durable subscription's holder was sent. */
  lastOf(durable: Durable): number {
    const script = this.#holder(durable)?.script ?? [];
    const last = script.findLast((item) => 'subscription' in item && item.subscription === durable.name && (item.kind === 'event' || item.kind === 'gap'));
    return last?.kind === 'event' ? last.seq : last?.kind === 'gap' ? last.to : durable.acknowledged;
  }

  async do(op: Op): Promise<void> {
    const at = 'seat' in op ? (this.seats[op.seat] as Seat) : undefined;
    const durable = 'name' in op ? (this.#durables[op.name] as Durable) : undefined;
    switch (op.op) {
      case 'publish': {
        const messages = op.messages.map(([topic, size]) => ({
          messageId: assembly.core.ids.uuid(),
          topic: TOPICS[topic] as string,
          timestamp: 0,
          data: `"${'x'.repeat(SIZES[size] as number)}"`,
          change: (TOPICS[topic] as string).startsWith('docs'),
        }));
        const written = assembly.core.storage.write({ messages }).then((outcome) => {
          assert.equal(outcome.status, 'written');
          for (const [index, { topic, change }] of messages.entries())
            this.log.push({ seq: (outcome as { firstSeq: number }).firstSeq + index, topic, change });
        });
        this.#pending.push(written);
        if (op.wait) await written;
        return;
      }
      case 'turns':
        for (let turn = 0; turn < op.count; turn++) await settled();
        return;
      case 'stall':
        return at?.link.stall();
      case 'release':
        return at?.link.release();
      case 'subscribe': {
        const of = PATTERNS[op.patterns] as readonly string[];
        const own = op.from === 'own' ? this.#own(at as Seat, `~${of.join(',')}`) : undefined;
        // A cursor that retention has passed is refused before it comes here.
        const kept = Math.max(assembly.core.cursors.earliest, this.start);
        return this.#subscribe(at as Seat, of, Math.max(kept, own ?? (op.from === 'start' ? kept : assembly.core.storage.log.last)), op.hesitates);
      }
      case 'unsubscribe': {
        const id = `~${(PATTERNS[op.patterns] as readonly string[]).join(',')}`;
        if (at?.connection.unsubscribe(id)) at.mark({ kind: 'ended', subscription: id });
        return;
      }
      case 'attach': {
        const { connection, mark } = at as Seat;
        const { name: subscription, acknowledged: place, topics, sent } = durable as Durable;
        const { start } = connection.attach(durable as Durable, this.#filter(topics, connection.identity));
        this.#holders.set(durable as Durable, at as Seat);
        mark({ kind: 'opened', subscription, place, patterns: topics, durable: true, sent });
        return this.#answer(at as Seat, subscription, start, op.hesitates);
      }
      case 'detach':
        if (at?.connection.detach(durable as Durable)) at.mark({ kind: 'ended', subscription: (durable as Durable).name });
        return;
      case 'acknowledge': {
        const { acknowledged } = durable as Durable;
        const last = this.lastOf(durable as Durable);
        // A fifth or more of what it was sent, or more than it was sent.
        const place = op.share === 0 ? assembly.core.storage.log.last : acknowledged + Math.floor(((last - acknowledged) * op.share) / 5);
        return this.acknowledge(durable as Durable, place);
      }
      case 'topics':
        (durable as Durable).topics = PATTERNS[op.patterns] as readonly string[];
        this.#holder(durable as Durable)?.mark({ kind: 'restarted', subscription: (durable as Durable).name, patterns: (durable as Durable).topics });
        return durable?.attachment?.restart();
      case 'advance':
        for (let step = 0; step < op.steps; step++) {
          for (const { mark } of this.seats) mark({ kind: 'advanced', ms: STEP_MS });
          await assembly.clock.advance(STEP_MS);
        }
        return;
      case 'rights': {
        const { connection, mark } = at as Seat;
        connection.renew(op.documents ? ADMIN : { ...holderOf('subscribe:**'), client: ADMIN.client });
        mark({ kind: 'rights' });
        return;
      }
      case 'tidy': {
        const policy = { messagesBefore: 0, maxLogBytes: 500 * op.keep, publishesBefore: 0, requestsBefore: 0 };
        while (!(await assembly.core.storage.tidy(policy)).done);
        return;
      }
      case 'reconnect': {
        const { connection, script } = at as Seat;
        connection.close(1000, '');
        const next = this.#sit(op.seat);
        const opened = new Map(script.flatMap((item) => (item.kind === 'opened' && !item.durable ? [[item.subscription, item.patterns]] : [])));
        for (const [id, of] of opened) {
          const place = this.#own(at as Seat, id);
          if (place !== undefined) this.#subscribe(next, of, Math.max(place, assembly.core.cursors.earliest), false);
        }
      }
    }
  }

  /** Nothing stalls, everything is acknowledged: whether all that there is has been sent before patience ends. */
  async finish(): Promise<boolean> {
    await Promise.all(this.#pending);
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await aWhile()) {
      for (const { link } of this.seats) link.release();
      for (const durable of this.#durables) if (durable.attachment !== undefined) this.acknowledge(durable, this.lastOf(durable));
      if (this.seats.every(({ connection }) => connection.queued === 0 && connection.position >= this.stage.feed.delivered)) return true;
    }
    return false;
  }

  close(): void {
    for (const { connection } of this.seats) connection.close(1000, '');
    this.stage.connections.announceEnd(1);
  }
}

test('6.2.8, 6.2.10: whatever interleaves, everyone gets what matches, in order, each once or again as 6.2.6 allows', {
  timeout: LONGEST_MS + 60_000,
}, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`SEED=${seed}`);
  const totals = { events: 0, redelivered: 0, gaps: 0, beats: 0, droppedToLog: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(anOp, { minLength: 10, maxLength: 80, size: 'max' }), async (ops) => {
      const play = new Play();
      try {
        for (const op of ops) await play.do(op);
        assert(await play.finish(), `somebody never caught up: ${play.seats.map(({ connection }) => connection.position)} of ${play.stage.feed.delivered}`);
        play.log.sort((one, other) => one.seq - other.seq);
        for (const [index, { seat: each, open }] of play.scripts.entries()) {
          const rules = { log: play.log, first: assembly.core.storage.log.first, maxOutstanding: MAX_OUTSTANDING, ackWaitMs: ACK_WAIT_MS, complete: open() };
          try {
            checkScript(each.script, rules);
          } catch (error) {
            throw new Error(
              `seat ${index}: ${(error as Error).message}\n${each.script.map((item) => JSON.stringify(item)).join('\n')}\n${JSON.stringify(play.log)}`,
            );
          }
          for (const item of each.script) {
            if (item.kind === 'event') totals.events++;
            if (item.kind === 'event' && item.redelivered) totals.redelivered++;
            if (item.kind === 'gap') totals.gaps++;
            if (item.kind === 'beat') totals.beats++;
          }
        }
        totals.droppedToLog += play.stage.feed.counters.droppedToLog;
      } finally {
        play.close();
      }
    }),
    { seed, numRuns: RUNS, endOnFailure: process.env['SHRINK'] === undefined, interruptAfterTimeLimit: LONGEST_MS },
  );
  t.diagnostic(JSON.stringify(totals));
  for (const [what, count] of Object.entries(totals)) assert(count > 0, `no ${what}: the test shows less than it should`);
});
