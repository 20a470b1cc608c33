// Making a key (11.1) and minting a token (11.2).
import { isScope } from '@godwit/protocol';
import { useState } from 'preact/hooks';
import { client } from '../frame/session.ts';
import { TextField } from '../parts/controls.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { ScopeList, type ScopeRow, scopeOf } from './scope-list.tsx';

export interface Made {
  readonly kind: 'key' | 'token';
  readonly secret: string;
  readonly scopes: readonly string[];
  readonly expiresAt?: string;
}

interface FormProps {
  readonly onClose: () => void;
  readonly onMade: (made: Made) => void;
}

const LIMITS = [
  ['operationsPerMinute', 'Operations per minute'],
  ['connectionsPerClient', 'Connections'],
  ['messagesPerSecond', 'Messages per second'],
] as const;

export const KeyForm = ({ onClose, onMade }: FormProps) => {
  const [name, setName] = useState('');
  const [owner, setOwner] = useState('');
  const [rows, setRows] = useState<readonly ScopeRow[]>([{ verb: 'subscribe', on: '**' }]);
  const [limits, setLimits] = useState<Readonly<Record<string, string>>>({});
  const scopes = rows.map(scopeOf);
  const given = LIMITS.filter(([limit]) => (limits[limit] ?? '').trim() !== '').map(([limit]) => [limit, Number(limits[limit])] as const);
  const ready = scopes.every(isScope) && given.every(([, value]) => Number.isInteger(value) && value > 0);
  const make = async (): Promise<void> => {
    const { data } = await client().request<{ readonly key: string }>('POST', '/keys', {
      data: {
        scopes,
        ...(name.trim() === '' ? {} : { name: name.trim() }),
        ...(owner.trim() === '' ? {} : { client: owner.trim() }),
        limits: Object.fromEntries(given),
      },
    });
    onMade({ kind: 'key', secret: data.key, scopes });
  };
  return (
    <FormDialog title="New key" verb="Make the key" ready={ready} act={make} onClose={onClose} wide>
      <div class="pair">
        <TextField label="Name" value={name} onInput={setName} autoFocus hint="For you, to know it again." />
        <TextField
          label="Client"
          mono
          value={owner}
          onInput={setOwner}
          hint="Keys with one client share subscriptions and requestIds; empty: a client of its own."
        />
      </div>
      <ScopeList rows={rows} onChange={setRows} />
      <fieldset>
        <legend>Limits of its own</legend>
        <div class="triple">
          {LIMITS.map(([limit, label]) => (
            <TextField
              key={limit}
              label={label}
              type="number"
              placeholder="as the server"
              value={limits[limit] ?? ''}
              onInput={(value) => setLimits({ ...limits, [limit]: value })}
            />
          ))}
        </div>
      </fieldset>
    </FormDialog>
  );
};

const LONGEST_HOURS = 24;

export const TokenForm = ({ onClose, onMade, held }: FormProps & { readonly held: readonly string[] }) => {
  const [minutes, setMinutes] = useState('60');
  const [sub, setSub] = useState('');
  const [rows, setRows] = useState<readonly ScopeRow[]>([]);
  const scopes = rows.map(scopeOf);
  const ttl = Math.round(Number(minutes) * 60);
  const ready = ttl >= 1 && ttl <= LONGEST_HOURS * 3600 && scopes.every(isScope);
  const mint = async (): Promise<void> => {
    const { data } = await client().request<{ readonly token: string; readonly expiresAt: string }>('POST', '/tokens', {
      data: { ttl, ...(sub.trim() === '' ? {} : { sub: sub.trim() }), ...(scopes.length === 0 ? {} : { scopes }) },
    });
    const own = held.includes('admin') ? ['read:*', 'write:*', 'publish:**', 'subscribe:**'] : held;
    onMade({ kind: 'token', secret: data.token, scopes: scopes.length === 0 ? own : scopes, expiresAt: data.expiresAt });
  };
  return (
    <FormDialog title="Mint a token" verb="Mint" ready={ready} act={mint} onClose={onClose} wide>
      <p class="muted">Short-lived, for a browser or a device; made with the key that you are signed in with.</p>
      <div class="pair">
        <TextField label="Lives for, in minutes" type="number" value={minutes} onInput={setMinutes} autoFocus hint={`At most ${LONGEST_HOURS * 60}.`} />
        <TextField label="Subject" mono value={sub} onInput={setSub} hint="Whom it is for; a subject has a budget of its own." />
      </div>
      <ScopeList rows={rows} onChange={setRows} narrow />
      {rows.length === 0 && <p class="hint">Without scopes it may do what the key may, admin aside.</p>}
    </FormDialog>
  );
};
