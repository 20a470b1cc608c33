// The port, on IPv4 and IPv6 (section 2). Connections wait in a queue of the system's until they are taken in, and what finds it full waits a second or more for another try. Where
// the system bounds a queue below a burst of every client that comes back at once (Linux: 4,096), there are as many listeners as hold that burst together.
import { readFileSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';

export interface Port {
  readonly number: number;
  /** Takes no more connections in; resolves when those that were taken in are over. */
  close(): Promise<void>;
}

/** Why the port cannot be had, in a sentence; `code` and `cause` are what the system said. */
export class PortError extends Error {
  readonly code: string | undefined;

  constructor(cause: NodeJS.ErrnoException, { port, host }: ListenOptions) {
    super(SENTENCES[cause.code ?? '']?.(port, host) ?? cause.message, { cause });
    this.name = 'PortError';
    this.code = cause.code;
  }
}

const elsewhere = (_port: unknown, host: unknown): string => `The host ${host} is not an address of this machine: choose one that is, such as 127.0.0.1.`;
const SENTENCES: Readonly<Record<string, (port: unknown, host: unknown) => string>> = {
  EADDRINUSE: (port) => `Port ${port} is in use: end what listens there, or choose another port.`,
  EACCES: (port) => `Port ${port} may not be listened on by this user: choose a port above 1023.`,
  EADDRNOTAVAIL: elsewhere,
  ENOTFOUND: elsewhere,
};

/** More than a burst of every client that comes back at once. */
const BACKLOG = 16_384;
const MOST_LISTENERS = 16;
/** The longest queue of one listener. */
const LINUX_LIMIT = '/proc/sys/net/core/somaxconn';

/** How many listeners it takes for a queue of `backlog`, where the system tells how long that of one is at most. */
export const listenersFor = (backlog: number, limit: string): number => {
  const longest = Number.parseInt(limit, 10);
  return longest > 0 ? Math.min(MOST_LISTENERS, Math.ceil(backlog / longest)) : 1;
};

const limitHere = (): string => {
  try {
    return readFileSync(LINUX_LIMIT, 'latin1');
  } catch {
    // Another system: one listener, with whatever queue that gives it.
    return '';
  }
};

const listen = (server: Server, options: ListenOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(new PortError(error, options));
    server.once('error', refuse);
    server.listen({ ...options, backlog: BACKLOG }, () => {
      server.off('error', refuse);
      resolve((server.address() as AddressInfo).port);
    });
  });

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** Listens with `server`; port 0 takes any. Rejects with `PortError` where the port cannot be had; then nothing listens. */
export const openPort = async (server: HttpServer, port: number, host: string, listeners = listenersFor(BACKLOG, limitHere())): Promise<Port> => {
  const all: Server[] = [server];
  const close = async (): Promise<void> => {
    await Promise.all(all.map(closed));
  };
  if (listeners === 1) return { number: await listen(server, { port, host }), close };
  // Who shares a port is not told that somebody else has it, so it is asked for alone first; a port that the system chooses is nobody's.
  if (port !== 0) {
    const alone = createServer();
    await listen(alone, { port, host });
    await closed(alone);
  }
  // As the server takes its own in.
  const { allowHalfOpen } = server as unknown as { readonly allowHalfOpen: boolean };
  try {
    const number = await listen(server, { port, host, reusePort: true });
    for (let more = 1; more < listeners; more++) {
      const another = createServer({ noDelay: true, allowHalfOpen }, (socket) => server.emit('connection', socket));
      await listen(another, { port: number, host, reusePort: true });
      all.push(another);
    }
    return { number, close };
  } catch (error) {
    await Promise.all(all.filter(({ listening }) => listening).map(closed));
    throw error;
  }
};
