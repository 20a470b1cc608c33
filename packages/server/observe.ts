// What the server tells its operators: counts for `/metrics`, lines for the log. No key, token or document content enters either.
import type { Logger } from 'pino';
import type { Observer } from './adapters/http/handle.ts';
import type { Core } from './core/core.ts';
import type { Counter, Histogram, Metrics } from './core/metrics.ts';
import type { Storage } from './ports/storage.ts';
import type { Connections } from './session/connections.ts';

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** An error as a log line may show it: a parser's message quotes what it parsed, so only its kind is told. */
export const loggable = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error)) return { error: typeof error };
  const stack = error.stack
    ?.split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .map((line) => line.trim());
  return { error: error.name, ...(error instanceof SyntaxError ? {} : { message: error.message }), stack };
};

/** An observer that can be asked how operations fared (11.5). */
export interface Watch extends Observer {
  requests(): Record<string, unknown>;
}

/** Counts and logs how requests end. */
export const observer = (metrics: Metrics, logger: Logger): Watch => {
  const requests = metrics.counter('godwit_requests_total', 'HTTP requests by operation and status.', ['operation', 'status']);
  const durations = metrics.histogram('godwit_request_duration_seconds', 'How long HTTP requests took, by operation.', SECONDS, ['operation']);
  const known = new Map<string, { readonly statuses: Map<number, Counter>; readonly duration: Histogram }>();
  return {
    finished(name, status, startedAt) {
      let children = known.get(name);
      if (children === undefined) known.set(name, (children = { statuses: new Map(), duration: durations.labels(name) }));
      let counter = children.statuses.get(status);
      if (counter === undefined) children.statuses.set(status, (counter = requests.labels(name, String(status))));
      counter.add(1);
      children.duration.observe((performance.now() - startedAt) / 1000);
    },
    requests() {
      let total = 0;
      const statuses: Record<string, number> = {};
      for (const { statuses: counters } of known.values()) {
        for (const [status, { value }] of counters) {
          total += value;
          statuses[status] = (statuses[status] ?? 0) + value;
        }
      }
      const { bounds, counts } = durations.labels('publish');
      return { total, statuses, publishSeconds: { bounds: [...bounds], counts: [...counts] } };
    },
    unexpected(error, requestId) {
      logger.error({ requestId, ...loggable(error) }, 'a request failed unexpectedly');
    },
  };
};

/** What the store counts, as metrics. */
export const observeStorage = (metrics: Metrics, storage: Storage): void => {
  const { counters } = storage;
  metrics.counted('godwit_commits_total', 'Transactions of the store.', () => counters.commits);
  metrics.counted('godwit_syncs_total', 'Times the store was forced to stable storage.', () => counters.syncs);
  metrics.counted('godwit_units_total', 'Units written: each a request, or a batch, as a whole.', () => counters.units);
  metrics.counted('godwit_messages_published_total', 'Messages appended to the log.', () => counters.messagesWritten);
  metrics.counted('godwit_log_reads_total', 'Reads of the log that went to the store.', () => counters.logReads);
  metrics.counted('godwit_log_rows_read_total', 'Rows of the log that reads looked at.', () => counters.logRowsRead);
  metrics.counted('godwit_list_reads_total', 'Pages of documents read.', () => counters.listReads);
  metrics.counted('godwit_document_reads_total', 'Documents read by id.', () => counters.documentReads);
  metrics.gauge('godwit_largest_commit_units', 'Units in the largest commit so far.', () => counters.largestCommit);
  metrics.gauge('godwit_log_messages', 'Messages in the log.', () => storage.log.last - storage.log.first + 1);
  metrics.gauge('godwit_log_bytes', 'Bytes of the log, as retention counts them.', () => storage.log.bytes);
  metrics.gauge('godwit_log_oldest_timestamp_seconds', 'When the oldest message of the log was published.', () => (storage.log.oldest ?? 0) / 1000);
};

/** Who is connected and how the feed fares, as metrics. */
export const observeConnections = (metrics: Metrics, { feed, durables }: Core, connections: Connections): void => {
  metrics.gauge('godwit_connections', 'Connections that last, by transport.', () => [
    [{ transport: 'websocket' }, connections.count('websocket')],
    [{ transport: 'sse' }, connections.count('sse')],
    [{ transport: 'poll' }, connections.parked],
  ]);
  metrics.gauge('godwit_subscriptions', 'Live subscriptions, attached durable ones included.', () =>
    connections.all().reduce((sum, { subscriptions }) => sum + subscriptions, 0),
  );
  metrics.gauge('godwit_outbox_bytes', 'Bytes that wait for all connections together.', () => connections.all().reduce((sum, { queued }) => sum + queued, 0));
  metrics.gauge(
    'godwit_connections_behind',
    'Connections that read on from the log because they are slower than the feed.',
    () => connections.all().filter(({ congested }) => congested).length,
  );
  metrics.gauge('godwit_durable_subscriptions', 'Durable subscriptions.', () => durables.all().length);
  metrics.gauge('godwit_durable_lag_messages', 'Messages of the log behind which the slowest durable subscription is.', () =>
    durables.all().reduce((lag, { acknowledged }) => Math.max(lag, feed.delivered - acknowledged), 0),
  );
  metrics.gauge('godwit_redeliveries', 'Messages sent again to durable subscriptions that there are.', () =>
    durables.all().reduce((sum, { redeliveries }) => sum + redeliveries, 0),
  );
  metrics.counted('godwit_messages_encoded_total', 'Messages written down for subscribers: once per subscription id.', () => feed.counters.encoded);
  metrics.counted('godwit_deliveries_total', 'Messages handed to live subscribers.', () => feed.counters.delivered);
  metrics.counted('godwit_dropped_to_log_total', 'Times a subscriber left the feed for the log.', () => feed.counters.droppedToLog);
};
