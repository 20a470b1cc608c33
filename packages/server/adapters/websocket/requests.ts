// What a client sends over a WebSocket (5.2): requests become operations, events become publishes without confirmation, anything else is answered with what
// is wrong about it. Publishes take a short way of their own, with the same rules, because they are most of the traffic.
import { type BatchData, invalidEnvelope, isObject, isRequestId, isTimestamp, ProtocolError, parseJson } from '@godwit/protocol';
import { mayPublish, requireScope } from '../../core/access.ts';
import type { Preconditions } from '../../core/call.ts';
import { serverTopic } from '../../core/collections.ts';
import type { Core } from '../../core/core.ts';
import { checkTopic } from '../../core/publishable.ts';
import { wireTime } from '../../core/time.ts';
import type { Dispatcher } from '../../dispatch/dispatcher.ts';
import { failureOf } from '../../dispatch/failure.ts';
import { publishedBefore } from '../../dispatch/publishing.ts';
import { type Reply, splitTarget } from '../../dispatch/request.ts';
import type { Match } from '../../dispatch/router.ts';
import type { PublishListener, WriteOutcome } from '../../ports/storage.ts';
import type { Connection } from '../../session/connection.ts';
import type { Skimmed } from './skim.ts';

export interface SocketRequestsOptions {
  readonly core: Core;
  readonly dispatcher: Dispatcher;
  readonly unexpected: (error: unknown, requestId: string) => void;
  readonly finished: (name: string, status: number, startedAt: number) => void;
}

interface Envelope {
  readonly messageId: string;
  readonly type: 'request' | 'event';
  readonly payload: Record<string, unknown>;
  /** Larger than an acknowledgement is, which alone is free (7.2.1). */
  readonly isLarge: boolean;
}

/** More than an acknowledgement, two names and a cursor, takes by far. */
const MOST_FREE_BYTES = 4096;
/** A message's id where the message begins with it, as nearly all do. */
const ID_FIRST = /^\s*\{\s*"messageId"\s*:\s*"([!#-[\]-~]{1,128})"/;

/** Looks within `requestTimeout` for publishes that have not been answered in it. */
const WATCHES = 16;
const METHODS: ReadonlySet<unknown> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** The messageId of a message that is JSON, if none that is taken (5.2.1): two surrogates that do not match, a member twice, too many levels. */
const messageIdIn = (text: string): string | undefined => {
  try {
    const { messageId } = JSON.parse(text) as { messageId?: unknown };
    return isRequestId(messageId) ? messageId : undefined;
  } catch {
    return undefined;
  }
};

const readBody = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch (error) {
    throw Object.assign(error as Error, { messageId: messageIdIn(text) });
  }
};

const readMessage = (bytes: Buffer): Envelope => {
  const body = readBody(bytes.toString());
  if (!isObject(body)) throw invalidEnvelope('', 'must be an object {messageId, type, payload}');
  const { messageId, type, payload, timestamp } = body;
  if (!isRequestId(messageId)) throw invalidEnvelope('/messageId', 'must be 1 to 128 visible ASCII characters');
  const refuse = (error: ProtocolError): ProtocolError => Object.assign(error, { messageId });
  if (type !== 'request' && type !== 'event') throw refuse(invalidEnvelope('/type', 'must be `request` or `event`'));
  if (timestamp !== undefined && !isTimestamp(timestamp)) throw refuse(invalidEnvelope('/timestamp', 'must be an RFC 3339 time'));
  if (!isObject(payload)) throw refuse(invalidEnvelope('/payload', 'must be an object'));
  return { messageId, type, payload, isLarge: bytes.length > MOST_FREE_BYTES };
};

const NO_PRECONDITIONS: Preconditions = Object.freeze({});

const preconditionsOf = (headers: Readonly<Record<string, string>>): Preconditions => {
  const found = new Map(Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value]));
  return { ifMatch: found.get('if-match'), ifNoneMatch: found.get('if-none-match') };
};

const requestIdOf = ({ bytes, requestId, requestIdEnd }: Skimmed): string => bytes.toString('latin1', requestId, requestIdEnd);

/** A batch costs its operations (7.1.1). */
const operationsOf = (data: unknown): number => {
  const { operations } = isObject(data) ? (data as unknown as BatchData) : { operations: undefined };
  return Array.isArray(operations) ? Math.max(1, operations.length) : 1;
};

export class SocketRequests {
  readonly #options: SocketRequestsOptions;
  /** Connections whose batches are under way: their publishes wait, so that what one connection sends takes effect in its order (5.2.3). */
  readonly #order = new WeakMap<Connection, Promise<void>>();
  /** Turns of theirs that are not over. */
  #ordered = 0;
  /** Set by a drain: new operations are refused (12.2). */
  draining = false;
  inProgress = 0;
  /** Of these, publishes that the store answers to whoever listens. */
  #published = 0;
  #watches = false;

  constructor(options: SocketRequestsOptions) {
    this.#options = options;
  }

  /** Takes one text message. Never throws. */
  receive(connection: Connection, bytes: Buffer): void {
    connection.received++;
    // What would be refused whatever it holds is not parsed first: deflated, a MB of it takes 2 KB to send.
    if (bytes.length > MOST_FREE_BYTES) {
      const now = this.core.clock.now();
      if (connection.rate.isEmpty(connection.messagesPerSecond, now))
        return this.#refuse(connection, 1, ID_FIRST.exec(bytes.toString('latin1', 0, 256))?.[1] ?? null, now);
    }
    let message: Envelope;
    try {
      message = readMessage(bytes);
    } catch (error) {
      const { messageId = null } = error as { messageId?: string };
      if (this.#admit(connection, 1, messageId)) this.fail(connection, messageId, error);
      return;
    }
    if (message.type === 'event') this.#event(connection, message);
    else this.#request(connection, message);
  }

  get core(): Core {
    return this.#options.core;
  }

  /** Takes a publish that is in order so far, for `listener` to answer. False, and nothing is done, where it is not: `receive` then says what is wrong. */
  publish(connection: Connection, published: Skimmed, listener: PublishListener): boolean {
    const { core, dispatcher } = this.#options;
    const { identity } = connection;
    if (this.draining || (this.#ordered > 0 && this.#order.has(connection))) return false;
    if (!mayPublish(identity, published.topic) || core.collections.owns(published.topic)) return false;
    // To judge its data takes JSON.
    if (core.topics?.judges(published.topic)) return false;
    // A batch may have its name.
    if (dispatcher.once.isHolding && dispatcher.once.isHeld(identity.client, requestIdOf(published))) return false;
    connection.received++;
    const now = core.clock.now();
    if (!connection.rate.take(1, connection.messagesPerSecond, now)) {
      this.#refuse(connection, 1, requestIdOf(published), now);
      return true;
    }
    published.timestamp = now;
    try {
      core.storage.publish(identity.client, published, core.ids.writeUuid, performance.now(), listener);
      this.inProgress++;
      this.#published++;
      if (!this.#watches) this.#watch();
    } catch (error) {
      this.#options.finished('publish', this.fail(connection, requestIdOf(published), error), performance.now());
    }
    return true;
  }

  /** Answers publishes that the store has not answered in time with `TIMEOUT` (6.1.1): one timer for all of them. */
  #watch(): void {
    const { clock, settings, storage } = this.core;
    this.#watches = true;
    clock.after(settings.requestTimeout / WATCHES, () => {
      storage.abandon(performance.now() - settings.requestTimeout, new ProtocolError('TIMEOUT'));
      this.#watches = false;
      if (this.#published > 0) this.#watch();
    });
  }

  /** A publish of `publish` is answered. */
  settled(status: number, startedAt: number): void {
    this.#published--;
    this.ended(status, startedAt);
  }

  /** A publish that was taken is answered. */
  ended(status: number, startedAt: number): void {
    this.inProgress--;
    this.#options.finished('publish', status, startedAt);
  }

  /** Answers a publish that was not written now: it was before, or its name was used for another, as the store has made sure of. Gives the status of the answer. */
  refused(connection: Connection, requestId: string, outcome: Exclude<WriteOutcome, { readonly status: 'written' }>): number {
    if (outcome.status !== 'replayed' || outcome.remembered.kind !== 'publish')
      return this.fail(connection, requestId, new ProtocolError(outcome.status === 'conflict' ? 'UNAVAILABLE' : 'REQUEST_ID_REUSED'));
    this.#answer(connection, requestId, publishedBefore(this.core, outcome.remembered.message));
    return 201;
  }

  /** Counts a message against 7.2.1; answers and returns false where there are too many. */
  #admit(connection: Connection, cost: number, messageId: string | null): boolean {
    const now = this.core.clock.now();
    if (connection.rate.take(cost, connection.messagesPerSecond, now)) return true;
    this.#refuse(connection, cost, messageId, now);
    return false;
  }

  #refuse(connection: Connection, cost: number, messageId: string | null, now: number): void {
    const limit = connection.messagesPerSecond;
    this.fail(
      connection,
      messageId,
      new ProtocolError('RATE_LIMITED', 'Too many messages per second on this connection.', { retryAfterMs: connection.rate.retryAfter(cost, limit), limit }),
    );
    if (connection.rate.refused(now)) connection.close(4100, 'far over the message rate');
  }

  #request(connection: Connection, { messageId, payload, isLarge }: Envelope): void {
    let match: Match | ProtocolError;
    try {
      match = this.#find(payload);
    } catch (error) {
      match = failureOf(error, (other) => this.#options.unexpected(other, messageId));
    }
    if (match instanceof ProtocolError) {
      if (!this.#admit(connection, 1, messageId)) return;
      const startedAt = performance.now();
      this.#options.finished('unknown', this.fail(connection, messageId, match), startedAt);
      return;
    }
    const { name } = match.operation;
    const operations = name === 'batch' ? operationsOf(payload['data']) : 1;
    const most = connection.messagesPerSecond;
    // What will never be admitted is no matter of waiting.
    if ((name !== 'ackSubscription' || isLarge) && !this.#admit(connection, operations > most ? 1 : operations, messageId)) return;
    if (this.draining) return void this.fail(connection, messageId, new ProtocolError('UNAVAILABLE', 'The server is shutting down.', { retryAfterMs: 1000 }));
    if (operations > most) {
      const sentence = 'The batch has more operations than this connection may send in a second.';
      return void this.fail(connection, messageId, new ProtocolError('BATCH_TOO_LARGE', sentence, { limit: most, field: '/data/operations' }));
    }
    const before = this.#order.get(connection);
    if (name !== 'batch' && (name !== 'publish' || before === undefined)) return void this.#dispatch(connection, match, messageId, payload);
    const came = performance.now();
    const turn = (before ?? Promise.resolve()).then(() => {
      const waited = performance.now() - came;
      if (waited < this.core.settings.requestTimeout) {
        const done = this.#dispatch(connection, match, messageId, payload, waited);
        // A publish is with the store by now, and takes effect before what is given to it later: nobody waits for its sync.
        return name === 'batch' ? done : undefined;
      }
      this.#options.finished(name, this.fail(connection, messageId, new ProtocolError('TIMEOUT')), came);
    });
    this.#order.set(connection, turn);
    this.#ordered++;
    void turn.then(() => {
      this.#ordered--;
      if (this.#order.get(connection) === turn) this.#order.delete(connection);
    });
  }

  /** The row that a request names, however it spells the path. Throws where its payload is none, or names none. */
  #find({ method, path, headers }: Record<string, unknown>): Match {
    if (!METHODS.has(method)) throw invalidEnvelope('/payload/method', 'must be GET, POST, PUT, PATCH or DELETE');
    // The path of nothing is /v1 itself, here as over HTTP.
    if (typeof path !== 'string' || /^[^/?]/.test(path)) throw invalidEnvelope('/payload/path', 'must be a path below /v1');
    if (headers !== undefined && (!isObject(headers) || !Object.values(headers).every((value) => typeof value === 'string')))
      throw invalidEnvelope('/payload/headers', 'must be an object of strings');
    return this.#options.dispatcher.find(method as string, ...splitTarget(path));
  }

  /** Carries out any operation. What waits for nothing is answered at once. */
  #dispatch(connection: Connection, match: Match, messageId: string, payload: Record<string, unknown>, waited = 0): void | Promise<void> {
    const { finished } = this.#options;
    const { name } = match.operation;
    const startedAt = performance.now();
    const answer = (reply: Reply): void => {
      this.#answer(connection, messageId, reply);
      this.inProgress--;
      finished(name, reply.status, startedAt);
    };
    const fail = (error: unknown): void => {
      this.inProgress--;
      finished(name, this.fail(connection, messageId, error), startedAt);
    };
    this.inProgress++;
    try {
      const reply = this.#run(match, connection, messageId, payload, waited);
      if (reply instanceof Promise) return reply.then(answer).catch(fail);
      answer(reply);
    } catch (error) {
      fail(error);
    }
  }

  #run(
    match: Match,
    connection: Connection,
    messageId: string,
    { method, path, data: sent, headers }: Record<string, unknown>,
    waited: number,
  ): Reply | Promise<Reply> {
    const { operation } = match;
    const data = sent === undefined && operation.dataOptional === true ? {} : sent;
    if (operation.data !== undefined && data === undefined) throw invalidEnvelope('/payload/data', 'is required');
    const [, query] = splitTarget(path as string);
    return this.#options.dispatcher.run(match, {
      query,
      data,
      requestId: method === 'GET' ? undefined : messageId,
      preconditions: headers === undefined ? NO_PRECONDITIONS : preconditionsOf(headers as Record<string, string>),
      identity: connection.identity,
      metered: false,
      session: connection,
      parking: connection,
      waited,
    });
  }

  #answer(connection: Connection, requestId: string, reply: Reply): void {
    const { clock, ids } = this.#options.core;
    const headers = Object.keys(reply.headers).length === 0 ? '' : `,"headers":${JSON.stringify(reply.headers)}`;
    const data = reply.text === undefined ? '' : `,"data":${reply.text}`;
    connection.sendText(
      `{"messageId":"${ids.uuid()}","type":"response","payload":{"requestId":${JSON.stringify(requestId)},"status":"success","statusCode":${reply.status}${data}${headers}},"timestamp":"${wireTime(clock.now())}"}`,
    );
    reply.started?.();
  }

  /** Answers with what went wrong; gives its status. */
  fail(connection: Connection, requestId: string | null, thrown: unknown): number {
    const { core, unexpected } = this.#options;
    const error = failureOf(thrown, (other) => unexpected(other, requestId ?? ''));
    const headers = Object.keys(error.headers).length === 0 ? '' : `,"headers":${JSON.stringify(error.headers)}`;
    connection.sendText(
      `{"messageId":"${core.ids.uuid()}","type":"response","payload":{"requestId":${JSON.stringify(requestId)},"status":"error","statusCode":${error.status},"error":${JSON.stringify(error.body())}${headers}},"timestamp":"${wireTime(core.clock.now())}"}`,
    );
    return error.status;
  }

  /** A publish without confirmation: a response only where it is refused (5.2.5). */
  #event(connection: Connection, { messageId, payload }: Envelope): void {
    if (!this.#admit(connection, 1, messageId)) return;
    const { core } = this.#options;
    const { topic, data } = payload;
    try {
      if (typeof topic !== 'string') throw invalidEnvelope('/payload/topic', 'must be a topic');
      if (!Object.hasOwn(payload, 'data')) throw invalidEnvelope('/payload/data', 'is required');
      if (this.draining) throw new ProtocolError('UNAVAILABLE', 'The server is shutting down.', { retryAfterMs: 1000 });
      checkTopic(topic, '/payload/topic');
      requireScope(connection.identity, `publish:${topic}`, '/payload/topic');
      core.collections.checkFree(topic, '/payload/topic');
      core.topics?.judge(topic, data, '/payload/data');
    } catch (error) {
      this.fail(connection, messageId, error);
      return;
    }
    const publish = (): void => {
      // While a batch was under way, its first segment may have become a collection's (3.2.6).
      if (core.collections.owns(topic)) return void this.fail(connection, messageId, serverTopic('/payload/topic'));
      const message = { messageId: core.ids.uuid(), topic, timestamp: core.clock.now(), data: JSON.stringify(data), change: false };
      core.storage.write({ messages: [message] }).catch((error: unknown) => this.fail(connection, messageId, error));
    };
    const before = this.#order.get(connection);
    if (before === undefined) publish();
    else void before.then(publish);
  }
}
