// Frames as the reading side of `ws` takes them: every length of header, many in one write, and writes cut anywhere.
import assert from 'node:assert/strict';
import type { Writable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import * as ws from 'ws';
import { joinFrames, PING_FRAME } from './frames.ts';

// The declarations know only its WebSockets.
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

type Received = readonly ['text' | 'binary' | 'ping', string];

/** What a client makes of these bytes. */
const received = async (chunks: readonly Buffer[]): Promise<Received[]> => {
  const receiver = new Receiver({ isServer: false, maxPayload: 0 });
  const all: Received[] = [];
  receiver.on('message', (data: Buffer, isBinary: boolean) => all.push([isBinary ? 'binary' : 'text', String(data)]));
  receiver.on('ping', (data: Buffer) => all.push(['ping', String(data)]));
  await new Promise<void>((resolve, reject) => {
    receiver.on('error', reject);
    for (const chunk of chunks) receiver.write(chunk);
    receiver.end(resolve);
  });
  return all;
};

test('texts of every length of header', async () => {
  const texts = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000].map((length) => 'x'.repeat(length));
  for (const text of texts) assert.deepEqual(await received([joinFrames([text])]), [['text', text]]);
  assert.deepEqual(
    await received([joinFrames(texts)]),
    texts.map((text) => ['text', text]),
  );
});

test('lengths are of bytes, not of characters', async () => {
  const texts = ['é'.repeat(63), '😀'.repeat(32), '\uff5e'.repeat(21_845), '\uff5e'.repeat(21_846), 'a\u0000b', ''];
  assert.deepEqual(
    await received([joinFrames(texts)]),
    texts.map((text) => ['text', text]),
  );
});

test('frames that are made already go as they are, in their place', async () => {
  const bytes = joinFrames([PING_FRAME, 'a', joinFrames(['b', 'c']), 'd', PING_FRAME]);
  assert.deepEqual(await received([bytes]), [
    ['ping', ''],
    ['text', 'a'],
    ['text', 'b'],
    ['text', 'c'],
    ['text', 'd'],
    ['ping', ''],
  ]);
  assert.equal(joinFrames([]).length, 0);
});

test('any texts, cut anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), async (strings, size) => {
      const texts = strings.map((text) => text.toWellFormed());
      const bytes = joinFrames(texts);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
      assert.deepEqual(
        await received(chunks),
        texts.map((text) => ['text', text]),
      );
    }),
  );
});
