// `godwit poll`: one page of the log and the cursor to go on from (6.2.2).
import type { Message } from '@godwit/client';
import type { Run } from './frame/call.ts';
import { messageLine } from './frame/message.ts';
import { query } from './frame/path.ts';

const REQUEST_MS = 30_000;

interface Page {
  readonly items: readonly Message[];
  readonly cursor: string;
  readonly more: boolean;
}

export const poll: Run<'poll'> = async ({ words, flags, output, signal, connect }) => {
  const client = await connect();
  const wait = flags.wait === 0 ? undefined : flags.wait / 1000;
  const where = query({ topics: words.pattern.join(','), after: flags.after, limit: flags.limit, wait });
  const { data } = await client.request<Page>('GET', `/messages${where}`, { signal, timeout: REQUEST_MS + flags.wait });
  for (const message of data.items) await output.show(message, () => messageLine(output, message));
  await output.value({ cursor: data.cursor, more: data.more });
  if (data.items.length === 0) output.note('No messages.');
  await output.line(output.style('dim', `${data.more ? 'There is more; go' : 'Go'} on with --after ${data.cursor}`));
};
