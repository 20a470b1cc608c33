// Who arrives is listened to in turns: a few in each, whole and in order; who says nothing is the server's after a moment, and who fails meanwhile is nobody.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { Turns } from '../../core/turns.ts';
import { manualClock, settled } from '../../testing/clock.ts';
import { Arrivals } from './arrivals.ts';

const GET = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';

const serving = async (
  server: Server,
): Promise<{ clock: ReturnType<typeof manualClock>; arrivals: Arrivals; open: () => Promise<Socket>; end: () => Promise<void> }> => {
  const clock = manualClock();
  const arrivals = new Arrivals(server, new Turns(), clock);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  const end = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    arrivals.end();
    server.closeAllConnections();
    await closed;
  };
  return { clock, arrivals, open, end };
};

const said = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('close', () => resolve(text));
  });

test('what they say arrives whole, however it is cut, a body and a second request too', async () => {
  const bodies: string[] = [];
  const { open, end } = await serving(
    createServer((request, response) => {
      let body = '';
      request.on('data', (bytes) => {
        body += bytes;
      });
      request.on('end', () => {
        bodies.push(body);
        response.end('ok');
      });
    }),
  );
  const whole = await open();
  const answer = said(whole);
  whole.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nfirst${GET}`);
  assert.equal((await answer).match(/HTTP\/1\.1 200/g)?.length, 2);
  const cut = await open();
  cut.setNoDelay();
  const other = said(cut);
  for (const part of ['POST / HT', 'TP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 6\r\n\r\nse', 'cond']) {
    cut.write(part);
    await settled();
  }
  assert.match(await other, /^HTTP\/1\.1 200/);
  assert.deepEqual(bodies, ['first', '', 'second']);
  await end();
});

test('of many that speak at once a few are heard in each turn of the event loop', async () => {
  let inTurn = 0;
  let most = 0;
  const server = createServer((_request, response) => {
    if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
    most = Math.max(most, inTurn);
    response.end('ok');
  });
  const { open, end } = await serving(server);
  let here = 0;
  server.on('connection', () => here++);
  const sockets = await Promise.all(Array.from({ length: 400 }, open));
  while (here < 400) await settled();
  const answers = Promise.all(sockets.map(said));
  for (const socket of sockets) socket.write(GET);
  assert.ok((await answers).every((answer) => answer.startsWith('HTTP/1.1 200')));
  // 32 pieces in a turn; the count may begin anew behind the next one's.
  assert.ok(most <= 64, `${most} at once`);
  await end();
});

test('who says nothing is the server’s after a moment, whose limits of time then hold', async () => {
  const { clock, open, end } = await serving(createServer({ headersTimeout: 30, requestTimeout: 30, connectionsCheckingInterval: 10 }));
  const silent = await open();
  const answer = said(silent);
  while (clock.waiting === 0) await settled();
  await clock.advance(1000);
  assert.match(await answer, /^HTTP\/1\.1 408/);
  await end();
});

test('who leaves, or fails, before it has said anything is nobody; the end takes those that are still here', async () => {
  const { clock, open, end } = await serving(createServer((_request, response) => response.end('ok')));
  const [leaves, fails, stays, speaks] = (await Promise.all([open(), open(), open(), open()])) as [Socket, Socket, Socket, Socket];
  while (clock.waiting === 0) await settled();
  leaves.end();
  fails.resetAndDestroy();
  const answer = said(speaks);
  speaks.write(GET);
  assert.match(await answer, /^HTTP\/1\.1 200/);
  const gone = once(stays, 'close');
  stays.resume();
  await end();
  await gone;
});
