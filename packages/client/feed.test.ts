// How subscriptions are packed, moved and acknowledged, as the server sees it asked: lanes (6.2.3), attachments and acknowledgements (6.2.5, 6.2.6), polls (6.3.2).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ClientOptions, Message } from './api.ts';
import { createClient } from './client.ts';
import type { GodwitError } from './errors.ts';
import { settle } from './testing/clock.ts';
import { World } from './testing/world.ts';

const OPEN = /^POST \/subscriptions$/;
const connected = async (options: Partial<ClientOptions> = {}) => {
  const world = new World();
  const client = createClient(world.options(options));
  const connecting = client.connect();
  await settle();
  world.socket.welcome();
  await connecting;
  return { world, client };
};
const data = (sent: { payload: { data?: unknown } } | undefined) =>
  (sent?.payload.data ?? {}) as { topics: string[]; after: string; cursor: string; name: string };

test('a subscription to nothing is refused with a sentence, however it is asked for', async () => {
  const { client } = await connected();
  for (const nothing of [undefined, null, '', [], [undefined]] as never[])
    assert.throws(() => client.subscribe(nothing, () => {}), new TypeError('A subscription needs a topic or pattern.'));
  await client.close();
});

describe('unnamed subscriptions on a socket', () => {
  test('those of one turn are opened together, a hundred patterns each', async () => {
    const { world, client } = await connected({});
    const got: string[] = [];
    for (let number = 0; number < 250; number++) client.subscribe(`t.${number}`, ({ topic }) => void got.push(topic));
    await settle();
    const opened = world.socket.asked(OPEN);
    assert.deepEqual(
      opened.map((sent) => data(sent).topics.length),
      [100, 100, 50],
    );
    opened.forEach((sent, index) => void world.socket.answer(sent, 201, { subscription: `~${index}`, cursor: 'c1' }));
    const holder = opened.findIndex((sent) => data(sent).topics.includes('t.123'));
    world.socket.event(`~${holder}`, 't.123', 'c2');
    await settle();
    assert.deepEqual(got, ['t.123'], 'only who asked for the topic gets it');
  });

  test('messages right behind the response are taken', async () => {
    const { world, client } = await connected();
    const got: unknown[] = [];
    client.subscribe('a.*', (message) => void got.push(message.data));
    await settle();
    const [asked] = world.socket.asked(OPEN);
    assert.ok(asked);
    world.socket.answer(asked, 201, { subscription: '~a.*', cursor: 'c1' });
    world.socket.event('~a.*', 'a.b', 'c2', 'first');
    await settle();
    assert.deepEqual(got, ['first']);
  });

  test('two of the same topics share one, which moves back for the one that stands before; neither gets a message twice or misses one', async () => {
    const { world, client } = await connected();
    const first: string[] = [];
    const second: string[] = [];
    client.subscribe('a.*', ({ cursor }) => void first.push(cursor), { after: 'c5' });
    await settle();
    const { socket } = world;
    socket.answer(socket.asked(OPEN)[0] as never, 201, { subscription: '~a.*', cursor: 'c5' });
    socket.event('~a.*', 'a.b', 'c6');
    await settle();
    client.subscribe('a.*', ({ cursor }) => void second.push(cursor), { after: 'c2' });
    await settle();
    assert.equal(data(socket.asked(OPEN)[1]).after, 'c2');
    // Before it has moved, its messages and heartbeats are not the second's.
    socket.event('~a.*', 'a.b', 'c7');
    socket.notice('heartbeat', { cursor: 'c7' });
    await settle();
    assert.deepEqual(second, []);
    socket.answer(socket.asked(OPEN)[1] as never, 201, { subscription: '~a.*', cursor: 'c2' });
    for (const cursor of ['c3', 'c6', 'c7', 'c8']) socket.event('~a.*', 'a.b', cursor);
    await settle();
    assert.deepEqual(first, ['c6', 'c7', 'c8']);
    assert.deepEqual(second, ['c3', 'c6', 'c7', 'c8']);
  });

  test('the last to leave ends it at the server; one that leaves others narrows it', async () => {
    const { world, client } = await connected();
    const one = client.subscribe('a', () => {}, { after: 'c1' });
    const two = client.subscribe('b', () => {}, { after: 'c1' });
    await settle();
    const { socket } = world;
    assert.deepEqual(data(socket.asked(OPEN)[0]).topics, ['a', 'b']);
    socket.answer(socket.asked(OPEN)[0] as never, 201, { subscription: '~a,b', cursor: 'c1' });
    await settle();
    await one.close();
    await settle();
    assert.deepEqual(data(socket.asked(OPEN)[1]).topics, ['b']);
    socket.answer(socket.asked(OPEN)[1] as never, 201, { subscription: '~b', cursor: 'c1' });
    await settle();
    assert.deepEqual(
      socket.asked(/^DELETE/).map(({ payload }) => payload.path),
      ['/subscriptions/~a%2Cb'],
    );
    await two.close();
    await settle();
    assert.equal(socket.asked(/^DELETE/).length, 2);
  });

  test('6.2.3: until its lane is narrowed, who is left alone in it gets nothing of those that left', async () => {
    const { world, client } = await connected();
    const got: string[] = [];
    const leaving = client.subscribe('a', () => {}, { after: 'c1' });
    client.subscribe('b', ({ topic }) => void got.push(topic), { after: 'c1' });
    await settle();
    const { socket } = world;
    socket.answer(socket.asked(OPEN)[0] as never, 201, { subscription: '~a,b', cursor: 'c1' });
    await settle();
    await leaving.close();
    await settle();
    socket.event('~a,b', 'a', 'c2');
    socket.event('~a,b', 'b', 'c3');
    socket.answer(socket.asked(OPEN)[1] as never, 201, { subscription: '~b', cursor: 'c1' });
    for (const cursor of ['c3', 'c4']) socket.event('~b', 'b', cursor);
    await settle();
    assert.deepEqual(got, ['b', 'b']);
  });

  test('6.2.3: nor of one that fell behind and left', async () => {
    const { world, client } = await connected();
    const got: string[] = [];
    client.subscribe('a', () => new Promise(() => {}), { after: 'c0' });
    client.subscribe('b', ({ topic }) => void got.push(topic), { after: 'c0' });
    await settle();
    const { socket } = world;
    socket.answer(socket.asked(OPEN)[0] as never, 201, { subscription: '~a,b', cursor: 'c0' });
    await settle();
    for (let place = 10_001; place <= 13_000; place++) socket.event('~a,b', 'a', `c${place}`);
    socket.event('~a,b', 'b', 'c13001');
    await settle();
    assert.deepEqual(got, ['b']);
  });

  test('one that may not be subscribed to fails alone', async () => {
    const { world, client } = await connected();
    const got: string[] = [];
    client.subscribe('a', ({ topic }) => void got.push(topic), { after: 'c1' });
    const refused = client.subscribe('secret', () => {}, { after: 'c1' });
    const failing = assert.rejects(refused.ready, { code: 'FORBIDDEN' });
    await settle();
    const { socket } = world;
    socket.refuse(socket.asked(OPEN)[0] as never, 403, 'FORBIDDEN');
    await settle();
    for (const sent of socket.asked(OPEN).slice(1)) {
      if (data(sent).topics.includes('secret')) socket.refuse(sent, 403, 'FORBIDDEN');
      else socket.answer(sent, 201, { subscription: '~a', cursor: 'c1' });
    }
    await failing;
    await assert.rejects(refused.closed, { code: 'FORBIDDEN' });
    socket.event('~a', 'a', 'c2');
    await settle();
    assert.deepEqual(got, ['a']);
  });

  test('a refusal is told once: by the promises, or the loop, of who took one; else as an error event', async () => {
    const { world, client } = await connected();
    const told: (string | undefined)[] = [];
    client.on('error', ({ error, subscription }) => told.push(`${(error as GodwitError).code} ${subscription?.topics}`));
    client.subscribe('secret.unheard', () => {}, { after: 'c1' });
    client.subscribe('secret.stream', { after: 'c1' });
    const ready = assert.rejects(client.subscribe('secret.ready', () => {}, { after: 'c1' }).ready, { code: 'FORBIDDEN' });
    const closed = assert.rejects(client.subscribe('secret.closed', () => {}, { after: 'c1' }).closed, { code: 'FORBIDDEN' });
    const loop = assert.rejects(client.subscribe('secret.loop', { after: 'c1' })[Symbol.asyncIterator]().next(), { code: 'FORBIDDEN' });
    for (let round = 0; round < 2; round++) {
      await settle();
      for (const sent of world.socket.sent.splice(0)) world.socket.refuse(sent, 403, 'FORBIDDEN');
    }
    await Promise.all([ready, closed, loop]);
    assert.deepEqual(told.sort(), ['FORBIDDEN secret.stream', 'FORBIDDEN secret.unheard']);
  });

  test('one that was confirmed and fails later is told of where only `ready` was taken', async () => {
    const { world, client } = await connected();
    const told: unknown[] = [];
    client.on('error', ({ error }) => told.push((error as GodwitError).code));
    const { ready } = client.subscribe('a', () => {}, { after: 'c1' });
    await settle();
    world.socket.answer(world.socket.asked(OPEN)[0] as never, 201, { subscription: '~a', cursor: 'c1' });
    await ready;
    world.socket.end(4300);
    await settle();
    assert.deepEqual(told, ['UNAUTHENTICATED']);
  });

  test('6.2.9: a cursor that is no longer kept is a gap, told once, and it goes on behind it', async () => {
    const { world, client } = await connected();
    const gaps: unknown[] = [];
    const got: string[] = [];
    client.on('gap', ({ from, to }) => gaps.push([from, to]));
    client.subscribe('a', ({ cursor }) => void got.push(cursor), { after: 'c1' });
    await settle();
    const { socket } = world;
    socket.refuse(socket.asked(OPEN)[0] as never, 410, 'CURSOR_EXPIRED', { earliest: 'c5' });
    await settle();
    assert.equal(data(socket.asked(OPEN)[1]).after, 'c5');
    socket.answer(socket.asked(OPEN)[1] as never, 201, { subscription: '~a', cursor: 'c5' });
    socket.event('~a', 'a', 'c6');
    socket.notice('gap', { subscription: '~a', from: 'c6', to: 'c8' });
    await settle();
    assert.deepEqual(gaps, [
      ['c1', 'c5'],
      ['c6', 'c8'],
    ]);
    assert.deepEqual(got, ['c6']);
  });
});

describe('durable subscriptions', () => {
  const attached = async (handler: (message: Message) => unknown) => {
    const { world, client } = await connected();
    const { socket } = world;
    const subscription = client.subscribe('a.*', handler, { name: 'work' });
    await settle();
    socket.answer(socket.asked(OPEN)[0] as never, 201, { name: 'work', cursor: 'c1' });
    await settle();
    socket.answer(socket.asked(/attach$/)[0] as never, 200, { subscription: 'work', cursor: 'c1', pending: 0 });
    await settle();
    return { world, client, socket, subscription };
  };

  test('6.2.6: what the handler finished is acknowledged, gathered for 100 ms', async () => {
    const { world, socket } = await attached(() => {});
    for (const cursor of ['c2', 'c3', 'c4']) socket.event('work', 'a.b', cursor);
    await world.clock.advance(99);
    assert.equal(socket.asked(/ack$/).length, 0);
    await world.clock.advance(1);
    assert.deepEqual(
      socket.asked(/ack$/).map((sent) => data(sent).cursor),
      ['c4'],
    );
    socket.event('work', 'a.b', 'c5');
    await world.clock.advance(1000);
    assert.equal(socket.asked(/ack$/).length, 1, 'one at a time');
    socket.answer(socket.asked(/ack$/)[0] as never, 200, { cursor: 'c4', pending: 1 });
    await settle();
    assert.equal(data(socket.asked(/ack$/)[1]).cursor, 'c5');
  });

  test('6.2.5: a takeover ends it, with why, and it does not attach again', async () => {
    const { world, socket, subscription } = await attached(() => {});
    socket.notice('detached', { subscription: 'work', reason: 'taken-over' });
    assert.deepEqual(await subscription.closed, { reason: 'taken-over' });
    socket.end(1006);
    await world.clock.advance(1000);
    world.socket.welcome();
    await settle();
    assert.equal(world.socket.asked(/attach$/).length, 0);
  });

  test('close waits for the handler, acknowledges and detaches', async () => {
    let release = (): void => {};
    const { client, socket } = await attached(() => new Promise<void>((resolve) => (release = resolve)));
    socket.event('work', 'a.b', 'c2');
    await settle();
    const closing = client.close();
    await settle();
    assert.equal(socket.asked(/ack$/).length, 0);
    release();
    await settle();
    assert.equal(data(socket.asked(/ack$/)[0]).cursor, 'c2');
    socket.answer(socket.asked(/ack$/)[0] as never, 200, { cursor: 'c2', pending: 0 });
    await settle();
    socket.answer(socket.asked(/detach$/)[0] as never, 204);
    await closing;
  });

  test('what comes again after a reconnect is not handed over again, and is acknowledged again', async () => {
    const got: string[] = [];
    const { world, socket } = await attached(({ cursor }) => void got.push(cursor));
    for (const cursor of ['c2', 'c3']) socket.event('work', 'a.b', cursor);
    await settle();
    socket.end(1006);
    await world.clock.advance(1000);
    const next = world.socket;
    next.welcome();
    await settle();
    assert.match(next.asked(/^GET/)[0]?.payload.path ?? '', /after=c3&/, 'its place may be of another log by now');
    next.answer(next.asked(/^GET/)[0] as never, 200, { items: [], cursor: 'c3', more: false });
    await settle();
    next.answer(next.asked(/attach$/)[0] as never, 200, { subscription: 'work', cursor: 'c1', pending: 2 });
    for (const cursor of ['c2', 'c3', 'c4']) next.event('work', 'a.b', cursor);
    await world.clock.advance(100);
    assert.deepEqual(got, ['c2', 'c3', 'c4']);
    // The acknowledgement went over HTTP while there was no socket; the next one waits for it.
    world.requests.find(({ url }) => url.pathname.endsWith('/ack'))?.answer({ cursor: 'c3', pending: 1 });
    await settle();
    assert.equal(data(next.asked(/ack$/).at(-1)).cursor, 'c4');
  });

  test('clause 1: where the store was restored and lacks what came, it begins again at the place of the server, and says so', async () => {
    const got: string[] = [];
    const told: unknown[] = [];
    const { world, client, socket } = await attached(({ data }) => void got.push(data as string));
    client.on('error', ({ error }) => told.push((error as { code: string }).code));
    for (const cursor of ['c2-old', 'c3-old']) socket.event('work', 'a.b', cursor);
    await world.clock.advance(100);
    socket.answer(socket.asked(/ack$/)[0] as never, 200, { cursor: 'c3-old', pending: 0 });
    await settle();
    socket.end(1006);
    await world.clock.advance(1000);
    const next = world.socket;
    next.welcome();
    await settle();
    next.refuse(next.asked(/^GET/)[0] as never, 400, 'INVALID_CURSOR');
    await settle();
    next.answer(next.asked(/attach$/)[0] as never, 200, { subscription: 'work', cursor: 'c1', pending: 1 });
    for (const cursor of ['c2-new', 'c3-new']) next.event('work', 'a.b', cursor);
    await world.clock.advance(100);
    assert.deepEqual(got, ['c2-old', 'c3-old', 'c2-new', 'c3-new']);
    assert.deepEqual(told, ['INVALID_CURSOR']);
    assert.equal(data(next.asked(/ack$/)[0]).cursor, 'c3-new');
  });

  test('6.2.8: closed and begun again, the second begins when the first has let go, and misses nothing', async () => {
    let release = (): void => {};
    const { world, client, socket, subscription } = await attached(() => new Promise<void>((resolve) => (release = resolve)));
    socket.event('work', 'a.b', 'c2');
    await settle();
    const closing = subscription.close();
    const got: string[] = [];
    client.subscribe('a.*', ({ cursor }) => void got.push(cursor), { name: 'work' });
    await settle();
    // What is sent to the first is not the second's yet.
    socket.event('work', 'a.b', 'c3');
    socket.notice('heartbeat', { cursor: 'c3' });
    await settle();
    assert.deepEqual([socket.asked(OPEN).length, socket.asked(/attach$/).length, socket.asked(/ack$/).length], [1, 1, 0]);
    release();
    await settle();
    socket.answer(socket.asked(/ack$/)[0] as never, 200, { cursor: 'c2', pending: 1 });
    await settle();
    assert.equal(socket.asked(OPEN).length, 1);
    socket.answer(socket.asked(/detach$/)[0] as never, 204);
    await closing;
    await settle();
    socket.answer(socket.asked(OPEN)[1] as never, 200, { name: 'work', cursor: 'c2' });
    await settle();
    socket.notice('heartbeat', { cursor: 'c3' });
    socket.answer(socket.asked(/attach$/)[1] as never, 200, { subscription: 'work', cursor: 'c2', pending: 1 });
    for (const cursor of ['c3', 'c4']) socket.event('work', 'a.b', cursor);
    await world.clock.advance(100);
    assert.deepEqual(got, ['c3', 'c4']);
    assert.equal(data(socket.asked(/ack$/)[1]).cursor, 'c4');
    assert.equal(socket.asked(/detach$/).length, 1);
  });

  test('one that is closed while it is being made is not attached; while it is being attached, it is let go of', async () => {
    const { world, client } = await connected();
    const { socket } = world;
    const first = client.subscribe('a.*', () => {}, { name: 'first' });
    const second = client.subscribe('a.*', () => {}, { name: 'second' });
    await settle();
    socket.answer(socket.asked(OPEN)[1] as never, 201, { name: 'second', cursor: 'c1' });
    await settle();
    await first.close();
    void second.close();
    socket.answer(socket.asked(OPEN)[0] as never, 201, { name: 'first', cursor: 'c1' });
    await settle();
    assert.deepEqual(
      socket.asked(/tach$/).map(({ payload }) => payload.path),
      ['/subscriptions/second/attach', '/subscriptions/second/detach'],
    );
  });

  test('taken over, it still acknowledges what is finished, before the client is closed', async () => {
    const { client, socket } = await attached(() => {});
    const told: unknown[] = [];
    client.on('error', ({ error }) => told.push(error));
    socket.event('work', 'a.b', 'c2');
    await settle();
    socket.notice('detached', { subscription: 'work', reason: 'taken-over' });
    const closing = client.close();
    await settle();
    assert.equal(data(socket.asked(/ack$/)[0]).cursor, 'c2');
    socket.answer(socket.asked(/ack$/)[0] as never, 200, { cursor: 'c2', pending: 0 });
    await closing;
    assert.equal(socket.asked(/detach$/).length, 0, 'it is the attachment of another');
    assert.deepEqual(told, []);
  });

  test('a server that does not answer holds up no end for long', async () => {
    const { world, client, socket } = await attached(() => {});
    const told: unknown[] = [];
    client.on('error', ({ error }) => told.push(error));
    socket.event('work', 'a.b', 'c2');
    await settle();
    let isClosed = false;
    void client.close().then(() => (isClosed = true));
    await world.clock.advance(5000);
    assert.ok(isClosed);
    assert.deepEqual(told, []);
    assert.equal(world.clock.timers, 0);
  });
});

test('a write without data says null, over either transport: the envelope wants the member (4.1.1)', async () => {
  const { world, client } = await connected();
  const calling = assert.rejects(client.call('POST /orders/:id/close', { params: { id: '1' } }));
  await settle();
  assert.deepEqual(world.socket.asked(/close$/)[0]?.payload, { method: 'POST', path: '/orders/1/close', data: null });
  const http = new World();
  void createClient(http.options()).call('POST /orders/:id/close', { params: { id: '1' } });
  await settle();
  assert.equal(http.request.body?.data, null);
  await client.close();
  await calling;
});

describe('polls', () => {
  test('6.3.2: all subscriptions that stand about the same place are one poll, durable ones are pulled, and no more than four wait at once', async () => {
    const world = new World();
    const client = createClient(world.options({ transport: 'longpoll' }));
    for (let number = 0; number < 150; number++) client.subscribe(`t.${number}`, () => {}, { after: 'c1' });
    for (let number = 0; number < 6; number++) client.subscribe('w.*', () => {}, { name: `work-${number}` });
    await settle();
    const answered = new Set<unknown>();
    const of = (path: RegExp) => world.requests.filter(({ url, signal }) => path.test(url.pathname) && !signal.aborted);
    of(/subscriptions$/)[0]?.answer({ items: [] });
    let most = 0;
    for (let turn = 0; turn < 60; turn++) {
      await world.clock.advance(100);
      for (const request of of(/subscriptions$/)) if (request.method === 'POST') request.answer({ cursor: 'c1' }, 201);
      const waiting = of(/messages$|pull$/).filter((request) => !answered.has(request));
      most = Math.max(most, waiting.length);
      const [first] = waiting;
      if (first === undefined) continue;
      answered.add(first);
      first.answer({ items: [], cursor: 'c1', more: false });
    }
    assert.ok(most <= 4, `${most} at once`);
    assert.deepEqual(
      [...new Set(of(/messages$/).map(({ url }) => url.searchParams.get('topics')?.split(',').length))].sort(),
      [100, 50],
      'as few polls as can be',
    );
    assert.equal(new Set(of(/pull$/).map(({ url }) => url.pathname)).size, 6, 'each has its turn');
    await client.close();
  });

  const pulling = async (handler: (message: Message) => unknown) => {
    const world = new World();
    const client = createClient(world.options({ transport: 'longpoll' }));
    const subscription = client.subscribe('a', handler, { name: 'work' });
    await settle();
    world.request.answer({ items: [] });
    await settle();
    world.request.answer({ cursor: 'c1' }, 201);
    await settle();
    return { world, client, subscription };
  };
  const item = (cursor: string) => ({ messageId: `m-${cursor}`, topic: 'a', cursor, timestamp: 't', data: cursor });
  const asked = ({ request }: World) => ({ path: request.url.pathname, data: request.body?.data as { ack?: string } });

  test('clause 1: pulled too, it begins again at the place of a store that was restored, and says so', async () => {
    const got: string[] = [];
    const told: unknown[] = [];
    const { world, client } = await pulling(({ cursor }) => void got.push(cursor));
    client.on('error', ({ error }) => told.push((error as { code: string }).code));
    world.request.answer({ items: [item('c3-old')], cursor: 'c3-old', more: false });
    await settle();
    assert.equal(asked(world).data.ack, 'c3-old');
    world.request.refuse(400, 'INVALID_CURSOR');
    await settle();
    assert.equal(asked(world).data.ack, undefined);
    world.request.answer({ items: [item('c2-new')], cursor: 'c2-new', more: false });
    await settle();
    assert.deepEqual(got, ['c3-old', 'c2-new']);
    assert.equal(asked(world).data.ack, 'c2-new');
    assert.deepEqual(told, ['INVALID_CURSOR']);
  });

  test('6.2.8: pulled too, one that is closed and begun again misses nothing', async () => {
    let release = (): void => {};
    const { world, client, subscription } = await pulling(() => new Promise<void>((resolve) => (release = resolve)));
    world.request.answer({ items: [item('c2')], cursor: 'c2', more: false });
    await settle();
    void subscription.close();
    const got: string[] = [];
    client.subscribe('a', ({ cursor }) => void got.push(cursor), { name: 'work' });
    await settle();
    release();
    await settle();
    assert.match(asked(world).path, /ack$/);
    world.request.answer({ cursor: 'c2', pending: 1 });
    await settle();
    assert.match(asked(world).path, /subscriptions$/);
    world.request.answer({ cursor: 'c2' });
    await settle();
    world.request.answer({ items: [item('c3')], cursor: 'c3', more: false });
    await settle();
    assert.deepEqual(got, ['c3']);
  });

  test('a wait that the server does not allow is shortened', async () => {
    const world = new World();
    const client = createClient(world.options({ transport: 'longpoll' }));
    client.subscribe('a', () => {}, { after: 'c1' });
    await settle();
    world.request.answer({ items: [] });
    await settle();
    world.request.refuse(422, 'VALIDATION_FAILED', { field: '/query/wait' });
    await settle();
    assert.equal(world.request.url.searchParams.get('wait'), '12.5');
    await client.close();
  });
});

test('what the application calls back with may throw: it is reported, and stops nothing', async () => {
  const { world, client } = await connected();
  const errors: unknown[] = [];
  const got: string[] = [];
  const wrong = (): never => {
    throw new Error('of the application');
  };
  client.on('error', ({ error }) => errors.push(error));
  client.on('gap', wrong);
  client.on('state', wrong);
  client.subscribe('a', ({ cursor }) => void got.push(cursor), { after: 'c1', onGap: wrong, onCursor: wrong });
  client.subscribe('b', wrong, { after: 'c1', onError: wrong });
  await settle();
  const { socket } = world;
  socket.answer(socket.asked(OPEN)[0] as never, 201, { subscription: '~a,b', cursor: 'c1' });
  socket.notice('gap', { subscription: '~a,b', from: 'c1', to: 'c2' });
  for (const [cursor, topic] of [
    ['c3', 'a'],
    ['c4', 'b'],
    ['c5', 'a'],
  ] as const)
    socket.event('~a,b', topic, cursor);
  await settle();
  assert.deepEqual(got, ['c3', 'c5']);
  assert.ok(errors.length >= 6);
  await client.close();
});
