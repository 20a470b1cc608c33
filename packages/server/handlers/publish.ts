// POST /v1/topics/{topic}/messages: publish; answered when the message is on stable storage (6.2.1).
import { readJson } from '@godwit/protocol';
import type { Call, Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { JsonText } from '../core/json.ts';
import { unwrittenPlace } from '../core/place.ts';
import { checkPublishable, messageData, publishedText } from '../core/publishable.ts';

export const publish =
  (core: Core): Handler =>
  ({ params, data, tx }) => {
    const topic = params['topic'] as string;
    // That it is one was judged before its scope (11.3).
    core.collections.checkFree(topic, '/path/topic');
    core.topics?.judge(topic, data, '/data');
    const messageId = core.ids.uuid();
    const timestamp = core.clock.now();
    const index = tx.publish({ messageId, topic, timestamp, data: messageData(core, data), change: false });
    return {
      status: 201,
      data: new JsonText(publishedText(messageId, topic, unwrittenPlace(index), timestamp)),
    };
  };

/** Publishes on behalf of the application, in the unit of an action. `data` any JSON value. Returns the message's id; throws as `checkPublishable`. */
export const publishFromServer = (core: Core, { tx }: Pick<Call, 'tx'>, topic: string, data: unknown): string => {
  checkPublishable(core, topic, '/topic');
  const text = messageData(core, data);
  // As it will be read: a Date is text by then.
  core.topics?.judge(topic, readJson(text), '/data');
  const messageId = core.ids.uuid();
  tx.publish({ messageId, topic, timestamp: core.clock.now(), data: text, change: false });
  return messageId;
};
