// A dispatcher with everything behind it and no medium before it: the real store in a directory of its own, a clock that the test moves.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPERATIONS, type OperationName, type ProtocolError, type SettingName, type Settings } from '@godwit/protocol';
import { type ActionDefinitions, type Application, actionRoutes, type CollectionDefinitions, type TopicDefinitions } from '../application.ts';
import { checkSettings } from '../config.ts';
import type { Handler, Identity } from '../core/call.ts';
import { Collections } from '../core/collections.ts';
import type { Core } from '../core/core.ts';
import { Durables } from '../core/durables.ts';
import { Feed } from '../core/feed.ts';
import { Keys } from '../core/keys.ts';
import { LogCursors } from '../core/log.ts';
import { Batches } from '../dispatch/batch.ts';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import { failureOf } from '../dispatch/failure.ts';
import { type Reply, type Request, splitTarget } from '../dispatch/request.ts';
import { handlers } from '../handlers/all.ts';
import { publishFromServer } from '../handlers/publish.ts';
import { loadCollections, loadKeys, loadTopics } from '../load.ts';
import { systemIds } from '../ports/ids.ts';
import type { Storage } from '../ports/storage.ts';
import { Connections } from '../session/connections.ts';
import { rosterOf } from '../session/roster.ts';
import { openSqliteStorage } from '../storage/sqlite/index.ts';
import { type ManualClock, manualClock } from './clock.ts';

export const ADMIN: Identity = { keyId: 'admin', client: 'admin', scopes: ['admin'], limits: {}, budget: 'admin', expiresAt: null, sub: null };

/** An identity that may do what these scopes say. */
export const holderOf = (...scopes: string[]): Identity => ({ ...ADMIN, keyId: 'k1', client: 'someone', budget: 'k1', scopes });

export interface AskOptions {
  readonly data?: unknown;
  readonly requestId?: string;
  /** The admin where nothing is said; undefined: nobody. */
  readonly identity?: Identity | undefined;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly metered?: boolean;
}

/** A reply with its data read, or the error of the catalogue. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
  readonly data: any;
  readonly code: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly details: any;
  readonly message: string | undefined;
  readonly replayed: boolean;
}

export interface Assembly {
  readonly core: Core;
  readonly clock: ManualClock;
  readonly dispatcher: Dispatcher;
  /** What was thrown and is no error of the catalogue. */
  readonly unexpected: unknown[];
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface AssemblyOptions {
  readonly settings?: Partial<Record<SettingName, string | number | boolean | readonly string[]>>;
  readonly collections?: CollectionDefinitions;
  readonly topics?: TopicDefinitions;
  readonly actions?: ActionDefinitions;
  /** Puts something before the store. */
  readonly wrap?: (storage: Storage) => Storage;
}

const answerOf = (reply: Reply): Answer => ({
  status: reply.status,
  headers: reply.headers,
  data: reply.text === undefined ? undefined : JSON.parse(reply.text),
  code: undefined,
  details: undefined,
  message: undefined,
  replayed: reply.headers['x-idempotent-replay'] === 'true',
});

const failed = (error: ProtocolError): Answer => {
  const { code, message, details } = error.body();
  return { status: error.status, headers: error.headers, data: undefined, code, message, details, replayed: false };
};

/** Puts a dispatcher together as compose.ts does. Close it at the end. */
export const assemble = async ({ settings = {}, wrap = (storage) => storage, ...application }: AssemblyOptions = {}): Promise<Assembly> => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-test-'));
  const clock = manualClock();
  const storage = wrap(await openSqliteStorage({ directory, clock }));
  const close = async (): Promise<void> => {
    await storage.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const core = coreOn(storage, clock, checkSettings(settings), loadTopics(application.topics));
    await loadKeys(core);
    await loadCollections(core, application.collections ?? {});
    return { core, clock, ...dispatcherOn(core, application as Application), close };
  } catch (error) {
    await close();
    throw error;
  }
};

const coreOn = (storage: Storage, clock: ManualClock, settings: Settings, topics: Core['topics']): Core => {
  const keys = new Keys(clock, 'the secret of a test');
  const cursors = new LogCursors(storage);
  const feed = new Feed(storage, cursors);
  const durables = new Durables(storage, cursors, clock);
  return { settings, clock, ids: systemIds(), storage, cursors, collections: new Collections(), topics, keys, feed, durables };
};

const dispatcherOn = (core: Core, application: Application): Pick<Assembly, 'dispatcher' | 'unexpected' | 'ask'> => {
  const dispatcher = new Dispatcher(core);
  const unexpected: unknown[] = [];
  const batches = new Batches(dispatcher, (error) => unexpected.push(error));
  const actions = actionRoutes(core, application, (call, topic, data) => publishFromServer(core, call, topic, data));
  const byName = handlers(
    actions.map((route) => route.operation),
    rosterOf(new Connections(core)),
    () => ({ requests: {}, process: {} }),
  ) as Record<OperationName, (core: Core) => Handler>;
  for (const operation of OPERATIONS) {
    const handler = byName[operation.name](core);
    dispatcher.add({ operation, handler, ...(operation.name === 'batch' ? { whole: batches.run.bind(batches) } : {}) });
  }
  for (const route of actions) dispatcher.addAction(route);
  const ask: Assembly['ask'] = async (method, path, options = {}) => {
    const { data, requestId, ifMatch, ifNoneMatch, metered = false } = options;
    const identity = 'identity' in options ? options.identity : ADMIN;
    const [pathname, query] = splitTarget(path);
    try {
      const request: Request = { query, data, requestId, preconditions: { ifMatch, ifNoneMatch }, identity, metered };
      return answerOf(await dispatcher.run(dispatcher.find(method, pathname, query), request));
    } catch (error) {
      return failed(failureOf(error, (thrown) => unexpected.push(thrown)));
    }
  };
  return { dispatcher, unexpected, ask };
};
