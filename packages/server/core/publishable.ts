// Which topics clients may publish to (clause 1, 3.2.6, 11.3).
import { invalidField, isServerTopic, isTopic, ProtocolError } from '@godwit/protocol';
import type { Core } from './core.ts';
import { wireTime } from './time.ts';

/** Throws `VALIDATION_FAILED` where a topic is none, or the server's: no scope is for it, so none is asked for (11.3). */
export const checkTopic = (topic: string, field: string): void => {
  if (isServerTopic(topic)) throw invalidField(field, 'is a topic of the server');
  if (!isTopic(topic)) throw invalidField(field, 'must be 1 to 16 segments of A-Z a-z 0-9 _ -, joined by dots, at most 255 bytes');
};

/** Throws unless clients may publish to the topic: as `checkTopic`, and `FORBIDDEN` where a collection owns it (3.2.6). */
export const checkPublishable = (core: Core, topic: string, field: string): void => {
  checkTopic(topic, field);
  core.collections.checkFree(topic, field);
};

/** The member `data` of the answer to a publish (6.2.1). */
export const publishedText = (messageId: string, topic: string, cursor: string, timestamp: number): string =>
  `{"messageId":"${messageId}","topic":"${topic}","cursor":"${cursor}","timestamp":"${wireTime(timestamp)}"}`;

/** The data of a message as JSON text. Throws `PAYLOAD_TOO_LARGE` beyond `maxMessageBytes` (7.2.2). */
export const messageData = ({ settings: { maxMessageBytes: limit } }: Core, data: unknown): string => {
  const text = JSON.stringify(data ?? null);
  // A character takes at most three bytes per code unit, so most texts need no count.
  if (text.length * 3 > limit && Buffer.byteLength(text) > limit)
    throw new ProtocolError('PAYLOAD_TOO_LARGE', 'The message is too large.', { limit, field: '/data' });
  return text;
};
