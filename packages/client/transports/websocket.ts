// One WebSocket of the protocol (section 5): its handshake and welcome, requests and their responses, events and notices, and the watch over its silence.
// It does not know what comes after its end.
import type { ErrorBody } from '@godwit/protocol';
import type { Answer, Environment } from '../api.ts';
import { GodwitError, noAnswer, tooLate } from '../errors.ts';
import { SILENT_INTERVALS, TIMEOUT_MS, WELCOME_MS } from '../figures.ts';
import { Alarm } from '../waits.ts';
import { answerOf, type Exchange, type Method } from './exchange.ts';
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

/** The reason of an attempt that was given up for that. */
export const NO_WELCOME = 'no welcome';
const ACK = /^\/subscriptions\/[^/]+\/ack$/;

/** What a message counts as (7.2.1): a batch as its operations. */
const costOf = (path: string, data: unknown): number => (path === '/batch' && (data as { operations?: readonly unknown[] } | null)?.operations?.length) || 1;

/** A request under way: either ends it. */
interface Pending {
  answer(answer: Answer): void;
  fail(error: unknown): void;
}

/** What a response brings (5.2.3). */
interface Response {
  readonly requestId: string;
  readonly statusCode: number;
  readonly data?: unknown;
  readonly error?: ErrorBody;
  readonly headers?: Readonly<Record<string, string>>;
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
    this.#socket = new (WebSocket as NonNullable<typeof WebSocket>)(url, ['godwit.v1', ...(credential ? [`bearer.${credential}`] : [])]);
    this.#socket.onmessage = ({ data }) => this.#receive(data as string);
    this.#socket.onclose = ({ code, reason }) => this.#end(code, reason);
    // Its close says what there is to know; one that is given up while it is connecting refuses with an error event of its own.
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
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    /** Set when it is sent. */
    let timer: unknown;
    const over = (): void => {
      this.#pending.delete(requestId);
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    const pending: Pending = {
      answer(answer) {
        over();
        answered?.(answer);
        resolve(answer);
      },
      fail(error) {
        over();
        reject(error);
      },
    };
    const aborted = (): void => pending.fail(signal?.reason);
    this.#pending.set(requestId, pending);
    signal?.addEventListener('abort', aborted);
    const send = (): void => {
      timer = clock.setTimeout(() => pending.fail(tooLate(timeout, requestId)), timeout);
      if (this.#socket.readyState === 1) this.#socket.send(text);
    };
    // Acknowledgements are free (7.2.1).
    if (ACK.test(path)) send();
    else this.#pacer?.next({ cost: costOf(path, data), isWanted: () => this.#pending.get(requestId) === pending, send });
    return promise;
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
    // A close of our own may not say 1006.
    this.#socket.close(1000);
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#alarm.clear();
    this.#pacer?.stop();
    for (const [requestId, pending] of this.#pending) pending.fail(noAnswer('The connection has ended.', requestId));
    this.#listener.end({ code, reason, welcomed: this.#welcomed });
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

  #answered({ requestId, statusCode, data, error, headers = {} }: Response): void {
    // That of a message which could not be read is null, and nobody's.
    const pending = this.#pending.get(requestId);
    const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    if (error) pending?.fail(new GodwitError(error, { status: statusCode, requestId }));
    else pending?.answer(answerOf(statusCode, data, named, requestId));
  }
}
