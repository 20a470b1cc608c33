// One connection of the load: the handshake by hand on a bare socket, one read buffer shared by all of them, and frames that are counted.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target } from './commands.ts';
import { type Dialect, dialects, type Talk } from './dialects.ts';
import { PONG_FRAME, Scanner, textFrame } from './frames.ts';

const PING = 9;
const CLOSE = 8;
const HANDSHAKE_MS = 60_000;
const ERROR = Buffer.from('"status":"error"');

/** All sockets read into it: what is read is used up before the next read. */
const shared = Buffer.allocUnsafe(256 * 1024);

/**
 * As many hosts as clients come from: thousands that come back to one address from one other look for a free port among those that their former connections still hold,
 * which is a cost of the load's that grows from round to round and that no client has.
 */
const HOSTS = 200;
let serial = 0;

export class Link implements Talk {
  /** Messages, or confirmations, so far. */
  count = 0;
  /** Told of those that a read brought. */
  counted: (link: Link, messages: number) => void = () => {};
  failed: (error: Error) => void;
  readonly socket: Socket;
  readonly #dialect: Dialect;
  readonly #scanner: Scanner;
  #head: string | undefined = '';
  #texts: string[] = [];
  #wanted: ((text: string) => void) | undefined;
  #watchesErrors = false;

  private constructor(target: Target, topic: string | undefined, opened: () => void, failed: (error: Error) => void) {
    this.failed = failed;
    this.#dialect = dialects[target.dialect];
    this.#scanner = new Scanner((opcode, payload) => this.#small(opcode, payload));
    const options = {
      host: '127.0.0.1',
      port: target.port,
      localAddress: `127.0.1.${1 + (serial++ % HOSTS)}`,
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length: number, buffer: Uint8Array) => {
          this.#take((buffer as Buffer).subarray(0, length), opened);
          return true;
        },
      },
    };
    this.socket = target.tls ? connectTls({ ...options, rejectUnauthorized: false }) : connectTcp(options);
    const headers = {
      host: `127.0.0.1:${target.port}`,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...this.#dialect.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`GET ${this.#dialect.path(topic)} HTTP/1.1\r\n${lines.join('')}\r\n`);
    this.socket.on('error', (error) => this.failed(error));
    this.socket.on('close', () => this.failed(new Error('the server closed a connection')));
  }

  /** Connects and, with topics, subscribes to them. */
  static async open(target: Target, topics: readonly string[]): Promise<Link> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => failed(new Error('no handshake in time')), HANDSHAKE_MS);
      const failed = (error: Error): void => {
        clearTimeout(late);
        link.end();
        reject(error);
      };
      const opened = (): void => {
        const dialect = dialects[target.dialect];
        dialect.prepare(link, topics).then(() => {
          clearTimeout(late);
          link.#scanner.threshold = topics.length > 0 ? 200 : dialect.confirmationBytes;
          link.#watchesErrors = target.dialect === 'godwit' && topics.length === 0;
          link.failed = () => {};
          resolve(link);
        }, failed);
      };
      const link = new Link(target, topics[0], opened, failed);
    });
  }

  send(text: string): void {
    this.socket.write(textFrame(text));
  }

  next(): Promise<string> {
    const text = this.#texts.shift();
    return text === undefined ? new Promise((resolve) => (this.#wanted = resolve)) : Promise.resolve(text);
  }

  /** Cuts it. */
  end(): void {
    this.failed = () => {};
    this.counted = () => {};
    this.socket.destroy();
  }

  #take(bytes: Buffer, opened: () => void): void {
    let frames = bytes;
    if (this.#head !== undefined) {
      this.#head += bytes.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end === -1) return;
      if (!this.#head.startsWith('HTTP/1.1 101 ')) return this.failed(new Error(`refused: ${this.#head.slice(0, 500)}`));
      frames = Buffer.from(this.#head.slice(end + 4), 'latin1');
      this.#head = undefined;
      opened();
    }
    if (this.#watchesErrors && frames.includes(ERROR)) return this.failed(new Error(`an error: ${frames.toString('latin1').slice(0, 1000)}`));
    const messages = this.#scanner.scan(frames);
    if (messages === 0) return;
    this.count += messages;
    this.counted(this, messages);
  }

  #small(opcode: number, payload: Buffer): void {
    if (opcode === PING) this.socket.write(PONG_FRAME);
    else if (opcode === CLOSE) this.failed(new Error(`closed with ${payload.length >= 2 ? payload.readUInt16BE(0) : 'no code'}`));
    else {
      const text = payload.toString();
      const pong = this.#dialect.pong(text);
      if (pong !== undefined) this.send(pong);
      else if (this.#scanner.threshold === Number.POSITIVE_INFINITY) {
        const wanted = this.#wanted;
        this.#wanted = undefined;
        if (wanted === undefined) this.#texts.push(text);
        else wanted(text);
      }
    }
  }
}
