// What the Live page shows: the messages of some patterns, followed as they come or looked back into, with a place that pausing does not lose. It knows the
// client and no page; it tells that something changed, and whoever draws decides how often to look.
import type { Client, Message, Subscription } from '@godwit/client';
import { weight } from '../parts/format.ts';
import { Ring } from './ring.ts';

export interface Row {
  readonly message: Message;
  readonly weight: number;
}

/**
 * `following`: what comes is shown. `paused`: what is shown stays; what comes is counted, and shown from the place on when it goes on.
 */
export type Mode = 'opening' | 'following' | 'paused' | 'failed';

export interface TailOptions {
  readonly client: Client;
  readonly patterns: readonly string[];
  /** Lower-case text that a message must have in its topic or data; empty: all. */
  readonly filter: string;
  readonly onChange: () => void;
}

/** Kept in the page. */
export const MOST_ROWS = 5000;
const MOST_WEIGHT = 32 * 1024 * 1024;
const PAGE = 200;
/** Pages that one look back with a filter goes through. */
const MOST_PAGES = 20;

interface Page {
  readonly items: readonly Omit<Message, 'redelivered'>[];
  readonly cursor: string;
  readonly more: boolean;
}

export class Tail {
  readonly rows = new Ring<Row>(MOST_ROWS, MOST_WEIGHT);
  readonly patterns: readonly string[];
  mode: Mode = 'opening';
  error: unknown;
  /** Messages that came since it was opened, shown or not. */
  received = 0;
  /** Messages that came while it was paused. */
  waiting = 0;
  /** Whether the log holds, or may hold, anything before the oldest row. */
  hasOlder = false;
  /** Whether the log may hold something behind the newest row that nothing has counted. */
  hasNewer = false;
  /** Whether a page of the log is being read. */
  reading = false;
  /** Messages that retention removed before they came. */
  gaps = 0;
  readonly #client: Client;
  readonly #filter: string;
  readonly #onChange: () => void;
  readonly #ending = new AbortController();
  #subscription: Subscription | undefined;
  /** Which subscription is meant: what an earlier one still hands over is passed over. */
  #turn = 0;
  /** Where looking back goes on. */
  #older: string | undefined;
  /** Up to where is shown: where following goes on. */
  #place: string | undefined;

  constructor({ client, patterns, filter, onChange }: TailOptions) {
    this.#client = client;
    this.patterns = patterns;
    this.#filter = filter;
    this.#onChange = onChange;
  }

  /** The last messages of the log, then what comes. */
  async open(): Promise<void> {
    await this.#begin(async () => {
      // The end of the log first, so that what lies before it and what comes after it meet without a seam.
      const { cursor } = await this.#read({ after: 'latest', limit: '1' });
      this.#place = cursor;
      this.#older = cursor;
      await this.#lookBack();
      await this.#follow();
    });
  }

  /** Shows the log from a place on and stays there: `earliest`, a cursor, or an RFC 3339 time. */
  async jump(to: string): Promise<void> {
    await this.#begin(async () => {
      this.mode = 'paused';
      const isTime = /^\d{4}-/.test(to);
      // A time is looked up from behind, then gone on from: what lies around it is shown.
      const before = isTime ? await this.#read({ before: to, limit: '1' }) : undefined;
      const start = before === undefined ? to : (before.items.at(-1)?.cursor ?? before.cursor);
      const page = await this.#read({ after: start, limit: String(PAGE) });
      this.#place = page.cursor;
      this.#older = start === 'earliest' ? undefined : start;
      this.hasOlder = this.#older !== undefined;
      for (const item of page.items) this.#keep({ ...item, redelivered: false });
      if (isTime && this.hasOlder) await this.#lookBack();
      // Nothing is followed until it goes on: between here and now may lie the whole log.
      this.hasNewer = page.more || page.items.length > 0;
    });
  }

  async #begin(start: () => Promise<void>): Promise<void> {
    try {
      await start();
    } catch (error) {
      this.#fail(error);
    }
    this.#changed();
  }

  /** Stays at what is shown; what comes is counted. */
  pause(): void {
    if (this.mode !== 'following') return;
    this.mode = 'paused';
    this.waiting = 0;
    this.#changed();
  }

  /** Goes on where it was paused: every message that came meanwhile is shown, in order. */
  resume(): void {
    if (this.mode !== 'paused') return;
    this.mode = 'following';
    this.waiting = 0;
    this.hasNewer = false;
    void this.#follow();
    this.#changed();
  }

  /** Reads what lies before the oldest row. */
  async older(): Promise<void> {
    if (this.reading || !this.hasOlder) return;
    // What is looked at must not be pushed out by what comes.
    this.pause();
    this.reading = true;
    this.#changed();
    try {
      await this.#lookBack();
    } catch (error) {
      if (!this.#ending.signal.aborted) this.error = error;
    }
    this.reading = false;
    this.#changed();
  }

  /** Reads what lies behind the newest row, without following. */
  async newer(): Promise<void> {
    if (this.reading || this.#place === undefined) return;
    this.reading = true;
    this.#changed();
    try {
      const page = await this.#read({ after: this.#place, limit: String(PAGE) });
      this.#place = page.cursor;
      for (const item of page.items) this.#keep({ ...item, redelivered: false });
      this.waiting = Math.max(0, this.waiting - page.items.length);
      if (this.#subscription === undefined) this.hasNewer = page.more || page.items.length === PAGE;
    } catch (error) {
      if (!this.#ending.signal.aborted) this.error = error;
    }
    this.reading = false;
    this.#changed();
  }

  close(): void {
    this.#ending.abort();
    void this.#subscription?.close();
    this.#subscription = undefined;
  }

  async #read(query: Readonly<Record<string, string>>): Promise<Page> {
    const text = new URLSearchParams({ topics: this.patterns.join(','), ...query });
    const { data } = await this.#client.request<Page>('GET', `/messages?${text}`, { signal: this.#ending.signal });
    return data;
  }

  async #lookBack(): Promise<void> {
    for (let page = 0, found = 0; page < MOST_PAGES && found < PAGE && this.#older !== undefined; page++) {
      const { items, cursor, more } = await this.#read({ before: this.#older, limit: String(PAGE) });
      const { oldest, newest } = this.rows;
      const rows = items
        .filter((item) => oldest === undefined || item.cursor < oldest.message.cursor)
        .map((item) => ({ message: { ...item, redelivered: false }, weight: weight(item.data) }))
        .filter(({ message }) => this.#wants(message));
      this.rows.unshift(rows);
      // What had no room at the newer end is read again when it goes on.
      if (this.rows.newest !== newest && newest !== undefined) this.#place = this.rows.newest?.message.cursor ?? this.#place;
      found += rows.length;
      this.#older = more ? cursor : undefined;
      this.hasOlder = more;
      if (this.#filter === '') break;
    }
  }

  /** Subscribes from the place on; a subscription that was open ends. */
  async #follow(): Promise<void> {
    const turn = ++this.#turn;
    const before = this.#subscription;
    this.#subscription = undefined;
    await before?.close().catch(() => {});
    const isCurrent = (): boolean => turn === this.#turn && !this.#ending.signal.aborted;
    if (!isCurrent()) return;
    const following = this.#client.subscribe(
      this.patterns,
      (message) => {
        if (isCurrent()) this.#take(message);
      },
      {
        ...(this.#place === undefined ? {} : { after: this.#place }),
        onGap: () => {
          this.gaps++;
          this.#changed();
        },
        signal: this.#ending.signal,
      },
    );
    this.#subscription = following;
    if (this.mode === 'opening') this.mode = 'following';
    const failed = (error: unknown): void => {
      if (isCurrent()) this.#fail(error);
    };
    following.ready.catch(failed);
    following.closed.then(({ reason }) => failed(new Error(`The subscription has ended: ${reason}.`)), failed);
  }

  #take(message: Message): void {
    this.received++;
    if (this.mode === 'following') {
      this.#keep(message);
      this.#place = message.cursor;
    } else this.waiting++;
    this.#changed();
  }

  #keep(message: Message): void {
    if (!this.#wants(message)) return;
    const { oldest } = this.rows;
    this.rows.push({ message, weight: weight(message.data) });
    if (oldest === undefined || this.rows.oldest === oldest) return;
    // What left at the older end is in the log still.
    this.#older = this.rows.oldest?.message.cursor;
    this.hasOlder = true;
  }

  #wants({ topic, data }: Pick<Message, 'topic' | 'data'>): boolean {
    return this.#filter === '' || topic.toLowerCase().includes(this.#filter) || (JSON.stringify(data) ?? '').toLowerCase().includes(this.#filter);
  }

  #fail(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.mode = 'failed';
    this.error = error;
    this.#changed();
  }

  #changed(): void {
    if (!this.#ending.signal.aborted) this.#onChange();
  }
}
