// `godwit connections`: who is connected, and the end of it (11.5).
import type { Run } from './frame/call.ts';
import { path } from './frame/path.ts';

export const listConnections: Run<'connections list'> = async ({ output, signal, connect }) => {
  const client = await connect();
  const { data } = await client.request<{ items: readonly Record<string, unknown>[] }>('GET', '/connections', { signal });
  const columns = ['id', 'client', 'sub', 'transport', 'address', 'openedAt', 'subscriptions', 'queuedBytes', 'behind'];
  await output.table(columns, data.items, 'Nobody is connected.');
};

export const endConnections: Run<'connections end'> = async ({ words, output, signal, connect }) => {
  const client = await connect();
  for (const id of words.id) {
    await client.request('DELETE', path('connections', id), { signal });
    await output.show({ id, ended: true }, `Ended ${id}`);
  }
};
