// The requests of an import. Each is named by what it holds, so that a repeat takes effect once (4.1.3); a group goes as one atomic batch, and only where a document
// is there already does it take another way. Documents and messages never share a batch.
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type BatchOutcome, type BatchResult, type Client, GodwitError } from '@godwit/client';
import { type BatchOperation, type ErrorBody, firstSegment } from '@godwit/protocol';
import { CommandError } from '../frame/failure.ts';
import { path } from '../frame/path.ts';
import { patiently } from '../frame/patience.ts';
import type { BodyLine, CollectionLine, DocumentLine, MessageLine } from './format.ts';
import type { Group, Item } from './groups.ts';
import type { Counts } from './progress-file.ts';

export type Existing = 'fail' | 'skip' | 'replace';

export interface TargetOptions {
  readonly client: Client;
  /** Names the import: that of its source, and of the run. */
  readonly name: string;
  readonly existing: Existing;
  /** Collections that are there: what is published to their topics comes from their documents. */
  readonly collections: Set<string>;
  readonly signal: AbortSignal;
  readonly waiting: (why: string) => void;
  readonly warn: (sentence: string) => void;
}

type Did = Partial<Counts>;

const own = ({ id, version: _version, createdAt: _createdAt, updatedAt: _updatedAt, ...rest }: DocumentLine['document']): Record<string, unknown> => ({
  id,
  ...rest,
});

const failedAt = (item: Item | undefined, error: Pick<ErrorBody, 'code' | 'message'>, remedy = ''): CommandError =>
  new CommandError(`Line ${item?.number ?? '?'}: ${error.message}`, { code: error.code, remedy });

export class Target {
  readonly #options: TargetOptions;

  constructor(options: TargetOptions) {
    this.#options = options;
  }

  /** Does a group's work; what was done is done whole, or it throws. */
  async take({ items }: Group): Promise<Did> {
    switch (items[0]?.line.type) {
      case 'collection':
        return this.#collections(items as Item<CollectionLine>[]);
      case 'document':
        return this.#documents(items as Item<DocumentLine>[]);
      case 'message':
        return this.#messages(items as Item<MessageLine>[]);
      case 'gap':
        this.#options.warn(`Line ${items[0].number}: messages are missing in the export from here.`);
    }
    return {};
  }

  #name(way: string, items: readonly Item[]): string {
    const hash = createHash('sha256').update(`${this.#options.name}\n${way}\n`);
    for (const { text } of items) hash.update(`${text}\n`);
    return `import-${hash.digest('base64url')}`;
  }

  /** A batch, until it is answered; one of which something may yet succeed is repeated with its name (9.2.4). */
  #send(mode: 'atomic' | 'partial', requestId: string, operations: readonly BatchOperation[]): Promise<BatchOutcome> {
    const { client, signal, waiting } = this.#options;
    const attempt = async (): Promise<BatchOutcome> => {
      const outcome = await client.batch(operations, { mode, requestId, signal });
      const again = outcome.results.find(({ error }) => error?.details['retryable'] === true);
      if (again?.error !== undefined) throw new GodwitError(again.error as ErrorBody, { status: again.statusCode, requestId });
      return outcome;
    };
    return patiently(attempt, signal, waiting);
  }

  /** All of a group at once. The index and the error of the operation that failed, where one did. */
  async #atomic(way: string, items: readonly Item[], operations: readonly BatchOperation[]): Promise<{ index: number; error: ErrorBody } | undefined> {
    try {
      await this.#send('atomic', this.#name(way, items), operations);
      return undefined;
    } catch (error) {
      if (!(error instanceof GodwitError) || error.code !== 'BATCH_FAILED') throw error;
      return { index: Number(error.details['index']), error: error.details['error'] as ErrorBody };
    }
  }

  async #collections(items: readonly Item<CollectionLine>[]): Promise<Did> {
    const { client, signal, collections, warn } = this.#options;
    let made = 0;
    for (const item of items) {
      const { line, number } = item;
      const isThere = collections.has(line.name);
      collections.add(line.name);
      if (isThere) continue;
      const data = { name: line.name, schema: line.schema ?? null, indexes: line.indexes ?? [] };
      try {
        await patiently(() => client.request('POST', '/collections', { data, signal }), signal, this.#options.waiting);
        made++;
      } catch (error) {
        if (!(error instanceof GodwitError)) throw error;
        if (error.code === 'FORBIDDEN') warn(`Line ${number}: this key may not make the collection ${line.name}; it must be there already.`);
        else if (error.code !== 'CONFLICT' || !(await this.#isThere(line.name))) throw failedAt(item, error as unknown as ErrorBody);
      }
    }
    return { collections: made };
  }

  async #isThere(name: string): Promise<boolean> {
    const { client, signal } = this.#options;
    return client.request('GET', path('collections', name), { signal }).then(
      () => true,
      () => false,
    );
  }

  async #documents(items: readonly Item<DocumentLine>[]): Promise<Did> {
    const create = ({ line }: Item<DocumentLine>): BatchOperation => ({ method: 'POST', path: path(line.collection), data: own(line.document) });
    const failed = await this.#atomic('documents', items, items.map(create));
    if (failed === undefined) return { documents: items.length };
    if (failed.error.code !== 'CONFLICT') throw failedAt(items[failed.index], failed.error);
    if (this.#options.existing === 'fail') return this.#missing(items, create);

    const { results } = await this.#send('partial', this.#name('each', items), items.map(create));
    const there = items.filter((item, index) => {
      const { error } = results[index] as BatchResult;
      if (error !== undefined && error.code !== 'CONFLICT') throw failedAt(item, error as ErrorBody);
      return error !== undefined;
    });
    const documents = items.length - there.length;
    if (this.#options.existing === 'skip' || there.length === 0) return { documents, skipped: there.length };
    const replace = ({ line }: Item<DocumentLine>): BatchOperation => ({
      method: 'PUT',
      path: path(line.collection, line.document.id),
      data: own(line.document),
    });
    const replaced = await this.#send('partial', this.#name('replace', there), there.map(replace));
    for (const [index, { error }] of replaced.results.entries()) if (error !== undefined) throw failedAt(there[index], error as ErrorBody);
    return { documents, replaced: there.length };
  }

  /** Makes those that are not there. One that is there with the same content was made by an earlier run, or need not be made; another one ends the import. */
  async #missing(items: readonly Item<DocumentLine>[], create: (item: Item<DocumentLine>) => BatchOperation): Promise<Did> {
    const read = ({ line }: Item<DocumentLine>): BatchOperation => ({ method: 'GET', path: path(line.collection, line.document.id) });
    const { results } = await this.#send('partial', crypto.randomUUID(), items.map(read));
    const missing = items.filter((item, index) => {
      const { data, error } = results[index] as BatchResult;
      if (error !== undefined) {
        if (error.code !== 'NOT_FOUND') throw failedAt(item, error as ErrorBody);
        return true;
      }
      const { collection, document } = item.line;
      if (!isDeepStrictEqual(own(data as DocumentLine['document']), own(document)))
        throw failedAt(
          item,
          { code: 'CONFLICT', message: `${collection}/${document.id} is there already with other content` },
          'Choose --existing skip or --existing replace.',
        );
      return false;
    });
    const failed = missing.length === 0 ? undefined : await this.#atomic('missing', missing, missing.map(create));
    if (failed !== undefined) throw failedAt(missing[failed.index], failed.error);
    return { documents: missing.length, same: items.length - missing.length };
  }

  async #messages(items: readonly Item<MessageLine>[]): Promise<Did> {
    const { collections } = this.#options;
    const published = items.filter(({ line }) => !collections.has(firstSegment(line.topic)));
    const publish = ({ line }: Item<MessageLine>): BatchOperation => ({ method: 'POST', path: `${path('topics', line.topic)}/messages`, data: line.data });
    // Named by the whole group: which collections there are may differ from run to run, and then it is another request.
    const failed = published.length === 0 ? undefined : await this.#atomic('messages', published, published.map(publish));
    if (failed !== undefined) throw failedAt(published[failed.index], failed.error);
    return { messages: published.length, passedOver: items.length - published.length };
  }
}

export const added = (counts: Counts, did: Did): Counts =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count + (did[name as keyof Counts] ?? 0)])) as unknown as Counts;

export const isEnd = (line: BodyLine | undefined): boolean => line?.type === 'end';
