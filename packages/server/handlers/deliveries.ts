// What is done with a durable subscription's messages: attach, detach, acknowledge, pull (6.2.5 to 6.2.7). None of it is remembered: all may be repeated freely.
import { BOUNDS, ProtocolError, type SubscriptionAck, type SubscriptionPull } from '@godwit/protocol';
import { readableCollections, subscribableFilter } from '../core/access.ts';
import type { Call, Handler, Identity } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import type { Durable } from '../core/durables.ts';
import { pageBytes } from '../core/page-bytes.ts';
import { countPending } from '../core/pending.ts';
import { checkWait, pageText, readOrWait } from '../core/reading.ts';
import type { Session } from '../core/session.ts';
import type { LogFilter } from '../ports/storage.ts';

const durableOf = (core: Core, call: Call): Durable => core.durables.get((call.identity as Identity).client, call.params['name'] as string);

const filterFor = (core: Core, call: Call, durable: Durable): LogFilter =>
  subscribableFilter(call.identity as Identity, core.collections, durable.topics, '/path/name');

const sessionOf = (call: Call): Session => {
  if (call.session === undefined) throw new ProtocolError('WEBSOCKET_REQUIRED', 'Messages are pushed over a WebSocket: open one at /v1/ws, or pull them.');
  return call.session;
};

export const attachSubscription =
  (core: Core): Handler =>
  async (call) => {
    const session = sessionOf(call);
    const durable = durableOf(core, call);
    const filter = filterFor(core, call, durable);
    const { start } = session.attach(durable, filter);
    return {
      status: 200,
      data: { subscription: durable.name, cursor: core.cursors.format(durable.acknowledged), pending: await countPending(core, durable, filter.collections) },
      started: start,
    };
  };

export const detachSubscription =
  (core: Core): Handler =>
  (call) => {
    sessionOf(call).detach(durableOf(core, call));
    return { status: 204 };
  };

export const ackSubscription =
  (core: Core): Handler =>
  async (call) => {
    const durable = durableOf(core, call);
    core.durables.acknowledge(durable, core.cursors.place((call.data as SubscriptionAck).cursor, '/data/cursor'));
    const pending = await countPending(core, durable, readableCollections(call.identity as Identity));
    return { status: 200, data: { cursor: core.cursors.format(durable.acknowledged), pending } };
  };

export const pullSubscription =
  (core: Core): Handler =>
  async (call) => {
    const { ack, limit = BOUNDS.messagesLimit.default, wait } = call.data as SubscriptionPull;
    const durable = durableOf(core, call);
    const filter = filterFor(core, call, durable);
    const waitMs = checkWait(core, wait, '/data/wait');
    if (ack !== undefined) core.durables.acknowledge(durable, core.cursors.place(ack, '/data/ack'));
    const page = await readOrWait(
      core,
      { filter, after: durable.acknowledged, limit, maxBytes: pageBytes(core, call), field: '/data/ack' },
      waitMs,
      call.parking,
    );
    return { status: 200, data: pageText(core, page) };
  };
