import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConnectionNow, Rates } from './rates.ts';

const connection = (id: string, messagesReceived: number, bytesSent: number): ConnectionNow => ({
  id,
  client: 'c',
  sub: null,
  transport: 'websocket',
  address: '::1',
  openedAt: '2026-11-22T10:00:00.000Z',
  subscriptions: 0,
  queuedBytes: 0,
  bytesSent,
  bytesReceived: 0,
  messagesReceived,
  behind: false,
});

test('a rate is what was counted between two looks, by the second', () => {
  const rates = new Rates();
  rates.look([connection('a', 10, 1000)], 1000);
  assert.equal(rates.of('a').messagesIn, 0);
  rates.look([connection('a', 30, 5000), connection('b', 5, 0)], 3000);
  assert.deepEqual(rates.of('a'), { messagesIn: 10, bytesIn: 0, bytesOut: 2000 });
  assert.equal(rates.of('b').messagesIn, 0, 'seen once');
  rates.look([connection('b', 6, 0)], 4000);
  assert.deepEqual([rates.of('a').messagesIn, rates.of('b').messagesIn], [0, 1]);
});
