// The handshake (5.1.1): who may connect, from where and in which version. A refusal is a plain HTTP response with the envelope; browsers
// cannot see one, so credentials in a subprotocol that are refused are accepted and closed with a code that says what to do.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CREDENTIAL, checkVersion, invalidField, type KeyLimits, PROTOCOL_VERSION, ProtocolError } from '@godwit/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Identity } from '../../core/call.ts';
import type { Core } from '../../core/core.ts';
import type { Encoder } from '../../core/feed.ts';
import { JsonText } from '../../core/json.ts';
import { wireTime } from '../../core/time.ts';
import { failureOf } from '../../dispatch/failure.ts';
import type { Connection } from '../../session/connection.ts';
import type { Connections } from '../../session/connections.ts';
import type { Identifier } from '../../session/identify.ts';
import type { Origins } from '../http/origin.ts';
import { afterAnswers, answering } from '../http/pipeline.ts';
import { echoedId, sendBareError } from '../http/respond.ts';
import { belowVersion, checkHost, readTarget } from '../http/target.ts';
import { deflatingEncoder, plainEncoder } from './encoder.ts';
import { PROTOCOL, plainAnswer } from './handshake.ts';
import { Intake } from './intake.ts';
import { LazyWebSocket } from './lazy.ts';
import { type Goodbye, WebSocketLink } from './link.ts';
import { Publisher } from './publisher.ts';
import type { SocketRequests } from './requests.ts';

export interface UpgradeOptions {
  readonly core: Core;
  readonly connections: Connections;
  readonly identifier: Identifier;
  readonly origins: Origins;
  readonly requests: SocketRequests;
  readonly secure: boolean;
  readonly shown: () => Readonly<Record<string, unknown>>;
  readonly isDraining: () => boolean;
  readonly finished: (name: string, status: number, startedAt: number) => void;
  readonly unexpected: (error: unknown, requestId: string) => void;
}

/** How long a goodbye waits for an answer. */
const CLOSE_MS = 5000;
const BEARER_PROTOCOL = new RegExp(`^bearer\\.(${CREDENTIAL})$`);
const INSTANCE = /^[A-Za-z0-9_-]{1,64}$/;

/** How refused credentials of a browser are told (5.1.1). */
const closeCodeOf = (error: ProtocolError): number | undefined => {
  if (error.code === 'TOKEN_EXPIRED') return 4200;
  if (error.code === 'UNAUTHENTICATED') return 4300;
  return error.code === 'TOO_MANY_CONNECTIONS' || error.code === 'RATE_LIMITED' ? 4100 : undefined;
};

/** What the shared listeners find on a socket, so that none of them is made anew for each. */
interface Carrying extends Duplex {
  godwit?: Connection;
}

function onDrain(this: Carrying): void {
  this.godwit?.drained();
}

function onClose(this: Carrying): void {
  this.godwit?.ended();
}

// Who reports it, `ws` or the socket, closes by itself after that.
function onError(): void {}

/** Serves `/v1/ws` on a server; returns what ends the connections whose handshakes still wait for their turn: the server does not count them among its own any more. */
export const serveWebSockets = (server: Server, options: UpgradeOptions): (() => void) => {
  const { core, connections, identifier, origins, requests } = options;
  const { settings } = core;
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Not among its types yet.
    ...({ closeTimeout: CLOSE_MS } as object),
    maxPayload: settings.maxMessageBytes,
    handleProtocols: (protocols) => (protocols.has(PROTOCOL) ? PROTOCOL : false),
    perMessageDeflate: settings.webSocketCompression
      ? { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: settings.compressionThreshold, concurrencyLimit: 4 }
      : false,
  });
  sockets.on('headers', (headers) => headers.push(`X-Protocol-Version: ${PROTOCOL_VERSION}`));
  sockets.on('wsClientError', (error, socket, request) =>
    refuse(socket, request, new ProtocolError('WEBSOCKET_REQUIRED', `This is not a handshake: ${error.message}.`)),
  );
  const waiting = new Set<Duplex>();
  const encoders = { plain: plainEncoder(core), deflating: deflatingEncoder(core, settings.compressionThreshold) };

  const refuse = (socket: Duplex, request: IncomingMessage, error: ProtocolError): void => {
    sendBareError(socket, echoedId(request.headers, core.ids), error, core.clock);
    options.finished('connect', error.status, performance.now());
  };

  /** Of all keys that have the same: they are written once, not for each of thousands who come back. */
  const limits = new WeakMap<KeyLimits, string>();
  const limitsText = (identity: Identity): string => {
    let text = limits.get(identity.limits);
    // Those of this connection: a key may have its own, and a client paces itself by what it is told.
    if (text === undefined) limits.set(identity.limits, (text = JSON.stringify({ ...options.shown(), ...identity.limits })));
    return text;
  };

  /** The other side is gone without a goodbye. Where thousands go at once, closing their sockets is most of the work: a few in each turn of the event loop. */
  function onEnd(this: Duplex): void {
    if (this.writableLength > 0) this.end();
    else core.feed.turns.push(() => this.destroy());
  }

  /** What a `ws` hears is the connection's. */
  const listen = (webSocket: WebSocket, connection: Connection): void => {
    webSocket.on('message', (data: Buffer, isBinary) => {
      if (connection.isClosed) return;
      if (isBinary) connection.close(1003, 'binary message');
      else requests.receive(connection, data);
    });
    webSocket.on('error', onError);
  };

  /** Takes in who has shaken hands; `answer`, where the handshake is still to be answered, leaves with the welcome in one write. */
  const take = (socket: Duplex, identity: Identity, instance: string | undefined, goodbye: Goodbye, encoder: Encoder, answer?: Buffer): Connection => {
    const connection = connections.open(identity, new WebSocketLink(goodbye, socket), encoder, instance);
    (socket as Carrying).godwit = connection;
    socket.on('close', onClose);
    socket.on('drain', onDrain);
    if (answer !== undefined) connection.send(answer);
    const expiresAt = identity.expiresAt === null ? 'null' : `"${wireTime(identity.expiresAt)}"`;
    const text = `{"connectionId":"${connection.connectionId}","protocolVersion":"${PROTOCOL_VERSION}","heartbeatInterval":${settings.heartbeatInterval},"limits":${limitsText(identity)},"expiresAt":${expiresAt}}`;
    connection.notice('welcome', new JsonText(text));
    connection.flush();
    return connection;
  };

  /** One whose handshake is plain. */
  const takePlain = (socket: Duplex, head: Buffer, identity: Identity, instance: string | undefined, answer: Buffer): void => {
    const webSocket: LazyWebSocket = new LazyWebSocket(sockets, socket, (woken) => {
      socket.removeListener('end', onEnd);
      listen(woken, connection);
    });
    const connection = take(socket, identity, instance, (code, reason) => webSocket.wake()?.close(code, reason), encoders.plain, answer);
    socket.on('end', onEnd);
    const intake = new Intake(webSocket, core.feed.turns, new Publisher(requests, connection), settings.maxMessageBytes);
    if (head.length > 0) intake.read(head);
  };

  /** One that `ws` shakes hands with. */
  const takeOther = (request: IncomingMessage, socket: Duplex, head: Buffer, identity: Identity, instance: string | undefined): void => {
    socket.cork();
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      // A message that many get is compressed once, with the full window: who asks for a smaller one is sent plain messages, as RFC 7692 allows.
      const isShared = webSocket.extensions.includes('permessage-deflate') && !request.headers['sec-websocket-extensions']?.includes('server_max_window_bits');
      const encoder = isShared ? encoders.deflating : encoders.plain;
      listen(
        webSocket,
        take(socket, identity, instance, (code, reason) => webSocket.close(code, reason), encoder),
      );
    });
    socket.uncork();
  };

  const shakeHands = (request: IncomingMessage, socket: Duplex, head: Buffer, startedAt: number): void => {
    let fromBrowser = false;
    try {
      checkHost(request);
      const { path, query } = readTarget(request.url);
      if (belowVersion(path) !== '/ws') throw new ProtocolError('NOT_FOUND', 'WebSockets are at /v1/ws.');
      if (options.isDraining())
        throw new ProtocolError('UNAVAILABLE', 'The server is shutting down.', { retryAfterMs: 1000 }, { headers: { 'retry-after': '1' } });
      const version = request.headers['x-protocol-version'];
      if (typeof version === 'string') checkVersion(version, '/headers/x-protocol-version');
      origins.check(request.headers, options.secure);
      const instance = new URLSearchParams(query).get('instance') ?? undefined;
      if (instance !== undefined && !INSTANCE.test(instance)) throw invalidField('/query/instance', 'must be 1 to 64 of A-Z a-z 0-9 _ -');
      const { authorization } = request.headers;
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
      const bearer = offered.map((protocol) => BEARER_PROTOCOL.exec(protocol)?.[1]).find((credential) => credential !== undefined);
      fromBrowser = authorization === undefined && bearer !== undefined && offered.includes(PROTOCOL);
      const identity =
        authorization === undefined && bearer !== undefined
          ? identifier.fromCredential(bearer, request.socket)
          : identifier.fromHeader(authorization, request.socket);
      connections.checkRoom(identity, instance);
      // It may have gone while it waited for its turn.
      if (!socket.readable || !socket.writable) return void socket.destroy();
      const answer = plainAnswer(request, settings.webSocketCompression);
      if (answer === undefined) takeOther(request, socket, head, identity, instance);
      else takePlain(socket, head, identity, instance, answer);
      // What is no handshake was refused, and counted, by now.
      if ((socket as Carrying).godwit !== undefined) options.finished('connect', 101, startedAt);
    } catch (thrown) {
      const error = failureOf(thrown, (other) => options.unexpected(other, ''));
      const code = fromBrowser ? closeCodeOf(error) : undefined;
      if (code === undefined) return refuse(socket, request, error);
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('error', onError);
        webSocket.close(code, error.code);
        options.finished('connect', error.status, startedAt);
      });
    }
  };

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const startedAt = performance.now();
    socket.on('error', onError);
    // Thousands that come back at once are taken in a few in each turn of the event loop.
    const begin = (): void => core.feed.turns.push(() => shakeHands(request, socket, head, startedAt));
    if (answering(socket) === undefined) return begin();
    // What was asked before it on its connection is answered before it, unless the client goes first.
    waiting.add(socket);
    socket.once('close', () => waiting.delete(socket)).once('end', socket.end);
    afterAnswers(socket, () => {
      waiting.delete(socket);
      socket.off('end', socket.end);
      begin();
    });
  });
  return () => {
    for (const socket of waiting) socket.destroy();
  };
};
