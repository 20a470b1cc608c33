// Pages of the log for a client, and the waiting for one (6.2.2, 6.2.9, 6.3.1), on a clock that the test moves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BOUNDS, ProtocolError } from '@godwit/protocol';
import type { LogFilter } from '../ports/storage.ts';
import { type Assembly, assemble, holderOf } from '../testing/assembly.ts';
import { settled } from '../testing/clock.ts';
import type { Parking } from './call.ts';
import { checkWait, messagesAsked, type PageRequest, pageText, type ReadPage, readOrWait, readPage } from './reading.ts';

let assembly: Assembly;
before(async () => {
  assembly = await assemble();
});
after(() => assembly.close());

const filter = (...patterns: string[]): LogFilter => ({ patterns, collections: '*' });
const request = (more: Partial<PageRequest> = {}): PageRequest => ({
  filter: filter('a.**'),
  after: assembly.core.storage.log.last,
  limit: 100,
  maxBytes: BOUNDS.pageBytes,
  field: '/query/after',
  ...more,
});
const publish = async (topic: string, data: unknown = 1): Promise<number> => {
  assert.equal((await assembly.ask('POST', `/topics/${topic}/messages`, { data })).status, 201);
  return assembly.core.storage.log.last;
};
const topics = ({ messages }: ReadPage): string[] => messages.map(({ topic }) => topic);

/** One that waits: whether it does, and how to make the client go. */
const parking = (): Parking & { parked: number; go: () => void } => {
  const made = {
    parked: 0,
    go: (): void => {},
    async park(wait: () => Promise<void>, gone: () => void): Promise<void> {
      made.parked++;
      made.go = gone;
      await wait();
      made.parked--;
    },
  };
  return made;
};
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await settled();
};

test('a page has what matches and says where to go on, also when nothing did', async () => {
  const { core } = assembly;
  const start = core.storage.log.last;
  for (const topic of ['a.x', 'b', 'a.y', 'b', 'a.z', 'b']) await publish(topic);
  const page = await readPage(core, request({ after: start, limit: 2 }));
  assert.deepEqual([topics(page), page.more], [['a.x', 'a.y'], true]);
  const rest = await readPage(core, request({ after: page.cursor, limit: 2 }));
  assert.deepEqual([topics(rest), rest.cursor, rest.more], [['a.z'], core.storage.log.last, false]);
  const none = await readPage(core, request({ filter: filter('none'), after: start }));
  assert.deepEqual([none.messages.length, none.cursor, none.more], [0, core.storage.log.last, false]);
  const end = await readPage(core, request());
  assert.deepEqual(end, { messages: [], cursor: core.storage.log.last, more: false });
  const text = JSON.parse(JSON.stringify(pageText(core, page).text));
  assert.deepEqual(JSON.parse(text).cursor, core.cursors.format(page.cursor));
});

test('a place that is no longer kept is CURSOR_EXPIRED, with where the log begins now', async () => {
  const { core } = assembly;
  await publish('a.old');
  await assembly.clock.advance(1000);
  const kept = core.storage.log.last;
  await publish('a.new');
  await core.storage.tidy({ messagesBefore: core.clock.now(), maxLogBytes: Number.MAX_SAFE_INTEGER, publishesBefore: 0, requestsBefore: 0 });
  assert.equal(core.cursors.earliest, kept);
  await assert.rejects(
    readPage(core, request({ after: kept - 1 })),
    (error: unknown) => error instanceof ProtocolError && error.code === 'CURSOR_EXPIRED' && error.details['earliest'] === core.cursors.format(kept),
  );
  assert.deepEqual(topics(await readPage(core, request({ after: kept }))), ['a.new']);
});

test('what is asked for: patterns that may be followed, from a cursor, `earliest` or `latest` on', async () => {
  const { core } = assembly;
  const cursor = core.cursors.format(await publish('a.x'));
  const asked = (query: Record<string, unknown>, ...scopes: string[]) => messagesAsked(core, { query, identity: holderOf(...scopes) });
  assert.deepEqual(asked({ topics: 'b,a.*,b' }, 'subscribe:**').filter.patterns, ['a.*', 'b']);
  assert.equal(asked({ topics: 'b' }, 'subscribe:**').after, core.storage.log.last);
  assert.equal(asked({ topics: 'b', after: 'earliest' }, 'subscribe:**').after, core.cursors.earliest);
  assert.equal(asked({ topics: 'b', after: cursor }, 'subscribe:**').after, core.storage.log.last);
  assert.throws(() => asked({ topics: 'b,c' }, 'subscribe:b'), { code: 'FORBIDDEN' });
  assert.throws(() => asked({ topics: '' }, 'subscribe:**'), { code: 'VALIDATION_FAILED' });
  assert.throws(() => asked({ topics: 'b', after: 'x' }, 'subscribe:**'), { code: 'INVALID_CURSOR' });
});

test('`wait` is in seconds, at most `pollTimeout`', () => {
  const { core } = assembly;
  assert.equal(checkWait(core, undefined, '/query/wait'), 0);
  assert.equal(checkWait(core, 0.5, '/query/wait'), 500);
  assert.equal(checkWait(core, 60, '/query/wait'), 60_000);
  assert.throws(() => checkWait(core, 61, '/query/wait'), { code: 'VALIDATION_FAILED' });
});

test('who waits is answered when a message matches, and not for another', async () => {
  const { core, clock } = assembly;
  const place = parking();
  const reading = readOrWait(core, request(), 5000, place);
  await until(() => place.parked === 1);
  assert.equal(core.feed.waiting, 1);
  await publish('b');
  await settled();
  assert.equal(place.parked, 1);
  await publish('a.one');
  await publish('a.two');
  // It lingers for more (6.3.2).
  await clock.advance(20);
  const page = await reading;
  assert.deepEqual([topics(page), page.cursor], [['a.one', 'a.two'], core.storage.log.last]);
  assert.deepEqual([place.parked, core.feed.waiting], [0, 0]);
});

test('when the time is over the answer is empty, and its cursor is where to go on', async () => {
  const { core, clock } = assembly;
  const place = parking();
  const start = core.storage.log.last;
  const reading = readOrWait(core, request(), 5000, place);
  await until(() => place.parked === 1);
  await publish('b');
  await clock.advance(4999);
  assert.equal(place.parked, 1);
  await clock.advance(1);
  const page = await reading;
  assert.deepEqual([page.messages.length, page.more], [0, false]);
  assert(page.cursor >= start);
  assert.equal(core.feed.waiting, 0);
});

test('retention that passes the place of one who waits takes nothing of its own, so it is told of nothing', async () => {
  const { core, clock } = assembly;
  const letGo = async (): Promise<void> => {
    for (let n = 0; n < 5; n++) await publish('flood');
    await clock.advance(1);
    await publish('flood');
    const policy = { messagesBefore: core.clock.now(), maxLogBytes: Number.MAX_SAFE_INTEGER, publishesBefore: 0, requestsBefore: 0 };
    for (let done = false; !done; ) ({ done } = await core.storage.tidy(policy));
  };
  const [quiet, told] = [parking(), parking()];
  const start = core.storage.log.last;
  const [ending, waiting] = [readOrWait(core, request(), 5000, quiet), readOrWait(core, request(), 60_000, told)];
  await until(() => quiet.parked === 1 && told.parked === 1);
  await letGo();
  assert(core.cursors.earliest > start);
  await clock.advance(5000);
  assert.deepEqual(await ending, { messages: [], cursor: core.storage.log.last, more: false });
  await publish('a.mine');
  await settled();
  await clock.advance(20);
  assert.deepEqual(topics(await waiting), ['a.mine']);
});

test('a message that came just before the time was over is in the answer, not behind its cursor', async () => {
  const { core, clock } = assembly;
  const place = parking();
  const reading = readOrWait(core, request(), 5000, place);
  await until(() => place.parked === 1);
  // Its promise resolves before the turn in which who waits is woken.
  await core.storage.write({ messages: [{ messageId: 'late', topic: 'a.late', timestamp: 1, data: '1', change: false }] });
  await clock.advance(5000);
  assert.deepEqual(topics(await reading), ['a.late']);
});

test('nobody waits for what is there already, without leave to, or without asking', async () => {
  const { core } = assembly;
  const place = parking();
  const start = core.storage.log.last;
  await publish('a.there');
  assert.deepEqual(topics(await readOrWait(core, request({ after: start }), 5000, place)), ['a.there']);
  assert.equal((await readOrWait(core, request(), 5000, undefined)).messages.length, 0);
  assert.equal((await readOrWait(core, request(), 0, place)).messages.length, 0);
  assert.equal(place.parked, 0);
});

test('a client that goes takes its waiting along', async () => {
  const { core, clock } = assembly;
  const place = parking();
  const timers = clock.waiting;
  const reading = readOrWait(core, request(), 5000, place);
  await until(() => place.parked === 1);
  place.go();
  await reading;
  assert.deepEqual([place.parked, core.feed.waiting, clock.waiting], [0, 0, timers]);
});

test('a little that is in memory is the page that the store gives', async () => {
  const { core } = assembly;
  const start = core.storage.log.last;
  await core.storage.write({
    messages: Array.from({ length: 60 }, (_, n) => ({
      messageId: `recent-${n}`,
      topic: ['p.1', 'p.2', 'q', 'docs.a.created'][n % 4] as string,
      timestamp: n,
      data: JSON.stringify('é'.repeat(n)),
      change: n % 8 === 3,
    })),
  });
  for (const patterns of [['**'], ['p.*'], ['q', 'p.2'], ['docs.**'], ['none']])
    for (const collections of ['*', [], ['docs']] as const)
      for (let after = start; after < core.storage.log.last; after += 7)
        for (const limit of [1, 5, 100])
          for (const maxBytes of [1, 150, BOUNDS.pageBytes]) {
            const wanted = { patterns, collections };
            const stored = await core.storage.readLog({ after, filter: wanted, limit, maxBytes });
            const page = await readPage(core, request({ filter: wanted, after, limit, maxBytes }));
            assert.deepEqual(page.messages, stored.messages);
            // Either may stop where it has enough, or go on over what does not match.
            const next = async (cursor: number): Promise<number | undefined> =>
              (await core.storage.readLog({ after: cursor, filter: wanted, limit: 1, maxBytes: 1 })).messages[0]?.seq;
            assert.equal(await next(page.cursor), await next(stored.cursor));
            assert.equal(page.more, page.cursor < core.storage.log.last);
          }
});

test('one message that wakes a thousand is answered to them a few in each turn, without the store', async () => {
  const { core, clock } = assembly;
  const place = parking();
  const waiting = Array.from({ length: 1000 }, () => readOrWait(core, request(), 5000, place));
  await until(() => place.parked === 1000);
  const { logReads } = core.storage.counters;
  await publish('a.all');
  let answered = 0;
  let before = 0;
  let most = 0;
  for (const one of waiting) void one.then(() => answered++);
  const turn = (): void => {
    most = Math.max(most, answered - before);
    before = answered;
    if (answered < waiting.length) setImmediate(turn);
  };
  setImmediate(turn);
  while (answered < waiting.length) await clock.advance(1);
  assert(most <= 256, `${most} in one turn`);
  assert.equal(core.storage.counters.logReads, logReads);
});

test('many who wait, each for its own, while messages come: nothing is missed', async () => {
  const { core, clock } = assembly;
  const start = core.storage.log.last;
  const seen = new Map<string, string[]>();
  const follow = async (name: string): Promise<void> => {
    const own: string[] = [];
    seen.set(name, own);
    for (let place = start; own.length < 20; ) {
      const page = await readOrWait(core, request({ filter: filter(`${name}.*`), after: place, limit: 3 }), 1000, parking());
      own.push(...topics(page));
      place = page.cursor;
    }
  };
  const names = ['f', 'g', 'h'];
  const following = Promise.all(names.map(follow));
  for (let n = 0; n < 20; n++) {
    await Promise.all(names.map((name) => publish(`${name}.${n}`)));
    await clock.advance(n % 3 === 0 ? 15 : 1);
  }
  let done = false;
  void following.then(() => (done = true));
  while (!done) await clock.advance(50);
  for (const name of names)
    assert.deepEqual(
      seen.get(name),
      Array.from({ length: 20 }, (_, n) => `${name}.${n}`),
    );
});

test('a server that goes answers at once', async () => {
  const { core } = assembly;
  const place = parking();
  const reading = readOrWait(core, request(), 5000, place);
  await until(() => place.parked === 1);
  core.feed.wakeAll();
  assert.equal((await reading).messages.length, 0);
  assert.equal((await readOrWait(core, request(), 5000, place)).messages.length, 0);
  assert.equal(place.parked, 0);
});

test('where it may not wait nothing is left that does', async () => {
  const { core, close } = await assemble();
  const refusing: Parking = { park: () => Promise.reject(new ProtocolError('TOO_MANY_CONNECTIONS')) };
  const asked = { ...request(), after: core.storage.log.last };
  await assert.rejects(readOrWait(core, asked, 10_000, refusing), { code: 'TOO_MANY_CONNECTIONS' });
  assert.equal(core.feed.waiting, 0);
  await close();
});
