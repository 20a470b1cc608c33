// The only file that knows every room: it opens the store, fills the registries, adds the routes and puts the port in front.
import { OPERATIONS, type OperationName, type Settings } from '@godwit/protocol';
import type { Logger } from 'pino';
import { Arrivals } from './adapters/http/arrivals.ts';
import { HttpHandler, type HttpOptions } from './adapters/http/handle.ts';
import { Origins } from './adapters/http/origin.ts';
import { outsidePlaces } from './adapters/http/outside.ts';
import { peoplePlaces } from './adapters/http/pages.ts';
import { openPort } from './adapters/http/port.ts';
import { httpServer } from './adapters/http/server.ts';
import { eventStreamEncoder } from './adapters/sse.ts';
import { SocketRequests } from './adapters/websocket/requests.ts';
import { serveWebSockets } from './adapters/websocket/upgrade.ts';
import { type Application, actionRoutes } from './application.ts';
import type { Handler } from './core/call.ts';
import { Collections } from './core/collections.ts';
import type { Core } from './core/core.ts';
import { Durables } from './core/durables.ts';
import { Feed } from './core/feed.ts';
import { Keys } from './core/keys.ts';
import { LogCursors } from './core/log.ts';
import { createMetrics } from './core/metrics.ts';
import { declareProcessMetrics, watchProcess } from './core/process-metrics.ts';
import { Readiness } from './core/readiness.ts';
import { startRetention } from './core/retention.ts';
import { shownSettings } from './core/shown-settings.ts';
import { Batches } from './dispatch/batch.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { handlers } from './handlers/all.ts';
import { publishFromServer } from './handlers/publish.ts';
import { loadAdminKey, loadCollections, loadKeys, loadSecret, loadTopics } from './load.ts';
import { observeConnections, observer, observeStorage } from './observe.ts';
import { systemClock } from './ports/clock.ts';
import { systemIds } from './ports/ids.ts';
import { Connections } from './session/connections.ts';
import { Identifier } from './session/identify.ts';
import { InProgress } from './session/in-progress.ts';
import { rosterOf } from './session/roster.ts';
import { openSqliteStorage } from './storage/sqlite/index.ts';
import type { Tls } from './tls.ts';

export { PortError } from './adapters/http/port.ts';

export interface ServerConfig {
  readonly settings: Settings;
  readonly data: string;
  readonly port: number;
  readonly host: string;
  readonly tls: Tls | undefined;
  readonly adminKey: string | undefined;
  /** Whether the pages for people are served: the console, and the reference. */
  readonly console: boolean;
  readonly application: Application;
  readonly logger: Logger;
}

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /** The admin key, where this start made it: nobody will see it again (12.4). */
  readonly newAdminKey: string | undefined;
  /** Ends it in order: refuses what is new, finishes what is in progress within `drainTimeout`, closes the store (12.2). */
  close(): Promise<void>;
}

/** Opens the store, starts listening. Rejects with a sentence where it cannot; then nothing is left open. */
export const startServer = async (config: ServerConfig): Promise<RunningServer> => {
  const { settings, logger } = config;
  const clock = systemClock();
  const ids = systemIds();
  const storage = await openSqliteStorage({ directory: config.data });
  try {
    const topics = loadTopics(config.application.topics);
    const keys = new Keys(clock, await loadSecret(storage, ids));
    const cursors = new LogCursors(storage);
    const durables = new Durables(storage, cursors, clock);
    const core: Core = { settings, clock, ids, storage, cursors, collections: new Collections(), topics, keys, feed: new Feed(storage, cursors), durables };
    await loadKeys(core);
    await durables.load();
    if (config.adminKey !== undefined) await loadAdminKey(core, config.adminKey);
    await loadCollections(core, config.application.collections ?? {});

    const dispatcher = new Dispatcher(core);
    const metrics = createMetrics();
    const stopProcessMetrics = declareProcessMetrics(metrics);
    const vitals = watchProcess();
    observeStorage(metrics, storage);
    const watch = observer(metrics, logger);
    const batches = new Batches(dispatcher, (error) => watch.unexpected(error, 'batch'));
    const actions = actionRoutes(core, config.application, (call, topic, data) => publishFromServer(core, call, topic, data));
    const connections = new Connections(core);
    observeConnections(metrics, core, connections);
    const byName: Record<OperationName, (core: Core) => Handler> = handlers(
      actions.map((route) => route.operation),
      rosterOf(connections),
      () => ({ requests: watch.requests(), process: vitals.look() }),
    );
    for (const operation of OPERATIONS) {
      const handler = byName[operation.name](core);
      dispatcher.add({ operation, handler, ...(operation.name === 'batch' ? { whole: batches.run.bind(batches) } : {}) });
    }
    for (const route of actions) dispatcher.addAction(route);
    for (const { operation } of actions) {
      const [, first, ...more] = operation.path.split('/');
      if (more.length < 2) core.collections.reserve(first as string, `An action of the application has the path /${first}.`);
    }

    const readiness = new Readiness(storage, clock);
    const inProgress = new InProgress();
    metrics.gauge('godwit_requests_in_progress', 'Authenticated HTTP requests in progress.', () => inProgress.total);
    const options: HttpOptions = {
      dispatcher,
      settings,
      clock,
      ids,
      identifier: new Identifier(keys, clock),
      inProgress,
      connections,
      eventStreams: eventStreamEncoder(core),
      origins: new Origins(settings.origins),
      observer: watch,
      secure: config.tls !== undefined,
      outside: outsidePlaces(readiness, metrics, config.console ? peoplePlaces() : () => undefined),
    };
    const handler = new HttpHandler(options);
    const server = httpServer(handler, options, config.tls);
    const arrivals = config.tls === undefined ? new Arrivals(server, core.feed.turns, clock) : undefined;
    const requests = new SocketRequests({ core, dispatcher, unexpected: watch.unexpected, finished: watch.finished });
    const endWaitingHandshakes = serveWebSockets(server, {
      core,
      connections,
      identifier: options.identifier,
      origins: options.origins,
      requests,
      secure: options.secure,
      shown: () => shownSettings(settings),
      isDraining: () => handler.draining,
      finished: watch.finished,
      unexpected: watch.unexpected,
    });
    const port = await openPort(server, config.port, config.host);
    // A key that is made here is shown this once: nothing may keep this start from succeeding any more.
    const newAdminKey = await loadAdminKey(core, config.adminKey).catch((error: unknown) => {
      void port.close();
      arrivals?.end();
      throw error;
    });
    const { retentionAge, publishWindow } = settings;
    if (retentionAge < publishWindow) logger.warn({ retentionAge, publishWindow }, SHORT_MEMORY);
    const stopRetention = startRetention(core);
    logger.info({ port: port.number, data: 'open', messages: storage.log.last - storage.log.first + 1 }, 'listening');

    const close = async (): Promise<void> => {
      readiness.drain();
      await pause(settings.drainDelay);
      handler.draining = true;
      requests.draining = true;
      logger.info({ inProgress: inProgress.total, connections: connections.size }, 'draining');
      server.closeIdleConnections();
      connections.announceEnd(RECONNECT_SPREAD_MS + connections.size * RECONNECT_EACH_MS);
      const deadline = clock.now() + settings.drainTimeout;
      while ((inProgress.total > 0 || requests.inProgress > 0) && clock.now() < deadline) await pause(DRAIN_STEP_MS);
      const terminate = await connections.end();
      await durables.flush();
      const closed = port.close();
      arrivals?.end();
      server.closeIdleConnections();
      // Answers that were just written have a moment to leave.
      await Promise.race([closed, pause(LAST_WORDS_MS)]);
      terminate();
      endWaitingHandshakes();
      server.closeAllConnections();
      // Sockets that only wait for the other side (a goodbye, the start of TLS) keep nobody from the end.
      await Promise.race([closed, pause(LAST_WORDS_MS)]);
      stopRetention();
      stopProcessMetrics();
      vitals.stop();
      await storage.close();
      logger.info('stopped');
    };
    let closing: Promise<void> | undefined;
    return { port: port.number, newAdminKey, close: () => (closing ??= close()) };
  } catch (error) {
    await storage.close();
    throw error;
  }
};

/** What an operator may not expect (docs/decisions/0005). */
const SHORT_MEMORY =
  'a publish is remembered only as long as the log keeps its message: repeated after retentionAge, though within publishWindow, it is published again';

const DRAIN_STEP_MS = 20;
/** How long answers and goodbyes that were just written have to leave. */
const LAST_WORDS_MS = 500;
/** Those who are told to come back later are spread over a second and a little for each of them (12.2). */
const RECONNECT_SPREAD_MS = 1000;
const RECONNECT_EACH_MS = 1;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
