// The other side of a client as a test scripts it: sockets that open and end when told, HTTP requests that are answered when told. What is proven against it are the
// rules of time (waits, backing off, giving up); what the real server does is proven against the real server.
import type { ClientOptions } from '../api.ts';
import { TestClock } from './clock.ts';

interface Sent {
  readonly messageId: string;
  readonly payload: { readonly method: string; readonly path: string; readonly data?: unknown };
}

export class ScriptedSocket {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly sent: Sent[] = [];
  readyState = 0;
  /** The code that the client closed it with. */
  closedWith: number | undefined;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent);
  }

  close(code: number): void {
    this.closedWith = code;
    this.readyState = 3;
  }

  /** The requests for a path that were sent so far. */
  asked(path: RegExp): Sent[] {
    return this.sent.filter(({ payload }) => path.test(`${payload.method} ${payload.path}`));
  }

  message(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  notice(name: string, data: unknown, timestamp = 't'): void {
    this.message({ messageId: 'n', type: 'event', payload: { topic: `$sys.${name}`, data }, timestamp });
  }

  welcome({ heartbeatInterval = 30_000, limits = {} }: { heartbeatInterval?: number; limits?: object } = {}): void {
    this.readyState = 1;
    this.notice('welcome', { connectionId: 'c', protocolVersion: '1.0', heartbeatInterval, limits, expiresAt: null });
  }

  event(subscription: string, topic: string, cursor: string, data: unknown = cursor): void {
    this.message({ messageId: `m-${cursor}`, type: 'event', payload: { subscription, topic, cursor, data }, timestamp: 't' });
  }

  answer({ messageId }: Sent, statusCode: number, data?: unknown): void {
    this.message({ messageId: 'r', type: 'response', payload: { requestId: messageId, status: 'success', statusCode, data }, timestamp: 't' });
  }

  refuse({ messageId }: Sent, statusCode: number, code: string, details: object = {}): void {
    this.message({
      messageId: 'r',
      type: 'response',
      payload: { requestId: messageId, status: 'error', statusCode, error: { code, message: code, details } },
      timestamp: 't',
    });
  }

  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

export class ScriptedRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly requestId: string; readonly data: unknown } | undefined;
  readonly signal: AbortSignal;
  readonly #ends = Promise.withResolvers<Response>();

  constructor(url: string, init: RequestInit) {
    this.url = new URL(url);
    this.method = init.method ?? 'GET';
    this.headers = init.headers as Record<string, string>;
    this.body = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    this.signal = init.signal as AbortSignal;
    this.signal.addEventListener('abort', () => this.#ends.reject(this.signal.reason));
  }

  get answered(): Promise<Response> {
    return this.#ends.promise;
  }

  get requestId(): string | undefined {
    return this.body?.requestId ?? this.headers['x-request-id'];
  }

  get #id(): string {
    return this.requestId ?? '';
  }

  answer(data: unknown, status = 200): void {
    this.#ends.resolve(Response.json({ requestId: this.#id, timestamp: 't', status: 'success', data }, { status }));
  }

  refuse(status: number, code: string, details: object = {}, headers: Record<string, string> = {}): void {
    this.#ends.resolve(Response.json({ requestId: this.#id, timestamp: 't', status: 'error', error: { code, message: code, details } }, { status, headers }));
  }

  /** Something between answers with a page of its own. */
  page(status: number, headers: Record<string, string> = {}): void {
    this.#ends.resolve(new Response('<h1>nginx</h1>', { status, headers: { 'content-type': 'text/html', ...headers } }));
  }

  fail(): void {
    this.#ends.reject(new TypeError('fetch failed'));
  }
}

export class World {
  readonly clock = new TestClock();
  readonly sockets: ScriptedSocket[] = [];
  readonly requests: ScriptedRequest[] = [];
  /** What randomness says: 0.5 is the middle of every spread. */
  random = 0.5;
  #ids = 0;

  /** The last socket that was opened. */
  get socket(): ScriptedSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error('no socket was opened');
    return last;
  }

  get request(): ScriptedRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error('nothing was asked over HTTP');
    return last;
  }

  options(more: Partial<ClientOptions> = {}): ClientOptions {
    const { sockets, requests } = this;
    const WebSocket = class extends ScriptedSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    };
    return {
      url: 'http://server.test',
      clock: this.clock,
      random: () => this.random,
      newId: () => `id-${++this.#ids}`,
      WebSocket: WebSocket as never,
      fetch: (url, init) => {
        const request = new ScriptedRequest(String(url), init ?? {});
        requests.push(request);
        return request.answered;
      },
      ...(more.token === undefined && more.getToken === undefined ? { key: 'a-key' } : {}),
      ...more,
    };
  }
}
