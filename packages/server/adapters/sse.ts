// Server-sent events (6.3.3): the messages of `GET /v1/messages` as a stream, on the same cursors, the same feed and the same outbox as a WebSocket.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { invalidField } from '@godwit/protocol';
import type { Core } from '../core/core.ts';
import type { Encoder } from '../core/feed.ts';
import { messageText } from '../core/message.ts';
import { checkWait, messagesAsked } from '../core/reading.ts';
import type { Ready } from '../dispatch/dispatcher.ts';
import type { Link, Outgoing } from '../session/connection.ts';
import type { Connections } from '../session/connections.ts';

/** How long a browser waits before it comes back. */
const RETRY_MS = 1000;

class SseLink implements Link {
  readonly transport = 'sse';
  readonly #response: ServerResponse;
  readonly address: string;

  constructor(response: ServerResponse, address: string) {
    this.#response = response;
    this.address = address;
  }

  get queued(): number {
    return this.#response.writableLength;
  }

  get bytesRead(): number {
    return this.#response.socket?.bytesRead ?? 0;
  }

  get bytesWritten(): number {
    return this.#response.socket?.bytesWritten ?? 0;
  }

  write(out: Outgoing): boolean {
    if (this.#response.writableEnded || this.#response.destroyed) return true;
    return this.#response.write(Array.isArray(out) ? Buffer.concat(out.map((item) => (typeof item === 'string' ? Buffer.from(item) : item))) : out);
  }

  /** A comment for proxies, and a cursor for the browser to come back with: an `id` without data moves it and shows nothing. */
  beat(_text: string, cursor: string): void {
    this.write([`: beat\nid: ${cursor}\n\n`]);
  }

  close(): void {
    this.#response.end();
    setTimeout(() => this.#response.destroy(), CLOSE_MS).unref();
  }

  terminate(): void {
    this.#response.destroy();
  }
}

const CLOSE_MS = 5000;

export const eventStreamEncoder = ({ cursors }: Pick<Core, 'cursors'>): Encoder => ({
  medium: 'sse',
  encode: (_subscription, messages) =>
    Buffer.from(
      messages
        .map((message) => {
          const cursor = cursors.format(message.seq);
          return `event: message\nid: ${cursor}\ndata: ${messageText(message, cursor)}\n\n`;
        })
        .join(''),
    ),
  notice: (topic, data) => (topic === 'gap' ? `event: gap\nid: ${(data as { to: string }).to}\ndata: ${JSON.stringify(data)}\n\n` : undefined),
});

/**
 * Streams the answer of a `readMessages` that is ready. Throws errors of the catalogue before the stream has begun; it ends when its credentials do, when the client
 * goes, or when the server does.
 */
export const openEventStream = (
  core: Core,
  connections: Connections,
  encoder: Encoder,
  { call }: Ready,
  request: IncomingMessage,
  response: ServerResponse,
  headers: readonly string[],
): void => {
  const lastEventId = request.headers['last-event-id'];
  const { query } = call;
  if (query['before'] !== undefined) throw invalidField('/query/before', 'looks back: it goes with no stream');
  checkWait(core, query['wait'] as number | undefined, '/query/wait');
  const comesBack = typeof lastEventId === 'string' && lastEventId !== '';
  const field = comesBack ? '/headers/last-event-id' : '/query/after';
  const { filter, after } = messagesAsked(core, comesBack ? { ...call, query: { ...query, after: lastEventId } } : call, field);
  core.cursors.checkKept(after, field);
  const identity = call.identity as NonNullable<typeof call.identity>;
  // It may have gone while it waited behind other requests of its connection: nothing would tell of its end.
  if (request.socket.destroyed) return;
  connections.checkRoom(identity);
  response.writeHead(200, [...headers, 'content-type', 'text/event-stream; charset=utf-8', 'x-accel-buffering', 'no']);
  response.write(`retry: ${RETRY_MS}\nid: ${core.cursors.format(after)}\n\n`);
  const connection = connections.open(identity, new SseLink(response, request.socket.remoteAddress ?? ''), encoder);
  response.on('close', () => connection.ended());
  response.on('error', () => connection.ended());
  response.on('drain', () => connection.drained());
  connection.subscribe(filter, after).start();
};
