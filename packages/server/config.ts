// What `godwit serve` is told: defaults, then the configuration file, the environment and the flags, the later over the earlier, checked once and
// frozen (clause 13, 12.4). It refuses what is unknown or ill-formed in one sentence, and never repeats a secret.
import { dirname, resolve } from 'node:path';
import { ADMIN_KEY_LENGTH, CREDENTIAL_CHARACTERS, isCredential, SETTINGS, type Settings } from '@godwit/protocol';
import { type ConfigFile, loadConfigFile } from './config-file.ts';
import {
  ConfigError,
  checkSettings,
  describeRule,
  environmentName,
  flagName,
  formatValue,
  nearestName,
  parseValue,
  quote,
  type ValueRule,
  WordError,
} from './settings.ts';

export { ConfigError, checkSettings, environmentName, flagName, formatValue, WordError } from './settings.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ServeConfig {
  readonly settings: Settings;
  readonly port: number;
  readonly host: string;
  /** Absolute, like every path here. */
  readonly data: string;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** The configuration file that was read, if any. */
  readonly config: string | undefined;
  readonly logLevel: LogLevel;
  readonly console: boolean;
  /** `GODWIT_ADMIN_KEY` (12.4). */
  readonly adminKey: string | undefined;
  /** What the file says of the application: not looked into here. */
  readonly application: { readonly collections?: object; readonly topics?: object; readonly actions?: object };
}

type Place = ValueRule & { readonly default?: string | number | boolean; readonly clause: string; readonly reason: string };

/** Settings of the process rather than of the protocol: where it listens, stores and writes. */
export const PLACES = {
  port: { unit: 'count', default: 7117, min: 0, max: 65_535, clause: '12.4', reason: 'the TCP port; 0 takes a free one' },
  host: { unit: 'host', default: '::', clause: '2.2', reason: 'the address to listen on; `::` serves IPv4 and IPv6' },
  data: { unit: 'path', default: 'godwit-data', clause: '12.4', reason: 'the directory of the store, made where it is missing' },
  tlsCert: { unit: 'path', clause: '2.1', reason: 'a PEM file of the certificate and its chain; with `tlsKey` the port speaks TLS only' },
  tlsKey: { unit: 'path', clause: '2.1', reason: 'a PEM file of the private key' },
  config: { unit: 'path', clause: '13', reason: 'the configuration file; `godwit.config.json`, `.js` or `.ts` in the working directory is found by itself' },
  logLevel: { unit: 'choice', choices: LOG_LEVELS, default: 'info', clause: '12', reason: 'the least that is logged' },
  console: {
    unit: 'switch',
    default: true,
    clause: '3.1.1',
    reason: 'whether the pages for people are served: the console at `/console`, the reference at `/docs`',
  },
} as const satisfies Record<string, Place>;

const RULES: ReadonlyMap<string, ValueRule> = new Map(Object.entries({ ...PLACES, ...SETTINGS }));
const NAMES = [...RULES.keys()];

/** Members of a file that are not settings: those of the application, and what editors look for. */
const PASSED_THROUGH: ReadonlySet<string> = new Set(['collections', 'topics', 'actions', '$schema']);

/** Variables that an orchestrator makes of services by our name: `GODWIT_PORT=tcp://...`, `GODWIT_SERVICE_HOST`, `GODWIT_CONSOLE_PORT_80_TCP`. */
const INJECTED_NAME = /^GODWIT_(?:SERVICE_.*|(?:.+_)?SERVICE_(?:HOST|PORT)(?:_.*)?|(?:.+_)?PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
const INJECTED_ADDRESS = /^(?:tcp|udp|sctp):\/\//;

const ADMIN_KEY_VARIABLE = 'GODWIT_ADMIN_KEY';
/** What the other commands read: whom they ask, and as whom. */
const CLIENT_VARIABLES: ReadonlySet<string> = new Set(['GODWIT_URL', 'GODWIT_KEY', 'GODWIT_TOKEN']);

/** What an admin key must be (12.4). */
const ADMIN_KEY_RULE = `${ADMIN_KEY_LENGTH} or more characters of ${CREDENTIAL_CHARACTERS}`;

/** Throws, without repeating it, where a key cannot be the admin key; `name` is what its giver calls it. */
export const checkAdminKey = (key: unknown, name: string): void => {
  if (isCredential(key) && key.length >= ADMIN_KEY_LENGTH) return;
  throw new ConfigError(
    `${name} must be ${ADMIN_KEY_RULE}: a WebSocket carries no others (5.1.1). Choose another, as \`openssl rand -hex 24\` makes one; in a store that has such a key already it takes its place, and nothing else is lost but the tokens that were made with it.`,
  );
};

/** A value and where it came from, for the sentence that refuses it; `base` is what a relative path is relative to. */
interface Given {
  readonly value: unknown;
  readonly source: string;
  readonly base: string;
}
type Layer = Map<string, Given>;

const unknown = (given: string, candidates: readonly string[], where = ''): string => {
  const meant = nearestName(given, candidates);
  return `${given} ${where}is no setting; ${meant === undefined ? 'godwit serve --help lists them.' : `did you mean ${meant}?`}`;
};

const fromEnvironment = (env: Readonly<Record<string, string | undefined>>, cwd: string): Layer => {
  const layer: Layer = new Map();
  const names = new Map(NAMES.map((name) => [environmentName(name), name]));
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('GODWIT_') || value === undefined || variable === ADMIN_KEY_VARIABLE || CLIENT_VARIABLES.has(variable)) continue;
    if (INJECTED_NAME.test(variable) || (/_PORT$/.test(variable) && INJECTED_ADDRESS.test(value))) continue;
    const name = names.get(variable);
    if (name === undefined) throw new ConfigError(unknown(variable, [...names.keys(), ADMIN_KEY_VARIABLE], 'in the environment '));
    layer.set(name, { value, source: variable, base: cwd });
  }
  return layer;
};

const fromFlags = (argv: readonly string[], cwd: string): Layer => {
  const layer: Layer = new Map();
  const names = new Map(NAMES.map((name) => [flagName(name), name]));
  const candidates = [...names.keys(), '--help'];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] as string;
    const equals = word.indexOf('=');
    const flag = equals === -1 ? word : word.slice(0, equals);
    // A word that is no flag may be a secret that lost its flag: it is not repeated.
    if (!flag.startsWith('-'))
      throw new WordError(`godwit serve takes flags only, but word ${index + 1} of its arguments is none; godwit serve --help lists them.`);
    if (flag === '--admin-key')
      throw new WordError(`The admin key comes from ${ADMIN_KEY_VARIABLE}, not from a flag, which every user of the machine could read.`);
    const negated = flag.startsWith('--no-') ? names.get(`--${flag.slice(5)}`) : undefined;
    const name = negated ?? names.get(flag);
    const rule = name === undefined ? undefined : RULES.get(name);
    if (name === undefined || rule === undefined || (negated !== undefined && rule.unit !== 'switch')) throw new WordError(unknown(flag, candidates));
    let value: unknown = equals === -1 ? undefined : word.slice(equals + 1);
    if (negated !== undefined) {
      if (equals !== -1) throw new WordError(`${flag} takes no value; say ${flagName(name)}=off.`);
      value = false;
    } else if (value === undefined && rule.unit === 'switch') {
      // A switch needs no value, but may have one behind it.
      value = /^(?:on|off|true|false)$/.test(argv[index + 1] ?? '') ? argv[++index] : true;
    } else if (value === undefined) {
      value = argv[++index];
      if (value === undefined || String(value).startsWith('--')) throw new WordError(`${flag} needs a value: ${describeRule(rule)}.`);
    }
    layer.set(name, { value, source: flag, base: cwd });
  }
  return layer;
};

const fromFile = (path: string, members: Readonly<Record<string, unknown>>): Layer => {
  const layer: Layer = new Map();
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined || PASSED_THROUGH.has(name)) continue;
    if (name === 'adminKey') throw new ConfigError(`The admin key comes from ${ADMIN_KEY_VARIABLE}, not from the file ${path}.`);
    if (name === 'config') throw new ConfigError(`The file ${path} names a configuration file (config), which only flags and the environment may.`);
    if (!RULES.has(name)) throw new ConfigError(unknown(name, [...NAMES, ...PASSED_THROUGH], `in ${path} `));
    layer.set(name, { value, source: path, base: dirname(path) });
  }
  return layer;
};

const readGiven = (name: string, { value, source, base }: Given): unknown => {
  const rule = RULES.get(name) as ValueRule;
  const read = parseValue(rule, value);
  if (read === undefined) {
    // A key pasted where its file's name belongs must not reach a log.
    const given = rule.unit === 'path' ? '' : `is ${quote(value)}, but `;
    const Wrong = source.startsWith('--') ? WordError : ConfigError;
    throw new Wrong(`The setting ${name} from ${source} ${given}must be ${describeRule(rule)}.`);
  }
  return rule.unit === 'path' ? resolve(base, read as string) : read;
};

const applicationOf = (path: string, members: Readonly<Record<string, unknown>>): ServeConfig['application'] => {
  const application: { collections?: object; topics?: object; actions?: object } = {};
  for (const name of ['collections', 'topics', 'actions'] as const) {
    const value = members[name];
    if (value === undefined) continue;
    if ((typeof value !== 'object' || value === null) && !(name === 'actions' && typeof value === 'function'))
      throw new ConfigError(`${name} in ${path} is ${quote(value)}, but must be an object.`);
    application[name] = value;
  }
  return Object.freeze(application);
};

export interface ConfigSources {
  /** The words behind `godwit serve`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

interface Told {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each value came from: a flag, a variable, a file. */
  readonly sources: Readonly<Record<string, string>>;
  readonly file: ConfigFile | undefined;
}

const read = async ({ argv, env, cwd }: ConfigSources): Promise<Told> => {
  const flags = fromFlags(argv, cwd);
  const environment = fromEnvironment(env, cwd);
  const named = flags.get('config') ?? environment.get('config');
  const file = await loadConfigFile(cwd, named === undefined ? undefined : { path: readGiven('config', named) as string, source: named.source });
  const layers = [file === undefined ? new Map() : fromFile(file.path, file.members), environment, flags];
  const values: Record<string, unknown> = {};
  const sources: Record<string, string> = {};
  // Each layer is checked whole: a mistake that a later one hides today shows up at the worst time.
  for (const layer of layers) {
    for (const [name, given] of layer) {
      values[name] = readGiven(name, given);
      sources[name] = given.source;
    }
  }
  return { values, sources, file };
};

/** Everything `godwit serve` is told, checked and frozen. Throws `ConfigError`. */
export const loadConfig = async (sources: ConfigSources): Promise<ServeConfig> => configOf(await read(sources), sources);

const configOf = ({ values, file }: Told, { env, cwd }: ConfigSources): ServeConfig => {
  const { tlsCert, tlsKey } = values as { tlsCert?: string; tlsKey?: string };
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [given, missing] = tlsCert === undefined ? ['tlsKey', 'tlsCert'] : ['tlsCert', 'tlsKey'];
    throw new ConfigError(`The setting ${given} is given without ${missing}; TLS needs both.`);
  }
  const adminKey = env[ADMIN_KEY_VARIABLE];
  if (adminKey !== undefined) checkAdminKey(adminKey, ADMIN_KEY_VARIABLE);
  return Object.freeze({
    settings: checkSettings(Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(SETTINGS, name)))),
    port: (values.port as number | undefined) ?? PLACES.port.default,
    host: (values.host as string | undefined) ?? PLACES.host.default,
    data: (values.data as string | undefined) ?? resolve(cwd, PLACES.data.default),
    tlsCert,
    tlsKey,
    config: file?.path,
    logLevel: (values.logLevel as LogLevel | undefined) ?? PLACES.logLevel.default,
    console: (values.console as boolean | undefined) ?? PLACES.console.default,
    adminKey,
    application: file === undefined ? Object.freeze({}) : applicationOf(file.path, file.members),
  });
};

/** A setting in force, as a person writes it. */
export interface SettingInForce {
  readonly name: string;
  readonly value: string;
  readonly default: string;
  /** `default`, or the flag, variable or file that it came from. */
  readonly source: string;
  readonly clause: string;
}

/** Every setting that `godwit serve` would run with, and where each comes from. Throws `ConfigError`. */
export const explainConfig = async (sources: ConfigSources): Promise<SettingInForce[]> => {
  const told = await read(sources);
  const config = configOf(told, sources);
  const inForce: Readonly<Record<string, unknown>> = { ...config, ...config.settings };
  return Object.entries<Place | (typeof SETTINGS)[keyof typeof SETTINGS]>({ ...PLACES, ...SETTINGS }).map(([name, { unit, clause, default: fallback }]) => {
    const text = (value: unknown): string => (value === undefined ? '' : formatValue(unit, value));
    return { name, value: text(inForce[name]), default: text(fallback), source: told.sources[name] ?? 'default', clause };
  });
};

const PLACEHOLDERS: Readonly<Record<ValueRule['unit'], string>> = {
  duration: ' <duration>',
  size: ' <size>',
  count: ' <number>',
  switch: '',
  list: ' <origins>',
  path: ' <path>',
  host: ' <address>',
  choice: ' <level>',
};

/** The flags of `godwit serve --help`, made from the tables. */
export const settingsHelp = (): string => {
  const lines: string[] = [];
  for (const [name, entry] of Object.entries<Place | (typeof SETTINGS)[keyof typeof SETTINGS]>({ ...PLACES, ...SETTINGS })) {
    const fallback = entry.default === undefined ? '' : formatValue(entry.unit, entry.default);
    lines.push(`  ${`${flagName(name)}${PLACEHOLDERS[entry.unit]}`.padEnd(36)} ${(fallback === '' ? '-' : fallback).padEnd(12)} ${environmentName(name)}`);
    lines.push(`      ${entry.reason.replaceAll('`', '')} (${entry.clause})`);
  }
  lines.push('', 'Durations are a number with ms, s, m, h or d (0 alone is 0); sizes a number of bytes or with KB, MB or GB (1KB is 1,024 bytes).');
  lines.push('Switches: --web-socket-compression, --no-web-socket-compression, --web-socket-compression=on|off.');
  lines.push('In a configuration file the names are heartbeatInterval and so on; flags win over the environment, and it over the file.');
  lines.push(`${ADMIN_KEY_VARIABLE} gives the first admin key: ${ADMIN_KEY_RULE}`);
  return `${lines.join('\n')}\n`;
};
