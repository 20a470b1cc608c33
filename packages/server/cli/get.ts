// `godwit get`: documents by their ids.
import type { Run } from './frame/call.ts';
import { showDocument } from './frame/document.ts';
import { path } from './frame/path.ts';

export const get: Run<'get'> = async ({ words, output, signal, connect }) => {
  const client = await connect();
  for (const id of words.id) {
    const { data, headers } = await client.request<Record<string, unknown>>('GET', path(words.collection, id), { signal });
    await showDocument(output, data, headers['etag']);
  }
};
