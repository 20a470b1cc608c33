// A WebSocket whose `ws` sleeps until something needs it. Most connections hear nothing but texts and pongs and end without a goodbye; what `ws` makes for each (a receiver that
// is a stream of its own, a sender, listeners) is a third of what a storm of thousands that come back costs. Once awake, it alone judges what breaks RFC 6455.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';

/** The handshake as `ws` wants to see it: the real one was answered when the connection was made (handshake.ts). */
const ANSWERED = {
  method: 'GET',
  headers: { upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
} as unknown as IncomingMessage;
const NOTHING = Buffer.alloc(0);
const OPEN = 1;

type Listener = (this: Duplex, chunk: Buffer) => void;

export class LazyWebSocket {
  readonly socket: Duplex;
  readonly #sockets: WebSocketServer;
  readonly #woken: (webSocket: WebSocket) => void;
  #webSocket: WebSocket | undefined;
  /** How `ws` listens to the socket. */
  #listener: Listener | undefined;

  /** `woken` is told of the `ws`, once. */
  constructor(sockets: WebSocketServer, socket: Duplex, woken: (webSocket: WebSocket) => void) {
    this.#sockets = sockets;
    this.socket = socket;
    this.#woken = woken;
  }

  /** Neither side has begun to say goodbye. */
  get isOpen(): boolean {
    return this.#webSocket === undefined ? !this.socket.destroyed : this.#webSocket.readyState === OPEN;
  }

  /** The `ws`, which hears only what `hear` hands to it until `leave`; undefined where the connection is over. */
  wake(): WebSocket | undefined {
    if (this.#webSocket !== undefined) return this.#webSocket;
    const { socket } = this;
    const listening = socket.listeners('data');
    const { write } = socket;
    // Its answer to the handshake goes nowhere: that has been given.
    socket.write = () => true;
    try {
      this.#sockets.handleUpgrade(ANSWERED, socket, NOTHING, (webSocket) => {
        this.#webSocket = webSocket;
      });
    } finally {
      // Put back, not taken off again: an object that lost a property is a slow one from then on.
      socket.write = write;
    }
    if (this.#webSocket === undefined) return undefined;
    this.#listener = socket.listeners('data').find((listener) => !listening.includes(listener)) as Listener;
    socket.removeListener('data', this.#listener);
    this.#woken(this.#webSocket);
    return this.#webSocket;
  }

  /** Hands bytes to `ws`. */
  hear(bytes: Buffer): void {
    if (!this.socket.destroyed && this.wake() !== undefined) this.#listener?.call(this.socket, bytes);
  }

  /** From here on `ws` hears the socket itself, `rest` first. */
  leave(rest: Buffer): void {
    // What waited for its turn may come when the socket is gone: a `ws` that has seen its end can hear nothing more.
    if (this.socket.destroyed || this.wake() === undefined || this.#listener === undefined) return;
    this.socket.on('data', this.#listener);
    if (rest.length > 0) this.#listener.call(this.socket, rest);
  }
}
