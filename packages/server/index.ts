// The library's door: a server inside your own program, with your collections, your actions and the same guarantees as `godwit serve`.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SettingName } from '@godwit/protocol';
import { type Logger, pino } from 'pino';
import type { ActionDefinitions, Application, CollectionDefinitions, TopicDefinitions } from './application.ts';
import { type RunningServer, startServer } from './compose.ts';
import { checkAdminKey, checkSettings, PLACES } from './config.ts';

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
  /** Where log lines go: a pino logger, or the least level to write to standard error. Nothing is logged where none is given. */
  readonly logger?: Logger | 'trace' | 'debug' | 'info' | 'warn' | 'error';
}

export interface GodwitServer extends RunningServer {
  /** `http://localhost:7117`, or `https`. */
  readonly url: string;
}

const pem = (text: string): string => (text.includes('-----BEGIN') ? text : readFileSync(resolve(text), 'utf8'));

const loggerOf = (logger: ServerOptions<CollectionDefinitions, ActionDefinitions>['logger']): Logger =>
  typeof logger === 'object' ? logger : pino({ level: logger ?? 'silent', name: 'godwit' }, pino.destination(2));

/** Opens the store, starts listening and resolves when requests are served. Rejects with a sentence where it cannot: a bad setting, a port in use, a store in use. */
export const createServer = async <const C extends CollectionDefinitions, const A extends ActionDefinitions, const T extends TopicDefinitions>(
  options: ServerOptions<C, A, T> = {},
): Promise<GodwitServer> => {
  const { adminKey, tls } = options;
  if (adminKey !== undefined) checkAdminKey(adminKey, 'adminKey');
  const running = await startServer({
    settings: checkSettings(options.settings ?? {}),
    data: resolve(options.data ?? PLACES.data.default),
    port: options.port ?? PLACES.port.default,
    host: options.host ?? PLACES.host.default,
    tls: tls === undefined ? undefined : { cert: pem(tls.cert), key: pem(tls.key) },
    adminKey,
    console: options.console ?? PLACES.console.default,
    application: options as unknown as Application,
    logger: loggerOf(options.logger),
  });
  return { ...running, url: `${tls === undefined ? 'http' : 'https'}://localhost:${running.port}` };
};
