// Bodies: their limits before and after decompression, refusals that arrive while they are still being sent, leave to send one (3.1.2, 7.2.2, 9.1.1).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { KEY, type TestServer, testServer } from '../../testing/server.ts';

let server: TestServer;
before(async () => {
  server = await testServer({ collections: { docs: {} }, settings: { operationsPerMinute: 1_000_000 } });
});
after(() => server.close());

const MB = 1024 * 1024;

class Wire {
  readonly socket: Socket;
  received = '';
  readonly closed: Promise<unknown>;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
    });
    this.closed = once(this.socket, 'close');
  }

  async until(test: (received: string) => boolean): Promise<void> {
    while (!test(this.received)) await Promise.race([once(this.socket, 'data'), this.closed.then(() => assert.fail(`closed after ${this.received}`))]);
  }
}

const head = (length: number | 'chunked', more = ''): string =>
  `POST /v1/docs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\n${length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n${more}\r\n`;

test('7.2.2: a body that announces too much is refused while it is still being sent, and the connection goes on', async () => {
  const wire = new Wire(server.url);
  const length = 30 * MB;
  wire.socket.write(head(length));
  wire.socket.write(Buffer.alloc(MB, 120));
  await wire.until((received) => received.includes('PAYLOAD_TOO_LARGE'));
  assert.match(wire.received, /^HTTP\/1\.1 413 /);
  for (let sent = MB; sent < length; sent += MB) if (!wire.socket.write(Buffer.alloc(MB, 120))) await once(wire.socket, 'drain');
  wire.received = '';
  wire.socket.write(`GET /v1 HTTP/1.1\r\nHost: x\r\n\r\n`);
  await wire.until((received) => received.includes('"protocolVersion"'));
  wire.socket.destroy();
});

test('7.2.2: a body that turns out too large is refused at its limit', async () => {
  const wire = new Wire(server.url);
  wire.socket.write(head('chunked'));
  for (let sent = 0; sent < 3; sent++) wire.socket.write(`100000\r\n${'x'.repeat(MB)}\r\n`);
  await wire.until((received) => received.includes('PAYLOAD_TOO_LARGE'));
  wire.socket.write('0\r\n\r\n');
  wire.received = '';
  wire.socket.write(`GET /v1 HTTP/1.1\r\nHost: x\r\n\r\n`);
  await wire.until((received) => received.includes('"protocolVersion"'));
  wire.socket.destroy();
});

test('7.2.2: the limit is met exactly', async () => {
  const envelope = (size: number): string => {
    const empty = JSON.stringify({ requestId: `size-${size}`, data: { text: '' } });
    return empty.replace('""', `"${'x'.repeat(size - empty.length)}"`);
  };
  assert.equal((await server.client.ask('POST', '/v1/docs', { raw: envelope(MB) })).status, 201);
  const refused = await server.client.ask('POST', '/v1/docs', { raw: envelope(MB + 1) });
  assert.equal(refused.code, 'PAYLOAD_TOO_LARGE');
  assert.equal(refused.body.error.details.limit, MB);
  const gzipped = { 'content-encoding': 'gzip' };
  assert.equal((await server.client.ask('POST', '/v1/docs', { raw: gzipSync(envelope(MB - 1)), headers: gzipped })).status, 201);
  assert.equal((await server.client.ask('POST', '/v1/docs', { raw: gzipSync(envelope(MB + 1)), headers: gzipped })).code, 'PAYLOAD_TOO_LARGE');
});

test('9.1.1: a gzip bomb is refused without being unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(400 * MB));
  assert(bomb.length < MB);
  const before = process.memoryUsage().rss;
  const answer = await server.client.ask('POST', '/v1/docs', { raw: bomb, headers: { 'content-encoding': 'gzip' } });
  assert.equal(answer.code, 'PAYLOAD_TOO_LARGE');
  // The bomb was made in this process too, before the measure was taken.
  assert(process.memoryUsage().rss - before < 200 * MB);
});

test('3.1.2: bodies of another kind', async () => {
  const body = JSON.stringify({ requestId: 'kinds', data: {} });
  for (const [headers, status, code] of [
    [{ 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [{ 'content-type': 'application/json; charset=latin1' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [{ 'content-encoding': 'br' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [{ 'content-encoding': 'gzip' }, 400, 'MALFORMED_JSON'],
    [{ 'content-type': 'application/json; charset="UTF-8"' }, 201, undefined],
    [{ accept: 'text/html' }, 406, 'NOT_ACCEPTABLE'],
    [{ accept: 'text/html, */*;q=0.1', 'content-encoding': 'identity' }, 201, undefined],
  ] as const) {
    const answer = await server.client.ask('POST', '/v1/docs', { raw: body, headers: headers as unknown as Record<string, string> });
    assert.equal(answer.status, status, `${JSON.stringify(headers)}: ${answer.text}`);
    assert.equal(answer.code, code);
  }
  for (const raw of ['', '{', 'null', '[]', '"x"', '{"requestId":"x"}', Buffer.from([0x7b, 0xff, 0x7d]), Buffer.alloc(0)]) {
    const answer = await server.client.ask('POST', '/v1/docs', { raw });
    assert.equal(answer.status, 400, answer.text);
  }
});

test('RFC 9110 10.1.1: leave to send a body is given where it is wanted, and an answer in its place where it is not', async () => {
  const body = JSON.stringify({ requestId: 'asked', data: { id: 'asked' } });
  const wire = new Wire(server.url);
  wire.socket.write(head(body.length, 'Expect: 100-continue\r\n'));
  await wire.until((received) => received.includes('\r\n\r\n'));
  assert.equal(wire.received, 'HTTP/1.1 100 Continue\r\n\r\n');
  wire.socket.write(body);
  await wire.until((received) => received.includes('"asked"'));
  assert.match(wire.received, /HTTP\/1\.1 201 /);
  wire.socket.destroy();

  for (const [sent, status] of [
    [head(5 * MB, 'Expect: 100-continue\r\n'), 413],
    [head(10, 'Expect: 100-continue\r\n').replace(KEY, 'nobody-knows-this-key'), 401],
    [head(10, 'Expect: 100-continue\r\n').replace('application/json', 'text/plain'), 415],
  ] as const) {
    const refused = new Wire(server.url);
    refused.socket.write(sent);
    await refused.closed;
    assert.match(refused.received, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(refused.received, /\r\nconnection: close\r\n/i);
  }

  const strange = new Wire(server.url);
  strange.socket.write(head(body.length, 'Expect: something-else\r\nConnection: close\r\n') + body);
  await strange.closed;
  assert.match(strange.received, /^HTTP\/1\.1 201 .*x-idempotent-replay: true/is, 'what is expected beyond that is no reason to refuse');
});

test('6.1.1: a client that goes away in the middle of its body leaves nothing behind', async () => {
  const wire = new Wire(server.url);
  wire.socket.write(`${head(1000)}{"requestId":`);
  while (!(await server.client.ask('GET', '/metrics')).text.includes('\ngodwit_requests_in_progress 1\n'));
  wire.socket.destroy();
  while (!(await server.client.ask('GET', '/metrics')).text.includes('\ngodwit_requests_in_progress 0\n'));
});
