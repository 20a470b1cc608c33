// How large a page may be (3.2.4, 6.2.2): over a WebSocket a page is one message, and messages have a bound of their own (7.2.2).
import { BOUNDS } from '@godwit/protocol';
import type { Call } from './call.ts';
import type { Core } from './core.ts';

export const pageBytes = ({ settings }: Core, { session }: Pick<Call, 'session'>): number =>
  session === undefined ? BOUNDS.pageBytes : Math.min(BOUNDS.pageBytes, settings.maxMessageBytes);
