// `godwit config`: the settings in force and where each comes from: those that `godwit serve` would run with here, or those that a running server tells of itself.
import { SETTINGS } from '@godwit/protocol';
import { explainConfig, formatValue, type SettingInForce } from '../config.ts';
import { ConfigError, WordError } from '../settings.ts';
import type { Call, Run } from './frame/call.ts';
import { EXIT } from './frame/exit.ts';
import { CommandError } from './frame/failure.ts';

type Row = Omit<SettingInForce, 'clause'> & { readonly clause?: string };

/** What discovery says (3.1.3), in the words of the settings. */
const ofServer = async ({ connect, signal }: Call<'config'>): Promise<readonly Row[]> => {
  const client = await connect();
  const { data } = await client.request<{ limits: Readonly<Record<string, unknown>> }>('GET', '', { signal });
  return Object.entries(data.limits).map(([name, value]) => {
    const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name as keyof typeof SETTINGS] : undefined;
    const text = (one: unknown): string => (setting === undefined ? String(one) : formatValue(setting.unit, one));
    const fallback = setting === undefined ? '' : text(setting.default);
    return {
      name,
      value: text(value),
      default: fallback,
      source: text(value) === fallback ? 'default' : 'server',
      ...(setting === undefined ? {} : { clause: setting.clause }),
    };
  });
};

const ofHere = async ({ words, env, cwd }: Call<'config'>): Promise<readonly Row[]> => {
  try {
    return await explainConfig({ argv: words.flags, env, cwd });
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, { code: 'CONFIG', exit: error instanceof WordError ? EXIT.usage : EXIT.failed });
    throw error;
  }
};

export const config: Run<'config'> = async (call) => {
  const { flags, output } = call;
  const rows = flags.server ? await ofServer(call) : await ofHere(call);
  const shown = flags.changed ? rows.filter(({ source }) => source !== 'default') : rows;
  await output.table(['name', 'value', 'default', 'source', 'clause'], shown as unknown as Record<string, unknown>[], 'Every setting has its default.');
};
