// POST /v1/topics/{topic}/messages: publish; answered when the message is on stable storage (6.2.1).
import { invalidField, isServerTopic, isTopic } from '@godwit/protocol';
import type { Call, Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { JsonText } from '../core/json.ts';
import { unwrittenPlace } from '../core/place.ts';
import { wireTime } from '../core/time.ts';

/** Throws unless clients may publish to the topic: `VALIDATION_FAILED` where it is none or the server's, `FORBIDDEN` where a collection owns it (3.2.6). */
export const checkPublishable = (core: Core, topic: string, field: string): void => {
  if (isServerTopic(topic)) throw invalidField(field, 'is a topic of the server');
  if (!isTopic(topic)) throw invalidField(field, 'must be 1 to 16 segments of A-Z a-z 0-9 _ -, joined by dots, at most 255 bytes');
  core.collections.checkFree(topic, field);
};

export const publish =
  (core: Core): Handler =>
  ({ params, data, tx }) => {
    const topic = params['topic'] as string;
    checkPublishable(core, topic, '/path/topic');
    const messageId = core.ids.uuid();
    const timestamp = core.clock.now();
    const index = tx.publish({ messageId, topic, timestamp, data: JSON.stringify(data), change: false });
    return {
      status: 201,
      data: new JsonText(`{"messageId":"${messageId}","topic":"${topic}","cursor":"${unwrittenPlace(index)}","timestamp":"${wireTime(timestamp)}"}`),
    };
  };

/** Publishes on behalf of the application, in the unit of an action. `data` any JSON value. Returns the message's id; throws as `checkPublishable`. */
export const publishFromServer = (core: Core, { tx }: Pick<Call, 'tx'>, topic: string, data: unknown): string => {
  checkPublishable(core, topic, '/topic');
  const messageId = core.ids.uuid();
  tx.publish({ messageId, topic, timestamp: core.clock.now(), data: JSON.stringify(data ?? null), change: false });
  return messageId;
};
