// What the HTTP parser itself refuses, before there is a request: answered in the envelope all the same (4.2.1).
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { BOUNDS, type ErrorCode, ProtocolError } from '@godwit/protocol';
import type { HttpOptions } from './handle.ts';
import { answering } from './pipeline.ts';
import { echoedId, sendBareError } from './respond.ts';

interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

const FIRST_LINE = /^[A-Z]+ [^\n]*/;

/** Whether it is the address that is too long, where the bytes that came last show it: they may begin in the middle of its line. */
const isLongLine = (bytes: Buffer | undefined): boolean => {
  const line = bytes === undefined ? undefined : FIRST_LINE.exec(bytes.toString('latin1'))?.[0];
  return line !== undefined && line.length > BOUNDS.uriBytes;
};

const codeOf = (error: ParserError): ErrorCode | undefined => {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'REQUEST_TIMEOUT';
    case 'HPE_HEADER_OVERFLOW':
      return isLongLine(error.rawPacket) ? 'URI_TOO_LONG' : 'HEADERS_TOO_LARGE';
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 'PAYLOAD_TOO_LARGE';
    default:
      return error.code?.startsWith('HPE_') === true ? 'INVALID_ENVELOPE' : undefined;
  }
};

/** Answers what never became a request, after the answers to the requests before it. */
export const answerParserErrors = (server: Server, { clock, ids, origins, secure, observer }: HttpOptions): void => {
  const answered = new WeakSet<Socket>();
  server.on('clientError', (error: ParserError, socket: Socket) => {
    // What a client goes on to send is as wrong as what it sent before.
    if (answered.has(socket)) return;
    const code = codeOf(error);
    const busy = answering(socket);
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
    observer.finished('unparsed', failure.status, performance.now());
    answered.add(socket);
    // Where only its body failed, the head says whose answer this is, and who may read it.
    const head = busy?.req.complete === false ? busy.req.headers : {};
    sendBareError(socket, echoedId(head, ids), failure, clock, origins.headers(head, secure));
  });
};
