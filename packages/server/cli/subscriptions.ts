// `godwit subscriptions`: durable subscriptions, which live at the server until they are deleted (6.2.4).
import type { Run } from './frame/call.ts';
import { path, query } from './frame/path.ts';

interface Durable {
  readonly name: string;
  readonly topics: readonly string[];
  readonly cursor: string;
  readonly pending: number;
  readonly attached: boolean;
  readonly [member: string]: unknown;
}

const rowOf = ({ topics, ...rest }: Durable): Record<string, unknown> => ({ ...rest, topics: topics.join(' ') });

export const listSubscriptions: Run<'subscriptions list'> = async ({ flags, output, signal, connect }) => {
  const client = await connect();
  const { data } = await client.request<{ items: readonly Durable[] }>('GET', `/subscriptions${query({ client: flags.client })}`, { signal });
  const rows = output.json ? data.items : data.items.map(rowOf);
  await output.table(['name', 'topics', 'pending', 'attached', 'redeliveries', 'cursor'], rows, 'There are no durable subscriptions.');
};

export const showSubscription: Run<'subscriptions show'> = async ({ words, flags, output, signal, connect }) => {
  const client = await connect();
  const { data } = await client.request<Durable>('GET', path('subscriptions', words.name) + query({ client: flags.client }), { signal });
  await output.record(output.json ? data : rowOf(data));
};

export const createSubscription: Run<'subscriptions create'> = async ({ words, flags, output, signal, connect }) => {
  const client = await connect();
  const { after, 'ack-wait': ackWait } = flags;
  const data = { name: words.name, topics: words.pattern, ...(after === undefined ? {} : { after }), ...(ackWait === undefined ? {} : { ackWait }) };
  const answer = await client.request<Durable>('POST', '/subscriptions', { data, signal });
  await output.record(output.json ? answer.data : rowOf(answer.data));
};

export const deleteSubscriptions: Run<'subscriptions delete'> = async ({ words, flags, output, signal, connect }) => {
  const client = await connect();
  for (const name of words.name) {
    await client.request('DELETE', path('subscriptions', name) + query({ client: flags.client }), { signal });
    await output.show({ name, deleted: true }, `Removed ${name}`);
  }
};
