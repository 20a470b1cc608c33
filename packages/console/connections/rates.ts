// Rates out of counters: what each connection did between two looks.

export interface ConnectionNow {
  readonly id: string;
  readonly client: string;
  readonly sub: string | null;
  readonly transport: string;
  readonly address: string;
  readonly openedAt: string;
  readonly subscriptions: number;
  readonly queuedBytes: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly messagesReceived: number;
  readonly behind: boolean;
}

export interface ConnectionRates {
  readonly messagesIn: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const NONE: ConnectionRates = { messagesIn: 0, bytesIn: 0, bytesOut: 0 };

export class Rates {
  #before = new Map<string, ConnectionNow>();
  #at = 0;
  #rates = new Map<string, ConnectionRates>();

  /** A look, at a time in milliseconds. */
  look(items: readonly ConnectionNow[], now: number): void {
    const seconds = Math.max(0.001, (now - this.#at) / 1000);
    const rates = new Map<string, ConnectionRates>();
    for (const item of items) {
      const before = this.#before.get(item.id);
      if (before === undefined) continue;
      const per = (one: number, other: number): number => Math.max(0, one - other) / seconds;
      rates.set(item.id, {
        messagesIn: per(item.messagesReceived, before.messagesReceived),
        bytesIn: per(item.bytesReceived, before.bytesReceived),
        bytesOut: per(item.bytesSent, before.bytesSent),
      });
    }
    this.#rates = rates;
    this.#before = new Map(items.map((item) => [item.id, item]));
    this.#at = now;
  }

  /** Nothing until it was seen twice. */
  of(id: string): ConnectionRates {
    return this.#rates.get(id) ?? NONE;
  }
}
