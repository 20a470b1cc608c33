// Every number of the protocol that is a setting, once: configuration, `--help`, the discovery document and the reference are made from this table (clause 13).

export type SettingUnit = 'duration' | 'size' | 'count' | 'switch' | 'list';

export interface Setting {
  readonly unit: SettingUnit;
  /** Milliseconds, bytes, a count, a switch or a list of strings. */
  readonly default: number | boolean | readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly clause: string;
  /** What it bounds and why one would change it. */
  readonly reason: string;
  /** Whether the discovery document shows it under `limits` (3.1.3). */
  readonly shown?: boolean;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KB = 1024;
const MB = 1024 * KB;
const GB = 1024 * MB;

/** Timers of the runtime hold at most 2^31 - 1 ms. */
const LONGEST = 24 * DAY;

// biome-ignore format: a table, a row each
export const SETTINGS = {
  requestTimeout: { unit: 'duration', default: 30 * SECOND, min: 10, max: HOUR, clause: '6.1.1', shown: true, reason: 'how long an operation, and the arrival of one request, may take' },
  heartbeatInterval: { unit: 'duration', default: 30 * SECOND, min: 50, max: HOUR, clause: '5.1.3', shown: true, reason: 'how often a WebSocket proves that it lives; below the idle time-out of every proxy between' },
  pollTimeout: { unit: 'duration', default: 60 * SECOND, min: 0, max: HOUR, clause: '6.3.1', shown: true, reason: 'the longest `wait` of a long poll' },
  ackWait: { unit: 'duration', default: 30 * SECOND, min: 10, max: DAY, clause: '6.2.6', shown: true, reason: 'after how long without an acknowledgement messages are sent again' },
  maxOutstanding: { unit: 'count', default: 1000, min: 1, max: 100_000, clause: '6.2.6', shown: true, reason: 'messages that a durable subscription may leave unacknowledged' },
  retentionAge: { unit: 'duration', default: 7 * DAY, min: 10, max: 3650 * DAY, clause: '6.2.9', shown: true, reason: 'how long messages are kept' },
  retentionBytes: { unit: 'size', default: 10 * GB, min: KB, max: 1024 * 1024 * GB, clause: '6.2.9', shown: true, reason: 'how many bytes of messages are kept' },
  idempotencyWindow: { unit: 'duration', default: DAY, min: 10, max: 3650 * DAY, clause: '4.1.3', shown: true, reason: 'how long the outcome of a write is remembered by its requestId' },
  publishWindow: { unit: 'duration', default: HOUR, min: 10, max: 3650 * DAY, clause: '4.1.3', shown: true, reason: 'how long a publish is remembered by its requestId' },
  operationsPerMinute: { unit: 'count', default: 1000, min: 1, max: 1_000_000_000, clause: '7.1.1', shown: true, reason: 'operations of one key, or of one token with a `sub`, over any 60 s' },
  connectionsPerClient: { unit: 'count', default: 10, min: 1, max: 1_000_000, clause: '7.1.2', shown: true, reason: 'WebSockets, event streams and parked polls of one client' },
  messagesPerSecond: { unit: 'count', default: 100, min: 1, max: 1_000_000_000, clause: '7.2.1', shown: true, reason: 'messages per second from one WebSocket' },
  maxMessageBytes: { unit: 'size', default: MB, min: KB, max: 64 * MB, clause: '7.2.2', shown: true, reason: 'the largest body, message and document' },
  maxBatchBytes: { unit: 'size', default: 10 * MB, min: KB, max: 256 * MB, clause: '7.2.2', shown: true, reason: 'the largest batch, and the largest answer to one' },
  maxBatchOperations: { unit: 'count', default: 100, min: 1, max: 10_000, clause: '9.2.1', shown: true, reason: 'operations in one batch' },
  connectionLifetime: { unit: 'duration', default: DAY, min: 100, max: LONGEST, clause: '7.2.3', shown: true, reason: 'how long one WebSocket lives' },
  compressionThreshold: { unit: 'size', default: KB, min: 0, max: GB, clause: '9.1.1', shown: true, reason: 'responses below it are not compressed' },
  webSocketCompression: { unit: 'switch', default: false, clause: '9.1.2', shown: true, reason: 'whether permessage-deflate is negotiated' },
  maxQueuedBytes: { unit: 'size', default: MB, min: KB, max: GB, clause: '6.2.10', shown: true, reason: 'what may wait for one slow connection in memory before it reads on from the log' },
  origins: { unit: 'list', default: [], clause: '11.4', reason: 'web origins that browsers may call from: `https://a.example,https://b.example`, or `*`' },
  drainTimeout: { unit: 'duration', default: 10 * SECOND, min: 0, max: HOUR, clause: '12.2', reason: 'how long requests in progress may take to finish at a shutdown' },
  drainDelay: { unit: 'duration', default: 0, min: 0, max: HOUR, clause: '12.2', reason: 'how long only `/readyz` says 503 before a shutdown, for balancers to notice' },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<S extends Setting> = S['unit'] extends 'switch' ? boolean : S['unit'] extends 'list' ? readonly string[] : number;

/** The settings in force: durations in milliseconds, sizes in bytes. */
export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

/** The defaults of clause 13. */
export const defaultSettings = (): Settings =>
  Object.fromEntries(Object.entries(SETTINGS).map(([name, setting]) => [name, setting.default])) as unknown as Settings;

/** Bounds of the protocol that are not settings, so that one page names them all. */
export const BOUNDS = {
  requestIdLength: 128,
  documentIdLength: 64,
  nesting: 64,
  listLimit: { default: 50, max: 100 },
  messagesLimit: { default: 100, max: 1000 },
  pageBytes: 4 * MB,
  uriBytes: 8 * KB,
  headerBytes: 16 * KB,
  inProgressPerClient: 100,
  failedAuthenticationsPerMinute: 100,
  tokenTtl: 24 * 60 * 60,
  patternsPerSubscription: 100,
  subscriptionsPerConnection: 1000,
  durablesPerClient: 1000,
  outstandingBytes: 8 * MB,
  cursorLength: 128,
  fieldErrors: 100,
} as const;
