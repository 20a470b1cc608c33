// The library `ws` alone, used as its manual does: a set of clients for each topic and one `send` for each of them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

interface Sent {
  readonly type: 'publish' | 'store';
  readonly topic: string;
  readonly data: unknown;
}

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false });
const topics = new Map<string, Set<WebSocket>>();

server.on('connection', (client, request) => {
  const topic = new URL(request.url ?? '/', 'http://localhost').searchParams.get('topic');
  if (topic !== null) {
    const clients = topics.get(topic) ?? new Set();
    topics.set(topic, clients.add(client));
    client.on('close', () => clients.delete(client));
  }
  client.on('message', (bytes) => {
    const sent = JSON.parse(String(bytes)) as Sent;
    if (sent.type === 'store') return client.send('ok');
    const text = JSON.stringify({ topic: sent.topic, data: sent.data });
    for (const subscriber of topics.get(sent.topic) ?? []) subscriber.send(text);
  });
  client.send('ready');
});

http.listen({ port: 0, host: '127.0.0.1' }, () => console.log(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit());
