// Handshakes among the requests of one connection: the answer to each comes in its place (RFC 9112, section 9.3.2), and none keeps the server from its end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { rawExchange } from '../../testing/http.ts';
import { KEY, testServer } from '../../testing/server.ts';

const HEAD = `Host: x\r\nAuthorization: Bearer ${KEY}\r\n`;
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SHAKE = `GET /v1/ws HTTP/1.1\r\n${HEAD}${UPGRADE}`;
const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\n${HEAD}${more}\r\n`;
const post = (topic: string, data: unknown): string => {
  const body = JSON.stringify({ requestId: `${topic}-1`, data });
  return `POST /v1/topics/${topic}/messages HTTP/1.1\r\n${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`;
};
const statuses = (received: string): string[] => [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status as string);

test('a handshake is answered behind what was asked before it: a write, a gzipped page, a poll that waits', async () => {
  const server = await testServer({ collections: { docs: {} } });
  await server.client.ask('POST', '/v1/docs', { data: { id: 'one', text: 'x'.repeat(100_000) } });
  const before = post('a', 1) + get('/v1/docs/one', 'Accept-Encoding: gzip\r\n') + get('/v1/messages?topics=b&wait=0.2');
  const welcomed = await rawExchange(server.url, before + SHAKE, (received) => received.includes('$sys.welcome'));
  assert.deepEqual(statuses(welcomed), ['201', '200', '200', '101']);
  const refused = await rawExchange(server.url, `${before}GET /v1/ws HTTP/1.1\r\nHost: x\r\n${UPGRADE}`);
  assert.deepEqual(statuses(refused), ['201', '200', '200', '401']);
  await server.close();
});

test('behind a stream it waits for the end of that, and who leaves meanwhile leaves nothing behind', async () => {
  const server = await testServer({ settings: { operationsPerMinute: 1_000_000 } });
  const open = async (): Promise<number> => (await server.client.ask('GET', '/v1/connections')).data.items.length;
  const streamed = await rawExchange(server.url, get('/v1/messages?topics=s', 'Accept: text/event-stream\r\n') + SHAKE, (received) => {
    if (received.includes('retry: ') && !received.includes('event: message')) void server.client.ask('POST', '/v1/topics/s/messages', { data: 1 });
    return received.includes('event: message');
  });
  assert.deepEqual(statuses(streamed), ['200']);
  while ((await open()) > 0);
  await server.close();
});

test('12.2: one whose client does not read the answers before it keeps no server from its end', async () => {
  const server = await testServer({ settings: { operationsPerMinute: 1_000_000 } });
  for (let n = 0; n < 4; n++) await server.client.ask('POST', '/v1/topics/large/messages', { data: 'x'.repeat(900_000) });
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.pause().write(get('/v1/messages?topics=large&after=earliest').repeat(20) + SHAKE);
  // All that was sent is here when the first is answered; what is behind answers that are not read waits (7.1.2).
  while (!/^godwit_requests_total\{.*readMessages.* [1-9]/m.test((await server.client.ask('GET', '/metrics')).text));
  await server.close();
  socket.resume();
  await once(socket, 'close');
});
