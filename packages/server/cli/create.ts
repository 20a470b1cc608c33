// `godwit create`: a document, or one for each line.
import { isObject } from '@godwit/protocol';
import type { Run } from './frame/call.ts';
import { showDocument } from './frame/document.ts';
import { isLines, readData } from './frame/input.ts';
import { checkRequestId, sendLines } from './frame/lines.ts';
import { path } from './frame/path.ts';
import { UsageError } from './frame/usage.ts';

export const create: Run<'create'> = async (call) => {
  const { words, flags, output, signal } = call;
  const { id, 'request-id': requestId } = flags;
  checkRequestId(requestId);
  if (isLines(words.data)) {
    if (requestId !== undefined || id !== undefined) throw new UsageError('--id and --request-id name one document; lines bring their own id.', 'create');
    return sendLines(call, {
      doing: `Making ${words.collection}`,
      unit: 'documents',
      operation: (value) => ({ method: 'POST', path: path(words.collection), data: value }),
      told: (done) => `Made ${done} documents in ${words.collection}`,
    });
  }
  const data = await readData(words.data, call);
  const document = id !== undefined && isObject(data) ? { ...data, id } : data;
  const client = await call.connect();
  const answer = await client.request<Record<string, unknown>>('POST', path(words.collection), {
    data: document,
    signal,
    ...(requestId === undefined ? {} : { requestId }),
  });
  await showDocument(output, answer.data, answer.headers['etag']);
};
