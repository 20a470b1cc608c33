// `godwit bench`: measures a running server as its users would meet it, through the SDK, and says plainly what was measured.
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, GodwitError } from '@godwit/client';
import { type Measured, measure } from './bench/measure.ts';
import { paddingFor, payload, type Task, wallClock } from './bench/words.ts';
import type { Call, Run } from './frame/call.ts';
import { needCredentials, type Whom } from './frame/connection.ts';
import { CommandError, failureOf, sentenceOf } from './frame/failure.ts';
import { path } from './frame/path.ts';
import { countText, Progress } from './frame/progress.ts';

const PREFIX = 'godwit-bench';
/** A client that uses more of a processor than this was what was measured. */
const BUSY = 0.85;

interface Report {
  readonly measurement: 'publish' | 'fan-out';
  readonly connections: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly count: number;
  readonly perSecond: number;
  readonly failed: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly [member: string]: unknown;
}

const rounded = (ms: number): number => Number(ms.toPrecision(3));

/** A key for this measurement alone, without limits; undefined where the key at hand may not make one. */
const makeKey = async (client: Client, topic: string, signal: AbortSignal): Promise<{ id: string; key: string } | undefined> => {
  const limits = { operationsPerMinute: 1_000_000_000, connectionsPerClient: 1_000_000, messagesPerSecond: 1_000_000_000 };
  const data = { name: 'godwit bench', scopes: [`publish:${topic}.**`, `subscribe:${topic}.**`], limits };
  try {
    return (await client.request<{ id: string; key: string }>('POST', '/keys', { data, signal })).data;
  } catch (error) {
    if (error instanceof GodwitError && error.code === 'FORBIDDEN') return undefined;
    throw error;
  }
};

/** `count` spread over `processes`, the first ones taking what is left over. */
const spread = (count: number, processes: number): number[] =>
  Array.from({ length: Math.min(count, processes) }, (_, index) => Math.floor(count / processes) + (index < count % processes ? 1 : 0));

const isHere = (url: string): boolean => /^(?:localhost|127\.|\[::1\])/.test(new URL(url).hostname);

class Bench {
  readonly #call: Call<'bench'>;
  readonly #whom: Whom;
  readonly #topic: string;
  readonly #progress: Progress;

  constructor(call: Call<'bench'>, whom: Whom, topic: string) {
    this.#call = call;
    this.#whom = whom;
    this.#topic = topic;
    this.#progress = new Progress(call.output, call.now);
  }

  #tasks(kind: Task['kind'], clients: number, topic: string): Task[] {
    const { size, processes, 'in-flight': inFlight } = this.#call.flags;
    return spread(clients, processes).map((some, number) => ({ kind, whom: this.#whom, clients: some, number, topic, size, inFlight }));
  }

  #run(doing: string, unit: string, tasks: readonly Task[], beside?: (over: AbortSignal) => Promise<void>): Promise<Measured> {
    const { flags, signal } = this.#call;
    return measure({
      tasks,
      durationMs: flags.duration,
      signal,
      onCount: (done, part) => this.#progress.step({ doing, done, unit, part }),
      ...(beside === undefined ? {} : { beside }),
    }).finally(() => this.#progress.clear());
  }

  #report(measurement: Report['measurement'], connections: number, measured: Measured, more: Record<string, unknown>): Report {
    const { latencies, seconds, failed, failure, busiest } = measured;
    if (latencies.count === 0) throw new CommandError(failure === undefined ? 'Nothing was measured' : `Nothing was measured: ${failure}`, { code: 'EMPTY' });
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((part) => rounded(latencies.percentile(part))) as [number, number, number];
    return {
      measurement,
      connections,
      bytes: this.#call.flags.size,
      seconds: rounded(seconds),
      count: latencies.count,
      perSecond: Math.round(latencies.count / seconds),
      failed,
      p50,
      p90,
      p99,
      max: rounded(latencies.max),
      ...more,
      busiestClientProcess: rounded(busiest),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  async publish(): Promise<Report> {
    const { connections, 'in-flight': inFlight } = this.#call.flags;
    const measured = await this.#run('Publishing', 'publishes', this.#tasks('publish', connections, `${this.#topic}.publish`));
    return this.#report('publish', connections, measured, { inFlight });
  }

  async fanOut(): Promise<Report> {
    const { subscribers, rate, size } = this.#call.flags;
    const topic = `${this.#topic}.fan-out`;
    const publisher = await this.#call.connect({ ...this.#whom, transport: 'websocket' } as object);
    await publisher.connect();
    let sent = 0;
    let refused: unknown;
    const beside = async (over: AbortSignal): Promise<void> => {
      const padding = paddingFor(size);
      // By the clock and not by pauses: a late turn is made up for, so that the rate is the one that was asked for.
      for (const began = performance.now(); !over.aborted; ) {
        for (const due = Math.floor(((performance.now() - began) / 1000) * rate); sent < due && !over.aborted; sent++) {
          publisher.publish(topic, payload(wallClock(), padding)).catch((error: unknown) => {
            refused ??= error;
          });
        }
        await pause(Math.min(10, 1000 / rate), undefined, { signal: over }).catch(() => {});
      }
    };
    const measured = await this.#run('Delivering', 'deliveries', this.#tasks('subscribe', subscribers, topic), beside);
    const failure = refused === undefined || measured.failure !== undefined ? {} : { failure: sentenceOf(failureOf(refused)) };
    return { ...this.#report('fan-out', subscribers, measured, { subscribers, publishedPerSecond: rate }), ...failure };
  }
}

const told = (report: Report): string =>
  report.measurement === 'publish'
    ? `publish: ${countText(report.connections)} WebSockets, ${report['inFlight']} publishes in flight on each, ${report.bytes} bytes; from the call to its confirmation`
    : `fan-out: ${report['publishedPerSecond']} messages/s to ${countText(report.connections)} subscribers, ${report.bytes} bytes; from the call of publish to the handler`;

const show = async ({ output, flags }: Call<'bench'>, reports: readonly Report[], url: string, isOwnKey: boolean): Promise<void> => {
  if (output.json) {
    for (const report of reports) await output.value(report);
    return;
  }
  for (const report of reports) await output.line(told(report));
  await output.line('');
  const ms = (value: number): string => `${value} ms`;
  const rows = reports.map(({ measurement, seconds, count, perSecond, failed, p50, p90, p99, max }) => ({
    measured: measurement,
    seconds,
    count: countText(count),
    'per second': countText(perSecond),
    p50: ms(p50),
    p90: ms(p90),
    p99: ms(p99),
    max: ms(max),
    failed,
  }));
  await output.table(Object.keys(rows[0] as object), rows);
  await output.line('');
  if (isHere(url)) await output.line('Clients and server share this machine and its processors.');
  if (!isOwnKey) await output.line('The key has limits, and they hold for the measurement; one of scope admin makes itself a key without.');
  for (const report of reports) {
    if (report['failure'] !== undefined) await output.line(`Some of ${report.measurement} failed: ${String(report['failure'])}`);
    if (Number(report['busiestClientProcess']) > BUSY)
      await output.line(
        `The clients of ${report.measurement} were busy to ${Math.round(Number(report['busiestClientProcess']) * 100)} % of a processor: the server may do more; try --processes ${flags.processes + 1}.`,
      );
  }
};

export const bench: Run<'bench'> = async (call) => {
  const { flags, output, signal } = call;
  const whom = await call.whom();
  needCredentials(whom);
  const topic = `${PREFIX}.${crypto.randomUUID().slice(0, 8)}`;
  const client = await call.connect();
  const made = await makeKey(client, topic, signal);
  output.note(`Measuring ${whom.url}; this writes messages to topics below ${topic}. to its log.`);
  const reports: Report[] = [];
  try {
    const runs = new Bench(call, made === undefined ? whom : { url: whom.url, key: made.key, token: undefined }, topic);
    const both = !flags.publish && !flags['fan-out'];
    if (both || flags.publish) reports.push(await runs.publish());
    if (both || flags['fan-out']) reports.push(await runs.fanOut());
  } finally {
    // Also after Ctrl-C: a key without limits must not stay behind.
    if (made !== undefined)
      await client
        .request('DELETE', path('keys', made.id))
        .catch((error: unknown) => output.note(`The key ${made.id} could not be revoked: ${(error as Error).message}`));
  }
  await show(call, reports, whom.url, made !== undefined);
};
