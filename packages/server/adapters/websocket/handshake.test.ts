// The plain answer is the one that `ws` would have given, to the letter of each header; what is not plain is not answered here.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { PROTOCOL_VERSION } from '@godwit/protocol';
import { WebSocketServer } from 'ws';
import { PROTOCOL, plainAnswer } from './handshake.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const HEADERS = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': KEY };
const request = (headers: Record<string, string | undefined>, method = 'GET'): IncomingMessage =>
  ({ method, headers: { ...HEADERS, ...headers } }) as unknown as IncomingMessage;
const lines = (head: string): string[] =>
  head
    .split('\r\n')
    .filter((line) => line !== '')
    .sort();

/** What `ws` answers. */
const theirs = async (headers: Record<string, string>): Promise<string> => {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => (protocols.has(PROTOCOL) ? PROTOCOL : false) });
  sockets.on('headers', (sent) => sent.push(`X-Protocol-Version: ${PROTOCOL_VERSION}`));
  server.on('upgrade', (asked, socket, head) => sockets.handleUpgrade(asked, socket, head, () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const sent = Object.entries({ host: 'a', ...HEADERS, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET / HTTP/1.1\r\n${sent.join('')}\r\n`);
  const answer = await new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  return answer;
};

for (const headers of [
  {},
  { 'sec-websocket-protocol': PROTOCOL },
  { 'sec-websocket-protocol': `${PROTOCOL}, bearer.a-key_of.some~kind` },
  { 'sec-websocket-protocol': `${PROTOCOL},bearer.k` },
  { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' },
  { upgrade: 'WebSocket' },
])
  test(`as ws answers: ${JSON.stringify(headers)}`, async () => {
    const answer = plainAnswer(request(headers), false)?.toString();
    assert.ok(answer?.endsWith('\r\n\r\n'));
    assert.deepEqual(lines(answer as string), lines(await theirs(headers as Record<string, string>)));
  });

test('the accept of RFC 6455 section 1.3', () => {
  assert.match(String(plainAnswer(request({}), false)), /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
});

test('what is not plain is left to ws', () => {
  const others: Record<string, string | undefined>[] = [
    { upgrade: undefined },
    { upgrade: 'h2c' },
    { 'sec-websocket-version': undefined },
    { 'sec-websocket-version': '8' },
    { 'sec-websocket-version': '12' },
    { 'sec-websocket-key': undefined },
    { 'sec-websocket-key': `${KEY}x` },
    { 'sec-websocket-key': 'short' },
    { 'sec-websocket-protocol': 'other' },
    { 'sec-websocket-protocol': `other, ${PROTOCOL}` },
    { 'sec-websocket-protocol': `${PROTOCOL}, ${PROTOCOL}` },
    { 'sec-websocket-protocol': `${PROTOCOL}, bearer.x, more` },
    { 'sec-websocket-protocol': `${PROTOCOL} bearer.x` },
    { 'sec-websocket-protocol': '' },
  ];
  for (const headers of others) assert.equal(plainAnswer(request(headers), false), undefined, JSON.stringify(headers));
  assert.equal(plainAnswer(request({}, 'POST'), false), undefined);
  // Where the server compresses, what is offered has to be negotiated.
  assert.equal(plainAnswer(request({ 'sec-websocket-extensions': 'permessage-deflate' }), true), undefined);
  assert.ok(plainAnswer(request({}), true));
});
