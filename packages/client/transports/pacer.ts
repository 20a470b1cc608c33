// Keeps what is sent below the message rate of a connection (7.2.1), so that a burst is slowed down here instead of refused there: a token bucket of one second.
import type { Clock } from '../api.ts';
import { Alarm } from '../waits.ts';

export class Pacer {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  readonly #perSecond: number;
  #tokens: number;
  #countedAt: number;
  readonly #alarm: Alarm;

  /** `perSecond`: of the server's settings; a little less is used, because clocks and networks are not even. */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = Math.max(1, perSecond * 0.95);
    this.#tokens = this.#perSecond;
    this.#countedAt = clock.now();
    this.#alarm = new Alarm(clock);
  }

  /** Calls `send` now, or in its turn as soon as the rate allows. */
  next(send: () => void): void {
    if (this.#waiting.length === 0 && this.#take()) send();
    else {
      this.#waiting.push(send);
      this.#wake();
    }
  }

  stop(): void {
    this.#waiting.length = 0;
    this.#alarm.clear();
  }

  #take(): boolean {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (Math.max(0, now - this.#countedAt) * this.#perSecond) / 1000);
    this.#countedAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #wake(): void {
    if (this.#alarm.isSet) return;
    const wait = Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond);
    this.#alarm.set(Math.max(1, wait), () => {
      let sent = 0;
      while (sent < this.#waiting.length && this.#take()) (this.#waiting[sent++] as () => void)();
      this.#waiting.splice(0, sent);
      if (this.#waiting.length > 0) this.#wake();
    });
  }
}
