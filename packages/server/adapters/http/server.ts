// The server: HTTP/1.1 in clear or over TLS (section 2), bounded in headers and in time.
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { BOUNDS } from '@godwit/protocol';
import type { Tls } from '../../tls.ts';
import { asksForWebSocket } from '../websocket/handshake.ts';
import type { HttpHandler, HttpOptions } from './handle.ts';
import { answerParserErrors } from './parser-errors.ts';

/** Longer than proxies in front keep an idle connection, so that it is they who close. */
const KEEP_ALIVE_MS = 75_000;

/** Makes the server, not yet listening. */
export const httpServer = (handler: HttpHandler, options: HttpOptions, tls: Tls | undefined): HttpServer => {
  const { settings } = options;
  const common = {
    maxHeaderSize: BOUNDS.headerBytes,
    requestTimeout: settings.requestTimeout,
    headersTimeout: Math.min(settings.requestTimeout, 60_000),
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.max(50, Math.min(5000, settings.requestTimeout / 4)),
    noDelay: true,
    // A request without a body has no stream to open and close.
    optimizeEmptyRequests: true,
    requireHostHeader: false,
    // Another protocol that is offered is passed over, and the request served (RFC 9110, section 7.8). What a client sends in one packet behind such a request, which nobody
    // does who waits to hear what will be spoken, node's parser drops.
    shouldUpgradeCallback: asksForWebSocket,
  };
  const server =
    tls === undefined
      ? createHttpServer(common)
      : (createHttpsServer({ ...common, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: common.headersTimeout }) as unknown as HttpServer);
  const handle = handler.handle.bind(handler);
  server.on('request', handle);
  // The handler gives leave to send a body when it wants it; other expectations are no reason to refuse (RFC 9110, section 10.1.1).
  server.on('checkContinue', handle);
  server.on('checkExpectation', handle);
  answerParserErrors(server, options);
  return server;
};
