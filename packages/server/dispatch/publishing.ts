// A publish that is plainly in order needs no transaction: its message and the memory of its name are one unit, and the store tells whether it took effect before (4.1.3, 6.2.1).
// Whatever is not, goes the way of all operations, which says what is wrong with it, or gives the outcome of its first time.
import type { Call } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { publishedText } from '../core/publishable.ts';
import type { StoredMessage } from '../ports/storage.ts';
import { refusalOf } from './failure.ts';
import { type Reply, replayed, reused } from './request.ts';

const NO_HEADERS: Reply['headers'] = Object.freeze({});

const published = ({ cursors }: Core, { seq, messageId, topic, timestamp }: Omit<StoredMessage, 'data' | 'change'>): Reply => ({
  status: 201,
  text: publishedText(messageId, topic, cursors.format(seq), timestamp),
  headers: NO_HEADERS,
});

/** The reply to a publish that took effect before. */
export const publishedBefore = (core: Core, message: StoredMessage): Reply => replayed(published(core, message));

/** Publishes in the order of the calls; undefined, and nothing is done, where it is not plainly in order. The call has been authorized, and so its topic is one. */
export const publishAtOnce = (
  core: Core,
  { params, data, identity }: Pick<Call, 'params' | 'data' | 'identity'>,
  requestId: string,
): Promise<Reply> | undefined => {
  const topic = params['topic'] as string;
  if (identity === undefined || core.collections.owns(topic) || core.topics?.takes(topic, data) === false) return undefined;
  const text = JSON.stringify(data ?? null);
  // A character takes at most three bytes.
  if (text.length * 3 > core.settings.maxMessageBytes) return undefined;
  const message = { messageId: core.ids.uuid(), topic, timestamp: core.clock.now(), data: text, change: false };
  return core.storage.write({ request: { client: identity.client, requestId, kind: 'publish' }, messages: [message] }).then((outcome) => {
    if (outcome.status === 'written') return published(core, { seq: outcome.firstSeq, ...message });
    if (outcome.status === 'conflict') throw refusalOf(outcome.reason);
    if (outcome.status === 'reused' || outcome.remembered.kind !== 'publish') throw reused();
    return publishedBefore(core, outcome.remembered.message);
  });
};
