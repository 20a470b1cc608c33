// What must hold when everyone has drained: judged from the log as the API tells it, from what publishers were told, and from what subscribers were given.
import assert from 'node:assert/strict';
import type { Message } from '../../testing/story.ts';
import type { Published } from './publishers.ts';
import { digestOf, type Subscriber } from './subscriber.ts';

/** As `matcher` of the protocol package, written once more in another way. */
const matches = (patterns: readonly string[], topic: string): boolean =>
  patterns.some((pattern) => {
    const segments = pattern.split('.').map((segment) => (segment === '**' ? '.+' : segment === '*' ? '[^.]+' : segment));
    return new RegExp(`^${segments.join('\\.')}$`).test(topic);
  });

/** What of the log is for a subscriber. */
export const expectedOf = ({ patterns, readsDocuments }: Pick<Subscriber, 'patterns' | 'readsDocuments'>, log: readonly Message[]): Message[] =>
  log.filter(({ topic }) => (readsDocuments || !topic.startsWith('docs.')) && matches(patterns, topic));

const requestIdOf = ({ topic, data }: Message): string => (topic.startsWith('docs.') ? data.document.by : data.by);

/** Each confirmed publish is in the log as it was confirmed, each requestId at most once, and nothing that nobody published. */
export const judgeLog = (log: readonly Message[], ledger: readonly Published[]): void => {
  const byRequest = new Map<string, Message>();
  for (const [index, message] of log.entries()) {
    if (index > 0) assert((log[index - 1] as Message).cursor < message.cursor, `the log is out of order at ${message.cursor}`);
    const requestId = requestIdOf(message);
    assert(!byRequest.has(requestId), `${requestId} was appended twice, at ${byRequest.get(requestId)?.cursor} and ${message.cursor}`);
    byRequest.set(requestId, message);
  }
  const published = new Map(ledger.map((entry) => [entry.requestId, entry]));
  for (const [requestId, message] of byRequest) {
    const entry = published.get(requestId);
    assert(entry !== undefined, `${requestId} at ${message.cursor} was never published`);
    const { topic, data } = entry;
    if (topic === undefined) {
      assert.match(message.topic, /^docs\.[^.]+\.created$/);
      assert.equal(message.data.document.fill, data['fill'], requestId);
    } else {
      assert.equal(message.topic, topic, requestId);
      assert.deepEqual(message.data, data, requestId);
    }
  }
  for (const { requestId, topic, confirmed } of ledger) {
    if (confirmed === undefined) continue;
    const message = byRequest.get(requestId);
    assert(message !== undefined, `${requestId} was confirmed and is not in the log: ${JSON.stringify(confirmed)}`);
    if (topic !== undefined) assert.deepEqual({ ...confirmed.data, data: message.data }, message, `${requestId} is not as it was confirmed`);
    else assert.deepEqual(confirmed.data, message.data.document, `${requestId} is not as it was confirmed`);
  }
};

export interface Verdict {
  readonly deliveries: number;
  readonly repeats: number;
  readonly flagged: number;
}

/** What a subscriber must have got: all that matches, in order at first sight, the same each time, and nothing else. */
export const judgeSubscriber = (subscriber: Subscriber, log: readonly Message[]): Verdict => {
  const { name, got, patterns, kind } = subscriber;
  const label = `${kind} ${name} of ${patterns.join(',')}`;
  const expected = expectedOf(subscriber, log);
  const byCursor = new Map(expected.map((message) => [message.cursor, message]));
  const digests = new Map<string, string>();
  const firsts: string[] = [];
  let flagged = 0;
  const tale = (cursor: string): string =>
    got.flatMap((one, index) => (one.cursor === cursor ? [`as number ${index} in attempt ${one.attempt}, after ${got[index - 1]?.cursor}`] : [])).join(' and ');
  for (const { cursor, messageId, topic, timestamp, digest, redelivered } of got) {
    const message = byCursor.get(cursor);
    assert(message !== undefined, `${label} got ${topic} at ${cursor}, which is not for it or was never published`);
    if (redelivered) flagged++;
    let known = digests.get(cursor);
    if (known === undefined) {
      firsts.push(cursor);
      digests.set(cursor, (known = digestOf(message.data)));
    } else assert(subscriber.repeats, `${label} got ${cursor} ${tale(cursor)}`);
    assert.deepEqual(
      { messageId, topic, timestamp },
      { messageId: message.messageId, topic: message.topic, timestamp: message.timestamp },
      `${label} at ${cursor}`,
    );
    assert.equal(digest, known, `${label} got other data at ${cursor}`);
  }
  for (const [index, cursor] of firsts.entries()) {
    const { cursor: due } = expected[index] as Message;
    assert.equal(cursor, due, `${label}: its first delivery number ${index} is ${cursor} where ${due} was due`);
  }
  assert.equal(firsts.length, expected.length, `${label} did not get ${expected[firsts.length]?.cursor} and what comes after it`);
  assert.deepEqual(subscriber.complaints, [], label);
  return { deliveries: got.length, repeats: got.length - firsts.length, flagged };
};
