// Where the SDK's streams meet: subscriptions that share what is opened at the server, places that are not of this log or no longer kept, rights that end, takeovers,
// and ends in the middle of things; against the real server, over both transports. The rules of time are the SDK's own tests' business.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { type Client, type ClientOptions, createClient, type Gap, type GodwitError, type Message, type Subscription } from '@godwit/client';
import { pause } from '../../testing/process.ts';
import { KEY, type TestServer, testServer } from '../../testing/server.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const serving = async (settings: NonNullable<Parameters<typeof testServer>[0]>['settings'] = {}): Promise<TestServer> => {
  const server = await testServer({ settings: { operationsPerMinute: 1_000_000, ...settings } });
  cleanups.push(() => server.close());
  return server;
};

/** Requests that a client sent, over either transport. */
interface Counted extends Client {
  readonly asked: string[];
}

const clientOf = (server: TestServer, options: Partial<ClientOptions> = {}): Counted => {
  const asked: string[] = [];
  class CountingSocket extends WebSocket {
    override send(text: string): void {
      const { payload } = JSON.parse(text);
      asked.push(`${payload.method} ${payload.path}`);
      super.send(text);
    }
  }
  const client = createClient({
    url: server.url,
    ...(options.token === undefined && options.getToken === undefined ? { key: KEY } : {}),
    WebSocket: CountingSocket,
    fetch: (input, init) => {
      asked.push(`${init?.method} ${String(input).slice(server.url.length + 3)}`);
      return fetch(input, init);
    },
    pollWait: 1000,
    ...options,
  });
  cleanups.push(() => Promise.race([client.close(), pause(3000)]));
  // What is refused is what these tests are about: nobody needs to read it on the console.
  client.on('error', () => {});
  return Object.assign(client, { asked });
};

const until = async (what: string, holds: () => boolean, ms = 15_000): Promise<void> => {
  for (const end = performance.now() + ms; !holds(); await pause(10)) assert(performance.now() < end, `never: ${what}`);
};

const TRANSPORTS = ['websocket', 'longpoll'] as const;
const numbers = (got: readonly Message[]): unknown[] => got.map(({ data }) => data);
const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);
const publishing = async (server: TestServer, topic: string, values: readonly unknown[]): Promise<string> => {
  let cursor = '';
  for (const value of values) {
    const answer = await server.client.ask('POST', `/v1/topics/${topic}/messages`, { data: value });
    assert.equal(answer.status, 201, answer.text);
    ({ cursor } = answer.data);
  }
  return cursor;
};
/** How a subscription ended: the code that it failed with, or the reason. */
const endOf = (subscription: Subscription): Promise<string> =>
  subscription.closed.then(
    ({ reason }) => reason,
    (error: GodwitError) => error.code ?? String(error),
  );
/** A cursor of another log. */
const foreign = (cursor: string): string => cursor.slice(0, -8) + (cursor.endsWith('zzzzzzzz') ? 'yyyyyyyy' : 'zzzzzzzz');
const ahead = (cursor: string): string => `0000000zzzz${cursor.slice(11)}`;

for (const transport of TRANSPORTS) {
  test(`${transport}: two subscriptions of a topic that may not be subscribed to fail, both, and nothing is asked without end`, async () => {
    const server = await serving();
    const made = await server.client.ask('POST', '/v1/keys', { data: { client: 'guest', scopes: ['subscribe:open.**'] } });
    const client = clientOf(server, { key: made.data.key, transport });
    const got: Message[] = [];
    const good = client.subscribe('open.a', (message) => void got.push(message));
    const bad = [client.subscribe('secret.a', () => {}), client.subscribe('secret.a', () => {})];
    assert.deepEqual(await Promise.all(bad.map((each) => Promise.race([endOf(each), pause(5000).then(() => 'never')]))), ['FORBIDDEN', 'FORBIDDEN']);
    await good.ready;
    await publishing(server, 'open.a', [1]);
    await until('the message of the one that may', () => got.length === 1);
    assert(client.asked.length < 20, client.asked.join('\n'));
  });

  test(`${transport}: a cursor of another log is refused though it shares a lane with good ones, wherever it seems to stand`, async () => {
    const server = await serving();
    const cursor = await publishing(server, 'a.1', upTo(5));
    await publishing(server, 'a.1', upTo(5, 5));
    const client = clientOf(server, { transport });
    const got: Message[] = [];
    const good = client.subscribe('a.1', (message) => void got.push(message), { after: cursor });
    const bad = [foreign(cursor), ahead(cursor), 'not-a-cursor'].flatMap((after) => [
      client.subscribe('a.1', () => {}, { after }),
      client.subscribe('a.2', () => {}, { after }),
    ]);
    assert.deepEqual(
      await Promise.all(bad.map((each) => Promise.race([endOf(each), pause(5000).then(() => 'never')]))),
      bad.map(() => 'INVALID_CURSOR'),
    );
    await good.ready;
    await publishing(server, 'a.1', [10]);
    await until('what the good one is due', () => got.length === 6);
    assert.deepEqual(numbers(got), upTo(6, 5));
  });

  test(`${transport}: a cursor that is no longer kept is a gap though another begins at the earliest`, async () => {
    const server = await serving({ retentionBytes: 4096 });
    const cursor = await publishing(server, 'a.1', [0]);
    let earliest = cursor;
    for (let round = 0; round < 400 && earliest <= cursor; round++) {
      await publishing(
        server,
        'a.1',
        upTo(20).map(() => 'x'.repeat(500)),
      );
      const page = await server.client.ask('GET', `/v1/messages?topics=a.1&after=${cursor}`);
      if (page.status === 410) earliest = page.body.error.details.earliest;
      else await pause(20);
    }
    assert(earliest > cursor, 'retention removed nothing');
    for (const topics of [
      ['a.1', 'a.1'],
      ['a.1', 'a.*'],
    ] as const) {
      const client = clientOf(server, { transport });
      const gaps: Gap[] = [];
      const got: Message[][] = [[], []];
      client.subscribe(topics[0], (message) => void got[0]?.push(message), { after: 'earliest', onGap: () => assert.fail('a gap before the earliest') });
      client.subscribe(topics[1], (message) => void got[1]?.push(message), { after: cursor, onGap: (gap) => void gaps.push(gap) });
      const last = await publishing(server, 'a.1', ['last']);
      await until('the last', () => got.every((each) => each.at(-1)?.cursor === last));
      assert.equal(gaps.length, 1, `${topics} over ${transport}`);
      assert.equal(gaps[0]?.from, cursor);
      assert(String(gaps[0]?.to) >= earliest);
      assert(got[1]?.every((message) => message.cursor > String(gaps[0]?.to)));
      await client.close();
    }
  });

  test(`${transport}: subscriptions of one pattern that begin at different places, some while others are under way, each get theirs`, async () => {
    const server = await serving();
    const cursors: string[] = [];
    for (const value of upTo(30)) cursors.push(await publishing(server, 'a.1', [value]));
    const client = clientOf(server, { transport });
    const all: { readonly from: number; readonly got: Message[] }[] = [];
    let published = 30;
    for (const from of [20, 3, 29, 0, 11, 20, 5]) {
      const got: Message[] = [];
      all.push({ from, got });
      client.subscribe(
        from % 2 === 0 ? 'a.1' : 'a.*',
        (message) => void got.push(message),
        from === 0 ? { after: 'earliest' } : { after: cursors[from - 1] as string },
      );
      await publishing(server, 'a.1', [published++]);
    }
    await until('the last of each', () => all.every(({ got }) => got.at(-1)?.data === published - 1));
    for (const { from, got } of all) assert.deepEqual(numbers(got), upTo(published - from, from));
  });

  test(`${transport}: subscriptions that come and go in a hurry miss nothing from ready on`, async () => {
    const server = await serving({ messagesPerSecond: 100_000 });
    const client = clientOf(server, { transport });
    const steady: Message[] = [];
    await client.subscribe('a.*', (message) => void steady.push(message)).ready;
    let published = 0;
    for (let round = 0; round < 25; round++) {
      const got: Message[] = [];
      const subscription = client.subscribe(['a.1', 'a.2'], (message) => void got.push(message));
      // Its like, that leaves at once.
      void client.subscribe(['a.1', 'a.2'], () => {}).close();
      await subscription.ready;
      const first = published;
      await publishing(server, 'a.1', [published++, published++]);
      await until(`round ${round}`, () => got.length >= 2);
      assert.deepEqual(numbers(got), [first, first + 1]);
      void subscription.close();
    }
    await until('the steady one', () => steady.length === published);
    assert.deepEqual(numbers(steady), upTo(published));
  });

  test(`${transport}: scopes that a new token lacks end what they covered, and only that`, async () => {
    const server = await serving();
    const tokenFor = async (...scopes: string[]): Promise<string> =>
      (await server.client.ask('POST', '/v1/tokens', { data: { ttl: 2, sub: 'tab', scopes } })).data.token;
    let narrow = false;
    const client = clientOf(server, {
      transport,
      getToken: () => tokenFor(...(narrow ? ['subscribe:a.**'] : ['subscribe:a.**', 'subscribe:b.**'])),
    });
    const got: Message[] = [];
    const keeps = client.subscribe('a.1', (message) => void got.push(message));
    const loses = [client.subscribe('b.1', () => {}), client.subscribe('b.1', () => {}), client.subscribe(['a.2', 'b.2'], () => {})];
    await Promise.all([keeps, ...loses].map(({ ready }) => ready));
    narrow = true;
    const ends = await Promise.all(loses.map(endOf));
    for (const end of ends) assert.match(end, /^(forbidden|FORBIDDEN)$/);
    await publishing(server, 'a.1', [1]);
    await until('the one that may', () => got.length === 1);
    assert(client.asked.length < 60, String(client.asked.length));
  });

  test(`${transport}: deleting a durable subscription ends whoever follows it`, async () => {
    const server = await serving();
    const client = clientOf(server, { transport });
    const subscription = client.subscribe('a.*', () => {}, { name: 'd' });
    await subscription.ready;
    await pause(50);
    assert.equal((await server.client.ask('DELETE', '/v1/subscriptions/d')).status, 204);
    assert.equal(await endOf(subscription), 'deleted');
  });

  test(`${transport}: close in the middle of everything ends, leaves nobody waiting and nothing under way`, async () => {
    const server = await serving();
    for (const after of [0, 1, 5, 20, 60]) {
      const client = clientOf(server, { transport });
      const subscriptions = [
        client.subscribe('a.*', () => pause(5)),
        client.subscribe('a.1', () => {}, { after: 'earliest' }),
        client.subscribe('**', () => {}, { name: 'd' }),
      ];
      const published = client.publish('a.1', after).catch((error: GodwitError) => error.code);
      await pause(after);
      await client.close();
      for (const subscription of subscriptions) assert.equal(await endOf(subscription), 'closed');
      assert.notEqual(await Promise.race([published, pause(5000).then(() => 'never')]), 'never');
      assert.throws(() => client.subscribe('a.1', () => {}), { code: 'CLOSED' });
      await assert.rejects(client.publish('a.1', 1), { code: 'CLOSED' });
      const asked = client.asked.length;
      await pause(50);
      assert.equal(client.asked.length, asked, client.asked.slice(asked).join());
    }
  });

  test(`${transport}: closing the client from within a loop over its messages does not wait for itself`, async () => {
    const server = await serving();
    const client = clientOf(server, { transport });
    const stream = client.subscribe('a.1');
    const looping = (async () => {
      for await (const message of stream) {
        assert.equal(message.data, 1);
        await client.close();
        return 'over';
      }
      return 'never';
    })();
    await stream.ready;
    await publishing(server, 'a.1', [1]);
    assert.equal(await Promise.race([looping, pause(5000).then(() => 'it waits for itself')]), 'over');
  });

  test(`${transport}: a loop over a durable subscription that fails leaves the message in hand unacknowledged`, async () => {
    const server = await serving();
    const client = clientOf(server, { transport });
    const stream = client.subscribe('a.1', { name: 'd' });
    await stream.ready;
    await publishing(server, 'a.1', [1, 2, 3]);
    const loop = async (): Promise<void> => {
      for await (const message of stream) if (message.data === 2) throw new Error('no');
    };
    await assert.rejects(loop(), { message: 'no' });
    await client.close();
    const again = clientOf(server, { transport });
    const got: Message[] = [];
    again.subscribe('a.1', (message) => void got.push(message), { name: 'd' });
    await until('what was not finished', () => got.length >= 2);
    assert.deepEqual(numbers(got), [2, 3]);
  });
}

test('a durable subscription with a slow handler gets large messages all and in order: its window is the server\u2019s to keep', async () => {
  const server = await serving({ ackWait: 60_000 });
  const client = clientOf(server);
  const got: unknown[] = [];
  let go: () => void = () => {};
  const going = new Promise<void>((resolve) => {
    go = resolve;
  });
  const subscription = client.subscribe(
    'a.1',
    async ({ data }) => {
      await going;
      got.push((data as { n: number }).n);
    },
    { name: 'd' },
  );
  await subscription.ready;
  const count = 500;
  for (let n = 0; n < count; n++) await publishing(server, 'a.1', [{ n, fill: 'x'.repeat(20_000) }]);
  await pause(500);
  go();
  await until('the last', () => got.at(-1) === count - 1);
  assert.deepEqual(got, upTo(count));
});

test('a durable subscription whose server leaves more outstanding than the SDK lets wait gets all, in order', async () => {
  const server = await serving({ ackWait: 60_000, maxOutstanding: 5000 });
  const client = clientOf(server);
  const got: unknown[] = [];
  let go: () => void = () => {};
  const going = new Promise<void>((resolve) => {
    go = resolve;
  });
  const handler = async ({ data }: Message): Promise<void> => {
    await going;
    got.push(data);
  };
  await client.subscribe('a.1', handler, { name: 'd' }).ready;
  const count = 2500;
  for (let n = 0; n < count; n += 50) await Promise.all(upTo(50, n).map((value) => publishing(server, 'a.1', [value])));
  await pause(300);
  go();
  await until('all', () => got.length >= count);
  assert.equal(new Set(got).size, count);
});

test('6.2.5: a second client takes a durable subscription over: the first is told, and no message falls between', async () => {
  const server = await serving();
  const [one, other] = [clientOf(server), clientOf(server)] as const;
  const got: unknown[][] = [[], []];
  const first = one.subscribe('a.1', ({ data }) => void got[0]?.push(data), { name: 'd' });
  await first.ready;
  await publishing(server, 'a.1', upTo(20));
  await until('the first has some', () => (got[0]?.length ?? 0) > 0);
  const second = other.subscribe('a.1', ({ data }) => void got[1]?.push(data), { name: 'd' });
  assert.equal(await endOf(first), 'taken-over');
  await publishing(server, 'a.1', upTo(20, 20));
  await until('the second has the last', () => got[1]?.at(-1) === 39);
  const [a = [], b = []] = got;
  assert.deepEqual(a, upTo(a.length));
  assert.deepEqual(b, upTo(b.length, 40 - b.length));
  assert(a.length + b.length >= 40);
  await second.close();
});

test('a listener that throws is heard of, and keeps nothing from going on', async () => {
  const server = await serving();
  const client = clientOf(server);
  const thrown: unknown[] = [];
  client.on('error', ({ error }) => void thrown.push((error as Error).message));
  client.on('state', () => {
    throw new Error('state');
  });
  const got: unknown[] = [];
  const subscription = client.subscribe('a.1', ({ data }) => void got.push(data), {
    onCursor: () => {
      throw new Error('cursor');
    },
  });
  await subscription.ready;
  await publishing(server, 'a.1', [1, 2, 3]);
  await until('all three', () => got.length === 3);
  assert(thrown.includes('state') && thrown.includes('cursor'), thrown.join());
});
