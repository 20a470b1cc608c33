// A message for a person: when, where and what, on one line.
import type { Message } from '@godwit/client';
import { type Output, plain } from './output.ts';

export const messageLine = (output: Output, { timestamp, topic, data }: Pick<Message, 'timestamp' | 'topic' | 'data'>): string =>
  [output.style('dim', timestamp), output.style('cyan', plain(topic)), plain(JSON.stringify(data))].join('  ');
