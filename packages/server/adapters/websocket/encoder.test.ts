// Events as a client reads them: the message's own id and time, compressed once where that was agreed on, and only where it pays (5.2.4, 9.1.2).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { test } from 'node:test';
import { NOTICES, SocketEvent } from '@godwit/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as ws from 'ws';
import type { LogCursors } from '../../core/log.ts';
import { createServer } from '../../index.ts';
import { systemIds } from '../../ports/ids.ts';
import type { StoredMessage } from '../../ports/storage.ts';
import { manualClock } from '../../testing/clock.ts';
import { deflatingEncoder, plainEncoder } from './encoder.ts';

interface Deflate {
  accept(offers: object[]): object;
}
// The declarations know only its WebSockets.
const { Receiver, PerMessageDeflate } = ws as unknown as {
  Receiver: new (options: object) => Writable;
  PerMessageDeflate: new (options: object, isServer: boolean, maxPayload: number) => Deflate;
};

const COMPRESSED = 0x40;

/** The texts that a client with permessage-deflate reads. */
const received = async (bytes: Buffer): Promise<string[]> => {
  const deflate = new PerMessageDeflate({}, false, 0);
  deflate.accept([{ server_no_context_takeover: [true] }]);
  const receiver = new Receiver({ isServer: false, maxPayload: 0, extensions: { 'permessage-deflate': deflate } });
  const all: string[] = [];
  receiver.on('message', (data: Buffer) => all.push(String(data)));
  await new Promise<void>((resolve, reject) => {
    receiver.on('error', reject);
    receiver.write(bytes);
    receiver.end(resolve);
  });
  return all;
};

const cursors = { format: (place: number) => `c${place}` } as LogCursors;
const core = { cursors, clock: manualClock(), ids: systemIds() };
const message = (seq: number, data: unknown): StoredMessage => ({
  seq,
  messageId: `m-${seq}`,
  topic: 'orders.1.created',
  timestamp: 1_000 * seq,
  data: JSON.stringify(data),
  change: false,
});
const event = ({ seq, messageId, topic, timestamp, data }: StoredMessage, redelivered = false): object => ({
  messageId,
  type: 'event',
  payload: { subscription: '~orders.**', topic, cursor: `c${seq}`, data: JSON.parse(data), ...(redelivered ? { redelivered: true } : {}) },
  timestamp: new Date(timestamp).toISOString(),
});

// Below and above the threshold, far above it, more than is compressed, and what compresses badly.
const noise = Array.from({ length: 700 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join('');
const messages = [null, 'x'.repeat(100), 'x'.repeat(2000), noise, { big: 'é'.repeat(50_000) }, 'y'.repeat(100_000)].map((data, index) =>
  message(index + 1, data),
);

const encoders = { plain: plainEncoder(core), deflating: deflatingEncoder(core, 1024) };

for (const [name, encoder] of Object.entries(encoders)) {
  test(`${name}: a client reads each message as it was published`, async () => {
    const judge = new Ajv2020({ strict: false, validateFormats: false }).compile(SocketEvent);
    for (const redelivered of [false, true]) {
      const texts = await received(encoder.encode('~orders.**', messages, redelivered));
      assert.deepEqual(
        texts.map((text) => JSON.parse(text)),
        messages.map((one) => event(one, redelivered)),
      );
      for (const text of texts) assert(judge(JSON.parse(text)), JSON.stringify(judge.errors));
    }
  });
}

test('what is small, or very large, is not compressed; the rest is, and is smaller for it', () => {
  const isCompressed = messages.map((one) => (((encoders.deflating.encode('~x', [one], false)[0] as number) & COMPRESSED) === 0 ? 0 : 1));
  assert.deepEqual(isCompressed, [0, 0, 1, 0, 1, 0]);
  const [, , large] = messages as [StoredMessage, StoredMessage, StoredMessage];
  assert(encoders.deflating.encode('~x', [large], false).length < 300);
  assert(messages.every((one) => ((encoders.plain.encode('~x', [one], false)[0] as number) & COMPRESSED) === 0));
});

test('every notice has its topic', () => {
  for (const name of Object.keys(NOTICES)) {
    for (const encoder of Object.values(encoders)) {
      const { payload, type } = JSON.parse(encoder.notice(name, { some: 'data' }) ?? 'null');
      assert.deepEqual([type, payload], ['event', { topic: `$sys.${name}`, data: { some: 'data' } }]);
    }
  }
});

test('with a client of `ws`: compressed where both want it, plain where its window is too small for shared messages', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-encoder-'));
  const adminKey = 'the-key-of-this-test';
  const server = await createServer({ data: directory, port: 0, adminKey, settings: { webSocketCompression: true } });
  // A message whose second half repeats what lies further back than the smallest window.
  const data = `${noise}${noise}`;
  try {
    for (const [perMessageDeflate, expected] of [
      [true, 'permessage-deflate'],
      [false, ''],
      [{ serverMaxWindowBits: 9 }, 'permessage-deflate'],
    ] as const) {
      const socket = new ws.WebSocket(`${server.url.replace('http', 'ws')}/v1/ws`, {
        headers: { authorization: `Bearer ${adminKey}` },
        perMessageDeflate,
      });
      const texts: string[] = [];
      let heard = (): void => {};
      socket.on('message', (bytes) => {
        texts.push(String(bytes));
        heard();
      });
      await once(socket, 'open');
      assert.equal(socket.extensions, expected);
      const until = async (fits: (read: { type: string; payload: { topic?: string; data?: unknown } }) => boolean): Promise<unknown> => {
        for (;;) {
          const found = texts.map((text) => JSON.parse(text)).find(fits);
          if (found !== undefined) return found;
          await new Promise<void>((resolve) => (heard = resolve));
        }
      };
      const send = (payload: object): void => socket.send(JSON.stringify({ messageId: randomUUID(), type: 'request', payload }));
      send({ method: 'POST', path: '/subscriptions', data: { topics: ['news'] } });
      await until(({ type }) => type === 'response');
      send({ method: 'POST', path: '/topics/news/messages', data });
      const { payload } = (await until(({ payload: { topic } }) => topic === 'news')) as { payload: { data: string } };
      assert.equal(payload.data, data);
      socket.close();
      await once(socket, 'close');
    }
  } finally {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
});
