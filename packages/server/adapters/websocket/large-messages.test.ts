// Large messages and the rate of a connection (7.2.1): what is refused for coming too soon is refused unread.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { KEY, type TestServer, testServer } from '../../testing/server.ts';

let server: TestServer;
before(async () => {
  server = await testServer({ settings: { messagesPerSecond: 1, webSocketCompression: true } });
});
after(() => server.close());

interface Refusal {
  readonly requestId: string | null;
  readonly code: string;
}

/** Sends texts at once; how each was refused. */
const refusals = async (texts: readonly string[], perMessageDeflate: boolean): Promise<Refusal[]> => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws`, ['godwit.v1', `bearer.${KEY}`], { perMessageDeflate });
  const all: Refusal[] = [];
  const answered = new Promise<void>((resolve) =>
    socket.on('message', (bytes: Buffer) => {
      const { type, payload } = JSON.parse(bytes.toString()) as { type: string; payload: { requestId: string | null; error: { code: string } } };
      if (type === 'response' && all.push({ requestId: payload.requestId, code: payload.error.code }) === texts.length) resolve();
    }),
  );
  await once(socket, 'open');
  for (const text of texts) socket.send(text);
  await answered;
  socket.close();
  return all;
};

for (const deflated of [false, true]) {
  test(`7.2.1: a large message beyond the rate is refused under its name before it is parsed${deflated ? ', deflated as well' : ''}`, async () => {
    // No JSON, so that whoever parses one cannot know its name.
    const text = (n: number): string => `{ "messageId":"m${n}","type":"request",${'['.repeat(50_000)}`;
    const all = await refusals(
      Array.from({ length: 20 }, (_, n) => text(n)),
      deflated,
    );
    assert.deepEqual(all[0], { requestId: null, code: 'MALFORMED_JSON' });
    const late = all.map((refusal, n) => ({ ...refusal, n })).filter(({ code }) => code === 'RATE_LIMITED');
    assert(late.length > 0);
    for (const { requestId, n } of late) assert.equal(requestId, `m${n}`);
  });
}

test('7.2.1: a large message that does not begin with its name is refused under none', async () => {
  const all = await refusals(Array(20).fill(`{"type":"request","messageId":"m","payload":"${'x'.repeat(50_000)}"}`), false);
  assert(all.some(({ requestId, code }) => requestId === null && code === 'RATE_LIMITED'));
});

test('7.2.1: an acknowledgement that is large for one is not free', async () => {
  const ack = { method: 'POST', path: '/subscriptions/none/ack', data: { cursor: 'c', padding: 'x'.repeat(5000) } };
  const all = await refusals(
    Array.from({ length: 20 }, (_, n) => JSON.stringify({ messageId: `m${n}`, type: 'request', payload: ack })),
    false,
  );
  assert(all.some(({ code }) => code === 'RATE_LIMITED'));
  const small = { ...ack, data: { cursor: 'c' } };
  const free = await refusals(
    Array.from({ length: 20 }, (_, n) => JSON.stringify({ messageId: `m${n}`, type: 'request', payload: small })),
    false,
  );
  assert(!free.some(({ code }) => code === 'RATE_LIMITED'));
});
