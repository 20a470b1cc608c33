// How the values of settings are written and read (clause 13): durations, sizes, counts, switches, lists, and the spelling of their names in files, the
// environment and flags, all made from the one table of the protocol. Where they come from is `config.ts`'s business.
import { DURATION_UNITS, SETTINGS, type Setting, type SettingName, type Settings, type SettingUnit } from '@godwit/protocol';

/** A setting that is unknown or ill-formed: one sentence, made to be printed as it is and to stop the start. */
export class ConfigError extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'ConfigError';
  }
}

/** The same where a word of the command line is what is wrong: the command was not understood. */
export class WordError extends ConfigError {}

/** What a setting's value must look like; the rows of SETTINGS are of this form, and so are those of `PLACES` in config.ts. */
export type ValueRule = Pick<Setting, 'min' | 'max'> & {
  readonly unit: SettingUnit | 'path' | 'host' | 'choice';
  readonly choices?: readonly string[];
};

const SIZES = { GB: 1024 ** 3, MB: 1024 ** 2, KB: 1024 } as const;

const AMOUNT = /^(\d{1,16}(?:\.\d{1,6})?)([A-Za-z]*)$/;
const HOST = /^[A-Za-z0-9._:%-]{1,255}$/;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*\\]+$/;

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** `heartbeatInterval` in the environment: `GODWIT_HEARTBEAT_INTERVAL`. */
export const environmentName = (name: string): string => `GODWIT_${snake(name)}`;

/** `heartbeatInterval` as a flag: `--heartbeat-interval`. */
export const flagName = (name: string): string => `--${snake(name).toLowerCase().replaceAll('_', '-')}`;

const inUnits = (value: number, units: Readonly<Record<string, number>>, zero: string, rest: string): string => {
  if (value === 0) return zero;
  for (const [unit, factor] of Object.entries(units)) if (value % factor === 0) return `${value / factor}${unit}`;
  return `${value}${rest}`;
};

/** A value as a person writes it, and as `parseValue` reads it back: `30s`, `1MB`, `off`. */
export const formatValue = (unit: ValueRule['unit'], value: unknown): string => {
  if (unit === 'duration') return inUnits(value as number, DURATION_UNITS, '0s', 'ms');
  if (unit === 'size') return inUnits(value as number, SIZES, '0', '');
  if (unit === 'switch') return value === true ? 'on' : 'off';
  if (unit === 'list') return (value as readonly string[]).join(',');
  return String(value);
};

/** What is allowed, as the end of "must be ...". */
export const describeRule = (rule: ValueRule): string => {
  const from = rule.min === undefined ? '' : ` from ${formatValue(rule.unit, rule.min)}`;
  const range = rule.max === undefined ? from : `${from} to ${formatValue(rule.unit, rule.max)}`;
  switch (rule.unit) {
    case 'duration':
      return `a number with ms, s, m, h or d${range}`;
    case 'size':
      return `a number of bytes or one with KB, MB or GB${range}`;
    case 'count':
      return `a whole number${range}`;
    case 'switch':
      return 'on or off (true or false)';
    case 'list':
      return 'web origins with commas between, such as https://a.example,https://b.example, or *';
    case 'path':
      return 'a path';
    case 'host':
      return 'an address or host name, such as :: or 127.0.0.1';
    case 'choice':
      return `one of ${rule.choices?.join(', ')}`;
  }
};

const amount = (text: string, units: Readonly<Record<string, number>>): number | undefined => {
  const [, digits, unit] = AMOUNT.exec(text) ?? [];
  if (digits === undefined || unit === undefined || !Object.hasOwn(units, unit)) return undefined;
  const factor = units[unit] as number;
  // 1.5h is plain; half a byte or half a millisecond is a mistake.
  return factor === 1 ? Number(digits) : Math.round(Number(digits) * factor);
};

/** An origin exactly as browsers send it: anything else would never match and hide the mistake. */
const isOrigin = (text: string): boolean => {
  if (!ORIGIN.test(text)) return false;
  return /^(?!https?:)/.test(text) || (URL.canParse(text) && new URL(text).origin === text);
};

const list = (value: unknown): readonly string[] | undefined => {
  const items = typeof value === 'string' ? (value.trim() === '' ? [] : value.split(',').map((item) => item.trim())) : value;
  if (!Array.isArray(items)) return undefined;
  const wildcard = items.length === 1 && items[0] === '*';
  return wildcard || items.every((item) => typeof item === 'string' && isOrigin(item)) ? Object.freeze([...new Set<string>(items)]) : undefined;
};

const number = (rule: ValueRule, value: unknown, plainDurations: boolean): number | undefined => {
  // A bare number says nothing of its unit: 30 would be half a minute to one reader and 30 ms to another. Only nothing is nothing in every unit.
  if (typeof value === 'number') return rule.unit !== 'duration' || plainDurations || value === 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  if (rule.unit === 'duration') return value === '0' ? 0 : amount(value, DURATION_UNITS);
  return amount(value, rule.unit === 'size' ? { '': 1, ...SIZES } : { '': 1 });
};

/**
 * Reads one value, as text or as a value of a file; undefined where it is ill-formed or out of bounds. With `plainDurations` a number is
 * milliseconds, as in the library.
 */
export const parseValue = (rule: ValueRule, value: unknown, plainDurations = false): unknown => {
  switch (rule.unit) {
    case 'switch':
      if (typeof value === 'boolean') return value;
      return value === 'on' || value === 'true' ? true : value === 'off' || value === 'false' ? false : undefined;
    case 'list':
      return list(value);
    case 'path':
      return typeof value === 'string' && value !== '' && !/[\0\r\n]/.test(value) ? value : undefined;
    case 'host':
      return typeof value === 'string' && HOST.test(value) ? value : undefined;
    case 'choice':
      return rule.choices?.includes(value as string) === true ? value : undefined;
    default: {
      const read = number(rule, value, plainDurations);
      if (read === undefined || !Number.isSafeInteger(read)) return undefined;
      // `+ 0` makes -0 a plain 0.
      return read >= (rule.min ?? 0) && read <= (rule.max ?? Number.MAX_SAFE_INTEGER) ? read + 0 : undefined;
    }
  }
};

const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] as number) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, change));
    }
    row = next;
  }
  return row[right.length] as number;
};

/** The name that was probably meant, if one is near enough to be worth saying. */
export const nearestName = (given: string, names: readonly string[]): string | undefined => {
  const near = names.map((name) => ({ name, far: distance(given.toLowerCase(), name.toLowerCase()) })).sort((a, b) => a.far - b.far)[0];
  return near !== undefined && near.far <= Math.max(2, Math.floor(given.length / 4)) ? near.name : undefined;
};

/** What was given, short enough for a sentence. */
export const quote = (value: unknown): string => {
  const text =
    typeof value === 'string' || Array.isArray(value) ? JSON.stringify(value) : typeof value === 'object' && value !== null ? 'an object' : String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

/** The settings of a server made by the library: numbers are milliseconds, bytes and counts, strings as in a configuration file. The rest are the defaults. */
export const checkSettings = (partial: Partial<Record<SettingName, string | number | boolean | readonly string[]>>): Settings => {
  const settings: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS))
    settings[name] = Array.isArray(setting.default) ? Object.freeze([...setting.default]) : setting.default;
  for (const [name, value] of Object.entries(partial)) {
    if (!Object.hasOwn(SETTINGS, name)) {
      const meant = nearestName(name, Object.keys(SETTINGS));
      throw new ConfigError(`${quote(name)} is no setting${meant === undefined ? '' : `; did you mean ${meant}?`}`);
    }
    if (value === undefined) continue;
    const rule: ValueRule = SETTINGS[name as SettingName];
    const read = parseValue(rule, value, true);
    if (read === undefined) {
      const plain = rule.unit === 'duration' ? 'a number of milliseconds, or ' : '';
      throw new ConfigError(`The setting ${name} is ${quote(value)}, but must be ${plain}${describeRule(rule)}.`);
    }
    settings[name] = read;
  }
  return Object.freeze(settings) as Settings;
};
