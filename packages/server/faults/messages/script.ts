// Reads the script of one connection and says what in it breaks 6.2: unnamed subscriptions get what matches, each once, in order; durable ones again only
// where 6.2.6 allows it; what is missing was announced; no heartbeat is ahead of what was sent.
import assert from 'node:assert/strict';
import { matcher } from '@godwit/protocol';
import type { Item } from './stage.ts';

export interface Known {
  readonly seq: number;
  readonly topic: string;
  /** Whether only who may read documents gets it. */
  readonly change: boolean;
}

export interface Rules {
  readonly log: readonly Known[];
  /** The oldest that is kept at the end. */
  readonly first: number;
  readonly maxOutstanding: number;
  readonly ackWaitMs: number;
  /** Whether everything had time to arrive. */
  readonly complete: boolean;
}

class Reading {
  /** All that matches up to here was sent. */
  place: number;
  readonly durable: boolean;
  readonly #rules: Rules;
  #matches: (topic: string) => boolean;
  #acknowledged: number;
  #sent: number;
  /** Sent and not acknowledged. */
  #outstanding: number[] = [];
  /** Time since something was acknowledged, sent again, or sent where nothing was outstanding. */
  #waited = 0;
  /** Where it was acknowledged when what was due again may have been under way already. */
  #underWay: number | undefined;
  /** The rights of its connection changed, so that changes of documents may or may not be there. */
  loose: boolean;
  /** Its response has left. */
  #started = false;

  constructor(rules: Rules, { place, patterns, durable, sent }: Extract<Item, { kind: 'opened' }>, loose: boolean) {
    this.#rules = rules;
    this.place = place;
    this.loose = loose;
    this.durable = durable;
    this.#matches = matcher(patterns);
    this.#acknowledged = place;
    this.#sent = sent;
  }

  /** The first that is due after a place. */
  next(after: number, skipping: (message: Known) => boolean = () => false): Known | undefined {
    return this.#rules.log.find((message) => message.seq > after && this.#matches(message.topic) && !skipping(message));
  }

  #due(after: number): number | undefined {
    return this.next(after, ({ change }) => this.loose && change)?.seq;
  }

  /** Back to the acknowledged place, where 6.2.6 allows it. */
  #again(label: string, fits: (due: number | undefined) => boolean): void {
    assert(this.durable, `${label}: an unnamed subscription goes back`);
    const late = this.#waited >= this.#rules.ackWaitMs;
    assert(late || this.#underWay !== undefined, `${label}: sent again after ${this.#waited} ms`);
    const before = this.#underWay;
    this.#restart();
    // It may have begun before the acknowledgement, or been told of it on its way.
    if (before !== undefined && !fits(this.#due(this.place))) this.place = before;
  }

  #restart(): void {
    this.place = this.#acknowledged;
    this.#outstanding = [];
    this.#waited = 0;
    this.#underWay = undefined;
  }

  event({ seq, redelivered }: Extract<Item, { kind: 'event' }>, label: string): void {
    assert(this.#started, `${label}: its response is still to come`);
    const known = this.#rules.log.find((message) => message.seq === seq) as Known;
    assert(this.#matches(known.topic), `${label}: it does not match`);
    if (seq <= this.place) this.#again(label, (due) => due === seq);
    const due = this.#due(this.place) ?? Number.POSITIVE_INFINITY;
    // Where rights changed a change of a document may come, but nothing else may be passed for it.
    if (this.loose && known.change) assert(seq < due, `${label}: ${due} was due`);
    else assert.equal(seq, due, `${label}: ${due} was due`);
    this.place = seq;
    if (!this.durable) return;
    assert.equal(redelivered, seq <= this.#sent, `${label}: redelivered, where ${this.#sent} was the last that had been sent`);
    this.#sent = Math.max(this.#sent, seq);
    if (this.#outstanding.length === 0) this.#waited = 0;
    this.#outstanding.push(seq);
    assert(this.#outstanding.length <= this.#rules.maxOutstanding, `${label}: ${this.#outstanding.length} are outstanding`);
  }

  gap({ from, to }: Extract<Item, { kind: 'gap' }>, label: string): void {
    assert(this.#started, `${label}: its response is still to come`);
    if (from < this.place) this.#again(label, (due) => due === undefined || due > from);
    const silent = this.#due(this.place);
    assert(silent === undefined || silent > from, `${label}: ${silent} was due before the gap`);
    assert(to < this.#rules.first, `${label}: but everything from ${this.#rules.first} on is kept`);
    this.place = to;
    // What is gone cannot be sent again, so nothing waits for its acknowledgement.
    this.#outstanding = this.#outstanding.filter((seq) => seq > to);
  }

  beat(place: number, label: string): void {
    const due = this.#due(this.place);
    assert(due === undefined || due > place, `${label}: ${due} has not been sent`);
  }

  start(): void {
    this.#started = true;
  }

  acknowledge(place: number): void {
    if (place <= this.#acknowledged) return;
    if (this.#waited >= this.#rules.ackWaitMs) this.#underWay = this.#acknowledged;
    this.#acknowledged = place;
    this.#outstanding = this.#outstanding.filter((seq) => seq > place);
    this.place = Math.max(this.place, place);
    this.#waited = 0;
  }

  restart(patterns: readonly string[]): void {
    this.#matches = matcher(patterns);
    this.#restart();
  }

  advance(ms: number): void {
    this.#waited += ms;
  }

  end(label: string): void {
    const due = this.#due(this.place);
    assert(due === undefined, `${label}: ${due} never came`);
  }
}

/** Throws where the script breaks a rule. */
export const checkScript = (script: readonly Item[], rules: Rules): void => {
  const readings = new Map<string, Reading>();
  let changedRights = false;
  for (const [index, item] of script.entries()) {
    const label = `item ${index} ${JSON.stringify(item)}`;
    if (item.kind === 'opened') readings.set(item.subscription, new Reading(rules, item, changedRights));
    else if (item.kind === 'beat') for (const reading of readings.values()) reading.beat(item.place, label);
    else if (item.kind === 'advanced') for (const reading of readings.values()) reading.advance(item.ms);
    else if (item.kind === 'rights') {
      changedRights = true;
      for (const reading of readings.values()) reading.loose = true;
    } else if (item.kind === 'ended' || item.kind === 'detached') readings.delete(item.subscription);
    else {
      const reading = readings.get(item.subscription);
      if (item.kind === 'acknowledged') reading?.acknowledge(item.place);
      else if (item.kind === 'started') reading?.start();
      else if (item.kind === 'restarted') reading?.restart(item.patterns);
      else {
        assert(reading !== undefined, `${label}: there is no such subscription`);
        if (item.kind === 'event') reading.event(item, label);
        else reading.gap(item as Extract<Item, { kind: 'gap' }>, label);
      }
    }
  }
  if (rules.complete) for (const [subscription, reading] of readings) reading.end(`the end of ${subscription}`);
};
