// What carries a command out: a file each, loaded when it is asked for, so that `godwit --help` loads none of them.
import type { Run } from './frame/call.ts';
import type { CommandName } from './table.ts';

type Loaded = Exclude<CommandName, 'serve' | 'help'>;

export const LOADERS: { readonly [N in Loaded]: () => Promise<Run<N>> } = {
  publish: async () => (await import('./publish.ts')).publish,
  subscribe: async () => (await import('./subscribe.ts')).subscribe,
  poll: async () => (await import('./poll.ts')).poll,
  'subscriptions list': async () => (await import('./subscriptions.ts')).listSubscriptions,
  'subscriptions show': async () => (await import('./subscriptions.ts')).showSubscription,
  'subscriptions create': async () => (await import('./subscriptions.ts')).createSubscription,
  'subscriptions delete': async () => (await import('./subscriptions.ts')).deleteSubscriptions,
  get: async () => (await import('./get.ts')).get,
  list: async () => (await import('./list.ts')).list,
  create: async () => (await import('./create.ts')).create,
  replace: async () => (await import('./replace.ts')).replace,
  patch: async () => (await import('./patch.ts')).patch,
  delete: async () => (await import('./delete.ts')).deleteDocuments,
  batch: async () => (await import('./batch.ts')).batch,
  'collections list': async () => (await import('./collections.ts')).listCollections,
  'collections show': async () => (await import('./collections.ts')).showCollection,
  'collections create': async () => (await import('./collections.ts')).createCollection,
  'collections replace': async () => (await import('./collections.ts')).replaceCollection,
  'collections delete': async () => (await import('./collections.ts')).deleteCollections,
  'keys create': async () => (await import('./keys.ts')).createKey,
  'keys list': async () => (await import('./keys.ts')).listKeys,
  'keys revoke': async () => (await import('./keys.ts')).revokeKeys,
  'tokens create': async () => (await import('./tokens.ts')).createToken,
  stats: async () => (await import('./stats.ts')).stats,
  'connections list': async () => (await import('./connections.ts')).listConnections,
  'connections end': async () => (await import('./connections.ts')).endConnections,
  config: async () => (await import('./config.ts')).config,
  bench: async () => (await import('./bench.ts')).bench,
  spec: async () => (await import('./spec.ts')).spec,
  export: async () => (await import('./export.ts')).exportData,
  import: async () => (await import('./import.ts')).importData,
  completion: async () => (await import('./completion.ts')).completion,
};
