// Asks a real server and keeps what was asked and answered; then puts fixed values where every run has others: ids, times, cursors,
// secrets, counts. What an example says of the protocol stays as it came.
import { WebSocket } from 'ws';
import type { AskHttp, HttpAnswer } from '../../packages/server/testing/http.ts';
import type { TestServer } from '../../packages/server/testing/server.ts';
import type { Example, Frame, HttpExample, Subject } from './examples.ts';

const SHOWN_HEADERS = ['location', 'etag', 'link', 'allow', 'retry-after', 'www-authenticate', 'x-idempotent-replay'];
const PATIENCE_MS = 20_000;

export interface Asked extends AskHttp {
  /** Another key or token than the admin's; empty: none. */
  readonly key?: string;
  /** Not shown: too large, or a document of its own. */
  readonly hideBody?: boolean;
}

/** An answer that came, its body read. */
// biome-ignore lint/suspicious/noExplicitAny: what came is looked into as it is.
export type Json = any;

export class Recorder {
  readonly examples: Example[] = [];

  /** Asks and keeps it. */
  async http(server: TestServer, subject: Subject, method: string, path: string, asked: Asked = {}): Promise<HttpAnswer> {
    const { key, hideBody = false, ...options } = asked;
    const client = key === undefined ? server.client : server.as(key);
    const answer = await client.ask(method, path, options);
    const withBody = ['POST', 'PUT', 'PATCH'].includes(method) && options.raw === undefined;
    const response = Object.fromEntries(SHOWN_HEADERS.flatMap((name) => (answer.headers[name] === undefined ? [] : [[name, answer.headers[name] as string]])));
    const example: HttpExample = {
      ...subject,
      request: {
        method,
        path,
        ...(key === '' ? { credentials: false } : {}),
        ...(method === 'DELETE' && options.requestId !== undefined ? { headers: { 'idempotency-key': options.requestId } } : {}),
        ...(options.headers === undefined ? {} : { headers: options.headers }),
        ...(withBody && !hideBody ? { body: { requestId: options.requestId, data: options.data } } : {}),
        ...(typeof options.raw === 'string' && !hideBody ? { text: options.raw } : {}),
      },
      response: { status: answer.status, headers: response, ...(answer.body === undefined || (hideBody && answer.status < 400) ? {} : { body: answer.body }) },
    };
    this.examples.push(example);
    return answer;
  }

  /** Keeps a conversation over a WebSocket. */
  socket(subject: Subject, frames: readonly Frame[]): void {
    this.examples.push({ ...subject, frames });
  }
}

/** A WebSocket whose messages are taken one by one, in the order in which they came. */
export class Talk {
  readonly #socket: WebSocket;
  readonly #came: Json[] = [];
  #wake = (): void => {};
  frames: Frame[] = [];

  constructor(server: TestServer, key: string, query = '') {
    this.#socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws${query}`, ['godwit.v1', `bearer.${key}`]);
    this.#socket.on('message', (data) => {
      this.#came.push(JSON.parse(String(data)));
      this.#wake();
    });
    this.#socket.on('error', () => this.#wake());
  }

  /** The first message that fits and was not taken yet; `keep` shows it. */
  async next(fits: (message: Json) => boolean, keep = true): Promise<Json> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.#came.findIndex(fits);
      if (at !== -1) {
        const [message] = this.#came.splice(at, 1);
        if (keep) this.frames.push({ from: 'server', message });
        return message;
      }
      if (Date.now() > deadline) throw new Error('a message of an example did not come');
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, PATIENCE_MS);
        this.#wake = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
  }

  notice(name: string, keep = true): Promise<Json> {
    return this.next((message) => message.payload.topic === `$sys.${name}`, keep);
  }

  event(keep = true): Promise<Json> {
    return this.next((message) => message.type === 'event' && !String(message.payload.topic).startsWith('$'), keep);
  }

  send(message: Json, keep = true): void {
    if (keep) this.frames.push({ from: 'client', message });
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends a request and waits for its response. */
  request(messageId: string, method: string, path: string, data?: unknown, keep = true): Promise<Json> {
    this.send({ messageId, type: 'request', payload: { method, path, ...(data === undefined ? {} : { data }) } }, keep);
    return this.next((message) => message.type === 'response' && message.payload.requestId === messageId, keep);
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.close();
    });
  }
}
