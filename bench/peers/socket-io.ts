// Socket.IO at its best ordinary configuration: WebSocket only, no compression, its in-memory adapter, rooms for topics.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, httpCompression: false, serveClient: false });

io.on('connection', (socket) => {
  socket.on('subscribe', (topic: string, done: () => void) => {
    void socket.join(topic);
    done();
  });
  socket.on('publish', (topic: string, data: unknown) => {
    io.to(topic).emit('message', data);
  });
  socket.on('store', (_topic: string, _data: unknown, done: (answer: string) => void) => done('ok'));
});

http.listen({ port: 0, host: '127.0.0.1' }, () => console.log(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit());
