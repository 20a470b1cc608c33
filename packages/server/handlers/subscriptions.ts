// Subscriptions as resources (6.2.3, 6.2.4): unnamed ones live on their WebSocket, durable ones until they are deleted.
import { invalidField, ProtocolError, parseDuration, type SubscriptionCreate, type SubscriptionReplace, UNNAMED } from '@godwit/protocol';
import { mayDo, readableCollections, requireScope, subscribableFilter } from '../core/access.ts';
import type { Call, Handler, Identity, Result } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import type { Durable } from '../core/durables.ts';
import { readPatterns } from '../core/patterns.ts';
import { countPending } from '../core/pending.ts';

const identityOf = (call: Call): Identity => call.identity as Identity;

const durableValue = async (core: Core, call: Call, durable: Durable): Promise<Record<string, unknown>> => ({
  client: durable.client,
  name: durable.name,
  topics: durable.topics,
  cursor: core.cursors.format(durable.acknowledged),
  pending: await countPending(core, durable, readableCollections(identityOf(call))),
  attached: durable.attachment !== undefined,
  ackWait: durable.ackWait,
  redeliveries: durable.redeliveries,
});

/** Whose subscriptions are asked for: one's own, or with `admin` those of `?client=` (6.2.4). */
const clientAsked = (call: Call): string => {
  const asked = call.query['client'] as string | undefined;
  const identity = identityOf(call);
  if (asked === undefined || asked === identity.client) return identity.client;
  if (!mayDo(identity, 'admin'))
    throw new ProtocolError('FORBIDDEN', 'Only the scope admin sees subscriptions of others.', { scope: 'admin', field: '/query/client' });
  return asked;
};

/** Milliseconds; the setting where nothing is asked for. */
const ackWaitOf = ({ settings }: Core, asked: number | string | undefined): number => {
  const ms = typeof asked === 'string' ? parseDuration(asked) : (asked ?? settings.ackWait);
  if (ms === undefined || ms < 10 || ms > LONGEST_ACK_WAIT) throw invalidField('/data/ackWait', 'must be between 10ms and 24h');
  return ms;
};

const LONGEST_ACK_WAIT = 86_400_000;

export const createSubscription =
  (core: Core): Handler =>
  (call) => {
    const { name, topics, after, ackWait } = call.data as SubscriptionCreate;
    if (name === undefined && call.session === undefined)
      throw new ProtocolError('WEBSOCKET_REQUIRED', 'A subscription without a name lives on a WebSocket: open one at /v1/ws, or give it a name.');
    const patterns = readPatterns(topics, '/data/topics');
    const filter = subscribableFilter(identityOf(call), core.collections, patterns, '/data/topics');
    const place = core.cursors.start(after, '/data/after');
    if (name !== undefined) return createDurable(core, call, { name, patterns, place, ackWait: ackWaitOf(core, ackWait) });
    core.cursors.checkKept(place, '/data/after');
    const { id, start } = (call.session as NonNullable<Call['session']>).subscribe(filter, place);
    return { status: 201, data: { subscription: id, cursor: core.cursors.format(place) }, started: start };
  };

const createDurable = async (
  core: Core,
  call: Call,
  { name, patterns, place, ackWait }: { readonly name: string; readonly patterns: readonly string[]; readonly place: number; readonly ackWait: number },
): Promise<Result> => {
  const { client } = identityOf(call);
  const known = core.durables.find(client, name);
  if (known !== undefined) {
    if (known.topics.join(',') !== patterns.join(','))
      throw new ProtocolError('CONFLICT', `There is a subscription ${name} with other topics: change it with PUT.`, { field: '/data/topics' });
    return { status: 200, data: await durableValue(core, call, known) };
  }
  core.durables.checkRoom(client);
  core.cursors.checkKept(place, '/data/after');
  const durable: Durable = {
    client,
    name,
    topics: patterns,
    ackWait,
    acknowledged: place,
    sent: 0,
    redeliveries: 0,
    attachment: undefined,
  };
  call.tx.record(core.durables.record(durable, client, name, 'absent'));
  call.tx.afterCommit(() => core.durables.set(durable));
  return { status: 201, data: await durableValue(core, call, durable), headers: { location: `/v1/subscriptions/${name}` } };
};

export const listSubscriptions =
  (core: Core): Handler =>
  async (call) => {
    if (call.query['all'] === 'true') requireScope(identityOf(call), 'admin', '/query/all');
    const durables = core.durables.all(call.query['all'] === 'true' ? undefined : clientAsked(call));
    return { status: 200, data: { items: await Promise.all(durables.map((durable) => durableValue(core, call, durable))) } };
  };

export const getSubscription =
  (core: Core): Handler =>
  async (call) => ({ status: 200, data: await durableValue(core, call, core.durables.get(clientAsked(call), call.params['name'] as string)) });

export const replaceSubscription =
  (core: Core): Handler =>
  async (call) => {
    const { topics, ackWait } = call.data as SubscriptionReplace;
    const { client } = identityOf(call);
    const durable = core.durables.get(client, call.params['name'] as string);
    const patterns = readPatterns(topics, '/data/topics');
    subscribableFilter(identityOf(call), core.collections, patterns, '/data/topics');
    const changed = { ...durable, topics: patterns, ackWait: ackWait === undefined ? durable.ackWait : ackWaitOf(core, ackWait) };
    call.tx.record(core.durables.record(changed, client, durable.name, 'present'));
    const over = core.durables.changing(durable);
    call.tx.afterFailure(over);
    call.tx.afterCommit(() => {
      over();
      durable.topics = changed.topics;
      durable.ackWait = changed.ackWait;
      durable.attachment?.restart();
      core.durables.touch(durable);
    });
    return {
      status: 200,
      data: await durableValue(core, call, { ...changed, attachment: undefined }).then((value) => ({ ...value, attached: durable.attachment !== undefined })),
    };
  };

export const removeSubscription =
  (core: Core): Handler =>
  (call) => {
    const id = call.params['name'] as string;
    if (id.startsWith(UNNAMED)) {
      if (call.session === undefined) throw new ProtocolError('WEBSOCKET_REQUIRED', 'A subscription without a name ends on the WebSocket that it lives on.');
      if (!call.session.unsubscribe(id)) throw new ProtocolError('NOT_FOUND', 'This connection has no such subscription.');
      return { status: 204 };
    }
    const client = clientAsked(call);
    const durable = core.durables.get(client, id);
    call.tx.record(core.durables.record(null, client, id, 'present'));
    call.tx.afterCommit(() => core.durables.delete(durable));
    return { status: 204 };
  };
