// Which transport messages flow over and when it is tried again: 5.1.3, 5.3, 5.4, 6.3.2 and 8.2.1 with a clock that the test moves.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { ClientOptions, Message } from './api.ts';
import { createClient } from './client.ts';
import type { GodwitError } from './errors.ts';
import { settle } from './testing/clock.ts';
import { type ScriptedRequest, type ScriptedSocket, World } from './testing/world.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const begin = (options: Partial<ClientOptions> = {}) => {
  const world = new World();
  const client = createClient(world.options(options));
  const states: string[] = [];
  client.on('state', ({ status, transport }) => states.push(transport === undefined ? status : `${status} ${transport}`));
  return { world, client, states };
};

/** A client with a subscription on an open socket, at cursor c1. */
const subscribed = async (options: Partial<ClientOptions> = {}) => {
  const { world, client, states } = begin(options);
  const got: Message[] = [];
  client.subscribe('a.*', (message) => void got.push(message));
  await settle();
  world.socket.welcome();
  await settle();
  open(world.socket);
  await settle();
  return { world, client, states, got };
};
const open = (socket: ScriptedSocket, cursor = 'c1'): void => {
  for (const asked of socket.asked(/^POST \/subscriptions$/)) socket.answer(asked, 201, { subscription: '~a.*', cursor });
};
/** Where the first subscription of the last socket begins. */
const openedAfter = (world: World): unknown => (world.socket.asked(/^POST \/subscriptions$/)[0]?.payload.data as { after?: string } | undefined)?.after;
const isPoll = ({ url }: ScriptedRequest): boolean => url.pathname === '/v1/messages';
const isProbe = ({ url }: ScriptedRequest): boolean => url.pathname === '/v1/subscriptions';
/** Moves on until so many sockets were opened. */
const opened = async (world: World, count: number): Promise<void> => {
  for (let step = 0; step < 400 && world.sockets.length < count; step++) await world.clock.advance(250);
  assert.equal(world.sockets.length, count);
};
/** Ends the last socket and moves on to the next attempt. */
const refuseSocket = (world: World): void => world.socket.end(1006);

describe('the handshake', () => {
  test('5.1.1, 5.5: the credentials go as a subprotocol, the instance in the URL and is the same at every attempt', async () => {
    const { world } = await subscribed({ url: 'https://server.test/below/' });
    assert.match(world.socket.url, /^wss:\/\/server\.test\/below\/v1\/ws\?instance=[\w-]{1,64}$/);
    assert.deepEqual(world.socket.protocols, ['godwit.v1', 'bearer.a-key']);
    const { url } = world.socket;
    world.socket.end(1006);
    await world.clock.advance(1000);
    assert.equal(world.sockets.length, 2);
    assert.equal(world.socket.url, url);
  });

  test('6.3.2: without a welcome in 5 s it counts as not opened', async () => {
    const { world, client } = begin();
    client.subscribe('a.*', () => {});
    await settle();
    world.socket.readyState = 1;
    await world.clock.advance(4999);
    assert.equal(world.requests.length, 0);
    await world.clock.advance(1);
    assert.ok(world.requests.some(isProbe));
    assert.notEqual(world.socket.closedWith, undefined);
  });

  test('a key that cannot stand in a subprotocol, or more than one kind of credentials, is refused at once', () => {
    assert.throws(() => createClient({ url: 'http://x', key: 'with space' }), TypeError);
    assert.throws(() => createClient({ url: 'http://x', key: 'a', token: 'b' }), TypeError);
    assert.throws(() => createClient({ url: 'ws://x', key: 'a' }), TypeError);
  });
});

describe('what cannot be', () => {
  for (const given of ['abc\n', '', undefined, null, { token: 'abc' }, 'a+b='] as never[])
    test(`a getToken that gives ${JSON.stringify(given)} is one that fails: it is told, and tried again`, async () => {
      let token = given;
      const { world, client } = begin({ getToken: () => token });
      const errors: unknown[] = [];
      client.on('error', ({ error }) => errors.push(error));
      const connecting = client.connect();
      await settle();
      assert.equal(world.sockets.length, 0);
      assert.match(String(errors), /^GodwitError: getToken failed: A key or token is \[A-Za-z0-9\._~-\]\+ \(5\.1\.1\)\.$/);
      assert.ok((errors[0] as Error).cause instanceof TypeError);
      const asked = client.get('orders', '1');
      await settle();
      assert.equal(world.requests.length, 0);
      token = 'sound' as never;
      await world.clock.advance(2000);
      assert.deepEqual(world.socket.protocols, ['godwit.v1', 'bearer.sound']);
      world.socket.welcome();
      await connecting;
      world.request.answer({ id: '1' });
      assert.deepEqual(await asked, { id: '1' });
    });

  test('where the runtime makes no WebSocket of the url, messages are polled for, and it is tried again', async () => {
    let made = 0;
    const WebSocket = class {
      constructor() {
        made++;
        throw new DOMException('of an insecure url', 'SecurityError');
      }
    };
    const { world, client, states } = begin({ WebSocket: WebSocket as never });
    client.subscribe('a.*', () => {});
    await settle();
    assert.match(client.state.error?.message ?? '', /of an insecure url/);
    world.request.answer({ items: [] });
    await settle();
    assert.equal(states.at(-1), 'open longpoll');
    await world.clock.advance(5000);
    assert.ok(made > 1);
  });
});

describe('what an attempt failed with', () => {
  test('is told as soon as there is something to tell, once for each way to fail, and taken back when it works', async () => {
    const { world, client } = begin({ transport: 'websocket' });
    const told: string[] = [];
    client.on('state', ({ status, error }) => told.push(error === undefined ? status : `${status}: ${error.message}`));
    const connecting = client.connect();
    await settle();
    for (const [code, wait] of [
      [1006, 1500],
      [1006, 2500],
      [1013, 4500],
    ] as const) {
      world.socket.end(code);
      await world.clock.advance(wait);
    }
    world.socket.welcome();
    await connecting;
    assert.deepEqual(told, ['connecting', 'connecting: The connection has ended: 1006 ', 'connecting: The connection has ended: 1013 ', 'open']);
  });
});

describe('falling back to long-polling and moving back', () => {
  test('6.3.2: after the first failure messages are polled for from the same cursors, and handed over once', async () => {
    const { world, states, got } = await subscribed();
    world.socket.event('~a.*', 'a.b', 'c2');
    await settle();
    world.socket.end(1006);
    await world.clock.advance(500);
    assert.equal(world.sockets.length, 2);
    refuseSocket(world);
    await settle();
    world.requests.find(isProbe)?.answer({ items: [] });
    await settle();
    const poll = world.requests.find(isPoll);
    assert.equal(poll?.url.searchParams.get('after'), 'c2');
    assert.equal(poll?.url.searchParams.get('topics'), 'a.*');
    assert.equal(poll?.url.searchParams.get('wait'), '25', 'clause 6.3.1');
    poll?.answer({
      items: ['c2', 'c3'].map((cursor) => ({ messageId: `m-${cursor}`, topic: 'a.b', cursor, timestamp: 't', data: cursor })),
      cursor: 'c3',
      more: false,
    });
    await settle();
    assert.deepEqual(
      got.map(({ data }) => data),
      ['c2', 'c3'],
    );
    assert.deepEqual(states, ['connecting', 'open websocket', 'reconnecting', 'open longpoll']);
    assert.equal(world.requests.filter(isPoll).at(-1)?.url.searchParams.get('after'), 'c3');
  });

  test('6.3.2: the WebSocket is tried again, backing off to 60 s, and taken when it works; the poll ends', async () => {
    const { world, client, states } = begin();
    client.subscribe('a.*', () => {}, { after: 'c1' });
    await settle();
    refuseSocket(world);
    await settle();
    world.requests.find(isProbe)?.answer({ items: [] });
    const attempts: number[] = [];
    let last = world.clock.now();
    for (let count = 2; count <= 10; count++) {
      while (world.sockets.length < count) {
        await world.clock.advance(250);
        for (const poll of world.requests.filter(isPoll)) if (world.clock.now() - last > 20_000) poll.answer({ items: [], cursor: 'c1', more: false });
      }
      attempts.push(Math.round((world.clock.now() - last) / 1000));
      last = world.clock.now();
      for (const poll of world.requests.filter(isPoll)) poll.answer({ items: [], cursor: 'c1', more: false });
      if (count < 10) refuseSocket(world);
    }
    assert.deepEqual(
      attempts.map((seconds, index) => seconds >= Math.min(2 ** index, 60) - 1 && seconds <= Math.min(2 ** index + 1, 61)),
      attempts.map(() => true),
      `${attempts}`,
    );
    const parked = world.requests.filter(isPoll).at(-1);
    world.socket.welcome();
    await settle();
    assert.equal(parked?.signal.aborted, true);
    assert.equal(openedAfter(world), 'c1');
    assert.equal(states.at(-1), 'open websocket');
  });

  test('6.3.2: a refusal in our own words is no case for it', async () => {
    for (const code of [4100, 4200, 4300]) {
      const { world, client } = begin({ getToken: () => 'token' });
      client.subscribe('a.*', () => {});
      await settle();
      world.socket.end(code);
      await world.clock.advance(4000);
      assert.equal(world.requests.filter(isPoll).length + world.requests.filter(isProbe).length, 0, `${code}`);
    }
  });

  test('a poll that is stuck behind something dead is noticed 10 s after it should have been answered', async () => {
    const { world, client, states } = begin({ transport: 'longpoll' });
    client.subscribe('a.*', () => {}, { after: 'c1' });
    await settle();
    world.requests.find(isProbe)?.answer({ items: [] });
    await settle();
    const poll = world.requests.find(isPoll);
    await world.clock.advance(34_999);
    assert.equal(poll?.signal.aborted, false);
    await world.clock.advance(1);
    assert.equal(poll?.signal.aborted, true);
    assert.equal(states.at(-1), 'reconnecting');
    await world.clock.advance(2000);
    world.requests.filter(isProbe)[1]?.answer({ items: [] });
    await settle();
    assert.equal(states.at(-1), 'open longpoll');
    assert.equal(world.requests.filter(isPoll).length, 2);
  });

  test('6.3.2: where sockets open and die young, messages are polled for while the next is waited for', async () => {
    const { world } = await subscribed();
    for (const _ of [1, 2]) {
      world.socket.end(1006);
      await world.clock.advance(1500);
      world.socket.welcome();
      await settle();
    }
    assert.equal(world.requests.length, 0);
    world.socket.end(1006);
    await settle();
    world.requests.find(isProbe)?.answer({ items: [] });
    await settle();
    assert.equal(world.requests.filter(isPoll).length, 1);
  });

  test('credentials that are refused again are asked for again, backing off, where there is a getToken', async () => {
    const { world, client, states } = begin({ transport: 'longpoll', getToken: () => 'token' });
    client.subscribe('a.*', () => {}, { after: 'c1' });
    await settle();
    for (const _ of [1, 2]) {
      world.request.refuse(401, 'TOKEN_EXPIRED');
      await settle();
    }
    assert.equal(states.at(-1), 'connecting');
    const { length } = world.requests;
    await world.clock.advance(2000);
    assert.equal(world.requests.length, length + 1);
    world.request.answer({ items: [] });
    await settle();
    assert.equal(states.at(-1), 'open longpoll');
    await client.close();
  });

  test('with the server away both are tried; when it answers again the WebSocket is tried within a second', async () => {
    const { world, states } = await subscribed();
    world.socket.end(1006);
    for (let step = 0; step < 60; step++) {
      await world.clock.advance(1000);
      if (world.socket.readyState === 0) refuseSocket(world);
      for (const request of world.requests) request.fail();
    }
    assert.equal(states.at(-1), 'reconnecting');
    const before = world.requests.length;
    for (let step = 0; step < 40 && world.requests.length === before; step++) {
      await world.clock.advance(1000);
      if (world.socket.readyState === 0) refuseSocket(world);
    }
    const { length } = world.sockets;
    world.request.answer({ items: [] });
    await settle();
    assert.equal(states.at(-1), 'open longpoll');
    await world.clock.advance(1000);
    assert.equal(world.sockets.length, length + 1);
  });

  for (const [what, answer] of [
    ['a page that says 404', (request: ScriptedRequest) => request.page(404)],
    ['a page that says 200', (request: ScriptedRequest) => request.page(200)],
    ['a token that cannot be had', (request: ScriptedRequest) => request.refuse(401, 'TOKEN_EXPIRED')],
  ] as const)
    for (const step of ['poll', 'pull', 'creation', 'proof'])
      for (const transport of ['auto', 'longpoll'] as const)
        test(`8.2.1, 6.3.2: ${what} in place of one answer (${step}, ${transport}) ends nothing`, async () => {
          let fails = false;
          const { world, client, states } = begin({
            transport,
            getToken: () => {
              if (fails) throw new Error('the token server is away');
              return 'token';
            },
          });
          client.on('error', () => {});
          const ended: unknown[] = [];
          const isNamed = step === 'pull' || step === 'creation';
          const afters = step === 'proof' ? ['c1', 'c2'] : ['c1'];
          const subscriptions = isNamed
            ? [client.subscribe('a.*', () => {}, { name: 'work' })]
            : afters.map((after) => client.subscribe('a.*', () => {}, { after }));
          for (const { closed } of subscriptions)
            closed.then(
              (end) => ended.push(end),
              (error) => ended.push(error),
            );
          await settle();
          if (transport === 'auto') refuseSocket(world);
          await settle();
          world.requests.find(isProbe)?.answer({ items: [] });
          await settle();
          assert.equal(states.at(-1), 'open longpoll');
          const creation = (): ScriptedRequest | undefined =>
            world.requests.findLast(({ url, method }) => method === 'POST' && url.pathname === '/v1/subscriptions');
          if (step === 'pull') creation()?.answer({ cursor: 'c1' }, 201);
          await settle();
          fails = what.includes('token');
          const { length } = world.requests;
          answer(world.request);
          await settle();
          fails = false;
          const path = isNamed ? (step === 'pull' ? /pull$/ : /^POST .*subscriptions$/) : /messages$/;
          const isAskedAgain = (): boolean => world.requests.slice(length).some(({ url, method }) => path.test(`${method} ${url.pathname}`));
          for (let second = 0; second < 10 && !isAskedAgain(); second++) {
            await world.clock.advance(1000);
            if (world.sockets.at(-1)?.readyState === 0) refuseSocket(world);
            for (const request of world.requests.slice(length)) if (isProbe(request) && request.method === 'GET') request.answer({ items: [] });
            await settle();
          }
          assert.ok(isAskedAgain());
          assert.deepEqual(ended, []);
          assert.equal(states.at(-1), 'open longpoll');
          await client.close();
        });

  test('a first answer that is none of ours, with no socket to be tried, is a wrong url', async () => {
    const { world, client, states } = begin({ transport: 'longpoll' });
    const connecting = assert.rejects(client.connect(), ({ code }: GodwitError) => code === 'PROTOCOL');
    await settle();
    world.request.page(404);
    await connecting;
    assert.equal(states.at(-1), 'closed');
  });

  test('transport websocket never polls, transport longpoll never opens a socket', async () => {
    const socketOnly = begin({ transport: 'websocket' });
    socketOnly.client.subscribe('a.*', () => {});
    await settle();
    for (let step = 0; step < 10; step++) {
      if (socketOnly.world.socket.readyState === 0) refuseSocket(socketOnly.world);
      await socketOnly.world.clock.advance(10_000);
    }
    assert.equal(socketOnly.world.requests.length, 0);
    const pollOnly = begin({ transport: 'longpoll' });
    pollOnly.client.subscribe('a.*', () => {});
    await pollOnly.world.clock.advance(100_000);
    assert.equal(pollOnly.world.sockets.length, 0);
  });
});

describe('what a close code tells (5.3)', () => {
  const again = async (world: World, least: number, most: number): Promise<void> => {
    const { length } = world.sockets;
    await world.clock.advance(least - 1);
    assert.equal(world.sockets.length, length, `not before ${least} ms`);
    await world.clock.advance(most - least + 2);
    assert.equal(world.sockets.length, length + 1, `within ${most} ms`);
  };

  for (const code of [4000, 4001, 4042, 1006, 1001])
    test(`${code}: at once, spread by up to 1 s`, async () => {
      for (const random of [0, 0.999]) {
        const { world } = await subscribed();
        world.random = random;
        world.socket.end(code);
        await again(world, random * 1000, random * 1000);
      }
    });

  for (const code of [1011, 1013, 4100, 4101, 4150])
    test(`${code}: with backoff`, async () => {
      const { world } = await subscribed();
      for (const wait of [1000, 2000, 4000, 8000, 16_000]) {
        world.socket.end(code);
        await again(world, wait + 500, wait + 500);
        world.socket.welcome();
        await settle();
      }
      world.socket.end(code);
      await again(world, 30_000, 30_000);
    });

  test('1012: after reconnectAfterMs, spread', async () => {
    const { world } = await subscribed();
    world.socket.notice('goaway', { reason: 'restart', closesAt: 't', reconnectAfterMs: 7000 });
    world.socket.end(1012);
    await again(world, 7500, 7500);
  });

  for (const code of [4200, 4250])
    test(`${code}: new credentials, then again`, async () => {
      let tokens = 0;
      const { world } = await subscribed({ getToken: () => `token-${++tokens}` });
      world.socket.end(code);
      await again(world, 500, 500);
      assert.deepEqual(world.socket.protocols, ['godwit.v1', 'bearer.token-2']);
    });

  test('4200 over and over backs off; without a getToken it is the end', async () => {
    const renewing = await subscribed({ getToken: () => 'token' });
    for (const _ of [1, 2]) {
      renewing.world.socket.end(4200);
      await again(renewing.world, 500, 500);
    }
    renewing.world.socket.end(4200);
    await again(renewing.world, 1500, 1500);
    const fixed = begin({ token: 'token' });
    const connecting = fixed.client.connect();
    await settle();
    fixed.world.socket.end(4200);
    await assert.rejects(connecting, ({ code }: GodwitError) => code === 'TOKEN_EXPIRED');
    await fixed.world.clock.advance(100_000);
    assert.equal(fixed.world.sockets.length, 1);
  });

  for (const code of [4300, 4301, 4399])
    test(`${code}: not again; subscriptions and requests fail with why`, async () => {
      const { world, client, states } = await subscribed();
      const subscription = client.subscribe('b.*', () => {});
      const closed = assert.rejects(subscription.closed);
      world.socket.end(code);
      await world.clock.advance(1_000_000);
      assert.equal(world.sockets.length, 1);
      assert.equal(states.at(-1), 'closed');
      await closed;
      await assert.rejects(client.get('orders', '1'), ({ code: why }: GodwitError) => why === (code === 4301 ? 'CLOSED' : 'UNAUTHENTICATED'));
      assert.equal(world.clock.timers, 0);
    });
});

describe('an attempt that was given up and reaches the server late (5.5)', () => {
  const givenUp = async (wait: number) => {
    const { world, client, states } = begin();
    client.subscribe('a.*', () => {});
    await world.clock.advance(5000);
    assert.notEqual(world.socket.closedWith, undefined);
    await opened(world, 2);
    world.socket.welcome();
    await world.clock.advance(wait);
    world.socket.notice('heartbeat', { cursor: 'c1' });
    world.socket.end(4301, 'replaced');
    await settle();
    return { world, states };
  };

  test('replaces what came after it: that is opened again, with backoff', async () => {
    const { world, states } = await givenUp(4000);
    assert.equal(states.at(-1), 'reconnecting');
    await world.clock.advance(1000);
    assert.equal(world.sockets.length, 2, 'not at once');
    await opened(world, 3);
    world.socket.welcome();
    await settle();
    assert.equal(states.at(-1), 'open websocket');
  });

  test('is on its way for two minutes at most: from then on 4301 is the end', async () => {
    const { world, states } = await givenUp(59_000);
    assert.equal(states.at(-1), 'reconnecting', 'still on its way');
    await opened(world, 3);
    world.socket.welcome();
    for (let beat = 0; beat < 3; beat++) {
      await world.clock.advance(30_000);
      world.socket.notice('heartbeat', { cursor: 'c1' });
    }
    world.socket.end(4301, 'replaced');
    await settle();
    assert.equal(states.at(-1), 'closed');
  });
});

test('6.1.1: a getToken that gives nothing once is asked again after 30 s, whatever of the connection waits for it', async () => {
  for (const hanging of [1, 2]) {
    let asked = 0;
    const { world, client, states } = begin({ getToken: () => (++asked === hanging ? new Promise(() => {}) : `token-${asked}`) });
    const errors: GodwitError[] = [];
    client.on('error', ({ error }) => void errors.push(error as GodwitError));
    client.subscribe('a.*', () => {});
    await settle();
    if (hanging === 2) {
      world.socket.welcome();
      await settle();
      world.socket.end(4200);
    }
    await world.clock.advance(29_000);
    assert.equal(asked, hanging);
    await opened(world, hanging);
    if (hanging === 2) {
      // The token that is at hand is shown once more before another is asked for.
      world.socket.end(4200);
      await world.clock.advance(1000);
    }
    assert.deepEqual(world.socket.protocols, ['godwit.v1', `bearer.token-${hanging + 1}`]);
    assert.match(errors[0]?.message ?? '', /getToken/);
    world.socket.welcome();
    await settle();
    assert.equal(states.at(-1), 'open websocket');
    await client.close();
  }
});

describe('an open connection', () => {
  test('5.1.3: silent for two heartbeat intervals it is dead; anything that comes keeps it alive', async () => {
    const { world } = await subscribed();
    for (let beat = 0; beat < 5; beat++) {
      await world.clock.advance(59_000);
      world.socket.notice('heartbeat', { cursor: 'c1' });
    }
    assert.equal(world.sockets.length, 1);
    await world.clock.advance(59_999);
    assert.equal(world.sockets.length, 1);
    await world.clock.advance(501);
    assert.equal(world.sockets.length, 2);
    assert.notEqual(world.sockets[0]?.closedWith, undefined);
  });

  test('5.1.3: what came while this side stood still is heard before it is taken for dead', async () => {
    const { world } = await subscribed();
    world.clock.setTimeout(() => world.socket.notice('heartbeat', { cursor: 'c1' }), 60_000);
    await world.clock.advance(61_000);
    assert.equal(world.sockets.length, 1);
  });

  test('5.1.3: a heartbeat moves quiet subscriptions on', async () => {
    const { world } = await subscribed();
    world.socket.notice('heartbeat', { cursor: 'c9' });
    await settle();
    world.socket.end(1006);
    await world.clock.advance(1000);
    world.socket.welcome();
    await settle();
    assert.equal(openedAfter(world), 'c9');
  });

  test('5.4: at $sys.expiring a new token is got and the session renewed', async () => {
    let tokens = 0;
    const { world } = await subscribed({ getToken: () => `token-${++tokens}` });
    world.socket.notice('expiring', { expiresAt: 't' });
    await settle();
    assert.deepEqual(world.socket.asked(/^POST \/session$/)[0]?.payload.data, { token: 'token-2' });
  });

  test('5.4: a token that lives no longer than its warning is renewed after half of its life, again and again, and not at once without end', async () => {
    let tokens = 0;
    const { world, client } = await subscribed({ getToken: () => `token-${++tokens}` });
    const at = (ms: number): string => new Date(world.clock.now() + ms).toISOString();
    const renewals = () => world.socket.asked(/^POST \/session$/);
    for (let round = 1; round <= 5; round++) {
      world.socket.notice('expiring', { expiresAt: at(6000) }, at(0));
      await world.clock.advance(round === 1 ? 0 : 2999);
      assert.equal(renewals().length, round === 1 ? 1 : round - 1);
      await world.clock.advance(round === 1 ? 0 : 1);
      assert.equal(renewals().length, round);
      world.socket.answer(renewals().at(-1) as never, 200, { expiresAt: at(6000) });
      await settle();
    }
    assert.equal(tokens, 6);
    world.socket.notice('expiring', { expiresAt: at(6000) }, at(0));
    await client.close();
    assert.equal(world.clock.timers, 0);
  });

  test('5.4: a session that ended while its token was got is not renewed over HTTP, and nothing is said of it', async () => {
    let given = (_token: string): void => {};
    let asked = 0;
    const errors: unknown[] = [];
    const { world, client } = await subscribed({ getToken: () => (++asked === 1 ? 'token-1' : new Promise<string>((resolve) => (given = resolve))) });
    client.on('error', ({ error }) => errors.push(error));
    world.socket.notice('expiring', { expiresAt: 't' });
    await settle();
    world.socket.end(1006);
    given('token-2');
    await settle();
    world.requests.find(({ url }) => url.pathname === '/v1/session')?.refuse(426, 'WEBSOCKET_REQUIRED');
    await settle();
    assert.deepEqual(errors, []);
  });

  test('back in sight, or with the network back, what is silent is found out in 5 s, and what waits is tried at once', async () => {
    const page = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    const before = { add: globalThis.addEventListener, remove: globalThis.removeEventListener };
    Object.assign(globalThis, { addEventListener: page.addEventListener.bind(page), removeEventListener: page.removeEventListener.bind(page), document });
    ends.push(() => Object.assign(globalThis, { addEventListener: before.add, removeEventListener: before.remove, document: undefined }));
    const { world, client } = await subscribed();
    document.dispatchEvent(new Event('visibilitychange'));
    await world.clock.advance(4999);
    assert.equal(world.sockets[0]?.closedWith, undefined);
    await world.clock.advance(501 + 1);
    assert.notEqual(world.sockets[0]?.closedWith, undefined);
    for (let step = 0; step < 200; step++) {
      await world.clock.advance(1000);
      if (world.socket.readyState === 0) refuseSocket(world);
      for (const request of world.requests) request.fail();
    }
    const { length } = world.sockets;
    page.dispatchEvent(new Event('online'));
    await world.clock.advance(0);
    assert.equal(world.sockets.length, length + 1);
    await client.close();
    page.dispatchEvent(new Event('online'));
    await world.clock.advance(100_000);
    assert.equal(world.sockets.length, length + 1);
  });

  test('close ends everything and leaves no timer', async () => {
    const { world, client, states } = await subscribed();
    const subscription = client.subscribe('b.*', () => {});
    await client.close();
    assert.deepEqual(await subscription.closed, { reason: 'closed' });
    assert.equal(states.at(-1), 'closed');
    assert.equal(world.socket.closedWith, 1000);
    assert.equal(world.clock.timers, 0);
    assert.throws(() => client.subscribe('a', () => {}));
    await client.close();
  });
});
