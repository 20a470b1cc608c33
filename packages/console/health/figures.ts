// Figures out of the server's counters (11.5): two looks at `/stats` are what happened between them. Pure.

export interface Distribution {
  readonly bounds: readonly number[];
  /** One more than bounds: the last is above all of them. */
  readonly counts: readonly number[];
}

export interface Stats {
  readonly uptime: number;
  readonly connections: { readonly websocket: number; readonly sse: number; readonly poll: number };
  readonly subscriptions: number;
  readonly durableSubscriptions: number;
  readonly log: { readonly messages: number; readonly bytes: number; readonly oldest: string | null };
  readonly store: { readonly commits: number; readonly units: number; readonly messagesWritten: number; readonly largestCommit: number };
  readonly feed: { readonly delivered: number; readonly droppedToLog: number; readonly waitingPolls: number };
  readonly requests: { readonly total: number; readonly statuses: Readonly<Record<string, number>>; readonly publishSeconds: Distribution };
  readonly process: {
    readonly residentBytes: number;
    readonly cpuSeconds: number;
    readonly eventLoopDelay: Readonly<Record<'p50' | 'p99' | 'max', number>> | null;
  };
}

export interface Look {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly stats: Stats;
}

/** One point of every chart; null where nothing can be said. */
export interface Figures {
  readonly at: number;
  readonly publishes: number;
  readonly deliveries: number;
  readonly requests: number;
  readonly confirmP50: number | null;
  readonly confirmP99: number | null;
  readonly commitUnits: number | null;
  readonly refused: number;
  readonly rateLimited: number;
  readonly failed: number;
  readonly websockets: number;
  readonly streams: number;
  readonly polls: number;
  readonly delayP50: number | null;
  readonly delayP99: number | null;
  readonly delayMax: number | null;
  readonly logBytes: number;
  readonly residentBytes: number;
  readonly cpu: number;
}

/** The value below which a share of a distribution lies, taken as even within a bucket; null for an empty one. */
export const quantile = ({ bounds, counts }: Distribution, share: number): number | null => {
  const total = counts.reduce((sum, one) => sum + one, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [index, inBucket] of counts.entries()) {
    if (inBucket > 0 && left <= inBucket) {
      const low = bounds[index - 1] ?? 0;
      const high = bounds[index] ?? low;
      return low + ((high - low) * left) / inBucket;
    }
    left -= inBucket;
  }
  return bounds.at(-1) ?? null;
};

/** What a distribution gained. */
export const between = (before: Distribution, after: Distribution): Distribution => ({
  bounds: after.bounds,
  counts: after.counts.map((one, index) => one - (before.counts[index] ?? 0)),
});

const ofStatus = ({ statuses }: Stats['requests'], wanted: (status: number) => boolean): number =>
  Object.entries(statuses).reduce((sum, [status, one]) => (wanted(Number(status)) ? sum + one : sum), 0);

const inMs = (seconds: number | null | undefined): number | null => (seconds === null || seconds === undefined ? null : seconds * 1000);

/** What happened between two looks; undefined where the server was started anew between them. */
export const figures = (before: Look, after: Look): Figures | undefined => {
  const [one, other] = [before.stats, after.stats];
  if (other.uptime < one.uptime) return undefined;
  const seconds = Math.max(0.001, (after.at - before.at) / 1000);
  const rate = (of: (stats: Stats) => number): number => Math.max(0, of(other) - of(one)) / seconds;
  const commits = other.store.commits - one.store.commits;
  const confirmed = between(one.requests.publishSeconds, other.requests.publishSeconds);
  const delay = other.process.eventLoopDelay;
  return {
    at: after.at,
    publishes: rate(({ store }) => store.messagesWritten),
    deliveries: rate(({ feed }) => feed.delivered),
    requests: rate(({ requests }) => requests.total),
    confirmP50: inMs(quantile(confirmed, 0.5)),
    confirmP99: inMs(quantile(confirmed, 0.99)),
    commitUnits: commits > 0 ? (other.store.units - one.store.units) / commits : null,
    refused: rate(({ requests }) => ofStatus(requests, (status) => status >= 400 && status < 500 && status !== 429)),
    rateLimited: rate(({ requests }) => ofStatus(requests, (status) => status === 429)),
    failed: rate(({ requests }) => ofStatus(requests, (status) => status >= 500)),
    websockets: other.connections.websocket,
    streams: other.connections.sse,
    polls: other.connections.poll,
    delayP50: inMs(delay?.p50),
    delayP99: inMs(delay?.p99),
    delayMax: inMs(delay?.max),
    logBytes: other.log.bytes,
    residentBytes: other.process.residentBytes,
    cpu: rate(({ process }) => process.cpuSeconds) * 100,
  };
};
