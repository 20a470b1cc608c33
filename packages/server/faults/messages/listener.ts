// A subscriber that is only as large as it must be: the handshake by hand on a bare socket, and frames read without a library, so that thousands fit into one process
// and their work is little beside the server's.
import { connect, type Socket } from 'node:net';
import type { Json, Target } from './wire.ts';

const TEXT = 1;
const CLOSE = 8;
const MASK = Buffer.alloc(4);
const HEAD_END = '\r\n\r\n';
const EMPTY: Buffer = Buffer.alloc(0);

/** A text as a frame of a client; the mask is zero, which is one like any other (RFC 6455, section 5.3). */
const frameOf = (text: string): Buffer => {
  const payload = Buffer.from(text);
  const size =
    payload.length < 126 ? Buffer.from([0x80 | TEXT, 0x80 | payload.length]) : Buffer.from([0x80 | TEXT, 0xfe, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([size, MASK, payload]);
};

export class Listener {
  readonly socket: Socket;
  /** Resolves when its subscription is answered; rejects where the connection ends before. */
  readonly subscribed: Promise<void>;
  #held: Buffer = EMPTY;
  #isOpen = false;
  readonly #subscription: Json;
  readonly #onMessage: (payload: Json) => void;
  #answered: (error?: Error) => void = () => {};

  constructor({ url, key }: Target, subscription: { readonly topics: readonly string[]; readonly after?: string }, onMessage: (payload: Json) => void) {
    this.#subscription = subscription;
    this.#onMessage = onMessage;
    this.subscribed = new Promise((resolve, reject) => {
      this.#answered = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.subscribed.catch(() => {});
    const { hostname, port } = new URL(url);
    this.socket = connect({ port: Number(port), host: hostname, noDelay: true });
    this.socket.write(
      `GET /v1/ws HTTP/1.1\r\nhost: ${hostname}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n` +
        `sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer ${key}\r\n\r\n`,
    );
    this.socket.on('error', (error) => this.#answered(error));
    this.socket.on('close', () => this.#answered(new Error('the connection ended')));
    this.socket.on('data', (bytes) => this.#take(bytes));
  }

  #take(bytes: Buffer): void {
    let chunk = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = EMPTY;
    if (!this.#isOpen) {
      const head = chunk.indexOf(HEAD_END);
      if (head === -1) {
        this.#held = chunk;
        return;
      }
      if (!chunk.toString('latin1', 0, head).startsWith('HTTP/1.1 101 ')) this.#answered(new Error(`refused: ${chunk.toString('latin1', 0, head)}`));
      this.#isOpen = true;
      chunk = chunk.subarray(head + HEAD_END.length);
    }
    let at = 0;
    while (chunk.length - at >= 2) {
      const short = (chunk[at + 1] as number) & 0x7f;
      const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
      if (chunk.length < start) break;
      const size = short === 126 ? chunk.readUInt16BE(at + 2) : short === 127 ? Number(chunk.readBigUInt64BE(at + 2)) : short;
      if (chunk.length < start + size) break;
      this.#frame((chunk[at] as number) & 0x0f, chunk.subarray(start, start + size));
      at = start + size;
    }
    // A copy: what is left is little, and the whole of what was read should go.
    if (at < chunk.length) this.#held = Buffer.from(chunk.subarray(at));
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === CLOSE) this.#answered(new Error(`closed with ${payload.readUInt16BE(0)}`));
    if (opcode !== TEXT) return;
    const { type, payload: content } = JSON.parse(payload.toString());
    if (type === 'response') this.#answered(content.statusCode === 201 ? undefined : new Error(JSON.stringify(content)));
    else if (content.topic === '$sys.welcome') {
      const request = { messageId: 's', type: 'request', payload: { method: 'POST', path: '/subscriptions', data: this.#subscription } };
      this.socket.write(frameOf(JSON.stringify(request)));
    } else if (!content.topic.startsWith('$')) this.#onMessage(content);
  }
}
