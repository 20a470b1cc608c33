// The rooms of the feed without sockets: real store, real feed, real connections, and links that note what is sent and stall when told to. Each connection's
// script holds what it was sent, in order, with marks between that say what was done meanwhile.
import type { Identity } from '../../core/call.ts';
import type { Core } from '../../core/core.ts';
import type { Encoder } from '../../core/feed.ts';
import { Feed } from '../../core/feed.ts';
import type { Connection, Link, Outgoing } from '../../session/connection.ts';
import { Connections } from '../../session/connections.ts';
import { ADMIN } from '../../testing/assembly.ts';

/** What a connection was sent, and marks of what was done. Places are those of the log. */
export type Item =
  | { readonly kind: 'event'; readonly subscription: string; readonly seq: number; readonly redelivered: boolean }
  | { readonly kind: 'gap'; readonly subscription: string; readonly from: number; readonly to: number }
  | { readonly kind: 'detached'; readonly subscription: string }
  | { readonly kind: 'beat'; readonly place: number }
  | {
      readonly kind: 'opened';
      readonly subscription: string;
      readonly place: number;
      readonly patterns: readonly string[];
      readonly durable: boolean;
      readonly sent: number;
    }
  | { readonly kind: 'started' | 'ended'; readonly subscription: string }
  | { readonly kind: 'restarted'; readonly subscription: string; readonly patterns: readonly string[] }
  | { readonly kind: 'acknowledged'; readonly subscription: string; readonly place: number }
  | { readonly kind: 'advanced'; readonly ms: number }
  | { readonly kind: 'rights' };

const lineEncoder = (placeOf: (cursor: string) => number): Encoder => ({
  medium: 'test',
  encode: (subscription, messages, redelivered) =>
    Buffer.from(messages.map(({ seq, data }) => `${JSON.stringify({ kind: 'event', subscription, seq, redelivered, data })}\n`).join('')),
  notice: (topic, data) => {
    const { subscription, from, to } = data as Record<string, string>;
    if (topic === 'gap') return `${JSON.stringify({ kind: 'gap', subscription, from: placeOf(from as string), to: placeOf(to as string) })}\n`;
    return topic === 'detached' ? `${JSON.stringify({ kind: 'detached', subscription })}\n` : undefined;
  },
});

/** Where a socket says that it has not taken all, and that it will say when it has: below and above what makes an outbox congested. */
const SOCKET_MARKS = [512, 4096] as const;

export class StageLink implements Link {
  readonly transport = 'websocket';
  readonly address = 'here';
  readonly script: Item[];
  readonly #placeOf: (cursor: string) => number;
  readonly #socketMark: number;
  queued = 0;
  bytesWritten = 0;
  #reads = 0;
  #stalled = false;
  #owesDrain = false;
  #scheduled = false;
  onDrain: () => void = () => {};

  constructor(script: Item[], placeOf: (cursor: string) => number, socketMark: number) {
    this.script = script;
    this.#socketMark = socketMark;
    this.#placeOf = placeOf;
  }

  /** As a socket: what one group alone has comes here straight. */
  get sink(): this {
    return this;
  }

  /** It lives, whenever it is asked. */
  get bytesRead(): number {
    return ++this.#reads;
  }

  write(out: Outgoing): boolean {
    for (const item of Array.isArray(out) ? out : [out]) {
      const text = String(item);
      this.queued += text.length;
      this.bytesWritten += text.length;
      for (const line of text.split('\n'))
        if (line !== '') this.script.push(JSON.parse(line, (member, value) => (member === 'data' ? undefined : value)) as Item);
    }
    const taken = this.queued < this.#socketMark;
    if (!taken) this.#owesDrain = true;
    this.#schedule();
    return taken;
  }

  #schedule(): void {
    if (this.#stalled || this.#scheduled || this.queued === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#stalled) return;
      this.queued = 0;
      if (!this.#owesDrain) return;
      this.#owesDrain = false;
      this.onDrain();
    });
  }

  stall(): void {
    this.#stalled = true;
  }

  release(): void {
    this.#stalled = false;
    this.#schedule();
  }

  beat(_text: string, cursor: string): void {
    this.script.push({ kind: 'beat', place: this.#placeOf(cursor) });
  }

  close(): void {}
  terminate(): void {}
}

export interface Seat {
  readonly connection: Connection;
  readonly link: StageLink;
  readonly script: Item[];
  /** Notes what is done now: after all that was sent before it. */
  mark(item: Item): void;
}

export class Stage {
  readonly core: Core;
  readonly connections: Connections;
  readonly feed: Feed;
  readonly #encoder: Encoder;
  #seats = 0;

  /** A feed of its own over the store of an assembly, with a memory so short that the store is needed often. */
  constructor(core: Core) {
    this.feed = new Feed(core.storage, core.cursors, { messages: 12, bytes: 40_000 });
    this.core = { ...core, feed: this.feed };
    this.connections = new Connections(this.core);
    this.#encoder = lineEncoder((cursor) => core.cursors.place(cursor, ''));
  }

  seat(identity: Identity = ADMIN): Seat {
    const script: Item[] = [];
    const link = new StageLink(script, (cursor) => this.core.cursors.place(cursor, ''), SOCKET_MARKS[this.#seats++ % 2] as number);
    const connection = this.connections.open(identity, link, this.#encoder);
    link.onDrain = () => connection.drained();
    return {
      connection,
      link,
      script,
      mark: (item) => {
        connection.flush();
        script.push(item);
      },
    };
  }
}

/** Lets the event loop and the store's threads go on a little. */
export const aWhile = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
