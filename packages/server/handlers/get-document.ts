// GET /v1/{collection}/{id}: one document (3.2.3).
import type { Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { documentText, entityTag } from '../core/document.ts';
import { namesTag } from '../core/etag.ts';
import { JsonText } from '../core/json.ts';
import { noDocument } from '../core/transaction.ts';

export const getDocument =
  (core: Core): Handler =>
  async (call) => {
    const { collection, id } = call.params as { collection: string; id: string };
    core.collections.get(collection);
    const found = call.document(collection, id);
    const document = found instanceof Promise ? await found : found;
    if (document === undefined) throw noDocument(collection, id);
    const etag = entityTag(document);
    const { ifNoneMatch } = call.preconditions;
    if (ifNoneMatch !== undefined && namesTag(ifNoneMatch, etag)) return { status: 304, headers: { etag } };
    return { status: 200, data: new JsonText(documentText(document)), headers: { etag } };
  };
