// Events as WebSocket frames: encoded once per subscription id, and the same bytes to every socket (5.2.4, 9.1.2).
import { constants, deflateRawSync } from 'node:zlib';
import type { Core } from '../../core/core.ts';
import type { Encoder } from '../../core/feed.ts';
import type { LogCursors } from '../../core/log.ts';
import { wireTime } from '../../core/time.ts';
import type { StoredMessage } from '../../ports/storage.ts';
import { type NoticeTopic, noticeText } from '../../session/notice.ts';
import { compressedFrame, joinFrames } from './frames.ts';

const eventText = (cursors: LogCursors, subscription: string, message: StoredMessage, redelivered: boolean): string =>
  `{"messageId":"${message.messageId}","type":"event","payload":{"subscription":"${subscription}","topic":"${message.topic}","cursor":"${cursors.format(message.seq)}","data":${message.data}${redelivered ? ',"redelivered":true' : ''}},"timestamp":"${wireTime(message.timestamp)}"}`;

const noticesOf =
  ({ clock, ids }: Pick<Core, 'clock' | 'ids'>): Encoder['notice'] =>
  (topic, data) =>
    noticeText(clock, ids, topic as NoticeTopic, data);

export const plainEncoder = ({ cursors, ...core }: Pick<Core, 'cursors' | 'clock' | 'ids'>): Encoder => ({
  medium: 'websocket',
  notice: noticesOf(core),
  encode: (subscription, messages, redelivered) => joinFrames(messages.map((message) => eventText(cursors, subscription, message, redelivered))),
});

/** Compressing more than this at once would hold the event loop; larger messages go as they are. */
const MOST_COMPRESSED = 64 * 1024;
const TAIL = 4;

/** For sockets that negotiated permessage-deflate: each shared message of 1 KB or more compressed once, the others not at all. */
export const deflatingEncoder = ({ cursors, ...core }: Pick<Core, 'cursors' | 'clock' | 'ids'>, threshold: number): Encoder => ({
  medium: 'websocket deflate',
  notice: noticesOf(core),
  encode: (subscription, messages, redelivered) =>
    joinFrames(
      messages.map((message) => {
        const text = eventText(cursors, subscription, message, redelivered);
        if (text.length < threshold || text.length > MOST_COMPRESSED) return text;
        // Every message ends with an empty block, of which the last four bytes are left out (RFC 7692 section 7.2.1).
        const bytes = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
        return compressedFrame(bytes.subarray(0, bytes.length - TAIL));
      }),
    ),
});
