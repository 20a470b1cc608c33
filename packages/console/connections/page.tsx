// Who is connected: over what, since when, how much goes each way, what waits for them; and the means to end one.
import { useRef, useState } from 'preact/hooks';
import { useAsk } from '../frame/ask.ts';
import { client, session } from '../frame/session.ts';
import { Button, Tag, TextField } from '../parts/controls.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { bytes, count, duration, rate } from '../parts/format.ts';
import { Empty, Shown } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { type ConnectionNow, Rates } from './rates.ts';

const EVERY_MS = 2000;
const MOST_SHOWN = 200;
const TRANSPORTS: Readonly<Record<string, string>> = { websocket: 'WebSocket', sse: 'Event stream' };

export const ConnectionsPage = () => {
  const [ending, setEnding] = useState<ConnectionNow>();
  const [filter, setFilter] = useState('');
  const rates = useRef(new Rates());
  const asked = useAsk(
    `connections ${session.value?.credential}`,
    async (signal) => {
      const { data } = await client().request<{ readonly items: readonly ConnectionNow[] }>('GET', '/connections', { signal });
      rates.current.look(data.items, Date.now());
      return data.items;
    },
    EVERY_MS,
  );
  const columns: readonly Column<ConnectionNow>[] = [
    { name: 'Client', of: ({ client: owner }) => <strong class="mono cut">{owner}</strong> },
    { name: 'Over', of: ({ transport }) => TRANSPORTS[transport] ?? transport },
    { name: 'From', of: ({ address }) => <code>{address}</code> },
    { name: 'Open for', kind: 'number', of: ({ openedAt }) => duration(Date.now() - Date.parse(openedAt)) },
    { name: 'Subscriptions', kind: 'number', of: ({ subscriptions }) => count(subscriptions) },
    { name: 'Messages in', kind: 'number', of: ({ id }) => `${rate(rates.current.of(id).messagesIn)}/s` },
    { name: 'In', kind: 'number', of: ({ id }) => `${bytes(rates.current.of(id).bytesIn)}/s` },
    { name: 'Out', kind: 'number', of: ({ id }) => `${bytes(rates.current.of(id).bytesOut)}/s` },
    { name: 'Outbox', kind: 'number', of: ({ queuedBytes }) => bytes(queuedBytes) },
    { name: 'State', of: ({ behind }) => (behind ? <Tag tone="warn">reading the log</Tag> : <Tag tone="good">in the feed</Tag>) },
    {
      name: 'Actions',
      kind: 'actions',
      of: (item) => (
        <Button kind="quiet" onClick={() => setEnding(item)} label={`End the connection of ${item.client}`}>
          End
        </Button>
      ),
    },
  ];
  const wanted = filter.trim().toLowerCase();
  const fits = (item: ConnectionNow): boolean => [item.client, item.transport, item.address, item.id].some((text) => text.toLowerCase().includes(wanted));
  return (
    <div class="page">
      <div class="page-main">
        <header class="page-head">
          <h1>Connections</h1>
          {asked.data !== undefined && <span class="muted">{count(asked.data.length)} open</span>}
          <div class="grow" />
          <TextField label="Filter by client, transport or address" hidden type="search" placeholder="Filter" value={filter} onInput={setFilter} />
        </header>
        <Shown asked={asked} what="the connections">
          {(all) => {
            const items = all.filter(fits);
            if (items.length === 0)
              return (
                <Empty title={all.length === 0 ? 'Nobody is connected' : 'None fits the filter'}>
                  WebSockets and event streams appear here; long polls are on the Health page.
                </Empty>
              );
            return (
              <>
                <Table label="Connections" columns={columns} items={items.slice(0, MOST_SHOWN)} keyOf={({ id }) => id} />
                {items.length > MOST_SHOWN && (
                  <p class="muted after-table">
                    The first {count(MOST_SHOWN)} of {count(items.length)}: filter for others.
                  </p>
                )}
              </>
            );
          }}
        </Shown>
      </div>
      {ending !== undefined && (
        <Confirm
          title="End this connection?"
          verb="End it"
          onClose={() => setEnding(undefined)}
          act={async () => {
            await client().request('DELETE', `/connections/${ending.id}`);
            asked.reload();
          }}
        >
          <p>
            <code>{ending.client}</code> from <code>{ending.address}</code> is closed with 4101. A client that keeps to the protocol comes back after a while;
            to keep it out, revoke its key.
          </p>
        </Confirm>
      )}
    </div>
  );
};
