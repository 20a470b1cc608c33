// `godwit subscribe`: prints messages as they come. What was printed is finished; a durable subscription acknowledges it, and nothing that was not printed.
import type { Gap, Message, State, SubscribeOptions } from '@godwit/client';
import { Interrupted, type Run } from './frame/call.ts';
import { needCredentials } from './frame/connection.ts';
import { CommandError, failureOf, sentenceOf } from './frame/failure.ts';
import { messageLine } from './frame/message.ts';

/** What a handler throws for a message that is not finished. */
class NotPrinted extends Error {}

export const subscribe: Run<'subscribe'> = async (call) => {
  const { words, flags, output, signal } = call;
  needCredentials(await call.whom());
  const client = await call.connect({ transport: flags.transport });
  const { count = Number.POSITIVE_INFINITY } = flags;
  let printed = 0;
  let closed: Promise<void> | undefined;
  let end: (error?: unknown) => void = () => {};
  const over = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error as Error));
  });

  const show = async (message: Message): Promise<void> => {
    // What comes while it ends belongs to the next run: it is neither printed nor finished.
    if (printed >= count || signal.aborted) throw new NotPrinted();
    const { topic, timestamp, data, redelivered, ...rest } = message;
    try {
      await output.show({ ...rest, topic, timestamp, data, ...(redelivered ? { redelivered } : {}) }, () => messageLine(output, message));
    } catch (error) {
      end(error);
      throw new NotPrinted();
    }
    if (++printed < count) return;
    // Told now, so that no other message is handed over when this one is finished.
    closed = subscription.close();
    closed.then(() => end(), end);
  };
  const options: SubscribeOptions = {
    ...(flags.after === undefined ? {} : { after: flags.after }),
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags['ack-wait'] === undefined ? {} : { ackWait: flags['ack-wait'] }),
    onError: () => {
      // Nothing but what was not printed: that it ends for its cause is told already.
    },
    onGap: ({ from, to }: Gap) => {
      output.value({ gap: { from, to } }).catch(end);
      output.note('Messages are missing here: they were no longer kept.');
    },
  };
  const subscription = client.subscribe(words.pattern, show, options);
  subscription.ready.then(() => output.note(`Subscribed to ${words.pattern.join(', ')}. Ctrl-C ends it.`), end);
  subscription.closed.then(({ reason }) => {
    if (closed === undefined) end(new CommandError(`The subscription has ended: ${reason}`, { code: 'ENDED' }));
  }, end);
  let before: State['status'] = 'idle';
  const offState = client.on('state', ({ status, transport, error }) => {
    // Each attempt that fails in another way is told too; a person has read that it is being tried.
    if (status === 'reconnecting' && before !== status) output.note(`Reconnecting${error === undefined ? '' : ` (${error.code})`} …`);
    if (status === 'open' && transport === 'longpoll') output.note('Connected by long-polling.');
    if (status === 'closed' && error !== undefined) end(error);
    before = status;
  });
  client.on('error', ({ error }) => output.note(`godwit: ${sentenceOf(failureOf(error))}`));
  const stop = (): void => {
    closed ??= subscription.close();
    closed.catch(() => {});
    end(signal.reason);
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const timer = flags.timeout === undefined ? undefined : setTimeout(end, flags.timeout);
  let late = false;
  try {
    await over;
    late = flags.count !== undefined && printed < flags.count;
  } finally {
    clearTimeout(timer);
    offState();
    // Acknowledges what was printed.
    await finish(closed ?? subscription.close());
    if (subscription.name === undefined && subscription.cursor !== undefined && signal.reason instanceof Interrupted)
      output.note(`Go on from here with --after ${subscription.cursor}`);
  }
  return late ? 1 : 0;
};

const CLOSE_MS = 5_000;

/** Waits for the end of a subscription, but not for a server that says nothing. */
const finish = async (closing: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([closing, patience]).catch(() => {});
  clearTimeout(timer);
};
