// How each server is spoken to: the path of the handshake, what makes a connection a subscriber, a publish, its confirmation, and the answer to a sign of
// life. The same 200 bytes of JSON for everyone.
import { ADMIN_KEY } from '../harness/processes.ts';
import { SLOT } from './frames.ts';

/** Bytes of JSON that are published. */
export const PAYLOAD_BYTES = 200;

const shortData = `{"n":"${SLOT}","text":""}`;
const data = shortData.replace('""}', `"${'x'.repeat(PAYLOAD_BYTES - shortData.length)}"}`);

/** What is sent and read, one text at a time, while a connection gets ready. */
export interface Talk {
  send(text: string): void;
  next(): Promise<string>;
}

export interface Dialect {
  path(topic: string | undefined): string;
  readonly headers: Readonly<Record<string, string>>;
  /** Resolves once it is connected and, with topics, subscribed to them. */
  prepare(talk: Talk, topics: readonly string[]): Promise<void>;
  /** A publish to those who are subscribed. */
  publish(topic: string): string;
  /** Whether such a publish is confirmed. */
  readonly confirms: boolean;
  /** What is confirmed and goes to nobody. */
  store(topic: string): string;
  /** A frame to a publisher that is at least so long is a confirmation. */
  readonly confirmationBytes: number;
  /** The answer to a text that asks whether this side lives. */
  pong(text: string): string | undefined;
}

const run = `${Date.now().toString(16)}-${process.pid.toString(16)}`.padEnd(24, '-').slice(0, 24);

const expect = (text: string, pattern: RegExp): void => {
  if (!pattern.test(text)) throw new Error(`not ${pattern}: ${text.slice(0, 500)}`);
};

const request = (id: string, path: string, body: string): string =>
  `{"messageId":"${id}","type":"request","payload":{"method":"POST","path":"${path}","data":${body}}}`;
const publishRequest = (topic: string): string => request(`${run}${SLOT}`, `/topics/${topic}/messages`, data);

let serial = 0;

/** Godwit's alone: follows everything from a place of the log on. */
export const resumeRequest = (after: string): string => request(`resume-${run}${SLOT}`, '/subscriptions', JSON.stringify({ topics: ['**'], after }));

const godwit: Dialect = {
  path: () => '/v1/ws',
  headers: { authorization: `Bearer ${ADMIN_KEY}` },
  prepare: async (talk, topics) => {
    expect(await talk.next(), /"topic":"\$sys\.welcome"/);
    for (const topic of topics) talk.send(request(`subscribe-${run}-${serial++}`, '/subscriptions', JSON.stringify({ topics: [topic] })));
    for (const _topic of topics) expect(await talk.next(), /"statusCode":201/);
  },
  publish: publishRequest,
  confirms: true,
  store: publishRequest,
  confirmationBytes: 200,
  pong: () => undefined,
};

const socketIo: Dialect = {
  path: () => '/socket.io/?EIO=4&transport=websocket',
  headers: {},
  prepare: async (talk, topics) => {
    expect(await talk.next(), /^0\{/);
    talk.send('40');
    expect(await talk.next(), /^40/);
    for (const [index, topic] of topics.entries()) talk.send(`42${index}${JSON.stringify(['subscribe', topic])}`);
    for (const _topic of topics) expect(await talk.next(), /^43/);
  },
  publish: (topic) => `42["publish","${topic}",${data}]`,
  confirms: false,
  // A packet's id is a number without leading zeros.
  store: (topic) => `421${SLOT}["store","${topic}",${data}]`,
  confirmationBytes: 4,
  pong: (text) => (text === '2' ? '3' : undefined),
};

const bareWs: Dialect = {
  path: (topic) => (topic === undefined ? '/' : `/?topic=${topic}`),
  headers: {},
  prepare: async (talk) => expect(await talk.next(), /^ready$/),
  publish: (topic) => `{"type":"publish","topic":"${topic}","data":${data}}`,
  confirms: false,
  store: (topic) => `{"type":"store","topic":"${topic}","data":${data}}`,
  confirmationBytes: 1,
  pong: () => undefined,
};

export const dialects = { godwit, 'socket.io': socketIo, ws: bareWs } as const;
export type DialectName = keyof typeof dialects;
