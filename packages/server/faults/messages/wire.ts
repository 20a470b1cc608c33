// Clients of the bare protocol for the fault tests: requests that give up in time, a WebSocket and an event stream that notice silence. They retry nothing:
// whoever uses them decides what a failure means.
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly data: Json;
  readonly error: Json;
  readonly replayed: boolean;
}

/** A message as any transport brought it. */
export interface Delivery {
  readonly messageId: string;
  readonly topic: string;
  readonly cursor: string;
  readonly timestamp: string;
  readonly data: Json;
  readonly redelivered: boolean;
}

/** No whole answer came, for whatever reason. */
export class Lost extends Error {}

export interface Target {
  readonly url: string;
  readonly key: string;
}

let made = 0;
export const newId = (): string => `r${++made}`;

export interface HttpCaller {
  ask(method: string, path: string, data?: unknown, options?: { readonly requestId?: string; readonly timeoutMs?: number }): Promise<Answer>;
  close(): void;
}

const answerOf = (status: number, text: string, replayed: boolean): Answer => {
  const body = text === '' ? {} : JSON.parse(text);
  return { status, data: body.data, error: body.error, replayed };
};

/** Requests over kept connections; one that has no whole answer in time is given up with its connection. */
export const httpCaller = ({ url, key }: Target): HttpCaller => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const { hostname, port } = new URL(url);
  return {
    close: () => agent.destroy(),
    ask: (method, path, data, { requestId = newId(), timeoutMs = 5000 } = {}) =>
      new Promise((resolve, reject) => {
        const body = data === undefined ? undefined : JSON.stringify({ requestId, data });
        const headers = { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
        const request = httpRequest({ agent, hostname, port, method, path: `/v1${path}`, headers }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', () => {});
          response.on('close', () => {
            clearTimeout(late);
            if (!response.complete) return reject(new Lost('the answer broke off'));
            resolve(answerOf(response.statusCode ?? 0, Buffer.concat(chunks).toString(), response.headers['x-idempotent-replay'] === 'true'));
          });
        });
        const late = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs);
        request.on('error', (error) => {
          clearTimeout(late);
          reject(new Lost(error.message));
        });
        request.end(body);
      }),
  };
};

export interface SocketOptions extends Target {
  /** After so long without any frame the connection counts as dead (5.1.3). */
  readonly silenceMs: number;
  readonly query?: string;
  readonly onDelivery?: (delivery: Delivery, subscription: string) => void;
  readonly onNotice?: (topic: string, data: Json) => void;
}

export interface AskOptions {
  readonly requestId?: string;
  readonly heard?: (answer: Answer) => void;
}

/** One WebSocket: requests with their responses, deliveries, notices, and its end. */
export class RawSocket {
  readonly webSocket: WebSocket;
  /** Resolves with the close code; 1006 where there was none. */
  readonly closed: Promise<number>;
  readonly #options: SocketOptions;
  /** By requestId; undefined says that the connection ended. */
  readonly #waiting = new Map<string, (answer: Answer | undefined) => void>();
  #lastSign = Date.now();
  #opened: (() => void) | undefined;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.webSocket = new WebSocket(`${options.url.replace('http', 'ws')}/v1/ws${options.query ?? ''}`, ['godwit.v1'], {
      headers: { authorization: `Bearer ${options.key}` },
      handshakeTimeout: 5000,
      perMessageDeflate: false,
      maxPayload: 64 * 1024 * 1024,
    });
    this.webSocket.on('message', (bytes) => this.#receive(String(bytes)));
    this.webSocket.on('ping', () => this.#sign());
    this.webSocket.on('error', () => {});
    const watch = setInterval(() => {
      if (!this.webSocket.isPaused && Date.now() - this.#lastSign > options.silenceMs) this.webSocket.terminate();
    }, 200);
    this.closed = new Promise((resolve) => {
      this.webSocket.once('close', (code) => {
        clearInterval(watch);
        for (const hear of this.#waiting.values()) hear(undefined);
        this.#waiting.clear();
        resolve(code);
      });
    });
  }

  /** Resolves with the first notice, rejects where the connection ends before it. */
  async welcome(): Promise<void> {
    const opened = new Promise<void>((resolve) => {
      this.#opened = resolve;
    });
    const ended = await Promise.race([opened, this.closed]);
    if (ended !== undefined) throw new Lost('no welcome');
  }

  #sign(): void {
    this.#lastSign = Date.now();
  }

  #receive(text: string): void {
    this.#sign();
    const { type, messageId, timestamp, payload } = JSON.parse(text);
    if (type === 'response') {
      const waiting = this.#waiting.get(payload.requestId);
      this.#waiting.delete(payload.requestId);
      const { statusCode: status, data, error, headers } = payload;
      waiting?.({ status, data, error, replayed: headers?.['x-idempotent-replay'] === 'true' });
    } else if (payload.topic.startsWith('$sys.')) {
      if (payload.topic === '$sys.welcome') this.#opened?.();
      this.#options.onNotice?.(payload.topic, payload.data);
    } else {
      const { subscription, topic, cursor, data, redelivered = false } = payload;
      this.#options.onDelivery?.({ messageId, topic, cursor, timestamp, data, redelivered }, subscription);
    }
  }

  /**
   * A request; rejects with `Lost` where the connection ends before its response. `heard` is called before anything that came after the response is looked
   * at, which what awaits a promise is not.
   */
  ask(method: string, path: string, data?: unknown, { requestId = newId(), heard }: AskOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.webSocket.readyState !== WebSocket.OPEN) return reject(new Lost('not open'));
      this.#waiting.set(requestId, (answer) => {
        if (answer === undefined) return reject(new Lost('the connection ended'));
        heard?.(answer);
        resolve(answer);
      });
      this.webSocket.send(JSON.stringify({ messageId: requestId, type: 'request', payload: { method, path, ...(data === undefined ? {} : { data }) } }));
    });
  }

  /** Reads nothing for a while. */
  rest(ms: number): void {
    this.webSocket.pause();
    setTimeout(() => {
      this.#sign();
      this.webSocket.resume();
    }, ms);
  }

  end(): void {
    this.webSocket.terminate();
  }
}

export interface StreamOptions extends Target {
  readonly path: string;
  readonly lastEventId: string | undefined;
  readonly silenceMs: number;
  readonly onEvent: (event: string, id: string | undefined, data: string | undefined) => void;
  readonly onRefused: (answer: Answer) => void;
}

export interface RawStream {
  readonly closed: Promise<void>;
  /** Reads nothing until `resume`. */
  pause(): void;
  resume(): void;
  end(): void;
}

/** One event stream, read as browsers do: fields gather until an empty line. */
export const openStream = ({ url, key, path, lastEventId, silenceMs, onEvent, onRefused }: StreamOptions): RawStream => {
  const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) };
  let lastSign = Date.now();
  let body: IncomingMessage | undefined;
  let rest = '';
  let fields: Record<string, string> = {};
  const take = (line: string): void => {
    if (line === '') {
      if (Object.keys(fields).length > 0) onEvent(fields['event'] ?? 'message', fields['id'], fields['data']);
      fields = {};
    } else if (!line.startsWith(':')) {
      const mark = line.indexOf(': ');
      fields[line.slice(0, mark)] = line.slice(mark + 2);
    }
  };
  const refused = (response: IncomingMessage): void => {
    let text = '';
    response.on('data', (chunk) => (text += chunk));
    response.on('end', () => onRefused(answerOf(response.statusCode ?? 0, text, false)));
  };
  const request = httpRequest(`${url}/v1${path}`, { headers, agent: false }, (response) => {
    if (response.statusCode !== 200) return refused(response);
    body = response;
    response.setEncoding('utf8');
    response.on('error', () => {});
    response.on('data', (chunk: string) => {
      lastSign = Date.now();
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) take(line);
    });
  });
  request.on('error', () => {});
  request.end();
  const watch = setInterval(() => {
    if (body?.isPaused() !== true && Date.now() - lastSign > silenceMs) request.destroy();
  }, 200);
  const closed = new Promise<void>((resolve) =>
    request.once('close', () => {
      clearInterval(watch);
      resolve();
    }),
  );
  const resume = (): void => {
    lastSign = Date.now();
    body?.resume();
  };
  return { closed, pause: () => void body?.pause(), resume, end: () => request.destroy() };
};
