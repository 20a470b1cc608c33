// Responses that were written over each other are what they would be written one by one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogCursors } from '../../core/log.ts';
import { wireTime } from '../../core/time.ts';
import { systemIds, UUID_LENGTH } from '../../ports/ids.ts';
import type { Flight } from '../../ports/storage.ts';
import { confirmationFrames } from './confirmations.ts';

interface Sent {
  readonly requestId: string;
  readonly topic: string;
  readonly seq: number;
  readonly timestamp: number;
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NOW = Date.parse('2026-11-22T10:00:00.001Z');
const cursors = { format: (place: number) => `${place.toString(36).padStart(11, '0')}aaaaaaaa` } as unknown as LogCursors;
const idOf = (index: number): string => `message-${index}`.padEnd(UUID_LENGTH, '.');

const flightOf = (all: readonly Sent[]): Flight => {
  const at: number[] = [];
  let text = '';
  for (const [index, { requestId }] of all.entries()) {
    at.push(text.length);
    text += idOf(index) + requestId;
  }
  const one = (index: number): Sent => all[index] as Sent;
  return {
    bytes: Buffer.from(text, 'latin1'),
    messageIdAt: (index) => at[index] as number,
    requestIdAt: (index) => (at[index] as number) + UUID_LENGTH,
    requestIdLength: (index) => one(index).requestId.length,
    requestId: (index) => one(index).requestId,
    topicAt: (index) => one(index).topic,
    timestampAt: (index) => one(index).timestamp,
    startedAt: () => 0,
    seqAt: (index) => one(index).seq,
  };
};

const textsOf = (frames: Buffer): string[] => {
  const texts: string[] = [];
  for (let at = 0; at < frames.length; ) {
    assert.equal(frames[at], 0x81);
    assert.equal(frames[at + 1], 126);
    const size = frames.readUInt16BE(at + 2);
    texts.push(frames.toString('latin1', at + 4, at + 4 + size));
    at += 4 + size;
  }
  return texts;
};

test('each has its own ids, place and times', () => {
  const ids = systemIds();
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          requestId: fc.stringMatching(/^[A-Za-z0-9-]{1,4}$/),
          topic: fc.constantFrom('a', 'a', 'a', 'b', 'orders.42'),
          step: fc.constantFrom(1, 1, 1, 1, 1, 2, 40),
          later: fc.constantFrom(0, 0, 0, 1, 61_000),
        }),
        { minLength: 1, maxLength: 60 },
      ),
      fc.constantFrom(0, 30, 1290, 36 ** 5 - 3),
      fc.nat(3),
      (steps, first, from) => {
        let seq = first;
        let timestamp = NOW - 100_000;
        const all = steps.map(({ requestId, topic, step, later }) => ({ requestId, topic, seq: (seq += step), timestamp: (timestamp += later) }));
        const texts = textsOf(confirmationFrames(flightOf(all), Math.min(from, all.length - 1), all.length, cursors, ids, NOW));
        for (const [index, text] of texts.entries()) {
          const place = index + Math.min(from, all.length - 1);
          const sent = all[place] as Sent;
          const { messageId } = JSON.parse(text) as { messageId: string };
          assert.match(messageId, UUID_V7);
          assert(!seen.has(messageId));
          seen.add(messageId);
          const data = { messageId: idOf(place), topic: sent.topic, cursor: cursors.format(sent.seq), timestamp: wireTime(sent.timestamp) };
          const payload = { requestId: sent.requestId, status: 'success', statusCode: 201, data };
          assert.equal(text, JSON.stringify({ messageId, type: 'response', payload, timestamp: wireTime(NOW) }));
        }
        assert.equal(texts.length, all.length - Math.min(from, all.length - 1));
      },
    ),
  );
});
