// What random tests of this folder found, each as a test of its own: an interleaving that happened once, made to happen always.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Durable } from '../../core/durables.ts';
import type { Storage } from '../../ports/storage.ts';
import { ADMIN, type Assembly, assemble } from '../../testing/assembly.ts';
import { aWhile, type Seat, Stage } from './stage.ts';

const durableOf = ({ core }: Assembly): Durable => {
  const place = core.storage.log.last;
  const durable = { client: ADMIN.client, name: 'd', topics: ['**'], ackWait: 1000, acknowledged: place, sent: 0, redeliveries: 0, attachment: undefined };
  core.durables.set(durable);
  return durable;
};

const publish = async ({ core }: Assembly, count: number): Promise<void> => {
  for (let index = 0; index < count; index++) {
    await core.storage.write({ messages: [{ messageId: core.ids.uuid(), topic: 't', timestamp: 0, data: '1', change: false }] });
  }
};

const EVERYTHING = { patterns: ['**'], collections: '*' } as const;
const eventsOf = ({ script }: Seat): number => script.filter(({ kind }) => kind === 'event').length;

/** Waits for what the store's threads answer; bounded. */
const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (const end = performance.now() + 10_000; !holds(); await aWhile(1)) assert(performance.now() < end, `never: ${what}`);
};

test('6.2.5: an acknowledgement, or an outbox that drains, while an attachment is answered lets no event pass the response', async () => {
  const assembly = await assemble();
  try {
    const stage = new Stage(assembly.core);
    const durable = durableOf(assembly);
    await publish(assembly, 3);
    const seat = stage.seat();
    const { start } = seat.connection.attach(durable, EVERYTHING);
    assembly.core.durables.acknowledge(durable, durable.acknowledged + 1);
    seat.connection.drained();
    await aWhile(20);
    assert.deepEqual(seat.script, []);
    start();
    await until('the two that are left', () => eventsOf(seat) === 2);
    seat.connection.close(1000, '');
  } finally {
    await assembly.close();
  }
});

/** A store whose log this side has heard of only up to `heard()`: what is after that was committed, and its news are on their way. */
const lagging = (storage: Storage, heard: () => number | undefined): Storage =>
  new Proxy(storage, {
    get(target, member) {
      const value: unknown = Reflect.get(target, member, target);
      if (member === 'log') return { ...target.log, last: heard() ?? target.log.last };
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

test('6.2.2: a page never goes past what this side knows to be confirmed, so that its cursor is taken back', async () => {
  let heard: number | undefined;
  const assembly = await assemble({ wrap: (storage) => lagging(storage, () => heard) });
  try {
    await publish(assembly, 5);
    heard = assembly.core.storage.log.last - 2;
    const page = await assembly.ask('GET', '/messages?topics=**&after=earliest');
    assert.equal(page.status, 200);
    assert.equal(page.data.items.length, 3);
    const next = await assembly.ask('GET', `/messages?topics=**&after=${page.data.cursor}`);
    assert.equal(next.status, 200, next.code);
    heard = undefined;
    const rest = await assembly.ask('GET', `/messages?topics=**&after=${next.data.cursor}`);
    assert.equal(rest.data.items.length, 2);
  } finally {
    await assembly.close();
  }
});

test('6.2.9: a gap ends where what was confirmed ends, though the store has let go of more', async () => {
  let first: number | undefined;
  const assembly = await assemble({
    wrap: (storage) =>
      new Proxy(storage, {
        get(target, member) {
          const value: unknown = Reflect.get(target, member, target);
          if (member === 'readLog' && first !== undefined) return async () => ({ messages: [], cursor: (first as number) - 1, more: false, first });
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
  });
  try {
    const before = assembly.core.storage.log.last;
    await publish(assembly, 4);
    const stage = new Stage(assembly.core);
    const { last } = assembly.core.storage.log;
    // Three more were committed and are gone, before anybody here was told of them.
    first = last + 4;
    const seat = stage.seat();
    seat.connection.subscribe(EVERYTHING, before).start();
    await until('the gap', () => seat.script.length > 0);
    first = undefined;
    assert.deepEqual(seat.script, [{ kind: 'gap', subscription: '~**', from: before, to: last }]);
    await publish(assembly, 3);
    await until('what came after', () => eventsOf(seat) === 3);
    seat.connection.close(1000, '');
  } finally {
    await assembly.close();
  }
});

test('6.2.8: what the store has committed and the feed is still to be told of comes once, from the feed', async () => {
  let held: (() => void)[] | undefined;
  const assembly = await assemble({
    wrap: (storage) =>
      new Proxy(storage, {
        get(target, member) {
          const value: unknown = Reflect.get(target, member, target);
          if (member === 'onCommit') {
            return (listener: Parameters<Storage['onCommit']>[0]) =>
              target.onCommit((messages) => {
                if (held === undefined) listener(messages);
                else held.push(() => listener(messages));
              });
          }
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
  });
  try {
    const before = assembly.core.storage.log.last;
    await publish(assembly, 3);
    const stage = new Stage(assembly.core);
    held = [];
    await publish(assembly, 3);
    const seat = stage.seat();
    seat.connection.subscribe(EVERYTHING, before).start();
    await until('what the feed knows', () => eventsOf(seat) >= 3);
    await aWhile(20);
    for (const tell of held) tell();
    held = undefined;
    await publish(assembly, 1);
    await until('the last', () => seat.script.some((item) => item.kind === 'event' && item.seq === before + 7));
    assert.deepEqual(
      seat.script.map((item) => item.kind === 'event' && item.seq - before),
      [1, 2, 3, 4, 5, 6, 7],
    );
    seat.connection.close(1000, '');
  } finally {
    await assembly.close();
  }
});

test('6.2.10: a link that took more than the high-water mark without a word, and so will never say that it has drained, keeps nobody waiting', async () => {
  const assembly = await assemble({ settings: { maxQueuedBytes: 1024 } });
  try {
    const before = assembly.core.storage.log.last;
    await publish(assembly, 3);
    const stage = new Stage(assembly.core);
    stage.seat().connection.close(1000, '');
    // The second takes four times the mark before it says that it is full.
    const seat = stage.seat();
    seat.link.stall();
    seat.connection.sendText(`{"kind":"rights","fill":"${'x'.repeat(2000)}"}\n`);
    seat.connection.flush();
    assert(seat.link.queued > 1024);
    seat.connection.subscribe(EVERYTHING, before).start();
    await aWhile(20);
    seat.link.release();
    await until('what there is', () => eventsOf(seat) === 3);
    seat.connection.close(1000, '');
  } finally {
    await assembly.close();
  }
});
