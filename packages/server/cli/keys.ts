// `godwit keys`: API keys made, shown and revoked (11.1). A key is printed where it was just made, and never again.
import type { KeyShape } from '@godwit/protocol';
import type { Run } from './frame/call.ts';
import { path } from './frame/path.ts';
import { UsageError } from './frame/usage.ts';

type Made = KeyShape & { readonly key?: string };

export const createKey: Run<'keys create'> = async ({ flags, output, signal, connect }) => {
  if (flags.scope.length === 0) throw new UsageError("A key needs scopes: --scope 'read:orders', --scope admin.", 'keys create');
  const limits = {
    ...(flags['operations-per-minute'] === undefined ? {} : { operationsPerMinute: flags['operations-per-minute'] }),
    ...(flags['connections-per-client'] === undefined ? {} : { connectionsPerClient: flags['connections-per-client'] }),
    ...(flags['messages-per-second'] === undefined ? {} : { messagesPerSecond: flags['messages-per-second'] }),
  };
  const data = {
    scopes: flags.scope,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.client === undefined ? {} : { client: flags.client }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
  const client = await connect();
  const { data: made } = await client.request<Made>('POST', '/keys', { data, signal });
  if (output.json) return output.value(made);
  const { key, ...rest } = made;
  await output.record(rest);
  await output.line('');
  await output.line(`The key, shown this once: ${output.style('bold', key ?? '')}`);
};

export const listKeys: Run<'keys list'> = async ({ output, signal, connect }) => {
  const client = await connect();
  const { data } = await client.request<{ items: readonly KeyShape[] }>('GET', '/keys', { signal });
  if (output.json) return output.table([], data.items);
  const rows = data.items.map(({ scopes, limits, ...rest }) => ({
    ...rest,
    scopes: scopes.join(' '),
    limits: Object.entries(limits)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  }));
  await output.table(['id', 'name', 'client', 'scopes', 'limits', 'createdAt'], rows, 'There are no keys.');
};

export const revokeKeys: Run<'keys revoke'> = async ({ words, output, signal, connect }) => {
  const client = await connect();
  for (const id of words.id) {
    await client.request('DELETE', path('keys', id), { signal });
    await output.show({ id, revoked: true }, `Revoked ${id}`);
  }
};
