// `godwit publish`: one message, or one for each line, each confirmed (6.2.1).
import type { Run } from './frame/call.ts';
import { isLines, readData, readText } from './frame/input.ts';
import { checkRequestId, sendLines } from './frame/lines.ts';
import { path } from './frame/path.ts';
import { UsageError } from './frame/usage.ts';

export const publish: Run<'publish'> = async (call) => {
  const { words, flags, output, signal } = call;
  const requestId = flags['request-id'];
  checkRequestId(requestId);
  if (!flags.text && isLines(words.data)) {
    if (requestId !== undefined) throw new UsageError('--request-id names one request; lines get their own.', 'publish');
    return sendLines(call, {
      doing: 'Publishing',
      unit: 'messages',
      operation: (value) => ({ method: 'POST', path: `${path('topics', words.topic)}/messages`, data: value }),
      told: (done) => `Published ${done} messages to ${words.topic}, in order`,
    });
  }
  const data = flags.text ? (await readText(words.data, call)).text : await readData(words.data, call);
  const client = await call.connect();
  const published = await client.publish(words.topic, data, { signal, ...(requestId === undefined ? {} : { requestId }) });
  await output.show(published, `Published to ${published.topic}, message ${published.messageId}, cursor ${published.cursor}`);
};
