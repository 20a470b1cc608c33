// What the HTTP parser itself refuses, before there is a request: answered in the envelope all the same (4.2.1).
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorCode, PROTOCOL_VERSION, ProtocolError } from '@godwit/protocol';
import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import { errorText } from './respond.ts';

interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

const REASONS: Readonly<Record<number, string>> = { 400: 'Bad Request', 408: 'Request Timeout', 414: 'URI Too Long', 431: 'Request Header Fields Too Large' };

const codeOf = (error: ParserError): ErrorCode | undefined => {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'REQUEST_TIMEOUT';
    case 'HPE_HEADER_OVERFLOW':
      // Where not even the first line has ended, it is the address that is too long.
      return error.rawPacket !== undefined && /^[A-Z]+ /.test(error.rawPacket.subarray(0, 16).toString('latin1')) && !error.rawPacket.includes('\n')
        ? 'URI_TOO_LONG'
        : 'HEADERS_TOO_LARGE';
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 'PAYLOAD_TOO_LARGE';
    default:
      return error.code?.startsWith('HPE_') === true ? 'INVALID_ENVELOPE' : undefined;
  }
};

/** A response that its connection is busy with. */
type Busy = ServerResponse & { readonly req: IncomingMessage };

/** Answers what never became a request, after the answers to the requests before it. */
export const answerParserErrors = (server: Server, clock: Clock, ids: Ids, count: (status: number) => void): void => {
  const answered = new WeakSet<Socket>();
  server.on('clientError', (error: ParserError, socket: Socket) => {
    // What a client goes on to send is as wrong as what it sent before.
    if (answered.has(socket)) return;
    const code = codeOf(error);
    const busy = (socket as { _httpMessage?: Busy | null })._httpMessage ?? undefined;
    if (code !== undefined && busy?.req.complete === true && !busy.writableFinished) {
      // A request before it is not answered yet: an answer to this one now would be taken for that one's.
      answered.add(socket);
      busy.shouldKeepAlive = false;
      busy.once('finish', () => socket.end());
      return;
    }
    if (code === undefined || busy?.headersSent === true || !socket.writable) {
      socket.destroy();
      return;
    }
    const failure = new ProtocolError(code, code === 'INVALID_ENVELOPE' ? 'This is not a request of HTTP/1.1.' : undefined);
    count(failure.status);
    answered.add(socket);
    const requestId = ids.uuid();
    const body = errorText(failure, requestId, clock.now());
    socket.end(
      `HTTP/1.1 ${failure.status} ${REASONS[failure.status] ?? 'Bad Request'}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
        `Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ${requestId}\r\nX-Protocol-Version: ${PROTOCOL_VERSION}\r\n\r\n${body}`,
    );
    // What the client still sends is read for a moment: closing at once would tear the answer out of its hands.
    socket.resume();
    clock.after(1000, () => socket.destroy());
  });
};
