// 9.1.2: permessage-deflate, looked at frame by frame.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { eventually, succeeds } from '../expect.ts';
import type { OwnServer } from '../own-server.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';
import { openSocket } from '../wire.ts';

interface Frame {
  readonly compressed: boolean;
  readonly text: string;
  readonly length: number;
}

/** The text frames that a server sends, by hand: a library would not tell which were compressed. */
const framesOf = (bytes: Buffer): Frame[] => {
  const frames: Frame[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [first, second] = [bytes.readUInt8(at), bytes.readUInt8(at + 1)];
    const short = second & 127;
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
    if (start > bytes.length) break;
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
    if (start + length > bytes.length) break;
    const payload = bytes.subarray(start, start + length);
    const compressed = (first & 0x40) !== 0;
    if ((first & 15) === 1)
      frames.push({
        compressed,
        length,
        text: (compressed ? inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 255, 255])]), { finishFlush: 2 }) : payload).toString('utf8'),
      });
    at = start + length;
  }
  return frames;
};

const opened = async (t: Trial, server: OwnServer, extensions: string): Promise<{ head: string; frames(): Frame[]; send(text: string): void }> => {
  const socket = await openSocket(server.url);
  t.after(async () => socket.destroy());
  let bytes = Buffer.alloc(0);
  socket.on('data', (part: Buffer) => {
    bytes = Buffer.concat([bytes, part]);
  });
  socket.write(
    `GET /v1/ws HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nAuthorization: Bearer ${server.key}\r\nSec-WebSocket-Extensions: ${extensions}\r\n\r\n`,
  );
  const end = await eventually('the handshake', () => (bytes.includes('\r\n\r\n') ? bytes.indexOf('\r\n\r\n') + 4 : undefined));
  const head = bytes.toString('latin1', 0, end);
  return {
    head,
    frames: () => framesOf(bytes.subarray(end)),
    send: (text) => {
      const payload = Buffer.from(text);
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]), payload]));
    },
  };
};

const OFFER = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
const SUBSCRIBE = JSON.stringify({
  messageId: 's',
  type: 'request',
  payload: { method: 'POST', path: '/subscriptions', data: { topics: ['t'] } },
  timestamp: new Date().toISOString(),
});

scenario(
  '9.1.2 permessage-deflate is negotiated where webSocketCompression is on, and small messages are never compressed',
  { needs: 'own server' },
  async (t) => {
    const server = await t.server({ env: { GODWIT_WEB_SOCKET_COMPRESSION: 'on' } });
    const one = await opened(t, server, OFFER);
    assert.match(one.head, /^HTTP\/1\.1 101 /);
    assert.match(one.head, /^sec-websocket-extensions: .*permessage-deflate/im);
    one.send(SUBSCRIBE.padEnd(200));
    await eventually('the subscription', () => one.frames().find(({ text }) => text.includes('"response"')));
    succeeds(await server.admin.post('/topics/t/messages', 'small'), 201);
    succeeds(await server.admin.post('/topics/t/messages', 'x'.repeat(5_000)), 201);
    const large = await eventually('both events', () => one.frames().find(({ text }) => text.includes('xxxxx')));
    assert.ok(large.compressed && large.length < 2_000, `the large one is compressed: ${large.length} bytes`);
    assert.equal(JSON.parse(large.text).payload.data.length, 5_000);
    for (const { compressed, text } of one.frames()) if (text.length < 1_024) assert.equal(compressed, false, `below 1 KB: ${text.slice(0, 100)}`);
  },
);

scenario('9.1.2 a client that does not offer it gets none, and where it is off nobody does', { needs: 'own server' }, async (t) => {
  const [on, off] = [await t.server({ env: { GODWIT_WEB_SOCKET_COMPRESSION: 'on' } }), await t.server()];
  assert.doesNotMatch((await opened(t, on, 'x-nothing')).head, /sec-websocket-extensions/i);
  assert.doesNotMatch((await opened(t, off, OFFER)).head, /sec-websocket-extensions/i);
});

scenario('9.1.2 a compressed message that swells beyond 1 MB closes with 1009', { needs: 'own server' }, async (t) => {
  const server = await t.server({ env: { GODWIT_WEB_SOCKET_COMPRESSION: 'on' } });
  const channel = await t.channel(server.key, { url: server.url, compress: true });
  await channel.notice('$sys.welcome');
  channel.send(JSON.stringify({ messageId: 'x', type: 'request', payload: { method: 'POST', path: '/topics/t/messages', data: 'x'.repeat(30_000_000) } }));
  assert.equal((await channel.closed).code, 1009);
});
