// A WebSocket as it is: what came is kept in the order it came, each message held to the form of section 5, and waits are
// bounded. Reconnects nothing and hides nothing.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import type { Answer, Call } from './caller.ts';
import { checkEnvelope, checkError, checkNothingShown, isCursor, isTimestamp } from './invariants.ts';
import type { Json } from './json.ts';
import type { Received } from './wire.ts';

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export interface ChannelOptions {
  readonly credential?: string | undefined;
  /** The credential goes in the subprotocol list, as browsers send it. */
  readonly bySubprotocol?: boolean;
  readonly headers?: Record<string, string>;
  readonly query?: string;
  /** Answer pings; a client that does not looks dead. */
  readonly pongs?: boolean;
  readonly compress?: boolean;
}

export interface Channel {
  readonly socket: WebSocket;
  /** Every message, as it came. */
  readonly messages: readonly Json[];
  readonly closed: Promise<Closed>;
  /** How many pings came. */
  pings(): number;
  send(message: string | Buffer): void;
  /** A message of type `request`; its messageId. */
  ask(method: string, path: string, call?: Call): string;
  request(method: string, path: string, call?: Call): Promise<Answer>;
  /** The first message, come or to come, that fits. */
  first(fits: (message: Json) => boolean, what: string, timeoutMs?: number): Promise<Json>;
  /** The first notice of the server's on this topic. */
  notice(topic: string, timeoutMs?: number): Promise<Json>;
  /** Messages of a subscription until there are `count` of them. */
  events(subscription: string, count: number, timeoutMs?: number): Promise<Json[]>;
  /** Those that are here now. */
  eventsNow(subscription?: string): Json[];
  close(): Promise<Closed>;
}

const MB = 1_048_576;
const WAIT_MS = 15_000;

/** The handshake was refused with a plain HTTP response (5.1.1). */
export class Refused extends Error {
  readonly response: Received;
  constructor(response: Received) {
    super(`the handshake was refused: ${response.status} ${response.text.slice(0, 300)}`);
    this.response = response;
  }
}

/** What holds of every message that the server sends (5.2). */
const checkMessage = (text: string): Json => {
  const shown = text.slice(0, 400);
  const message = JSON.parse(text) as Json;
  assert.deepEqual(Object.keys(message).sort(), ['messageId', 'payload', 'timestamp', 'type'], `5.2.1: members of a message: ${shown}`);
  assert.ok(typeof message.messageId === 'string' && message.messageId.length > 0, `5.2.1: messageId: ${shown}`);
  assert.ok(isTimestamp(message.timestamp), `5.2.1: timestamp: ${shown}`);
  const { payload } = message;
  if (message.type === 'response') {
    const failed = payload.statusCode >= 400;
    assert.equal(payload.status, failed ? 'error' : 'success', `5.2.3: status: ${shown}`);
    assert.ok(payload.requestId === null || typeof payload.requestId === 'string', `5.2.3: requestId: ${shown}`);
    assert.equal('error' in payload, failed, `5.2.3: data or error: ${shown}`);
    if (failed) {
      checkError(payload.error, payload.statusCode);
      checkNothingShown(text);
    }
  } else {
    assert.equal(message.type, 'event', `5.2.1: the server sends events and responses: ${shown}`);
    assert.equal(typeof payload.topic, 'string', `5.2.4: topic: ${shown}`);
    assert.ok('data' in payload, `5.2.4: data: ${shown}`);
    if (payload.topic.startsWith('$'))
      assert.deepEqual([payload.subscription, payload.cursor], [undefined, undefined], `5.1.3: a notice has no subscription or cursor of its own: ${shown}`);
    else assert.ok(typeof payload.subscription === 'string' && isCursor(payload.cursor), `5.2.4: subscription and cursor: ${shown}`);
    assert.ok(text.length <= MB + 2_048 || Buffer.byteLength(text) <= MB + 2_048, `7.2.2: 1 MB and its envelope: ${text.length}`);
  }
  return message;
};

/** A response message as an answer like any other. */
const answerOf = (message: Json): Answer => {
  const { requestId, statusCode, data, error, headers = {} } = message.payload;
  const lowered = Object.fromEntries(Object.entries(headers as Json).map(([name, text]) => [name.toLowerCase(), text]));
  return { status: statusCode, headers: lowered, data, error, requestId, replayed: String(lowered['x-idempotent-replay']) === 'true' };
};

/** Opens a WebSocket; throws `Refused` where the server answers with HTTP. Welcome is not waited for. */
export const openChannel = (url: string, options: ChannelOptions = {}): Promise<Channel> => {
  const { credential, bySubprotocol = false, query = '', pongs = true, compress = false } = options;
  const protocols = bySubprotocol ? ['godwit.v1', `bearer.${credential}`] : ['godwit.v1'];
  const headers = { ...(credential === undefined || bySubprotocol ? {} : { authorization: `Bearer ${credential}` }), ...options.headers };
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/ws${query}`, protocols, {
    headers,
    perMessageDeflate: compress,
    autoPong: pongs,
    maxPayload: 64 * MB,
    rejectUnauthorized: false,
    handshakeTimeout: WAIT_MS,
  });
  const messages: Json[] = [];
  const waiting = new Set<() => void>();
  // A response answers one request, though several be asked with one requestId.
  const taken = new Set<Json>();
  let pinged = 0;
  let broken: unknown;
  let ended: Closed | undefined;
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  const closed = new Promise<Closed>((resolve) => {
    socket.once('close', (code, reason) => {
      ended = { code, reason: reason.toString('utf8') };
      resolve(ended);
      wake();
    });
  });
  socket.on('ping', () => {
    pinged += 1;
  });
  socket.on('message', (data, isBinary) => {
    try {
      assert.equal(isBinary, false, '5.2.1: messages are text');
      messages.push(checkMessage(String(data)));
    } catch (error) {
      broken ??= error;
    }
    wake();
  });
  const until = <T>(look: () => T | undefined, what: string, timeoutMs: number): Promise<T> =>
    new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        waiting.delete(attempt);
        settle();
      };
      const attempt = (): void => {
        const seen = look();
        if (broken !== undefined) done(() => reject(broken as Error));
        else if (seen !== undefined) done(() => resolve(seen));
        else if (ended !== undefined) done(() => reject(new Error(`${what}: the connection was closed with ${ended?.code} ${ended?.reason}`)));
      };
      const timer = setTimeout(
        () =>
          done(() =>
            reject(new Error(`${what}: not within ${timeoutMs} ms; ${messages.length} messages, the last ${JSON.stringify(messages.at(-1))?.slice(0, 300)}`)),
          ),
        timeoutMs,
      );
      waiting.add(attempt);
      attempt();
    });
  const first = (fits: (message: Json) => boolean, what: string, timeoutMs = WAIT_MS): Promise<Json> => until(() => messages.find(fits), what, timeoutMs);
  const eventsNow = (subscription?: string): Json[] =>
    messages.filter(
      ({ type, payload }) => type === 'event' && !payload.topic.startsWith('$') && (subscription === undefined || payload.subscription === subscription),
    );
  const ask: Channel['ask'] = (method, path, call = {}) => {
    const messageId = call.requestId ?? randomUUID();
    const { requestId: _, ...rest } = call;
    socket.send(JSON.stringify({ messageId, type: 'request', payload: { method, path, ...rest }, timestamp: new Date().toISOString() }));
    return messageId;
  };
  const channel: Channel = {
    socket,
    messages,
    closed,
    pings: () => pinged,
    send: (message) => socket.send(message),
    ask,
    request: async (method, path, call) => {
      const from = messages.length;
      const messageId = ask(method, path, call);
      const answers = (one: Json): boolean => one.type === 'response' && one.payload.requestId === messageId && !taken.has(one);
      const take = (): Json | undefined => {
        const found = messages.slice(from).find(answers);
        if (found !== undefined) taken.add(found);
        return found;
      };
      return answerOf(await until(take, `the response to ${method} ${path}`, 40_000));
    },
    first,
    notice: async (topic, timeoutMs) =>
      (await first(({ type, payload }) => type === 'event' && payload.topic === topic, `an event on ${topic}`, timeoutMs)).payload.data,
    events: (subscription, count, timeoutMs = WAIT_MS) =>
      until(() => (eventsNow(subscription).length >= count ? eventsNow(subscription) : undefined), `${count} messages of ${subscription}`, timeoutMs),
    eventsNow,
    close: () => {
      socket.close(1000);
      return closed;
    },
  };
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(channel));
    socket.on('error', reject);
    socket.once('unexpected-response', (_, incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.once('end', () => {
        const bytes = Buffer.concat(parts);
        reject(new Refused({ status: incoming.statusCode ?? 0, headers: incoming.headers, bytes, text: bytes.toString('utf8') }));
        socket.terminate();
      });
    });
  });
};

/** The refusal of a handshake that must be refused, its envelope checked. */
export const refusedHandshake = async (url: string, options: ChannelOptions = {}): Promise<Answer> => {
  try {
    const channel = await openChannel(url, options);
    await channel.close();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { status, headers, text } = error.response;
    assert.equal(headers['x-protocol-version'], '1.0', '10.1: on every WebSocket handshake');
    const body = JSON.parse(text) as Json;
    checkEnvelope(body, status);
    return { status, headers, data: body.data, error: body.error, requestId: body.requestId, replayed: false };
  }
  return assert.fail('the handshake was accepted');
};

/** Carries the operations of one caller: opens its WebSocket at the first of them. */
export const carrierOf = (
  url: string,
  credential: string | undefined,
): { carry(method: string, path: string, call: Call): Promise<Answer>; end(): Promise<void> } => {
  let opening: Promise<Channel> | undefined;
  return {
    carry: async (method, path, call) => {
      opening ??= openChannel(url, { credential });
      try {
        return await (await opening).request(method, path, call);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        opening = undefined;
        const body = JSON.parse(error.response.text) as Json;
        return {
          status: error.response.status,
          headers: error.response.headers,
          data: body.data,
          error: body.error,
          requestId: body.requestId,
          replayed: false,
        };
      }
    },
    end: async () => {
      const channel = await opening?.catch(() => undefined);
      channel?.socket.terminate();
    },
  };
};
