// Durable subscriptions: how far each has come, how far behind it is and was, who has it, and how often it was told again.
import { isPattern } from '@godwit/protocol';
import { useRef, useState } from 'preact/hooks';
import { useAsk } from '../frame/ask.ts';
import { client, may, session } from '../frame/session.ts';
import { Button, Choice, Copy, Tag, TextField } from '../parts/controls.tsx';
import { Confirm, FormDialog } from '../parts/dialog.tsx';
import { count, duration } from '../parts/format.ts';
import { Sparkline } from '../parts/sparkline.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { MOST_SAMPLES, Samples } from './samples.ts';

interface Durable {
  readonly name: string;
  readonly client: string;
  readonly topics: readonly string[];
  readonly cursor: string;
  readonly pending: number;
  readonly attached: boolean;
  readonly ackWait: number;
  readonly redeliveries: number;
}

const EVERY_MS = 2000;
/** Up to where the server counts (6.2.4). */
const MOST_PENDING = 10_000;

const nameOf = ({ client: owner, name }: Durable): string => `${owner}\n${name}`;
const pendingText = (pending: number): string => (pending >= MOST_PENDING ? `${count(MOST_PENDING)} or more` : count(pending));

const CreateDialog = ({ onClose, onDone }: { readonly onClose: () => void; readonly onDone: () => void }) => {
  const [name, setName] = useState('');
  const [topics, setTopics] = useState('');
  const [after, setAfter] = useState<'latest' | 'earliest'>('latest');
  const patterns = topics.split(/[\s,]+/).filter((part) => part !== '');
  const wrong = patterns.find((pattern) => !isPattern(pattern));
  const ready = /^[A-Za-z0-9_-]{1,64}$/.test(name) && patterns.length > 0 && wrong === undefined;
  const create = async (): Promise<void> => {
    await client().request('POST', '/subscriptions', { data: { name, topics: patterns, after } });
    onDone();
    onClose();
  };
  return (
    <FormDialog title="New durable subscription" verb="Create" ready={ready} act={create} onClose={onClose}>
      <TextField label="Name" mono autoFocus value={name} onInput={setName} hint="Letters, digits, - and _. It belongs to your client." />
      <TextField
        label="Patterns"
        mono
        value={topics}
        onInput={setTopics}
        error={wrong === undefined ? undefined : `${wrong} is no pattern`}
        hint="orders.**, payments.*"
      />
      <Choice
        label="Begins at"
        value={after}
        onChange={setAfter}
        options={[
          ['latest', 'what is published from now on'],
          ['earliest', 'the beginning of the log'],
        ]}
      />
    </FormDialog>
  );
};

export const SubscriptionsPage = () => {
  const [removing, setRemoving] = useState<Durable>();
  const [creating, setCreating] = useState(false);
  const samples = useRef(new Samples());
  const isAdmin = may('admin');
  const asked = useAsk(
    `subscriptions ${session.value?.credential}`,
    async (signal) => {
      const { data } = await client().request<{ readonly items: readonly Durable[] }>('GET', `/subscriptions${isAdmin ? '?all=true' : ''}`, { signal });
      samples.current.add(new Map(data.items.map((item) => [nameOf(item), item.pending])));
      return data.items;
    },
    EVERY_MS,
  );
  const columns: readonly Column<Durable>[] = [
    { name: 'Name', of: ({ name }) => <strong class="mono">{name}</strong> },
    ...(isAdmin ? [{ name: 'Client', of: ({ client: owner }: Durable) => <code class="cut">{owner}</code> }] : []),
    {
      name: 'Patterns',
      of: ({ topics }) => (
        <span class="tags">
          {topics.slice(0, 4).map((topic) => (
            <code key={topic}>{topic}</code>
          ))}
          {topics.length > 4 && <span class="muted">and {topics.length - 4} more</span>}
        </span>
      ),
    },
    { name: 'State', of: ({ attached }) => (attached ? <Tag tone="good">attached</Tag> : <Tag>nobody</Tag>) },
    { name: 'Pending', kind: 'number', of: ({ pending }) => pendingText(pending) },
    {
      name: 'Lag, 5 minutes',
      of: (item) => {
        const values = samples.current.of(nameOf(item));
        return (
          <Sparkline
            values={values}
            slots={MOST_SAMPLES}
            label={`Pending over the last minutes: now ${count(item.pending)}, at most ${count(Math.max(...values, 0))}`}
          />
        );
      },
    },
    { name: 'Sent again', kind: 'number', of: ({ redeliveries }) => count(redeliveries) },
    { name: 'Ack wait', kind: 'number', of: ({ ackWait }) => duration(ackWait) },
    {
      name: 'Acknowledged up to',
      of: ({ cursor }) => (
        <>
          <code>{cursor}</code> <Copy text={cursor} label="cursor" />
        </>
      ),
    },
    {
      name: 'Actions',
      kind: 'actions',
      of: (item) => (
        <Button kind="quiet" onClick={() => setRemoving(item)} label={`Delete ${item.name}`}>
          Delete
        </Button>
      ),
    },
  ];
  return (
    <div class="page">
      <div class="page-main">
        <header class="page-head">
          <h1>Subscriptions</h1>
          {asked.data !== undefined && <span class="muted">{count(asked.data.length)} durable</span>}
          <div class="grow" />
          <Button kind="primary" onClick={() => setCreating(true)}>
            New subscription
          </Button>
        </header>
        <Shown asked={asked} what="the subscriptions">
          {(items) =>
            items.length === 0 ? (
              <Empty title="No durable subscriptions">
                <p>
                  A durable subscription has a name; the server keeps the place up to which its messages are acknowledged, so nothing is missed while nobody
                  listens.
                </p>
              </Empty>
            ) : (
              <Table label="Durable subscriptions" columns={columns} items={items} keyOf={nameOf} />
            )
          }
        </Shown>
      </div>
      {creating && <CreateDialog onClose={() => setCreating(false)} onDone={asked.reload} />}
      {removing !== undefined && (
        <Confirm
          title={`Delete ${removing.name}?`}
          verb="Delete"
          onClose={() => setRemoving(undefined)}
          act={async () => {
            await client().request('DELETE', `/subscriptions/${removing.name}?client=${encodeURIComponent(removing.client)}`);
            asked.reload();
          }}
        >
          <p>
            Its place in the log is forgotten: {pendingText(removing.pending)} pending messages will not reach it.{' '}
            {removing.attached && 'Who is attached to it is told and gets nothing more.'}
          </p>
        </Confirm>
      )}
    </div>
  );
};
