// What the API tells of documents and of the log, whole, and whether both tell the same.
import assert from 'node:assert/strict';
import type { HttpClient } from './http.ts';
import { pause } from './process.ts';

export interface Message {
  readonly messageId: string;
  readonly topic: string;
  readonly cursor: string;
  readonly timestamp: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
  readonly data: any;
}

interface MessagePage {
  readonly items: readonly Message[];
  readonly cursor: string;
  readonly more: boolean;
}

const page = async (client: HttpClient, after: string): Promise<MessagePage> => {
  const answer = await client.ask('GET', `/v1/messages?topics=**&limit=1000&after=${after}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.data as MessagePage;
};

/** The whole log from a cursor on. */
export const messagesOf = async (client: HttpClient, after = 'earliest'): Promise<Message[]> => {
  const messages: Message[] = [];
  for (let from = after; ; ) {
    const { items, cursor, more } = await page(client, from);
    for (const item of items) messages.push(item);
    if (!more) return messages;
    from = cursor;
  }
};

export type Documents = Map<string, Record<string, unknown>>;

/** Every document of a collection, by id. */
export const documentsOf = async (client: HttpClient, collection: string): Promise<Documents> => {
  const documents: Documents = new Map();
  for (let after: string | null = ''; after !== null; ) {
    const answer = await client.ask('GET', `/v1/${collection}?limit=100${after === '' ? '' : `&after=${after}`}`);
    assert.equal(answer.status, 200, answer.text);
    for (const document of answer.data.items as { id: string }[]) {
      assert(!documents.has(document.id), `${document.id} is in two pages`);
      documents.set(document.id, { ...document });
    }
    after = answer.data.next as string | null;
  }
  return new Map([...documents].sort(([one], [other]) => (one < other ? -1 : 1)));
};

/** The documents of a collection as its messages alone tell of them; fails where a message does not follow from those before it. */
export const rebuild = (log: readonly Message[], collection: string): Documents => {
  const documents: Documents = new Map();
  for (const { topic, data } of log) {
    const [first, id, change] = topic.split('.') as [string, string, string];
    if (first !== collection) continue;
    const before = documents.get(id);
    const label = `${topic} at version ${data.version}, after ${before === undefined ? 'none' : before.version}`;
    assert.equal(data.change, change, label);
    assert.equal(data.id, id, label);
    if (change === 'created') assert(before === undefined && data.version === 1, label);
    else if (change === 'updated') assert(data.version === Number(before?.version) + 1, label);
    else assert(before !== undefined && data.version === before.version && data.document === null, label);
    if (data.document === null) documents.delete(id);
    else documents.set(id, data.document);
  }
  return new Map([...documents].sort(([one], [other]) => (one < other ? -1 : 1)));
};

/** Reads the log as it grows, from one cursor to the next, whatever becomes of the server. */
export class Follower {
  readonly seen: Message[] = [];
  cursor = 'earliest';
  readonly #server: () => Promise<HttpClient>;
  readonly #stopped: () => boolean;

  constructor(server: () => Promise<HttpClient>, stopped: () => boolean) {
    this.#server = server;
    this.#stopped = stopped;
  }

  async run(): Promise<void> {
    while (!this.#stopped()) {
      const client = await this.#server();
      const read = await page(client, this.cursor).catch((error: unknown) => {
        if (error instanceof assert.AssertionError) throw error;
        return undefined;
      });
      if (read === undefined) continue;
      this.seen.push(...read.items);
      this.cursor = read.cursor;
      if (!read.more) await pause(20);
    }
  }
}
