// Many listeners are one port: whoever connects is answered, nobody else gets the port, and after its end nothing listens.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect, createServer as createNetServer } from 'node:net';
import { test } from 'node:test';
import { listenersFor, openPort } from './port.ts';

const HOST = '127.0.0.1';
const answering = () => createServer((_request, response) => response.end('here'));

const asked = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, HOST);
    let text = '';
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.on('end', () => resolve(text));
    socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  });

test('as many listeners as hold the burst together', () => {
  assert.deepEqual(
    ['4096\n', '16384', '1000000', '128', '0', '', 'none'].map((limit) => listenersFor(16_384, limit)),
    [4, 1, 1, 16, 1, 1, 1],
  );
});

for (const listeners of [1, 4])
  test(`${listeners} listeners: all who connect are answered, and the port is nobody else's until it is closed`, async () => {
    const port = await openPort(answering(), 0, HOST, listeners);
    const answers = await Promise.all(Array.from({ length: 64 }, () => asked(port.number)));
    assert.ok(answers.every((answer) => answer.startsWith('HTTP/1.1 200 ') && answer.includes('here')));
    for (const others of [1, 4]) await assert.rejects(openPort(answering(), port.number, HOST, others), { code: 'EADDRINUSE' });
    await port.close();
    await assert.rejects(asked(port.number), { code: 'ECONNREFUSED' });
    const next = await openPort(answering(), port.number, HOST, listeners);
    assert.equal(next.number, port.number);
    await next.close();
  });

test('a port that another program has is refused, and nothing is left that listens', async () => {
  const other = createNetServer();
  const taken = await new Promise<number>((resolve) => other.listen(0, HOST, () => resolve((other.address() as { port: number }).port)));
  const server = answering();
  await assert.rejects(openPort(server, taken, HOST, 4), {
    code: 'EADDRINUSE',
    message: `Port ${taken} is in use: end what listens there, or choose another port.`,
  });
  assert.equal(server.listening, false);
  other.close();
});

test('a host that is none of this machine is told in a sentence', async () => {
  // Set aside for documentation (RFC 5737): nobody has it.
  await assert.rejects(openPort(answering(), 0, '192.0.2.1', 1), { name: 'PortError', message: /^The host 192\.0\.2\.1 is not an address of this machine/ });
});

test('the close waits for who is connected, at whichever listener', async () => {
  const held: (() => void)[] = [];
  const port = await openPort(
    createServer((_request, response) => held.push(() => response.end('late'))),
    0,
    HOST,
    4,
  );
  const answers = Promise.all(Array.from({ length: 16 }, () => asked(port.number)));
  await new Promise<void>((resolve) => {
    const look = (): void => void (held.length === 16 ? resolve() : setImmediate(look));
    look();
  });
  let isClosed = false;
  const closing = port.close().then(() => {
    isClosed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isClosed, false);
  for (const answer of held) answer();
  assert.ok((await answers).every((answer) => answer.includes('late')));
  await closing;
});
