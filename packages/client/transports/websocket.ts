// One WebSocket of the protocol (section 5): its handshake and welcome, requests and their responses, events and notices, and the watch over its silence.
// It does not know what comes after its end.
import type { ErrorBody } from '@godwit/protocol';
import type { Answer, Environment } from '../api.ts';
import { noAnswer, refused, tooLate } from '../errors.ts';
import { Alarm } from '../waits.ts';
import { type Exchange, type Method, REPLAYED, TIMEOUT_MS } from './exchange.ts';
import { Pacer } from './pacer.ts';

/** What of the welcome matters here (5.1.2). */
interface Welcome {
  readonly heartbeatInterval: number;
  readonly limits: { readonly messagesPerSecond?: number; readonly maxMessageBytes?: number };
}

export interface SocketEvent {
  readonly messageId: string;
  readonly timestamp: string;
  readonly payload: { readonly subscription: string; readonly topic: string; readonly cursor: string; readonly data: unknown; readonly redelivered?: true };
}

/** Why a socket ended. */
export interface SocketEnd {
  /** The close code; 1006 where it broke, or was given up here. */
  readonly code: number;
  readonly reason: string;
  readonly welcomed: boolean;
}

export interface SocketListener {
  /** The server has greeted: from now on it carries requests. */
  welcome(): void;
  /** `bytes`: about how much it weighs. */
  event(event: SocketEvent, bytes: number): void;
  /** `timestamp`: when the server said it. */
  notice(name: string, data: Record<string, unknown>, timestamp: string): void;
  end(end: SocketEnd): void;
}

/** Without a welcome in this time it counts as not opened (6.3.2). */
const WELCOME_MS = 5000;
/** The reason of an attempt that was given up for that. */
export const NO_WELCOME = 'no welcome';
/** How many silent heartbeat intervals make a connection dead (5.1.3). */
const SILENT_INTERVALS = 2;
const ACK = /^\/subscriptions\/[^/]+\/ack$/;

/** What a message counts as (7.2.1): a batch as its operations. */
const costOf = (path: string, data: unknown): number => {
  const operations = path === '/batch' ? (data as { operations?: unknown } | null)?.operations : undefined;
  return Array.isArray(operations) ? Math.max(1, operations.length) : 1;
};

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  /** Set when it is sent. */
  timer: unknown;
  readonly signal: AbortSignal | undefined;
  readonly aborted: () => void;
  readonly answered: ((answer: Answer) => void) | undefined;
}

interface Incoming {
  readonly type: string;
  readonly messageId: string;
  readonly timestamp: string;
  readonly payload: { readonly topic?: string; readonly requestId?: string | null; readonly status?: string; readonly [member: string]: unknown };
}

export class Socket {
  readonly #environment: Environment;
  readonly #listener: SocketListener;
  readonly #socket: WebSocket;
  readonly #pending = new Map<string, Pending>();
  #pacer: Pacer | undefined;
  #maxBytes = Number.POSITIVE_INFINITY;
  #welcomed = false;
  #ended = false;
  #interval = 0;
  #seenAt: number;
  readonly #alarm: Alarm;

  /** Throws where the runtime makes no WebSocket of this url and credential. */
  constructor(environment: Environment, url: string, credential: string | undefined, listener: SocketListener) {
    const { clock, WebSocket } = environment;
    this.#environment = environment;
    this.#listener = listener;
    this.#seenAt = clock.now();
    this.#socket = new (WebSocket as NonNullable<typeof WebSocket>)(url, credential === undefined ? ['godwit.v1'] : ['godwit.v1', `bearer.${credential}`]);
    this.#socket.onmessage = ({ data }) => this.#receive(data as string);
    this.#socket.onclose = ({ code, reason }) => this.#end(code, reason);
    this.#socket.onerror = () => {};
    this.#alarm = new Alarm(clock);
    this.#alarm.set(WELCOME_MS, () => this.abandon(NO_WELCOME));
  }

  get isOpen(): boolean {
    return this.#welcomed && !this.#ended;
  }

  /**
   * Sends a request (5.2.2) and resolves with its response. Rejects with what was refused, or with no answer where the socket ended before. Undefined where the
   * request cannot go this way: the socket is not open, the request is too large for a message (7.2.2), or one of its id is under way. `answered` hears of
   * a success at once, before anything that arrived behind it is looked at.
   */
  request({ method, path, data, headers, requestId, timeout, signal }: Exchange, answered?: (answer: Answer) => void): Promise<Answer> | undefined {
    if (!this.isOpen || this.#pending.has(requestId)) return undefined;
    const text = JSON.stringify({
      messageId: requestId,
      type: 'request',
      payload: { method, path, data, headers },
    });
    // Three bytes a character is the most that UTF-8 needs for what JSON text holds.
    if (text.length * 3 > this.#maxBytes && new TextEncoder().encode(text).length > this.#maxBytes) return undefined;
    const { clock } = this.#environment;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const aborted = (): void => this.#take(requestId)?.reject(signal?.reason);
      const late = (): void => this.#take(requestId)?.reject(tooLate(timeout, requestId));
      const pending: Pending = { resolve, reject, timer: undefined, signal, aborted, answered };
      this.#pending.set(requestId, pending);
      signal?.addEventListener('abort', aborted, { once: true });
      const send = (): void => {
        pending.timer = clock.setTimeout(late, timeout);
        if (this.#socket.readyState === 1) this.#socket.send(text);
      };
      // Acknowledgements are free (7.2.1).
      if (ACK.test(path)) send();
      else this.#pacer?.next({ cost: costOf(path, data), isWanted: () => this.#pending.get(requestId) === pending, send });
    });
  }

  /** Asks what no other way could carry. Rejects where the socket has ended. */
  ask(method: Method, path: string, data?: unknown, answered?: (answer: Answer) => void, timeout = TIMEOUT_MS): Promise<Answer> {
    return (
      this.request({ method, path, data, requestId: this.#environment.newId(), timeout }, answered) ?? Promise.reject(noAnswer('The connection has ended.'))
    );
  }

  /** Ends it as one that nobody wants any more. */
  close(): void {
    this.#give(1000, 'closed');
  }

  /** Gives it up as dead: what is pending fails at once, whatever the network still does. */
  abandon(reason: string): void {
    this.#give(1006, reason);
  }

  #give(code: number, reason: string): void {
    if (this.#ended) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.onerror = () => {};
    // A close of our own may not say 1006, and a socket that is still connecting refuses with an error event of its own.
    this.#socket.close(1000);
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#alarm.clear();
    this.#pacer?.stop();
    for (const requestId of [...this.#pending.keys()]) this.#take(requestId)?.reject(noAnswer('The connection has ended.', requestId));
    this.#listener.end({ code, reason, welcomed: this.#welcomed });
  }

  #take(requestId: string): Pending | undefined {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return undefined;
    this.#pending.delete(requestId);
    this.#environment.clock.clearTimeout(pending.timer);
    pending.signal?.removeEventListener('abort', pending.aborted);
    return pending;
  }

  #receive(text: string): void {
    this.#seenAt = this.#environment.clock.now();
    let message: Incoming;
    try {
      message = JSON.parse(text) as Incoming;
    } catch {
      this.abandon('not JSON');
      return;
    }
    const { type, payload } = message;
    if (type === 'response') this.#answered(payload as never);
    else if (type !== 'event') return;
    else if (!payload.topic?.startsWith('$')) this.#listener.event(message as unknown as SocketEvent, text.length);
    else if (payload.topic === '$sys.welcome') this.#greeted(payload['data'] as Welcome);
    else this.#listener.notice(payload.topic.slice('$sys.'.length), payload['data'] as Record<string, unknown>, message.timestamp);
  }

  #greeted(welcome: Welcome): void {
    const { clock } = this.#environment;
    this.#welcomed = true;
    this.#interval = welcome.heartbeatInterval;
    this.#pacer = new Pacer(clock, welcome.limits.messagesPerSecond ?? 100);
    this.#maxBytes = welcome.limits.maxMessageBytes ?? 1024 * 1024;
    this.#watch();
    this.#listener.welcome();
  }

  /**
   * One timer for the whole life of the socket: it looks when the silence would have become too long, not at each message, and then once more: where this side stood
   * still, what came meanwhile is heard first.
   */
  #watch(isSecondLook = false): void {
    const { clock } = this.#environment;
    const silent = clock.now() - this.#seenAt;
    const longest = SILENT_INTERVALS * this.#interval;
    if (silent < longest) this.#alarm.set(longest - silent, () => this.#watch());
    else if (isSecondLook) this.abandon('silent');
    else this.#alarm.set(0, () => this.#watch(true));
  }

  #answered(payload: {
    requestId: string | null;
    status: string;
    statusCode: number;
    data?: unknown;
    error?: ErrorBody;
    headers?: Record<string, string>;
  }): void {
    const pending = payload.requestId === null ? undefined : this.#take(payload.requestId);
    if (pending === undefined) return;
    const requestId = payload.requestId as string;
    if (payload.status === 'error' && payload.error !== undefined) {
      pending.reject(refused(payload.error, payload.statusCode, requestId));
      return;
    }
    const headers = Object.fromEntries(Object.entries(payload.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    const answer: Answer = { status: payload.statusCode, data: payload.data, headers, replayed: headers[REPLAYED] === 'true', requestId };
    pending.answered?.(answer);
    pending.resolve(answer);
  }
}
