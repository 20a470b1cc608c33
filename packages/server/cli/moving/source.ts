// What a server has, as the lines of an export, from any line on: documents by their ids, messages by their cursors, a page at a time.
import { type Client, GodwitError } from '@godwit/client';
import { BOUNDS } from '@godwit/protocol';
import { path, query } from '../frame/path.ts';
import { patiently } from '../frame/patience.ts';
import type { BodyLine, CollectionLine, DocumentLine, Header, MessageLine } from './format.ts';

export interface Page {
  readonly lines: readonly BodyLine[];
  /** What it is of: `orders`, `messages`. */
  readonly of: string;
  /** From 0 to 1 of `of`; undefined where nobody knows. */
  readonly part?: number;
}

export interface SourceOptions {
  readonly client: Client;
  readonly header: Header;
  /** The last line that is written already. */
  readonly last: BodyLine | undefined;
  readonly signal: AbortSignal;
  readonly waiting: (why: string) => void;
}

/** The rest of an export, but for its end. */
export async function* pagesOf({ client, header, last, signal, waiting }: SourceOptions): AsyncGenerator<Page> {
  const read = <T>(where: string): Promise<T> => patiently(async () => (await client.request<T>('GET', where, { signal })).data, signal, waiting);

  const describe = async (name: string): Promise<CollectionLine> => {
    try {
      const { schema, indexes } = await read<CollectionLine>(path('collections', name));
      return { type: 'collection', name, schema: schema ?? null, indexes: indexes ?? [] };
    } catch (error) {
      // Who may read documents may not always see their schema: that takes the scope admin.
      if (error instanceof GodwitError && error.code === 'FORBIDDEN') return { type: 'collection', name };
      throw error;
    }
  };

  const begun = last === undefined ? undefined : last.type === 'collection' ? last.name : last.type === 'document' ? last.collection : undefined;
  const isPastDocuments = last?.type === 'message' || last?.type === 'gap';
  const from = begun === undefined ? 0 : header.collections.indexOf(begun);
  for (const [index, name] of isPastDocuments ? [] : header.collections.entries()) {
    if (index < from) continue;
    if (name !== begun) yield { of: name, lines: [await describe(name)] };
    const above = name === begun && last?.type === 'document' ? last.document.id : undefined;
    let after: string | undefined;
    do {
      const where = query({ limit: BOUNDS.listLimit.max, sort: 'id', 'filter[id][gt]': above, after });
      const { items, next } = await read<{ items: readonly DocumentLine['document'][]; next: string | null }>(path(name) + where);
      yield { of: name, lines: items.map((document) => ({ type: 'document', collection: name, document })) };
      after = next ?? undefined;
    } while (after !== undefined);
  }

  if (header.until === null) return;
  let place = last?.type === 'message' ? last.cursor : last?.type === 'gap' ? last.to : header.selection.after;
  const { until } = header;
  const end = Date.parse(header.time);
  let start: number | undefined;
  for (let more = true; more && (place === 'earliest' || place < until); ) {
    const where = query({ topics: header.selection.messages.join(','), after: place, limit: BOUNDS.messagesLimit.max });
    let page: { items: readonly MessageLine[]; cursor: string; more: boolean };
    try {
      page = await read(`/messages${where}`);
    } catch (error) {
      if (!(error instanceof GodwitError) || error.code !== 'CURSOR_EXPIRED') throw error;
      const to = String(error.details['earliest']);
      yield { of: 'messages', lines: [{ type: 'gap', from: place, to }] };
      place = to;
      continue;
    }
    const items = page.items.filter(({ cursor }) => cursor <= until);
    const newest = Date.parse(items.at(-1)?.timestamp ?? header.time);
    start ??= Date.parse(items[0]?.timestamp ?? header.time);
    yield {
      of: 'messages',
      part: end > start ? Math.min(1, (newest - start) / (end - start)) : 1,
      lines: items.map(({ topic, messageId, cursor, timestamp, data }) => ({ type: 'message', topic, messageId, cursor, timestamp, data })),
    };
    place = page.cursor;
    more = page.more;
  }
}
