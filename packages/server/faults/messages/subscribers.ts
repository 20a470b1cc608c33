// The subscribers of the at-least-once test, one of each kind that the protocol has: with a cursor of their own over WebSocket, long polls and event streams,
// moving between those, and durable ones that are attached to or pulled from.
import { Subscriber, type SubscriberOptions } from './subscriber.ts';
import { type Delivery, Lost, openStream, type RawSocket } from './wire.ts';

const MOST_STAY_MS = 8000;
const POLL_SECONDS = 2;
const POLL_TIMEOUT_MS = 5000;

/** Goes on from a cursor that it keeps itself: each message comes once, and in order. */
abstract class CursorSubscriber extends Subscriber {
  /** Kept as a client keeps it: moved by deliveries, by pages, by heartbeats. */
  cursor = 'earliest';

  protected take(delivery: Delivery): void {
    this.record(delivery);
    this.cursor = delivery.cursor;
  }

  protected async viaWebSocket(): Promise<void> {
    let subscribed = false;
    const socket = await this.socket(
      (delivery) => {
        if (!subscribed) this.complain('an event before the response of its subscription', delivery);
        this.take(delivery);
      },
      (topic, data) => {
        // All that the subscription matches has been sent up to there (5.1.3); one that comes before it is told nothing of it.
        if (topic === '$sys.heartbeat' && subscribed && this.cursor !== 'earliest' && data.cursor > this.cursor) this.cursor = data.cursor;
        if (topic === '$sys.gap' || topic === '$sys.detached') this.complain(topic, data);
      },
    );
    const answering = socket.ask(
      'POST',
      '/subscriptions',
      { topics: this.patterns, after: this.cursor },
      {
        heard: (answer) => {
          subscribed = this.good(answer, 'subscribe');
          if (!subscribed) socket.end();
        },
      },
    );
    await Promise.all([answering, this.stay(socket, 500 + this.random.below(MOST_STAY_MS))]);
  }

  protected async viaPoll(): Promise<void> {
    const limit = this.random.pick([1, 7, 100, 1000]);
    const path = `/messages?topics=${this.topics}&after=${this.cursor}&limit=${limit}&wait=${POLL_SECONDS}`;
    const answer = await this.http.ask('GET', path, undefined, { timeoutMs: POLL_TIMEOUT_MS });
    if (!this.good(answer, `poll after ${this.cursor}`)) throw new Lost('refused');
    for (const item of answer.data.items) this.take({ ...item, redelivered: false });
    this.cursor = answer.data.cursor;
  }

  protected async viaEventStream(): Promise<void> {
    const first = this.cursor === 'earliest';
    const stream = openStream({
      ...this.target,
      path: `/messages?topics=${this.topics}${first ? '&after=earliest' : ''}`,
      lastEventId: first ? undefined : this.cursor,
      silenceMs: this.silenceMs,
      onEvent: (event, id, data) => {
        if (event !== 'message') this.complain(`an event ${event}`, data);
        if (data !== undefined) {
          const message = JSON.parse(data);
          if (message.cursor !== id) this.complain('an id that is not the cursor', data);
          this.record({ ...message, redelivered: false });
        }
        if (id !== undefined) this.cursor = id;
      },
      onRefused: (answer) => void this.good(answer, 'stream'),
    });
    this.endWith(() => stream.end());
    const leave = setTimeout(() => !this.calm && stream.end(), 500 + this.random.below(MOST_STAY_MS));
    await stream.closed;
    clearTimeout(leave);
    if (!this.stopped) throw new Lost('the stream ended');
  }
}

export class WebSocketSubscriber extends CursorSubscriber {
  readonly kind = 'websocket';
  protected attempt(): Promise<void> {
    return this.viaWebSocket();
  }
}

export class PollSubscriber extends CursorSubscriber {
  readonly kind = 'long poll';
  protected attempt(): Promise<void> {
    return this.viaPoll();
  }
}

export class EventStreamSubscriber extends CursorSubscriber {
  readonly kind = 'event stream';
  protected attempt(): Promise<void> {
    return this.viaEventStream();
  }
}

/** One cursor, now on this transport and now on that. */
export class MovingSubscriber extends CursorSubscriber {
  readonly kind = 'moving';
  protected async attempt(): Promise<void> {
    const way = this.random.below(3);
    if (way === 0) return this.viaWebSocket();
    if (way === 1) return this.viaEventStream();
    for (let polls = 1 + this.random.below(8); polls > 0 && !this.stopped; polls--) await this.viaPoll();
  }
}

export interface DurableOptions extends SubscriberOptions {
  readonly ackWaitMs: number;
  /** How long what was handled waits for its acknowledgement. */
  readonly ackAfterMs: () => number;
}

abstract class DurableSubscriber extends Subscriber {
  override readonly repeats = true;
  protected readonly options: DurableOptions;
  #made = false;

  constructor(options: DurableOptions) {
    super(options);
    this.options = options;
  }

  /** Makes it, again and again until that was answered. */
  protected async make(): Promise<void> {
    if (this.#made) return;
    const { name, patterns, ackWaitMs } = this.options;
    const answer = await this.http.ask('POST', '/subscriptions', { name, topics: patterns, after: 'earliest', ackWait: ackWaitMs });
    if (!this.good(answer, 'create')) throw new Lost('refused');
    this.#made = true;
  }

  protected async viaAttachment(): Promise<void> {
    const { name, ackAfterMs } = this.options;
    let handled = '';
    let acknowledged = '';
    let socket: RawSocket;
    let pending: NodeJS.Timeout | undefined;
    let attached = false;
    const acknowledge = (): void => {
      pending = undefined;
      if (acknowledged === handled) return;
      acknowledged = handled;
      socket.ask('POST', `/subscriptions/${name}/ack`, { cursor: acknowledged }).then(
        (answer) => this.good(answer, 'ack'),
        () => {},
      );
    };
    socket = await this.socket(
      (delivery) => {
        if (!attached) this.complain('an event before the response of its attachment', delivery);
        this.record(delivery);
        handled = delivery.cursor > handled ? delivery.cursor : handled;
        // What comes again was handled before; saying so once more is free.
        if (delivery.redelivered && acknowledged >= delivery.cursor) acknowledged = '';
        pending ??= setTimeout(acknowledge, this.calm ? 50 : ackAfterMs());
      },
      (topic, data) => {
        if (topic === '$sys.gap') this.complain(topic, data);
        if (topic === '$sys.detached') socket.end();
      },
    );
    const answering = socket.ask(
      'POST',
      `/subscriptions/${name}/attach`,
      {},
      {
        heard: (answer) => {
          attached = this.good(answer, 'attach');
          if (!attached) socket.end();
        },
      },
    );
    try {
      await Promise.all([answering, this.stay(socket, 500 + this.random.below(MOST_STAY_MS))]);
    } finally {
      clearTimeout(pending);
    }
  }

  #ack: string | undefined;

  protected async viaPull(): Promise<void> {
    const limit = this.random.pick([3, 50, 500]);
    const sent = this.#ack;
    const answer = await this.http.ask(
      'POST',
      `/subscriptions/${this.options.name}/pull`,
      { limit, wait: POLL_SECONDS, ...(sent === undefined ? {} : { ack: sent }) },
      { timeoutMs: POLL_TIMEOUT_MS },
    );
    if (!this.good(answer, 'pull')) throw new Lost('refused');
    for (const item of answer.data.items) this.record({ ...item, redelivered: false });
    // Now and then a client dies before it has said what it handled.
    this.#ack = !this.calm && this.random.chance(0.1) ? undefined : answer.data.cursor;
  }
}

export class AttachedSubscriber extends DurableSubscriber {
  readonly kind = 'durable, attached';
  protected async attempt(): Promise<void> {
    await this.make();
    await this.viaAttachment();
  }
}

export class PullingSubscriber extends DurableSubscriber {
  readonly kind = 'durable, pulled';
  protected async attempt(): Promise<void> {
    await this.make();
    await this.viaPull();
  }
}

/** Attaches where it can and pulls where it cannot, as a client that falls back does. */
export class DurableMovingSubscriber extends DurableSubscriber {
  readonly kind = 'durable, moving';
  protected async attempt(): Promise<void> {
    await this.make();
    if (this.random.chance(0.5)) return this.viaAttachment();
    for (let pulls = 1 + this.random.below(8); pulls > 0 && !this.stopped; pulls--) await this.viaPull();
  }
}
