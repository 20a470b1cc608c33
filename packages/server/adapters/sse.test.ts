// Event streams and those who go before theirs has begun (6.3.3, 7.1.2).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { KEY, testServer } from '../testing/server.ts';

test('7.1.2: a stream asked for behind another request, of a client that has gone, takes no place', async () => {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const handler = async (): Promise<void> => {
    begun.resolve();
    await end.promise;
    done.resolve();
  };
  const server = await testServer({ actions: { hold: { method: 'POST', path: '/hold', handler } } });
  const head = `Host: x\r\nAuthorization: Bearer ${KEY}\r\n`;
  const body = '{"requestId":"r","data":null}';
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `POST /v1/hold HTTP/1.1\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}GET /v1/messages?topics=a HTTP/1.1\r\n${head}Accept: text/event-stream\r\n\r\n`,
  );
  await begun.promise;
  socket.resetAndDestroy();
  const open = async (): Promise<number> => (await server.client.ask('GET', '/v1/stats')).data.connections.sse;
  // The reset has arrived when a few answers have come behind it.
  for (let turn = 0; turn < 5; turn++) assert.equal(await open(), 0);
  end.resolve();
  await done.promise;
  for (let turn = 0; turn < 5; turn++) assert.equal(await open(), 0);
  await server.close();
});
