// The configuration file of `godwit serve` (clause 13): found, loaded, and handed on as a plain object. What its members mean is `config.ts`'s business.
import { access, readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseJson } from '@godwit/protocol';
import { ConfigError } from './settings.ts';

const NAMES = ['godwit.config.json', 'godwit.config.js', 'godwit.config.ts'] as const;

export interface ConfigFile {
  readonly path: string;
  readonly members: Readonly<Record<string, unknown>>;
}

const VALUE = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?|true|false|null/y;
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;
const SPACE = /[ \t\r\n]*/y;

/** Where a text stops being JSON: the runtime's own message names the place only sometimes. */
export const jsonFault = (text: string): { line: number; column: number } => {
  let at = 0;
  const take = (token: RegExp): boolean => {
    token.lastIndex = at;
    const found = token.test(text);
    if (found) at = token.lastIndex;
    SPACE.lastIndex = at;
    if (found && SPACE.test(text)) at = SPACE.lastIndex;
    return found;
  };
  const members = (close: RegExp, member: () => boolean): boolean => {
    if (take(close)) return true;
    do if (!member()) return false;
    while (take(/,/y));
    return take(close);
  };
  const value = (): boolean => {
    if (take(VALUE)) return true;
    if (take(/\[/y)) return members(/\]/y, value);
    return take(/\{/y) && members(/\}/y, () => take(STRING) && take(/:/y) && value());
  };
  take(SPACE);
  value();
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
};

const readJson = async (path: string): Promise<unknown> => {
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  try {
    JSON.parse(text);
  } catch (cause) {
    const { line, column } = jsonFault(text);
    throw new ConfigError(`The configuration file ${path} is not JSON: line ${line}, column ${column}.`, { cause });
  }
  try {
    // A member given twice would silently win over the other.
    return parseJson(text, 1000);
  } catch (cause) {
    throw new ConfigError(`The configuration file ${path} is not sound: ${(cause as Error).message}`, { cause });
  }
};

const readModule = async (path: string): Promise<unknown> => {
  const module: { default?: unknown } = await import(pathToFileURL(path).href);
  if (module.default === undefined) throw new ConfigError(`The configuration file ${path} has no default export.`);
  return typeof module.default === 'function' ? await module.default() : await module.default;
};

const load = async (path: string): Promise<ConfigFile> => {
  let members: unknown;
  try {
    members = path.endsWith('.json') ? await readJson(path) : await readModule(path);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`The configuration file ${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (typeof members !== 'object' || members === null || Array.isArray(members)) throw new ConfigError(`The configuration file ${path} must hold an object.`);
  return { path, members: members as Record<string, unknown> };
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Loads the file that was named, else the one that lies in the working directory, if any. */
export const loadConfigFile = async (cwd: string, named: { readonly path: string; readonly source: string } | undefined): Promise<ConfigFile | undefined> => {
  if (named !== undefined) {
    const path = resolve(cwd, named.path);
    if (!/\.(?:json|[cm]?[jt]s)$/.test(path))
      throw new ConfigError(`The setting config from ${named.source} is ${JSON.stringify(named.path)}, but must be a .json, .js or .ts file.`);
    if (!(await exists(path))) throw new ConfigError(`The setting config from ${named.source} names ${path}, which is not there.`);
    return load(path);
  }
  const found: string[] = [];
  for (const name of NAMES) if (await exists(resolve(cwd, name))) found.push(resolve(cwd, name));
  if (found.length > 1) throw new ConfigError(`There are ${found.map((path) => basename(path)).join(' and ')} in ${cwd}: keep one, or name one with --config.`);
  return found[0] === undefined ? undefined : load(found[0]);
};
