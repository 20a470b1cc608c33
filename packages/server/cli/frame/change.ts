// What replacing and patching a document have in common: data in, the new document out, only if it is in the state that is named.
import type { Call } from './call.ts';
import { showDocument } from './document.ts';
import { readData } from './input.ts';
import { checkRequestId } from './lines.ts';
import { path } from './path.ts';

export const changeDocument = async (method: 'PUT' | 'PATCH', call: Call<'replace'> | Call<'patch'>): Promise<void> => {
  const { words, flags, signal, output } = call;
  const { 'if-match': ifMatch, 'request-id': requestId } = flags;
  checkRequestId(requestId);
  const data = await readData(words.data, call);
  const client = await call.connect();
  const options = { data, signal, ...(requestId === undefined ? {} : { requestId }), ...(ifMatch === undefined ? {} : { ifMatch }) };
  const answer = await client.request<Record<string, unknown>>(method, path(words.collection, words.id), options);
  await showDocument(output, answer.data, answer.headers['etag']);
};
