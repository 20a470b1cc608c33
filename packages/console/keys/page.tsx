// API keys and tokens: made here, limited, revoked. A key that is no administrator's can still mint tokens for its own browsers.
import { useState } from 'preact/hooks';
import { useAsk } from '../frame/ask.ts';
import { client, may, session, who } from '../frame/session.ts';
import { Button, Tag } from '../parts/controls.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { count, moment } from '../parts/format.ts';
import { Empty, Shown } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { KeyForm, type Made, TokenForm } from './forms.tsx';
import { SecretDialog } from './secret.tsx';

interface Key {
  readonly id: string;
  readonly name: string | null;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly createdAt: string;
}

const LIMIT_TEXTS: Readonly<Record<string, string>> = { operationsPerMinute: 'op/min', connectionsPerClient: 'connections', messagesPerSecond: 'msg/s' };
const MOST_SCOPES = 6;

const limitsText = (limits: Key['limits']): string =>
  Object.entries(limits)
    .map(([name, value]) => `${count(value)} ${LIMIT_TEXTS[name] ?? name}`)
    .join(', ');

const KeyTable = ({ onRevoke, turn }: { readonly onRevoke: (key: Key) => void; readonly turn: number }) => {
  const asked = useAsk(
    `keys ${turn} ${session.value?.credential}`,
    async (signal) => (await client().request<{ readonly items: readonly Key[] }>('GET', '/keys', { signal })).data.items,
  );
  const columns: readonly Column<Key>[] = [
    {
      name: 'Name',
      of: ({ name, id }) => (
        <>
          <strong>{name ?? 'without a name'}</strong> {id === who.value?.keyId && <Tag tone="accent">yours</Tag>}
        </>
      ),
    },
    { name: 'Client', of: ({ client: owner }) => <code class="cut">{owner}</code> },
    {
      name: 'Scopes',
      of: ({ scopes }) => (
        <span class="tags">
          {scopes.slice(0, MOST_SCOPES).map((scope) => (
            <Tag key={scope} tone={scope === 'admin' ? 'accent' : 'plain'}>
              {scope}
            </Tag>
          ))}
          {scopes.length > MOST_SCOPES && <span class="muted">and {scopes.length - MOST_SCOPES} more</span>}
          {scopes.length === 0 && <span class="muted">none</span>}
        </span>
      ),
    },
    { name: 'Limits of its own', of: ({ limits }) => limitsText(limits) || <span class="muted">as the server</span> },
    { name: 'Made', of: ({ createdAt }) => <time dateTime={createdAt}>{moment(createdAt)}</time> },
    {
      name: 'Actions',
      kind: 'actions',
      of: (key) => (
        <Button kind="quiet" onClick={() => onRevoke(key)} label={`Revoke ${key.name ?? key.id}`}>
          Revoke
        </Button>
      ),
    },
  ];
  return (
    <Shown asked={asked} what="the keys">
      {(items) => <Table label="API keys" columns={columns} items={items} keyOf={({ id }) => id} />}
    </Shown>
  );
};

export const KeysPage = () => {
  const [form, setForm] = useState<'key' | 'token'>();
  const [made, setMade] = useState<Made>();
  const [revoking, setRevoking] = useState<Key>();
  const [turn, setTurn] = useState(0);
  const isAdmin = may('admin');
  const reload = (): void => setTurn((last) => last + 1);
  const keep = (result: Made): void => {
    setForm(undefined);
    setMade(result);
    reload();
  };
  return (
    <div class="page">
      <div class="page-main">
        <header class="page-head">
          <h1>{isAdmin ? 'Keys' : 'Tokens'}</h1>
          <div class="grow" />
          {who.value?.sub === null && <Button onClick={() => setForm('token')}>Mint a token</Button>}
          {isAdmin && (
            <Button kind="primary" onClick={() => setForm('key')}>
              New key
            </Button>
          )}
        </header>
        {isAdmin ? (
          <KeyTable onRevoke={setRevoking} turn={turn} />
        ) : (
          <Empty title="Tokens for browsers and devices">
            <p>A token is short-lived, may do at most what your key may, and is stored nowhere: keep it when it is shown.</p>
          </Empty>
        )}
      </div>
      {form === 'key' && <KeyForm onClose={() => setForm(undefined)} onMade={keep} />}
      {form === 'token' && <TokenForm onClose={() => setForm(undefined)} onMade={keep} held={who.value?.scopes ?? []} />}
      {made !== undefined && <SecretDialog {...made} onClose={() => setMade(undefined)} />}
      {revoking !== undefined && (
        <Confirm
          title={`Revoke ${revoking.name ?? 'this key'}?`}
          verb="Revoke"
          onClose={() => setRevoking(undefined)}
          act={async () => {
            await client().request('DELETE', `/keys/${revoking.id}`);
            reload();
          }}
        >
          <p>
            Its connections are closed at once, its tokens are void, and it cannot be brought back.
            {revoking.id === who.value?.keyId && ' It is the key that you are signed in with.'}
          </p>
        </Confirm>
      )}
    </div>
  );
};
