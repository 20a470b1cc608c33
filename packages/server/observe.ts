// What the server tells its operators: counts for `/metrics`, lines for the log. No key, token or document content enters either.
import type { Logger } from 'pino';
import type { Counter, Histogram, Metrics } from './core/metrics.ts';
import type { Observer } from './adapters/http/handle.ts';
import type { Storage } from './ports/storage.ts';

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

/** Counts and logs how requests end. */
export const observer = (metrics: Metrics, logger: Logger): Observer => {
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
