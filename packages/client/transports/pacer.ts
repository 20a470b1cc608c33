// Keeps what is sent below the message rate of a connection (7.2.1), so that a burst is slowed down here instead of refused there: a token bucket of one second.
import type { Clock } from '../api.ts';
import { Alarm } from '../waits.ts';

/** Something that waits to be sent. */
export interface Turn {
  /** What the server counts it as. */
  readonly cost: number;
  /** Whether somebody still waits for it: what nobody does is passed over, and costs nothing. */
  isWanted(): boolean;
  send(): void;
}

export class Pacer {
  readonly #clock: Clock;
  readonly #waiting: Turn[] = [];
  readonly #limit: number;
  readonly #perSecond: number;
  #tokens: number;
  #countedAt: number;
  readonly #alarm: Alarm;

  /** `limit`: of the server's settings; a little less is used, because clocks and networks are not even. */
  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
    this.#perSecond = Math.max(1, limit * 0.95);
    this.#tokens = this.#perSecond;
    this.#countedAt = clock.now();
    this.#alarm = new Alarm(clock);
  }

  /** Sends now, or in its turn as soon as the rate allows. */
  next(turn: Turn): void {
    this.#waiting.push(turn);
    if (!this.#alarm.isSet) this.#send();
  }

  stop(): void {
    this.#waiting.length = 0;
    this.#alarm.clear();
  }

  #take(turn: Turn): boolean {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (Math.max(0, now - this.#countedAt) * this.#perSecond) / 1000);
    this.#countedAt = now;
    if (this.#tokens < this.#least(turn)) return false;
    this.#tokens -= this.#costOf(turn);
    return true;
  }

  /** What can never be admitted is refused at the cost of one. */
  #costOf({ cost }: Turn): number {
    return cost > this.#limit ? 1 : cost;
  }

  /** How full the bucket must be: a full one holds a little less than the server's, and what that one could hold goes on credit. */
  #least(turn: Turn): number {
    return Math.min(this.#costOf(turn), this.#perSecond);
  }

  /** Sends what the rate allows now, and sees to the rest when it allows the first of it. */
  #send(): void {
    let done = 0;
    for (const turn of this.#waiting) {
      if (turn.isWanted()) {
        if (!this.#take(turn)) {
          const wait = Math.ceil(((this.#least(turn) - this.#tokens) * 1000) / this.#perSecond);
          this.#alarm.set(Math.max(1, wait), () => this.#send());
          break;
        }
        turn.send();
      }
      done++;
    }
    this.#waiting.splice(0, done);
  }
}
