// The answer to a handshake as nearly every client begins one (RFC 6455 section 4.2). What is begun in any other way is left to `ws`, which also says what is wrong with it.
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CREDENTIAL, PROTOCOL_VERSION } from '@godwit/protocol';

export const PROTOCOL = 'godwit.v1';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** Ours, alone or before credentials. */
const OURS = new RegExp(`^godwit\\.v1(?:, ?bearer\\.${CREDENTIAL})?$`);

/** Whether a request to change the protocol is for a WebSocket; whether it may have one is another question. */
export const asksForWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';

/** The bytes of the response to a plain handshake; undefined where it is not one, or where something has to be negotiated. */
export const plainAnswer = (request: IncomingMessage, compresses: boolean): Buffer | undefined => {
  const { method, headers } = request;
  const key = headers['sec-websocket-key'];
  const protocols = headers['sec-websocket-protocol'];
  if (method !== 'GET' || !asksForWebSocket(request) || headers['sec-websocket-version'] !== '13') return undefined;
  if (key === undefined || !KEY.test(key) || (compresses && headers['sec-websocket-extensions'] !== undefined)) return undefined;
  if (protocols !== undefined && !OURS.test(protocols)) return undefined;
  const selected = protocols === undefined ? '' : `Sec-WebSocket-Protocol: ${PROTOCOL}\r\n`;
  return Buffer.from(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${hash('sha1', key + GUID, 'base64')}\r\n${selected}X-Protocol-Version: ${PROTOCOL_VERSION}\r\n\r\n`,
    'latin1',
  );
};
