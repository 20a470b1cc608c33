// One HTTP request: from its head and body to an operation, and from the reply to a response (section 3). Headers end here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkVersion, invalidEnvelope, isRequestId, PROTOCOL_VERSION, ProtocolError, readEnvelope, type Settings } from '@godwit/protocol';
import type { Identity, Parking } from '../../core/call.ts';
import type { Encoder } from '../../core/feed.ts';
import type { Dispatcher } from '../../dispatch/dispatcher.ts';
import { failureOf, unavailable } from '../../dispatch/failure.ts';
import type { Reply, Request } from '../../dispatch/request.ts';
import type { Match } from '../../dispatch/router.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import type { Connections } from '../../session/connections.ts';
import type { Identifier } from '../../session/identify.ts';
import type { InProgress } from '../../session/in-progress.ts';
import { openEventStream } from '../sse.ts';
import { type Reader, readJsonBody } from './body.ts';
import { LargeBodies } from './large-bodies.ts';
import { acceptsGzip, checkAccepts, prefersEventStream } from './negotiate.ts';
import type { Origins } from './origin.ts';
import type { FindPlace } from './pages.ts';
import { Pipeline } from './pipeline.ts';
import { baseHeaders, echoedId, gzipOnce, type ResponseContext, sendError, sendSuccess, sendText } from './respond.ts';
import { belowVersion, checkHost, readTarget, type Target } from './target.ts';

/** Told how each request ended, for metrics and logs. */
export interface Observer {
  /** `name` is the operation's, or a word for what is none. */
  finished(name: string, status: number, startedAt: number): void;
  unexpected(error: unknown, requestId: string): void;
}

export interface HttpOptions {
  readonly dispatcher: Dispatcher;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly identifier: Identifier;
  readonly inProgress: InProgress;
  readonly connections: Connections;
  /** How event streams write messages down (6.3.3). */
  readonly eventStreams: Encoder;
  readonly origins: Origins;
  readonly observer: Observer;
  readonly secure: boolean;
  /** What is outside /v1 (12.1), and answers for itself. */
  readonly outside: FindPlace;
}

/** A body of so many bytes is parsed before it is counted; a larger one takes time that is worth an operation, whatever it holds. */
const UNCOUNTED_BYTES = 64 * 1024;

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header);

export class HttpHandler {
  readonly #options: HttpOptions;
  /** Set by a drain: new operations are refused (12.2). */
  draining = false;
  readonly #pipeline = new Pipeline();
  readonly #largeBodies = new LargeBodies();

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** Handles one request; never throws, never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#pipeline.take(request.socket, response, (refusal) => this.#begin(request, response, refusal));
  }

  #begin(request: IncomingMessage, response: ServerResponse, refusal: ProtocolError | undefined): Promise<void> | undefined {
    const { clock, ids, settings, origins, secure } = this.#options;
    const startedAt = performance.now();
    const { headers } = request;
    const context: ResponseContext = {
      requestId: echoedId(headers, ids),
      now: clock.now(),
      gzip: acceptsGzip(headers['accept-encoding'] as string | undefined),
      compressionThreshold: settings.compressionThreshold,
      originHeaders: origins.headers(headers, secure),
      varyOrigin: origins.vary,
      rate: undefined,
    };
    const exchange = new Exchange(this.#options, this.#largeBodies, request, response, context, startedAt);
    let answered: void | Promise<void>;
    try {
      if (refusal !== undefined) throw refusal;
      answered = exchange.run(readTarget(request.url), this.draining);
    } catch (thrown) {
      return exchange.fail(thrown);
    }
    if (answered === undefined) {
      exchange.finish();
      return;
    }
    return answered.then(
      () => exchange.finish(),
      (thrown: unknown) => exchange.fail(thrown),
    );
  }
}

/** The steps of one request, in order. What can be answered at once is, without a promise. */
class Exchange implements Parking, Reader {
  readonly #options: HttpOptions;
  readonly #largeBodies: LargeBodies;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #context: ResponseContext;
  #identity: Identity | undefined;
  /** Whether it was looked who asks. */
  #asked = false;
  /** Whether the client waits for leave to send its body (`Expect: 100-continue`). */
  #expectsContinue: boolean;
  /** Whether events are to be streamed rather than a page answered. */
  #streams = false;
  readonly #startedAt: number;
  /** Whose turn at large bodies it has. */
  #turnOf: string | undefined;
  /** Milliseconds that it waited for that. */
  #waited = 0;
  /** Operations that its body was counted as. */
  #counted = 0;
  /** What was handed on, and counted. */
  #handed: Request | undefined;
  /** What it was, for the metrics. */
  name = 'unknown';

  constructor(options: HttpOptions, largeBodies: LargeBodies, request: IncomingMessage, response: ServerResponse, context: ResponseContext, startedAt: number) {
    this.#options = options;
    this.#largeBodies = largeBodies;
    this.#request = request;
    this.#response = response;
    this.#context = context;
    this.#startedAt = startedAt;
    this.#expectsContinue = request.headers.expect !== undefined && /^100-continue$/i.test(request.headers.expect);
  }

  /** It was answered. */
  finish(): void {
    this.#options.observer.finished(this.name, this.#response.statusCode, this.#startedAt);
  }

  /** Answers with an error instead; a promise where that takes time. */
  fail(thrown: unknown): Promise<void> | undefined {
    const { observer } = this.#options;
    const context = this.#context;
    const error = failureOf(thrown, (unexpected) => observer.unexpected(unexpected, context.requestId));
    context.rate = this.#rate();
    // Whoever waited for leave to send a body is not waiting any more, and may send it or not: nobody could tell what comes next.
    if (this.#expectsContinue) this.#response.shouldKeepAlive = false;
    const sent = sendError(this.#response, context, error);
    observer.finished(this.name, error.status, this.#startedAt);
    return sent;
  }

  /** The budget as this request left it, or as it stands where it was not counted. */
  #rate(): ResponseContext['rate'] {
    const { authorization } = this.#request.headers;
    if (!this.#asked && authorization !== undefined) this.#lookUp(authorization);
    return this.#handed?.rate ?? (this.#identity === undefined ? undefined : this.#options.dispatcher.rate(this.#identity));
  }

  /** Finds who asks where the request was refused before that mattered; guesses count there too. */
  #lookUp(authorization: string): void {
    try {
      this.#identify(authorization);
    } catch {
      // The request is refused for something else already.
    }
  }

  run({ path, query }: Target, draining: boolean): void | Promise<void> {
    const { outside, dispatcher, origins, inProgress } = this.#options;
    const { headers } = this.#request;
    checkHost(this.#request);
    const below = belowVersion(path);
    if (below === undefined) {
      const place = outside(path);
      if (place === undefined) throw new ProtocolError('NOT_FOUND', 'There is no such path: the operations are below /v1.');
      this.name = place.name;
      this.#response.setHeader('x-request-id', this.#context.requestId).setHeader('x-protocol-version', PROTOCOL_VERSION);
      return place.answer(this.#request, this.#response);
    }
    if (draining) {
      const refusal = unavailable('The server is shutting down.');
      throw new ProtocolError('UNAVAILABLE', refusal.message, refusal.details, { headers: { ...refusal.headers, connection: 'close' } });
    }
    const version = one(headers['x-protocol-version']);
    if (version !== undefined) checkVersion(version, '/headers/x-protocol-version');
    origins.check(headers, this.#options.secure);
    const method = this.#request.method ?? 'GET';
    if (method === 'OPTIONS') return this.#preflight(below);
    const match = dispatcher.find(method === 'HEAD' ? 'GET' : method, below, query);
    this.name = match.operation.name;
    this.#authenticate(match);
    this.#streams = match.operation.name === 'readMessages' && method === 'GET' && prefersEventStream(headers.accept);
    if (!match.operation.bare && !this.#streams) checkAccepts(headers.accept);
    const client = this.#identity?.client;
    if (client === undefined) return this.#carryOut(match, query);
    inProgress.enter(client);
    let answered: void | Promise<void>;
    try {
      answered = this.#carryOut(match, query);
    } catch (error) {
      inProgress.leave(client);
      throw error;
    }
    if (answered !== undefined) return answered.finally(() => inProgress.leave(client));
    inProgress.leave(client);
  }

  #preflight(below: string): Promise<void> | undefined {
    this.name = 'preflight';
    const { dispatcher, origins } = this.#options;
    const methods = dispatcher.methods(below);
    const { origin } = this.#request.headers;
    const headers = { allow: methods.join(', '), ...(origin === undefined ? {} : origins.preflight(origin, methods)) };
    return sendSuccess(this.#response, { ...this.#context, originHeaders: [] }, 204, undefined, headers);
  }

  #authenticate(match: Match): void {
    const { authorization } = this.#request.headers;
    // What asks for no credentials is answered to anyone; good ones may show more.
    if (match.operation.access === 'none') {
      if (authorization !== undefined) this.#lookUp(authorization);
    } else this.#identify(authorization);
  }

  #identify(authorization: string | undefined): void {
    this.#asked = true;
    this.#identity = this.#options.identifier.fromHeader(authorization, this.#request.socket);
  }

  #carryOut(match: Match, query: string): void | Promise<void> {
    const { operation } = match;
    const { headers } = this.#request;
    const key = one(headers['idempotency-key']);
    const standIn = key === undefined ? undefined : unquote(key);
    if (standIn !== undefined && !isRequestId(standIn)) throw invalidEnvelope('/headers/idempotency-key', 'must be 1 to 128 visible ASCII characters');
    if (operation.data !== undefined) return this.#receive(match, query, standIn);
    return this.#handOn(match, query, operation.method === 'GET' ? undefined : standIn, undefined);
  }

  async #receive(match: Match, query: string, standIn: string | undefined): Promise<void> {
    try {
      const { requestId, data } = readEnvelope(await this.#body(match.operation.name), standIn);
      this.#context.requestId = requestId;
      return await this.#handOn(match, query, requestId, data);
    } finally {
      this.#endTurn();
    }
  }

  #handOn(match: Match, query: string, requestId: string | undefined, data: unknown): void | Promise<void> {
    const { headers } = this.#request;
    const preconditions = { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] };
    const identity = this.#identity;
    const parking = identity === undefined ? undefined : this;
    const request: Request = { query, data, requestId, preconditions, identity, metered: true, counted: this.#counted, waited: this.#waited, parking };
    this.#handed = request;
    if (this.#streams) return this.#stream(match, request);
    const reply = this.#options.dispatcher.run(match, request);
    if (reply instanceof Promise) return reply.then((value) => this.#answer(match, value));
    return this.#answer(match, reply);
  }

  #stream(match: Match, request: Request): void {
    const { dispatcher, connections, eventStreams } = this.#options;
    const ready = dispatcher.ready(match, request);
    dispatcher.meter(request, 1);
    this.#context.rate = this.#rate();
    openEventStream(dispatcher.core, connections, eventStreams, ready, this.#request, this.#response, baseHeaders(this.#context));
  }

  /** A request that waits for a message counts as a connection, not as one in progress (7.1.2). */
  async park(wait: () => Promise<void>, gone: () => void): Promise<void> {
    const identity = this.#identity as Identity;
    const { connections, inProgress } = this.#options;
    let ended: ProtocolError | undefined;
    const leave = connections.park(identity, (reason) => {
      ended = reason;
      gone();
    });
    inProgress.leave(identity.client);
    // The client may have gone while the operation was on its way here.
    if (this.#response.closed) gone();
    else this.#response.once('close', gone);
    try {
      await wait();
    } finally {
      this.#response.off('close', gone);
      inProgress.reenter(identity.client);
      leave();
    }
    if (ended !== undefined) throw ended;
  }

  async #body(operation: string): Promise<unknown> {
    const { settings } = this.#options;
    const body = await readJsonBody(this.#request, operation === 'batch' ? settings.maxBatchBytes : settings.maxMessageBytes, this);
    // An error of the envelope is answered under the name that the body brings, where it can be read.
    const requestId = (body as { requestId?: unknown } | null)?.requestId;
    if (isRequestId(requestId)) this.#context.requestId = requestId;
    return body;
  }

  wanted(): void {
    if (!this.#expectsContinue) return;
    this.#expectsContinue = false;
    this.#response.writeContinue();
  }

  arrived(bytes: number, gzipped: boolean): Promise<void> | undefined {
    const client = this.#identity?.client;
    if (client === undefined || this.name !== 'batch' || (!gzipped && bytes <= this.#options.settings.maxMessageBytes)) return;
    return this.#takeTurn(client);
  }

  async #takeTurn(client: string): Promise<void> {
    const came = performance.now();
    await this.#largeBodies.enter(client);
    this.#turnOf = client;
    this.#waited = performance.now() - came;
    if (this.#waited >= this.#options.settings.requestTimeout) throw new ProtocolError('TIMEOUT');
  }

  #endTurn(): void {
    if (this.#turnOf !== undefined) this.#largeBodies.leave(this.#turnOf);
    this.#turnOf = undefined;
  }

  /** Counts a large body before it is parsed, as the least that a valid one of its size costs: an operation for each message that would hold it (7.1.1). */
  unpacked(bytes: number): void {
    const { dispatcher, settings } = this.#options;
    if (bytes <= settings.maxMessageBytes) this.#endTurn();
    if (bytes <= UNCOUNTED_BYTES) return;
    const cost = Math.ceil(bytes / settings.maxMessageBytes);
    dispatcher.meter({ identity: this.#identity, metered: true }, cost);
    this.#counted = cost;
  }

  #answer(match: Match, reply: Reply): Promise<void> | undefined {
    const { operation } = match;
    const { deprecated } = operation;
    this.#context.rate = this.#rate();
    const headers =
      deprecated === undefined
        ? reply.headers
        : {
            ...reply.headers,
            deprecation: `@${deprecated.since}`,
            ...(deprecated.sunset === undefined ? {} : { sunset: new Date(deprecated.sunset * 1000).toUTCString() }),
          };
    // What is bare describes the API, and is one text for many.
    if (operation.bare === true) return sendText(this.#response, this.#context, reply.status, reply.text ?? '', headers, gzipOnce);
    return sendSuccess(this.#response, this.#context, reply.status, reply.text, headers);
  }
}

/** The header's draft writes the key as a quoted string; most clients do not. */
const unquote = (key: string): string => (key.length > 2 && key.startsWith('"') && key.endsWith('"') ? key.slice(1, -1) : key);
