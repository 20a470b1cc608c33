// What an attachment knows of its subscription (6.2.6): up to where all is acknowledged, and that what is passed over is neither a loss nor an acknowledgement.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Durable } from '../core/durables.ts';
import type { Encoder } from '../core/feed.ts';
import type { Outlet } from '../core/follower.ts';
import { type Assembly, assemble } from '../testing/assembly.ts';
import { settled } from '../testing/clock.ts';
import { Attachment } from './attachment.ts';

let assembly: Assembly;
let sent: string[];
let gaps: string[];
let outlet: { congested: boolean } & Outlet;
beforeEach(async () => {
  assembly = await assemble();
  sent = [];
  gaps = [];
  outlet = { congested: false, send: (bytes) => sent.push(bytes.toString()), sink: undefined, filled: () => {}, gap: (_, from, to) => gaps.push(from, to) };
});
afterEach(() => assembly.close());

const encoder: Encoder = {
  medium: 'test',
  encode: (_, messages, redelivered) => Buffer.from(messages.map(({ topic }) => (redelivered ? `${topic} again` : topic)).join()),
  notice: () => undefined,
};
const publish = async (topic: string): Promise<number> => {
  assert.equal((await assembly.ask('POST', `/topics/${topic}/messages`, { data: 1 })).status, 201);
  return assembly.core.storage.log.last;
};
const attach = async (): Promise<{ durable: Durable; attachment: Attachment }> => {
  const { core, clock } = assembly;
  assert.equal((await assembly.ask('POST', '/subscriptions', { data: { name: 'mine', topics: ['mine.*'], ackWait: 1000 } })).status, 201);
  const durable = core.durables.get('admin', 'mine');
  const group = core.feed.hold('mine', durable.topics, ['docs'], encoder);
  const options = { feed: core.feed, durables: core.durables, clock, maxOutstanding: 10, onDetached: () => {}, groupFor: () => undefined };
  const attachment = new Attachment(options, group, outlet, durable);
  attachment.start();
  while (!attachment.isLive) await settled();
  return { durable, attachment };
};

test('it knows up to where all that match are acknowledged, while it is not behind', async () => {
  const { durable, attachment } = await attach();
  const before = await publish('other');
  assert.deepEqual([attachment.doneUntil, attachment.collections], [before, ['docs']]);
  const first = await publish('mine.1');
  await publish('other');
  const second = await publish('mine.2');
  assert.equal(attachment.doneUntil, before);
  assembly.core.durables.acknowledge(durable, first);
  assert.equal(attachment.doneUntil, second - 1);
  assembly.core.durables.acknowledge(durable, second);
  const end = await publish('other');
  assert.equal(attachment.doneUntil, end);
  attachment.fallBehind();
  assert.equal(attachment.doneUntil, undefined);
});

test('one that is behind goes on from where it was moved to, and hears of no gap', async () => {
  const { durable, attachment } = await attach();
  const { core } = assembly;
  outlet.congested = true;
  attachment.fallBehind();
  for (let n = 0; n < 20; n++) await publish('other');
  await assembly.clock.advance(1);
  const kept = await publish('other');
  core.durables.passOver(durable, kept - 1);
  const policy = { messagesBefore: core.clock.now(), maxLogBytes: Number.MAX_SAFE_INTEGER, publishesBefore: 0, requestsBefore: 0 };
  for (let done = false; !done; ) ({ done } = await core.storage.tidy(policy));
  assert.equal(core.cursors.earliest, kept - 1);
  outlet.congested = false;
  attachment.resume();
  while (!attachment.isLive) await settled();
  await publish('mine.1');
  assert.deepEqual([sent, gaps], [['mine.1'], []]);
});

test('passing over acknowledges nothing: what is out is sent again in its time', async () => {
  const { durable, attachment } = await attach();
  await publish('other');
  await publish('mine.1');
  await assembly.clock.advance(900);
  assembly.core.durables.passOver(durable, attachment.doneUntil as number);
  assert.equal(durable.acknowledged, 1);
  await assembly.clock.advance(100);
  while (sent.length < 2) await settled();
  assert.deepEqual(sent, ['mine.1', 'mine.1 again']);
});
