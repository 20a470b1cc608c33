// `godwit create`: a document, or one for each line.
import { isObject } from '@godwit/protocol';
import type { Call, Run } from './frame/call.ts';
import { showDocument } from './frame/document.ts';
import { isLines, linesOf, readData } from './frame/input.ts';
import { checkRequestId, sendLines } from './frame/lines.ts';
import { path } from './frame/path.ts';
import { countText, Progress } from './frame/progress.ts';
import { UsageError } from './frame/usage.ts';

export const create: Run<'create'> = async (call) => {
  const { words, flags, output, signal } = call;
  const { id, 'request-id': requestId } = flags;
  checkRequestId(requestId);
  if (isLines(words.data)) {
    if (requestId !== undefined || id !== undefined) throw new UsageError('--id and --request-id name one document; lines bring their own id.', 'create');
    return createLines(call);
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

const createLines = async (call: Call<'create'>): Promise<number> => {
  const { words, output, signal } = call;
  const { done, refused } = await sendLines({
    connect: call.connect,
    lines: linesOf(words.data, call),
    signal,
    output,
    progress: new Progress(output, call.now),
    doing: `Making ${words.collection}`,
    unit: 'documents',
    operation: (data) => ({ method: 'POST', path: path(words.collection), data }),
    done: ({ data }) => output.value(data),
  });
  output.note(`Made ${countText(done)} documents in ${words.collection}${refused === 0 ? '' : `; ${countText(refused)} were refused`}.`);
  return refused === 0 ? 0 : 1;
};
