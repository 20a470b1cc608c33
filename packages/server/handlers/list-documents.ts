// GET /v1/{collection}: a stable page of documents, filtered and sorted (3.2.4); in an atomic batch as the batch has left them so far (9.2.3).
import { BOUNDS, ProtocolError } from '@godwit/protocol';
import type { Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { documentText } from '../core/document.ts';
import { JsonText } from '../core/json.ts';
import { readListQuery } from '../core/list.ts';
import { type OverlaidPage, overlaidList } from '../core/overlaid-list.ts';
import { pageBytes } from '../core/page-bytes.ts';
import { StorageError } from '../ports/storage.ts';

export const listDocuments =
  (core: Core): Handler =>
  async (call) => {
    const { params, query, tx } = call;
    const collection = core.collections.get(params['collection'] as string);
    const listing = readListQuery(collection, query, pageBytes(core, call));
    let page: OverlaidPage;
    try {
      page = await overlaidList(core.storage, { ...listing.query, asker: call.asker }, listing.place, tx.ownDocuments(collection.name));
    } catch (error) {
      if (error instanceof StorageError && error.problem === 'position') throw new ProtocolError('INVALID_CURSOR', undefined, { field: '/query/after' });
      throw error;
    }
    const next = page.next === null ? null : listing.nextCursor(page.next);
    const items = page.documents.map(documentText).join(',');
    return {
      status: 200,
      data: new JsonText(`{"items":[${items}],"next":${JSON.stringify(next)}}`),
      headers: next === null ? {} : nextLink(collection.name, query, next),
    };
  };

/** The header `Link`, but for an address that would be too long to ask for: clients stop at a header that long. */
const nextLink = (collection: string, query: Readonly<Record<string, unknown>>, next: string): Record<string, string> => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (name !== 'after') parameters.set(name, String(value));
  parameters.set('after', next);
  const address = `/v1/${collection}?${parameters}`;
  return address.length > BOUNDS.uriBytes ? {} : { link: `<${address}>; rel="next"` };
};
