// The yardstick: bare Node without a library or a feature. It shakes hands, unmasks what it must, frames each message once, and writes what gathered in a turn
// of the event loop to each socket as one shared buffer. What it reaches is what the machine allows at that hour.
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const topics = new Map<string, { readonly sockets: Set<Socket>; waiting: Buffer[] }>();

const frame = (text: string): Buffer => {
  const size = Buffer.byteLength(text);
  const header = size < 126 ? Buffer.from([0x81, size]) : Buffer.from([0x81, 126, size >> 8, size & 0xff]);
  return Buffer.concat([header, Buffer.from(text)]);
};
const OK = frame('ok');

const group = (topic: string) => {
  let found = topics.get(topic);
  if (found === undefined) topics.set(topic, (found = { sockets: new Set(), waiting: [] }));
  return found;
};

const publish = (topic: string, data: unknown): void => {
  const all = group(topic);
  if (all.waiting.push(frame(JSON.stringify({ topic, data }))) > 1) return;
  setImmediate(() => {
    const bytes = all.waiting.length === 1 ? (all.waiting[0] as Buffer) : Buffer.concat(all.waiting);
    all.waiting = [];
    for (const socket of all.sockets) socket.write(bytes);
  });
};

/** The texts of whole masked frames; gives what is left over. */
const eachText = (bytes: Buffer, take: (text: string) => void): Buffer => {
  let at = 0;
  while (bytes.length >= at + 8) {
    const short = (bytes[at + 1] as number) & 0x7f;
    const size = short === 126 ? bytes.readUInt16BE(at + 2) : short;
    const mask = at + (short === 126 ? 4 : 2);
    const start = mask + 4;
    if (bytes.length < start + size) break;
    for (let index = 0; index < size; index++) bytes[start + index] = (bytes[start + index] as number) ^ (bytes[mask + (index & 3)] as number);
    if (((bytes[at] as number) & 0x0f) === 1) take(bytes.toString('utf8', start, start + size));
    at = start + size;
  }
  return bytes.subarray(at);
};

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.once('data', (hello) => {
    const head = hello.toString('latin1');
    const key = /sec-websocket-key: (\S+)/i.exec(head)?.[1] ?? '';
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    const topic = /^GET \/\?topic=(\S+)/.exec(head)?.[1];
    if (topic !== undefined) {
      const { sockets } = group(topic);
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
    socket.write(frame('ready'));
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      let answers = 0;
      rest = eachText(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), (text) => {
        const sent = JSON.parse(text) as { type: string; topic: string; data: unknown };
        if (sent.type === 'store') answers++;
        else publish(sent.topic, sent.data);
      });
      if (answers > 0) socket.write(answers === 1 ? OK : Buffer.concat(new Array<Buffer>(answers).fill(OK)));
    });
  });
});

server.listen({ port: 0, host: '127.0.0.1' }, () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit());
