// Messages as clients see them (6.2.1, 6.2.2).
import type { StoredMessage } from '../ports/storage.ts';
import { wireTime } from './time.ts';

/** A message as JSON text. */
export const messageText = (message: StoredMessage, cursor: string): string =>
  `{"messageId":"${message.messageId}","topic":"${message.topic}","cursor":"${cursor}","timestamp":"${wireTime(message.timestamp)}","data":${message.data}}`;
