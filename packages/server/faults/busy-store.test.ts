// A store that does not answer (6.1.1): every operation is answered 504 in time, a publish over a WebSocket on either way too, and repeated with its requestId it takes effect once.
// What keeps the store busy is another program's lock on its file.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { httpClient } from '../testing/http.ts';
import { ADMIN_KEY, startProcess } from '../testing/process.ts';

const TIMEOUT_MS = 500;

interface Response {
  readonly requestId: string;
  readonly statusCode: number;
  readonly error?: { readonly code: string };
  readonly headers?: Record<string, string>;
}

test('what the store does not answer in time is 504, and repeated it takes effect once', async () => {
  const data = await mkdtemp(join(tmpdir(), 'godwit-busy-'));
  const server = await startProcess({ data, flags: ['--request-timeout', `${TIMEOUT_MS}ms`] });
  const http = httpClient(server.url, ADMIN_KEY);
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  const heard: Response[] = [];
  const wake: (() => void)[] = [];
  socket.on('message', (bytes: Buffer) => {
    const { type, payload } = JSON.parse(bytes.toString()) as { type: string; payload: Response };
    if (type === 'response') heard.push(payload);
    for (const one of wake.splice(0)) one();
  });
  const response = async (requestId: string): Promise<Response> => {
    for (;;) {
      const at = heard.findIndex((one) => one.requestId === requestId);
      if (at !== -1) return heard.splice(at, 1)[0] as Response;
      await new Promise<void>((resolve) => wake.push(resolve));
    }
  };
  const publish = (requestId: string, space = ''): Promise<Response> => {
    socket.send(`{${space}"messageId":"${requestId}","type":"request","payload":{"method":"POST","path":"/topics/a.b/messages","data":"${requestId}"}}`);
    return response(requestId);
  };
  const WAYS = [
    ['short', ''],
    ['long', ' '],
  ] as const;
  try {
    await new Promise((resolve) => socket.once('open', resolve));
    for (const [id, space] of WAYS) assert.equal((await publish(`before-${id}`, space)).statusCode, 201);

    const lock = new DatabaseSync(join(data, 'godwit.db'));
    lock.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE');
    const late = await Promise.all([
      ...WAYS.map(([id, space]) => publish(id, space)),
      http.ask('POST', '/v1/topics/a.b/messages', { data: 'http', requestId: 'http' }),
    ]);
    assert.deepEqual(
      late.map((answer) => ('statusCode' in answer ? answer.statusCode : answer.status)),
      [504, 504, 504],
    );
    for (const [index] of WAYS.entries()) assert.equal((late[index] as Response).error?.code, 'TIMEOUT');
    lock.exec('COMMIT');
    lock.close();

    // Each may have taken effect by now, or takes it now: the outcome is there either way.
    for (const [id, space] of WAYS) assert.equal((await publish(id, space)).statusCode, 201);
    assert.equal((await http.ask('POST', '/v1/topics/a.b/messages', { data: 'http', requestId: 'http' })).status, 201);
    const { items } = (await http.ask('GET', '/v1/messages?topics=a.b&after=earliest')).data as { items: { data: string }[] };
    assert.deepEqual(items.map((item) => item.data).sort(), ['before-long', 'before-short', 'http', 'long', 'short']);
    // Who was told that it took too long is told nothing else.
    assert.deepEqual(heard, []);
  } finally {
    socket.terminate();
    http.close();
    server.kill();
    await server.exited;
    await rm(data, { recursive: true, force: true });
  }
});
