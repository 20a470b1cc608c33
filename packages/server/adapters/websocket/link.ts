// A WebSocket as a link: what goes out is framed here and written to its socket, so that many messages leave in one write; `ws` says goodbye.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Sink } from '../../core/feed.ts';
import type { Link, Outgoing } from '../../session/connection.ts';
import { joinFrames, PING_FRAME } from './frames.ts';

/** Begins to close it, with a code. */
export type Goodbye = (code: number, reason: string) => void;

export class WebSocketLink implements Link {
  readonly transport = 'websocket';
  readonly #goodbye: Goodbye;
  readonly #socket: Socket;

  constructor(goodbye: Goodbye, socket: Duplex) {
    this.#goodbye = goodbye;
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
    this.#goodbye(code, reason);
  }

  terminate(): void {
    this.#socket.destroy();
  }
}
