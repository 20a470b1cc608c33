// `godwit delete`: documents removed, one after the other; the first that cannot be ends it.
import type { Run } from './frame/call.ts';
import { path } from './frame/path.ts';
import { UsageError } from './frame/usage.ts';

export const deleteDocuments: Run<'delete'> = async ({ words, flags, output, signal, connect }) => {
  const ifMatch = flags['if-match'];
  if (ifMatch !== undefined && words.id.length > 1) throw new UsageError('--if-match names the state of one document; give one id.', 'delete');
  const client = await connect();
  for (const id of words.id) {
    await client.request('DELETE', path(words.collection, id), { signal, ...(ifMatch === undefined ? {} : { ifMatch }) });
    await output.show({ collection: words.collection, id, deleted: true }, `Removed ${words.collection}/${id}`);
  }
};
