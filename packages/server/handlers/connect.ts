// GET /v1/ws without an upgrade: there is only a WebSocket here (5.1.1).
import { ProtocolError } from '@godwit/protocol';
import type { Handler } from '../core/call.ts';

export const connect = (): Handler => () => {
  throw new ProtocolError('WEBSOCKET_REQUIRED', 'This is the WebSocket: send `Upgrade: websocket`.');
};
