// A subscription as the application holds it: its promises, its iterator, its cursor kept where it wants, and its end.
import type { CursorStore, Environment, Gap, Message, MessageStream, SubscribeOptions, Subscription } from './api.ts';
import type { Call } from './calls.ts';
import { Delivery, UNFINISHED } from './delivery.ts';
import { Durable } from './durable.ts';
import { ended } from './errors.ts';
import type { Feed, Subscriber } from './feed.ts';

export interface SubscribingOptions {
  readonly environment: Environment;
  readonly feed: Feed;
  readonly call: Call;
  readonly gap: (gap: Gap, subscription: Subscription) => void;
  readonly error: (error: unknown, subscription: Subscription) => void;
}

/** A promise with its ends at hand; one that nobody awaits does not end the process. */
const settled = <T>(): PromiseWithResolvers<T> => {
  const ends = Promise.withResolvers<T>();
  ends.promise.catch(() => {});
  return ends;
};

/** Calls what the application gave; what it throws stops nothing here. */
export const guarded = (callback: () => void, failed: (error: unknown) => void): void => {
  try {
    callback();
  } catch (error) {
    failed(error);
  }
};

/** As the runtime reports what nobody caught. */
export const uncaught = (error: unknown): void =>
  queueMicrotask(() => {
    throw error;
  });

/** Writes cursors one after the other; of those that come while one is written only the last counts. */
const keeper = ({ key, cursors }: { key: string; cursors: CursorStore }, failed: (error: unknown) => void) => {
  let next: string | undefined;
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    // Not before `writing` says so: a store may answer, or throw, at once.
    await undefined;
    for (let cursor = next; cursor !== undefined; cursor = next) {
      next = undefined;
      try {
        await cursors.set(key, cursor);
      } catch (error) {
        failed(error);
      }
    }
    writing = undefined;
  };
  return {
    keep(cursor: string): void {
      next = cursor;
      writing ??= write();
    },
    written: (): Promise<void> => writing ?? Promise.resolve(),
  };
};

/** Begins a subscription. `handler` is given each message; see `Client.subscribe`. `leaving` hears when nothing more is handed over, whoever ended it. */
export const subscribing = (
  { environment, feed, call, gap, error: report }: SubscribingOptions,
  topics: readonly string[],
  handler: (message: Message) => unknown,
  options: SubscribeOptions,
  leaving?: () => void,
): Subscription => {
  const { name, after, ackWait, store, signal, onGap, onCursor, onError } = options;
  if (!topics[0]) throw new TypeError('A subscription needs a topic or pattern.');
  if (name !== undefined && store) throw new TypeError('Give one of name and store.');
  if (name !== undefined && feed.hasDurable(name)) throw new TypeError(`There is a subscription ${name} already.`);
  const failed = (error: unknown): void => report(error, subscription);
  const ready = settled<void>();
  const closed = settled<{ readonly reason: string }>();
  /** Whether somebody took the promise who will hear what it rejects with. */
  let readyIsHeard = false;
  let closedIsHeard = false;
  let isReady = false;
  const kept = store && keeper(store, failed);

  const delivery: Delivery = new Delivery({
    environment,
    outcome: {
      ready: () => {
        isReady = true;
        ready.resolve();
      },
      ended: (reason) => {
        end(reason);
        void leave();
      },
      failed: fail,
    },
    topics: [...new Set(topics)].sort(),
    handler,
    insists: name !== undefined,
    onGap: (missing) => {
      guarded(() => onGap?.(missing), failed);
      gap(missing, subscription);
    },
    onError: (error, message) => {
      if (onError) guarded(() => onError(error, message), failed);
      else failed(error);
    },
    onFinished: (cursor) => {
      durable?.finished();
      kept?.keep(cursor);
      guarded(() => onCursor?.(cursor), failed);
    },
    onRoom: () => feed.rejoin(delivery),
  });

  let left: Promise<void> | undefined;
  const leave = (): Promise<void> => {
    if (left) return left;
    signal?.removeEventListener('abort', aborted);
    const handled = delivery.end();
    left = (async () => {
      await handled;
      await kept?.written();
      await durable?.leave();
    })();
    feed.remove(subscriber, left);
    leaving?.();
    return left;
  };
  const end = (reason: string): void => {
    ready.reject(ended(`The subscription has ended: ${reason}.`));
    closed.resolve({ reason });
  };
  function fail(error: unknown): void {
    feed.failed(delivery, error);
    if (delivery.hasEnded) return;
    ready.reject(error);
    closed.reject(error);
    // Not before `subscribe` has returned: until then nobody could take a promise.
    queueMicrotask(() => {
      if (!closedIsHeard && (isReady || !readyIsHeard)) failed(error);
    });
    void leave();
  }
  const durable: Durable | undefined =
    name === undefined
      ? undefined
      : new Durable({
          environment,
          call,
          delivery,
          name,
          after,
          ackWait,
          before: feed.leaving(name),
          report: failed,
        });
  delivery.start = after ?? 'latest';
  const subscriber: Subscriber = {
    delivery,
    durable,
    close: () => close(),
  };

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= leave().then(() => end('closed')));
  const aborted = (): void => void close();
  const subscription: Subscription = {
    topics: delivery.topics,
    name,
    get cursor() {
      return delivery.finished;
    },
    get ready() {
      readyIsHeard = true;
      return ready.promise;
    },
    get closed() {
      closedIsHeard = true;
      return closed.promise;
    },
    close,
  };

  const begin = async (): Promise<void> => {
    try {
      if (store) delivery.start = (await store.cursors.get(store.key)) ?? delivery.start;
      if (!delivery.hasEnded) feed.begin(subscriber);
    } catch (error) {
      fail(error);
    }
  };
  if (signal?.aborted) void close();
  else {
    signal?.addEventListener('abort', aborted);
    feed.enter(subscriber);
    void begin();
  }
  return subscription;
};

/** The same as an async iterator: a message counts as finished when the next is asked for, and one that is in hand at the end does not. */
export const streaming = (begin: (handler: (message: Message) => Promise<unknown>, leaving: () => void) => Subscription): MessageStream<Message> => {
  type Taken = (how?: typeof UNFINISHED) => void;
  let waiting: { readonly message: Message; readonly taken: Taken } | undefined;
  let inHand: Taken | undefined;
  let over: { readonly error?: unknown } | undefined;
  let arrival = Promise.withResolvers<void>();
  const finish = (how: { readonly error?: unknown }): void => {
    over ??= how;
    arrival.resolve();
  };
  const subscription = begin(
    (message) =>
      new Promise((taken) => {
        waiting = { message, taken };
        arrival.resolve();
      }),
    () => {
      // The loop may wait for this end, so this end does not wait for the loop.
      inHand?.(UNFINISHED);
      waiting?.taken(UNFINISHED);
    },
  );
  const close = (): Promise<void> => {
    finish({});
    return subscription.close();
  };
  const take = async (): Promise<IteratorResult<Message>> => {
    inHand?.();
    inHand = undefined;
    await arrival.promise;
    if (over) {
      if ('error' in over) throw over.error;
      return { done: true, value: undefined };
    }
    arrival = Promise.withResolvers();
    const { message, taken } = waiting as NonNullable<typeof waiting>;
    waiting = undefined;
    inHand = taken;
    return { done: false, value: message };
  };
  let taking: Promise<unknown> = Promise.resolve();
  const iterator: AsyncIterator<Message> = {
    // One after the other, also where they are asked for at once.
    next() {
      const taken = taking.then(take);
      taking = taken.catch(() => {});
      return taken;
    },
    async return() {
      await close();
      return { done: true, value: undefined };
    },
  };
  const begun = (): AsyncIterator<Message> => {
    // The loop hears of the end; a stream that nobody loops over leaves that to `ready` and `closed`.
    subscription.closed.then(
      () => finish({}),
      (error: unknown) => finish({ error }),
    );
    return iterator;
  };
  return Object.assign(Object.create(subscription) as Subscription, { [Symbol.asyncIterator]: begun, close });
};
