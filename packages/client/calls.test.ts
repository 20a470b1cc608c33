// What a request does about failures: the retries of clause 8.2.1, time-outs, aborts, new credentials.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { createClient } from './client.ts';
import type { GodwitError } from './errors.ts';
import { settle } from './testing/clock.ts';
import { World } from './testing/world.ts';

const asking = (options: Parameters<World['options']>[0] = {}) => {
  const world = new World();
  return { world, client: createClient(world.options(options)) };
};
/** How a promise ended, so far. */
const watch = (promise: Promise<unknown>) => {
  const seen: { value?: unknown; error?: GodwitError } = {};
  promise.then(
    (value) => (seen.value = value),
    (error) => (seen.error = error),
  );
  return seen;
};

describe('requests over HTTP', () => {
  test('8.2.1: no answer is tried again after 1 s, 2 s and 4 s with the same requestId, then fails', async () => {
    const { world, client } = asking();
    const seen = watch(client.publish('a.b', 1));
    const at: number[] = [];
    const start = world.clock.now();
    for (const wait of [1000, 2000, 4000]) {
      await settle();
      at.push(world.clock.now() - start);
      world.request.fail();
      await world.clock.advance(wait - 1);
      assert.equal(world.requests.length, at.length, 'not before its time');
      await world.clock.advance(1);
    }
    assert.equal(world.requests.length, 4);
    world.request.fail();
    await settle();
    assert.equal(seen.error?.code, 'NETWORK');
    assert.equal(seen.error?.retryable, true);
    await world.clock.advance(100_000);
    assert.equal(world.requests.length, 4);
    assert.equal(new Set(world.requests.map(({ requestId }) => requestId)).size, 1);
    assert.deepEqual(at, [0, 1000, 3000]);
  });

  test('8.2.1: each wait is spread by up to 20 %', async () => {
    for (const [random, wait] of [
      [0, 800],
      [0.999_999, 1200],
    ] as const) {
      const { world, client } = asking();
      world.random = random;
      watch(client.publish('a.b', 1));
      await settle();
      world.request.fail();
      await world.clock.advance(wait - 1);
      assert.equal(world.requests.length, 1);
      await world.clock.advance(1);
      assert.equal(world.requests.length, 2);
    }
  });

  for (const [code, status] of [
    ['REQUEST_IN_PROGRESS', 409],
    ['REQUEST_TIMEOUT', 408],
    ['INTERNAL', 500],
    ['UNAVAILABLE', 503],
    ['TIMEOUT', 504],
    ['TOO_MANY_CONNECTIONS', 429],
  ] as const)
    test(`8.2.1: ${code} is tried again`, async () => {
      const { world, client } = asking();
      const seen = watch(client.get('orders', '1'));
      await settle();
      world.request.refuse(status, code, { retryable: true });
      await world.clock.advance(1000);
      world.request.answer({ id: '1' });
      await settle();
      assert.deepEqual(seen.value, { id: '1' });
    });

  test('8.2.1: what cannot succeed later is not tried again, and says all that was said', async () => {
    const { world, client } = asking();
    const seen = watch(client.create('orders', {}, { requestId: 'mine' }));
    await settle();
    world.request.refuse(422, 'VALIDATION_FAILED', { field: '/data/total', retryable: false });
    await world.clock.advance(60_000);
    assert.equal(world.requests.length, 1);
    assert.deepEqual(
      [seen.error?.code, seen.error?.status, seen.error?.requestId, seen.error?.details.field, seen.error?.retryable],
      ['VALIDATION_FAILED', 422, 'mine', '/data/total', false],
    );
  });

  test('8.2.1: RATE_LIMITED waits as long as the server says', async () => {
    const { world, client } = asking();
    watch(client.get('orders', '1'));
    await settle();
    world.request.refuse(429, 'RATE_LIMITED', { retryable: true, retryAfterMs: 17_000 });
    await world.clock.advance(16_999);
    assert.equal(world.requests.length, 1);
    await world.clock.advance(1);
    assert.equal(world.requests.length, 2);
  });

  test('6.1.1: an attempt is given up after 30 s, or after what was asked, and tried again', async () => {
    for (const [options, timeout] of [
      [{}, 30_000],
      [{ timeout: 5000 }, 5000],
    ] as const) {
      const { world, client } = asking();
      watch(client.get('orders', '1', options));
      await world.clock.advance(timeout - 1);
      assert.equal(world.request.signal.aborted, false);
      await world.clock.advance(1);
      assert.equal(world.request.signal.aborted, true);
      await world.clock.advance(1000);
      assert.equal(world.requests.length, 2);
    }
  });

  test('an abort ends the request, or the wait before the next attempt, with its own reason', async () => {
    const { world, client } = asking();
    const ending = new AbortController();
    const first = watch(client.get('orders', '1', { signal: ending.signal }));
    const second = watch(client.get('orders', '2', { signal: ending.signal }));
    await settle();
    world.requests[1]?.fail();
    await settle();
    const reason = new Error('enough');
    ending.abort(reason);
    await settle();
    assert.equal(first.error, reason);
    assert.equal(second.error, reason);
    assert.equal(world.requests[0]?.signal.aborted, true);
    assert.equal(world.clock.timers, 0);
    await assert.rejects(client.get('orders', '3', { signal: ending.signal }), reason);
    assert.equal(world.requests.length, 2);
  });

  test('a page of what stands between counts as no answer where it says that the server cannot be reached, else as a wrong url', async () => {
    const { world, client } = asking();
    const seen = watch(client.get('orders', '1'));
    await settle();
    world.request.page(502);
    await world.clock.advance(1000);
    assert.equal(world.requests.length, 2);
    world.request.page(404);
    await world.clock.advance(100_000);
    assert.equal(world.requests.length, 2);
    assert.equal(seen.error?.code, 'PROTOCOL');
  });

  test('an expired token is got anew once, for all that wait for it, and the request repeated at once', async () => {
    let tokens = 0;
    const { world, client } = asking({ getToken: () => `token-${++tokens}` });
    const seen = [watch(client.get('orders', '1')), watch(client.get('orders', '2'))];
    await settle();
    assert.deepEqual(
      world.requests.map(({ headers }) => headers['authorization']),
      ['Bearer token-1', 'Bearer token-1'],
    );
    for (const request of [...world.requests]) request.refuse(401, 'TOKEN_EXPIRED');
    await settle();
    assert.equal(tokens, 2);
    assert.deepEqual(
      world.requests.slice(2).map(({ headers }) => headers['authorization']),
      ['Bearer token-2', 'Bearer token-2'],
    );
    world.requests[2]?.answer({ id: '1' });
    world.requests[3]?.refuse(401, 'TOKEN_EXPIRED');
    await settle();
    assert.deepEqual(seen[0]?.value, { id: '1' });
    assert.equal(seen[1]?.error?.code, 'TOKEN_EXPIRED', 'a new token that is refused too is no reason to ask for ever');
    assert.equal(tokens, 2);
  });

  test('data that JSON cannot hold is the mistake of the caller: told at once, and nothing is asked', async () => {
    const { world, client } = asking();
    const circle: unknown[] = [];
    circle.push(circle);
    for (const data of [circle, 5n]) await assert.rejects(client.publish('a.b', data), TypeError);
    assert.deepEqual([world.requests.length, world.clock.timers], [0, 0]);
  });

  test('8.2.1: what getToken fails with is like no answer: asked for again, and the cause of what the request fails with', async () => {
    const wrong = new Error('no session');
    let asked = 0;
    const { world, client } = asking({
      getToken: () => {
        asked++;
        throw wrong;
      },
    });
    const seen = watch(client.get('orders', '1'));
    await world.clock.advance(6999);
    assert.deepEqual([seen.error, asked], [undefined, 3]);
    await world.clock.advance(1);
    assert.deepEqual([seen.error?.code, seen.error?.cause, seen.error?.retryable, asked], ['NETWORK', wrong, true, 4]);
    assert.match(seen.error?.message ?? '', /getToken.*no session/);
    assert.equal(world.clock.timers, 0);
  });

  test('6.1.1: a getToken that gives nothing holds a request no longer than its timeout and its signal, and is asked again after 30 s', async () => {
    let asked = 0;
    const { world, client } = asking({ getToken: () => (asked++ === 0 ? new Promise(() => {}) : 'token') });
    const ending = new AbortController();
    const aborted = watch(client.get('orders', '1', { signal: ending.signal }));
    const late = watch(client.request('GET', '/orders', { timeout: 1000 }));
    const patient = watch(client.get('orders', '2'));
    await settle();
    const reason = new Error('enough');
    ending.abort(reason);
    await settle();
    assert.equal(aborted.error, reason);
    await world.clock.advance(11_000);
    assert.equal(late.error?.code, 'CLIENT_TIMEOUT');
    assert.deepEqual([world.requests.length, asked], [0, 1]);
    await world.clock.advance(20_000);
    assert.equal(asked, 2);
    world.request.answer({ id: '2' });
    await settle();
    assert.deepEqual(patient.value, { id: '2' });
    assert.equal(world.clock.timers, 0);
  });

  for (const [said, wait] of [
    ['6', 6000],
    ['86400', 60_000],
    ['0', 1000],
    ['Sat, 28 Nov 2026 12:00:00 GMT', 1000],
  ] as const)
    test(`8.2.1: a Retry-After of ${said} is waited for, in an answer of ours and in a page`, async () => {
      for (const answer of ['refuse', 'page', 'both'] as const) {
        const { world, client } = asking();
        watch(client.get('orders', '1'));
        await settle();
        const header = { 'retry-after': said };
        if (answer === 'page') world.request.page(503, header);
        else world.request.refuse(429, 'RATE_LIMITED', { retryable: true, ...(answer === 'both' ? { retryAfterMs: 70_000 } : {}) }, header);
        await world.clock.advance((answer === 'both' ? 70_000 : wait) - 1);
        assert.equal(world.requests.length, 1, answer);
        await world.clock.advance(1);
        assert.equal(world.requests.length, 2, answer);
      }
    });

  test('close ends what is under way at once, be it asked, waited for or about to be asked again', async () => {
    for (const getToken of [undefined, () => new Promise<string>(() => {})]) {
      const { world, client } = asking(getToken === undefined ? {} : { getToken });
      const { signal } = new AbortController();
      const seen = [watch(client.get('orders', '1')), watch(client.get('orders', '2', { signal })), watch(client.connect())];
      await settle();
      world.requests[1]?.refuse(429, 'RATE_LIMITED', { retryable: true, retryAfterMs: 20_000 });
      await settle();
      await client.close();
      await settle();
      assert.deepEqual(
        seen.map(({ error }) => error?.code),
        ['CLOSED', 'CLOSED', 'CLOSED'],
      );
      assert.ok(world.requests.every(({ signal: ended }, index) => index === 1 || ended.aborted));
      assert.equal(world.clock.timers, 0);
      assert.equal(getEventListeners(signal, 'abort').length, 0);
      await assert.rejects(client.get('orders', '3'), ({ code }: GodwitError) => code === 'CLOSED');
    }
  });
});

describe('what is wrong before it is sent, alike over either transport', () => {
  for (const transport of ['http', 'socket'])
    test(`over ${transport}`, async () => {
      const { world, client } = asking();
      if (transport === 'socket') {
        void client.connect();
        await settle();
        world.socket.welcome();
        await settle();
      }
      for (const requestId of ['', 'a b', 'é', 'r'.repeat(129)]) {
        const seen = watch(client.publish('a.b', 1, { requestId }));
        await settle();
        assert.ok((seen.error as unknown) instanceof TypeError, requestId);
      }
      const strange = [client.get('goods', '..'), client.remove('..', 'x'), client.get('goods', '.'), client.request('GET', '/goods/%2E%2e/x?a=b')];
      for (const seen of strange.map(watch)) {
        await settle();
        assert.ok((seen.error as unknown) instanceof TypeError);
      }
      assert.equal(world.requests.length + (world.sockets[0]?.sent.length ?? 0), 0);
      for (const id of ['...', '.hidden', 'a..b', 'a/..?#']) watch(client.get('goods', id));
      watch(client.request('GET', '/goods?filter[path]=/../x'));
      watch(client.publish('a#b', 1));
      await settle();
      const paths =
        transport === 'http'
          ? world.requests.map(({ url }) => `${url.pathname}${url.search}`.slice('/v1'.length))
          : (world.sockets[0]?.sent.map(({ payload }) => payload.path) ?? []);
      assert.deepEqual(paths, ['/goods/...', '/goods/.hidden', '/goods/a..b', '/goods/a%2F..%3F%23', '/goods?filter[path]=/../x', '/topics/a%23b/messages']);
    });
});

describe('requests over a socket', () => {
  const connected = async () => {
    const { world, client } = asking();
    const connecting = client.connect();
    await settle();
    world.socket.welcome();
    await connecting;
    return { world, client };
  };

  test('go there while it is open; what it ends under is tried again over HTTP with the same requestId', async () => {
    const { world, client } = await connected();
    const seen = watch(client.publish('a.b', 1));
    await settle();
    const sent = world.socket.asked(/messages/)[0];
    assert.equal(world.requests.length, 0);
    world.socket.end(1006);
    await world.clock.advance(1000);
    const repeated = world.requests.find(({ url }) => url.pathname.endsWith('/messages'));
    assert.equal(repeated?.requestId, sent?.messageId);
    repeated?.answer({ cursor: 'c' });
    await settle();
    assert.deepEqual(seen.value, { cursor: 'c' });
  });

  test('7.2.2: what is too large for a message goes over HTTP', async () => {
    const { world, client } = asking();
    const connecting = client.connect();
    await settle();
    world.socket.welcome({ limits: { maxMessageBytes: 1024 } });
    await connecting;
    watch(client.publish('a.b', 'é'.repeat(600)));
    await settle();
    assert.equal(world.socket.sent.length, 0);
    assert.equal(world.requests.length, 1);
  });

  test('7.2.1: a burst is paced below the message rate; acknowledgements are free', async () => {
    const { world, client } = asking();
    const connecting = client.connect();
    await settle();
    world.socket.welcome({ limits: { messagesPerSecond: 20 } });
    await connecting;
    for (let i = 0; i < 60; i++) watch(client.publish('a.b', i));
    watch(client.request('POST', '/subscriptions/x/ack', { data: { cursor: 'c' } }));
    await settle();
    assert.equal(world.socket.asked(/messages/).length, 19);
    assert.equal(world.socket.asked(/ack/).length, 1);
    await world.clock.advance(1000);
    const afterOne = world.socket.asked(/messages/).length;
    assert.ok(afterOne > 19 && afterOne <= 38, `${afterOne}`);
    await world.clock.advance(2000);
    assert.equal(world.socket.asked(/messages/).length, 60);
    assert.deepEqual(
      world.socket.asked(/messages/).map(({ payload }) => payload.data),
      Array.from({ length: 60 }, (_, i) => i),
      'in their order',
    );
  });

  const pacedAt = async (messagesPerSecond: number) => {
    const { world, client } = asking();
    const connecting = client.connect();
    await settle();
    world.socket.welcome({ limits: { messagesPerSecond } });
    await connecting;
    return { world, client };
  };

  test('6.1.1, 7.2.1: what waits for its turn is not timed, only what was sent', async () => {
    const { world, client } = await pacedAt(10);
    const late: unknown[] = [];
    const publishing = Array.from({ length: 100 }, (_, i) => client.publish('a.b', i, { timeout: 2000 }).catch((error: unknown) => late.push(error)));
    for (let turn = 0, answered = 0; answered < 100 && turn < 200; turn++) {
      await world.clock.advance(100);
      for (const sent of world.socket.asked(/messages/).slice(answered)) {
        world.socket.answer(sent, 201, {});
        answered++;
      }
    }
    assert.deepEqual(late, []);
    await Promise.all(publishing);
    const last = watch(client.publish('a.b', 'never answered', { timeout: 2000 }));
    await world.clock.advance(20_000);
    assert.equal(last.error?.code, 'CLIENT_TIMEOUT');
  });

  test('7.2.1: what was aborted while it waited for its turn is passed over, and holds nobody up', async () => {
    const { world, client } = await pacedAt(20);
    const ending = new AbortController();
    for (let i = 0; i < 19; i++) watch(client.publish('a.b', i));
    const ended = Array.from({ length: 1000 }, () => watch(client.publish('a.b', 'unwanted', { signal: ending.signal })));
    watch(client.publish('a.b', 'wanted'));
    await settle();
    ending.abort();
    await settle();
    assert.ok(ended.every(({ error }) => error === ending.signal.reason));
    await world.clock.advance(100);
    assert.deepEqual(
      world.socket
        .asked(/messages/)
        .slice(19)
        .map(({ payload }) => payload.data),
      ['wanted'],
    );
  });

  test('7.2.1: a batch counts as its operations; what comes behind it waits behind it', async () => {
    const { world, client } = await pacedAt(20);
    const batch = (length: number) =>
      void watch(client.batch(Array.from({ length }, () => ({ method: 'POST' as const, path: '/topics/a.b/messages', data: 1 }))));
    batch(15);
    batch(20);
    watch(client.publish('a.b', 'behind it'));
    await settle();
    assert.deepEqual([world.socket.asked(/batch/).length, world.socket.asked(/messages/).length], [1, 0]);
    // As many as the server takes at once go when its bucket is full.
    await world.clock.advance(700);
    assert.equal(world.socket.asked(/batch/).length, 1);
    await world.clock.advance(100);
    assert.deepEqual([world.socket.asked(/batch/).length, world.socket.asked(/messages/).length], [2, 0]);
    await world.clock.advance(1000);
    assert.equal(world.socket.asked(/messages/).length, 1);
    // One that the server never takes is refused by it, at once.
    batch(21);
    await world.clock.advance(100);
    assert.equal(world.socket.asked(/batch/).length, 3);
  });

  test('close ends what is under way with CLOSED', async () => {
    const { world, client } = await connected();
    const last = watch(client.publish('a.b', 1, { timeout: 100 }));
    await world.clock.advance(100 + 1000 + 100 + 2000 + 100 + 4000);
    assert.equal(world.socket.sent.length, 4, 'one that is not tried again any more');
    const seen = watch(client.publish('a.b', 2));
    await settle();
    await client.close();
    await settle();
    assert.deepEqual([seen.error?.code, last.error?.code], ['CLOSED', 'CLOSED']);
    assert.equal(world.clock.timers, 0);
  });

  test('6.1.1: an attempt is given up after 30 s and tried again', async () => {
    const { world, client } = await connected();
    watch(client.publish('a.b', 1));
    await world.clock.advance(30_000);
    await world.clock.advance(1000);
    assert.equal(world.socket.asked(/messages/).length, 2);
    assert.equal(new Set(world.socket.sent.map(({ messageId }) => messageId)).size, 1);
  });
});
