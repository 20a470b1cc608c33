// The settings that clients are told of (3.1.3, 5.1.2): durations in milliseconds, sizes in bytes.
import { SETTINGS, type SettingName, type Settings } from '@godwit/protocol';

export const shownSettings = (settings: Settings): Readonly<Record<string, unknown>> =>
  Object.fromEntries((Object.keys(SETTINGS) as SettingName[]).filter((name) => 'shown' in SETTINGS[name]).map((name) => [name, settings[name]]));
