// The other side of a measurement, a process of its own: keep-alive HTTP/1.1 connections on bare sockets, one request in flight on each, the next
// sent when the answer is whole. It understands of HTTP only what it needs: a status and a Content-Length.
import { connect, type Socket } from 'node:net';

export interface Job {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly method: 'GET' | 'POST';
  /** Taken in turn, each connection beginning elsewhere. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** For POST: `%ID%` becomes another 36 characters in every request, `%N%` eight digits. */
  readonly body?: string;
  readonly expect: number;
}

export interface JobResult {
  readonly requests: number;
  readonly seconds: number;
  /** CPU seconds that this process used. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly meanBytes: number;
}

const READ_BYTES = 64 * 1024;
let serial = 0;
const run = Date.now().toString(16).padStart(12, '0');

/** As long as a UUID and different in every request of every run. */
const nextId = (): string => `${run.slice(-12, -4)}-${run.slice(-4)}-7000-8000-${(serial++).toString(16).padStart(12, '0')}`;

const requestMaker = ({ method, headers, body, paths, port }: Job): ((index: number) => string) => {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  if (body === undefined) return (index) => `${method} ${paths[index % paths.length]} HTTP/1.1\r\n${lines.join('')}\r\n`;
  const length = Buffer.byteLength(body.replaceAll('%ID%', 'x'.repeat(36)).replaceAll('%N%', 'x'.repeat(8)));
  const head = `${lines.join('')}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
  const [before = '', after = ''] = body.split('%ID%');
  return (index) => {
    const number = String(serial % 100_000_000).padStart(8, '0');
    return `POST ${paths[index % paths.length]} HTTP/1.1\r\n${head}${before.replace('%N%', number)}${nextId()}${after.replace('%N%', number)}`;
  };
};

class Run {
  requests = 0;
  bytes = 0;
  readonly took: number[] = [];
  readonly #job: Job;
  readonly #make: (index: number) => string;
  readonly #until: number;
  #next = 0;

  constructor(job: Job) {
    this.#job = job;
    this.#make = requestMaker(job);
    this.#next = serial;
    this.#until = performance.now() + job.seconds * 1000;
  }

  /** One connection until the time is over; rejects on anything unexpected. */
  connection(): Promise<void> {
    return new Promise((resolve, reject) => {
      const expected = `HTTP/1.1 ${this.#job.expect} `;
      let held = '';
      let sentAt = 0;
      const fail = (message: string): void => {
        socket.destroy();
        reject(new Error(message));
      };
      const send = (): void => {
        sentAt = performance.now();
        socket.write(this.#make(this.#next++), 'latin1');
      };
      const take = (text: string): void => {
        const end = text.indexOf('\r\n\r\n');
        if (end === -1) {
          held = text;
          return;
        }
        if (!text.startsWith(expected)) return fail(`not ${this.#job.expect}: ${text.slice(0, 1000)}`);
        const mark = text.search(/content-length: /i);
        if (mark === -1 || mark > end) return fail(`no content-length: ${text.slice(0, end)}`);
        const whole = end + 4 + Number.parseInt(text.slice(mark + 16, mark + 28), 10);
        held = text;
        if (text.length < whole) return;
        if (text.length > whole) return fail('more than one answer');
        held = '';
        const now = performance.now();
        this.requests++;
        this.bytes += whole;
        this.took.push(now - sentAt);
        if (now < this.#until) return send();
        socket.end();
        resolve();
      };
      const socket: Socket = connect({
        port: this.#job.port,
        host: '127.0.0.1',
        noDelay: true,
        onread: {
          buffer: Buffer.allocUnsafe(READ_BYTES),
          callback: (length, buffer) => {
            const text = (buffer as Buffer).toString('latin1', 0, length);
            take(held === '' ? text : held + text);
            return true;
          },
        },
      });
      socket.once('connect', send);
      socket.once('error', (error) => reject(error));
      socket.once('close', () => reject(new Error('the server closed a connection')));
    });
  }
}

const carryOut = async (job: Job): Promise<JobResult> => {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const all = new Run(job);
  await Promise.all(Array.from({ length: job.connections }, () => all.connection()));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const took = Float64Array.from(all.took).sort();
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  return { requests: all.requests, seconds, cpu: (user + system) / 1e6, p50: at(0.5), p99: at(0.99), meanBytes: all.bytes / all.requests };
};

process.on('message', (job: Job) => {
  carryOut(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ failure: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
