// The server's own notices (5.1.2 to 5.4): events on topics that begin with `$sys.`, never in the log.

import type { NoticeName } from '@godwit/protocol';
import { encode } from '../core/json.ts';
import { wireTime } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';

export type NoticeTopic = NoticeName;

/** A notice as JSON text. */
export const noticeText = (clock: Clock, ids: Ids, topic: NoticeTopic, data: unknown): string =>
  `{"messageId":"${ids.uuid()}","type":"event","payload":{"topic":"$sys.${topic}","data":${encode(data)}},"timestamp":"${wireTime(clock.now())}"}`;
