// The library's door: a server inside your own program, with your collections, your actions and the same guarantees as `godwit serve`.
import { resolve } from 'node:path';
import { SETTINGS, type SettingName } from '@godwit/protocol';
import { type Logger, pino } from 'pino';
import type { ActionDefinitions, Application, CollectionDefinitions, TopicDefinitions } from './application.ts';
import type { RunningServer, ServerConfig } from './compose.ts';
import { ConfigError, checkAdminKey, checkSettings, type LogLevel, PLACES } from './config.ts';
import { nodeRefusal } from './node-version.ts';
import { describeRule, nearestName, parseValue, quote } from './settings.ts';
import { readTls } from './tls.ts';

export { ProtocolError } from '@godwit/protocol';
export {
  type ActionCall,
  type ActionDefinition,
  type ActionDefinitions,
  type ActionMaker,
  type ActionTransaction,
  type Application,
  type CollectionDefinition,
  type CollectionDefinitions,
  type DocumentOf,
  defineApi,
  fail,
  type Kept,
  type TopicDefinition,
  type TopicDefinitions,
} from './application.ts';

export interface ServerOptions<C extends CollectionDefinitions, A extends ActionDefinitions, T extends TopicDefinitions = TopicDefinitions>
  extends Application<C, A, T> {
  /** The directory of the store, made where it is missing; `godwit-data` in the working directory. */
  readonly data?: string;
  /** 7117; 0 takes a free port. */
  readonly port?: number;
  /** `::`: IPv4 and IPv6. */
  readonly host?: string;
  /** PEM text, or the paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The first admin key: 16 or more characters of `A-Z a-z 0-9 . _ ~ -` (5.1.1); made at the first start where none is given (12.4). */
  readonly adminKey?: string;
  /** Whether the pages for people are served, the console at `/console` and the reference at `/docs`; they are where nothing is said. */
  readonly console?: boolean;
  /** The settings of clause 13: plain numbers are milliseconds and bytes, strings as in the configuration (`30s`, `1MB`). */
  readonly settings?: Partial<Record<SettingName, string | number | boolean | readonly string[]>>;
  /**
   * Where log lines go: a pino logger, or the least level to write to standard error, a line of JSON each. `warn` where nothing is said, so that what an action
   * throws is seen; `silent` for none.
   */
  readonly logger?: Logger | LogLevel;
}

export interface GodwitServer extends RunningServer {
  /** `http://localhost:7117`, or `https`. */
  readonly url: string;
}

type AnyOptions = ServerOptions<CollectionDefinitions, ActionDefinitions>;

const OPTIONS: Readonly<Record<keyof AnyOptions, true>> = {
  collections: true,
  topics: true,
  actions: true,
  data: true,
  port: true,
  host: true,
  tls: true,
  adminKey: true,
  console: true,
  settings: true,
  logger: true,
};

/** What a configuration file calls otherwise. */
const CALLED: ReadonlyMap<string, string> = new Map([
  ['tlsCert', 'tls.cert'],
  ['tlsKey', 'tls.key'],
  ['logLevel', 'logger'],
]);

/** A mistake that is passed over shows up at the worst time: what was meant for a setting is in force nowhere. */
const checkOptions = (options: object): void => {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(OPTIONS, name)) continue;
    const meant = CALLED.get(name) ?? nearestName(name, [...Object.keys(OPTIONS), ...Object.keys(SETTINGS)]);
    const hint = meant === undefined ? '.' : `; did you mean ${Object.hasOwn(SETTINGS, meant) ? `settings: { ${meant} }` : meant}?`;
    throw new ConfigError(`${quote(name)} is no option of createServer${hint}`);
  }
};

const loggerOf = (logger: AnyOptions['logger'] = 'warn'): Logger => {
  if (typeof logger === 'object' && logger !== null) return logger;
  const level = parseValue(PLACES.logLevel, logger) as LogLevel | undefined;
  if (level === undefined) throw new ConfigError(`The option logger is ${quote(logger)}, but must be a pino logger or ${describeRule(PLACES.logLevel)}.`);
  return pino({ level, name: 'godwit' }, pino.destination(2));
};

/**
 * Opens the store, starts listening and resolves when requests are served. Rejects with a sentence where it cannot: an unknown option, a bad setting, a certificate
 * that cannot serve, a port in use, a store in use, a Node that is too old. It hears no signals: call `close` when your program is told to end (12.2).
 */
export const createServer = async <const C extends CollectionDefinitions, const A extends ActionDefinitions, const T extends TopicDefinitions>(
  options: ServerOptions<C, A, T> = {},
): Promise<GodwitServer> => {
  const refusal = nodeRefusal();
  if (refusal !== undefined) throw new Error(refusal);
  checkOptions(options);
  const { adminKey, tls } = options;
  if (adminKey !== undefined) checkAdminKey(adminKey, 'adminKey');
  const config: ServerConfig = {
    settings: checkSettings(options.settings ?? {}),
    data: resolve(options.data ?? PLACES.data.default),
    port: options.port ?? PLACES.port.default,
    host: options.host ?? PLACES.host.default,
    tls: tls === undefined ? undefined : readTls(tls, { cert: 'tls.cert', key: 'tls.key' }),
    adminKey,
    console: options.console ?? PLACES.console.default,
    application: options as unknown as Application,
    logger: loggerOf(options.logger),
  };
  // Only now: a Node without `node:sqlite` cannot load it, and who imports this door for `defineApi` alone needs none of it.
  const { startServer } = await import('./compose.ts');
  const running = await startServer(config);
  return { ...running, url: `${tls === undefined ? 'http' : 'https'}://localhost:${running.port}` };
};
