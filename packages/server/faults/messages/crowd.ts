// Thousands of clients in one process: bare sockets, so that what a client costs is little beside what the server does for it, and how many the system allows.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Json, Target } from './wire.ts';

/** Besides the sockets of a crowd a process has files of its own. */
const OTHER_FILES = 200;

/** How many files one process may have open (`ulimit -n`), which Node has raised as far as it may; infinite where the system does not say. */
export const openFilesAllowed = (): number => {
  try {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
};

/** As many as are wanted, or as the system allows: clients and server are a process each, with a socket for every connection. */
export const crowdOf = (wanted: number): number => Math.min(wanted, openFilesAllowed() - OTHER_FILES);

/** Carries out work for each of a crowd, so many at a time. */
export const inWaves = async (count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
};

const HEAD_END = '\r\n\r\n';

/** One GET on a socket of its own: resolves `sent` when it is on its way, `answered` with the whole answer; rejects where the connection ends before. */
export class PlainGet {
  readonly socket: Socket;
  readonly sent: Promise<void>;
  readonly answered: Promise<{ readonly status: number; readonly data: Json }>;

  constructor({ url, key }: Target, path: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.sent = new Promise((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.write(`GET /v1${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\n\r\n`, () => resolve());
    });
    this.answered = new Promise((resolve, reject) => {
      let received = '';
      this.socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        const head = received.indexOf(HEAD_END);
        const length = Number(/^content-length: (\d+)/im.exec(received)?.[1]);
        if (head === -1 || received.length < head + HEAD_END.length + length) return;
        this.socket.destroy();
        const body = Buffer.from(received.slice(head + HEAD_END.length), 'latin1').toString();
        resolve({ status: Number(received.slice(9, 12)), data: JSON.parse(body).data });
      });
      this.socket.once('close', () => reject(new Error('the connection ended before the answer')));
    });
    this.answered.catch(() => {});
  }
}
