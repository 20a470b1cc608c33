// What one connection may have the server do at a time: answers are finished, and read, before more are begun (7.1.2).
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { gzips } from '../../testing/gzips.ts';
import { rawExchange } from '../../testing/http.ts';
import { KEY, type TestServer, testServer } from '../../testing/server.ts';
import { Pipeline } from './pipeline.ts';

let server: TestServer;
before(async () => {
  server = await testServer({ collections: { docs: {} } });
});
after(() => server.close());

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\nAccept-Encoding: gzip\r\n${more}\r\n`;

test('answers that one connection asks for at once are gzipped one after the other', async () => {
  await server.client.ask('POST', '/v1/docs', { data: { id: 'large', text: 'x'.repeat(20_000) } });
  const counted = await gzips(() => rawExchange(server.url, get('/v1/docs/large').repeat(40) + get('/v1', 'Connection: close\r\n')));
  assert.deepEqual(counted, { all: 40, atOnce: 1 });
});

test('so are errors', async () => {
  const query = Array.from({ length: 60 }, (_, n) => `unknown${n}=`).join('&');
  const counted = await gzips(() => rawExchange(server.url, get(`/v1/messages?${query}`).repeat(20) + get('/v1', 'Connection: close\r\n')));
  assert.deepEqual(counted, { all: 20, atOnce: 1 });
});

test('the documents that anybody may ask for are gzipped once', async () => {
  const { all } = await gzips(() => rawExchange(server.url, get('/v1/openapi.json').repeat(40) + get('/v1', 'Connection: close\r\n')));
  assert.equal(all, 1);
});

class Answer extends EventEmitter {
  writableLength = 0;
  closed = false;

  leave(): void {
    this.writableLength = 0;
    this.closed = true;
    this.emit('close');
  }
}

test('nothing is begun behind an answer of which much is unread', async () => {
  const pipeline = new Pipeline();
  const socket = {} as Socket;
  const begun: string[] = [];
  const ask = (name: string, unread: number, answered?: Promise<void>): Answer => {
    const answer = new Answer();
    pipeline.take(socket, answer as unknown as ServerResponse, (refusal) => {
      begun.push(refusal === undefined ? name : `${name}: ${refusal.code}`);
      answer.writableLength = unread;
      return answered;
    });
    return answer;
  };
  ask('small', 1000);
  const large = ask('large', 100_000);
  const late = ask('late', 100_000, Promise.resolve());
  ask('last', 0);
  assert.deepEqual(begun, ['small', 'large']);
  large.leave();
  await Promise.resolve();
  assert.deepEqual(begun, ['small', 'large', 'late']);
  late.leave();
  assert.deepEqual(begun, ['small', 'large', 'late', 'last']);
  ask('next', 0);
  assert.equal(begun.at(-1), 'next');
  ask('unread', 100_000);
  for (let n = 0; n <= 100; n++) ask(`behind ${n}`, 0);
  assert.deepEqual(begun.slice(-2), ['unread', 'behind 100: TOO_MANY_CONNECTIONS']);
});
