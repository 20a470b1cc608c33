// The short way of a publish keeps the rules of the long one: a name that a batch has, on whichever transport, is no publish's (4.1.3, 9.2.4).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { KEY, testServer } from '../../testing/server.ts';

test('4.1.3: a publish under the name of a partial batch that runs is refused at once, and under another goes on', async () => {
  const began = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const server = await testServer({
    actions: {
      last: {
        method: 'POST',
        path: '/last/long',
        handler: async () => {
          began.resolve();
          await end.promise;
        },
      },
    },
  });
  const publish = { method: 'POST', path: '/topics/feed/messages', data: 0 };
  const operations = [publish, { method: 'POST', path: '/last/long', data: null }];
  const batch = server.client.ask('POST', '/v1/batch', { data: { operations }, requestId: 'r' });
  await began.promise;

  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws`, ['godwit.v1', `bearer.${KEY}`]);
  await once(socket, 'open');
  const statuses = new Map<string, number>();
  const answered = new Promise<void>((resolve) =>
    socket.on('message', (bytes: Buffer) => {
      const { type, payload } = JSON.parse(bytes.toString()) as { type: string; payload: { requestId: string; statusCode: number } };
      if (type === 'response') statuses.set(payload.requestId, payload.statusCode);
      if (statuses.size === 2) resolve();
    }),
  );
  for (const messageId of ['r', 'other']) socket.send(JSON.stringify({ messageId, type: 'request', payload: { ...publish, data: messageId } }));
  await answered;
  assert.deepEqual(Object.fromEntries(statuses), { r: 422, other: 201 });

  end.resolve();
  assert.equal((await batch).status, 200);
  assert.equal((await server.client.ask('POST', '/v1/batch', { data: { operations }, requestId: 'r' })).data.results[0].headers['x-idempotent-replay'], 'true');
  const { items } = (await server.client.ask('GET', '/v1/messages?topics=feed&after=earliest')).data;
  assert.deepEqual(
    items.map(({ data }: { data: unknown }) => data),
    [0, 'other'],
  );
  socket.close();
  await server.close();
});
