// What waits behind a batch of its connection (5.2.3): it keeps its order and its rules, and costs no more than what waits for nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { WebSocket } from 'ws';
import { KEY, type TestServer, testServer } from '../../testing/server.ts';

let begun = Promise.withResolvers<void>();
let end = Promise.withResolvers<void>();
let server: TestServer;
before(async () => {
  const handler = async (): Promise<void> => {
    begun.resolve();
    await end.promise;
  };
  server = await testServer({
    actions: { hold: { method: 'POST', path: '/hold', handler } },
    settings: { messagesPerSecond: 10_000, connectionsPerClient: 100 },
  });
});
beforeEach(() => {
  begun = Promise.withResolvers<void>();
  end = Promise.withResolvers<void>();
});
after(() => server.close());

type Response = { readonly requestId: string; readonly statusCode: number; readonly error?: { readonly code: string } };

/** A socket behind a batch that is under way. */
const behind = async () => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws`, ['godwit.v1', `bearer.${KEY}`]);
  await once(socket, 'open');
  const responses: Response[] = [];
  let look = (): void => {};
  socket.on('message', (bytes: Buffer) => {
    const { type, payload } = JSON.parse(bytes.toString()) as { type: string; payload: Response };
    if (type === 'response') responses.push(payload);
    look();
  });
  const send = (messageId: string, type: string, payload: object): void => socket.send(JSON.stringify({ messageId, type, payload }));
  const answered = (count: number): Promise<void> =>
    new Promise((resolve) => {
      look = () => void (responses.length >= count && resolve());
      look();
    });
  send('batch', 'request', { method: 'POST', path: '/batch', data: { operations: [{ method: 'POST', path: '/hold', data: null }] } });
  await begun.promise;
  return { socket, send, responses, answered };
};

const log = async (topics: string): Promise<unknown[]> => {
  const { items } = (await server.client.ask('GET', `/v1/messages?topics=${topics}&after=earliest&limit=1000`)).data;
  return items.map(({ data }: { data: unknown }) => data);
};

test('5.2.5, 3.2.6: an event is no message of a collection that was made meanwhile', async () => {
  const { socket, send, responses, answered } = await behind();
  send('event', 'event', { topic: 'late.doc.created', data: 'forged' });
  // An answer of its own shows that the event has arrived.
  send('seen', 'request', { method: 'GET', path: '/session' });
  await answered(1);
  assert.equal((await server.client.ask('POST', '/v1/collections', { data: { name: 'late' } })).status, 201);
  end.resolve();
  await answered(3);
  const refusal = responses.find(({ requestId }) => requestId === 'event');
  assert.deepEqual([refusal?.statusCode, refusal?.error?.code], [403, 'FORBIDDEN']);
  assert.deepEqual(await log('late.**'), []);
  socket.close();
});

test('5.2.3: publishes behind one are written together, in their order', async () => {
  const count = 500;
  const syncs = async (): Promise<number> => {
    const { text } = await server.client.ask('GET', '/metrics');
    return Number(/^godwit_syncs_total (\d+)$/m.exec(text)?.[1]);
  };
  const { socket, send, responses, answered } = await behind();
  for (let index = 0; index < count; index++) send(`p${index}`, 'request', { method: 'POST', path: '/topics/many/messages', data: index });
  send('seen', 'request', { method: 'GET', path: '/session' });
  await answered(1);
  const before = await syncs();
  end.resolve();
  await answered(count + 2);
  assert.ok(responses.every(({ statusCode }) => statusCode < 300));
  assert.ok((await syncs()) - before < count / 10);
  assert.deepEqual(
    await log('many'),
    Array.from({ length: count }, (_, index) => index),
  );
  socket.close();
});
