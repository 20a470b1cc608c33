// A WebSocket as a link: `ws` shakes hands and parses; what goes out is framed here and written to its socket, so that many messages leave in one write.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Sink } from '../../core/feed.ts';
import type { Link, Outgoing } from '../../session/connection.ts';
import { joinFrames, PING_FRAME } from './frames.ts';

export class WebSocketLink implements Link {
  readonly transport = 'websocket';
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket as Socket;
  }

  /** The socket itself. */
  get sink(): Sink {
    return this.#socket;
  }

  get address(): string {
    return this.#socket.remoteAddress ?? '';
  }

  get queued(): number {
    return this.#socket.writableLength;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  write(out: Outgoing): boolean {
    return this.#socket.write(Buffer.isBuffer(out) ? out : joinFrames(Array.isArray(out) ? out : [out]));
  }

  beat(text: string, _cursor: string): void {
    this.write([PING_FRAME, text]);
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
    // Who does not read the goodbye is not waited for.
    if (this.queued > 0) setTimeout(() => this.#webSocket.terminate(), CLOSE_MS).unref();
  }

  terminate(): void {
    this.#webSocket.terminate();
  }
}

const CLOSE_MS = 5000;
