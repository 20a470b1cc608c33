// The settings in force, as discovery tells them (3.1.3), each with its unit, its clause and what it bounds.
import { SETTINGS, type SettingName } from '@godwit/protocol';
import { useAsk } from '../frame/ask.ts';
import { client } from '../frame/session.ts';
import { Tag } from '../parts/controls.tsx';
import { bytes, count, duration } from '../parts/format.ts';
import { Shown } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';

interface Discovery {
  readonly version: string;
  readonly protocolVersion: string;
  readonly limits: Readonly<Record<string, unknown>>;
}

interface SettingRow {
  readonly name: string;
  readonly value: unknown;
}

const ruleOf = (name: string) => (Object.hasOwn(SETTINGS, name) ? SETTINGS[name as SettingName] : undefined);

const valueText = ({ name, value }: SettingRow): string => {
  const unit = ruleOf(name)?.unit;
  if (typeof value === 'number') return unit === 'duration' ? duration(value) : unit === 'size' ? bytes(value) : count(value);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return Array.isArray(value) ? value.join(', ') || 'none' : String(value);
};

const isDefault = ({ name, value }: SettingRow): boolean => JSON.stringify(ruleOf(name)?.default) === JSON.stringify(value);

const COLUMNS: readonly Column<SettingRow>[] = [
  { name: 'Setting', of: ({ name }) => <code>{name}</code> },
  {
    name: 'In force',
    of: (row) => (
      <>
        {valueText(row)} {!isDefault(row) && <Tag tone="accent">set</Tag>}
      </>
    ),
  },
  { name: 'Clause', of: ({ name }) => ruleOf(name)?.clause ?? '' },
  { name: 'What it bounds', of: ({ name }) => <span class="muted">{ruleOf(name)?.reason ?? ''}</span> },
];

export const SettingsInForce = () => {
  const asked = useAsk('discovery', async (signal) => (await client().request<Discovery>('GET', '', { signal })).data);
  return (
    <section aria-label="Settings in force" class="settings">
      <Shown asked={asked} what="the settings">
        {({ version, protocolVersion, limits }) => (
          <>
            <h2>
              Settings in force{' '}
              <span class="muted">
                of server {version}, protocol {protocolVersion}
              </span>
            </h2>
            <Table
              label="Settings in force"
              columns={COLUMNS}
              items={Object.entries(limits).map(([name, value]) => ({ name, value }))}
              keyOf={({ name }) => name}
            />
          </>
        )}
      </Shown>
    </section>
  );
};
