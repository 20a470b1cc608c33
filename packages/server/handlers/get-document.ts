// GET /v1/{collection}/{id}: one document (3.2.3).
import type { Call, Handler, Result } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { documentText, entityTag } from '../core/document.ts';
import { namesTag } from '../core/etag.ts';
import { JsonText } from '../core/json.ts';
import { noDocument } from '../core/transaction.ts';
import type { StoredDocument } from '../ports/storage.ts';

export const getDocument =
  (core: Core): Handler =>
  (call) => {
    const { collection, id } = call.params as { collection: string; id: string };
    core.collections.get(collection);
    const found = call.document(collection, id);
    return found instanceof Promise ? found.then((document) => answer(call, document)) : answer(call, found);
  };

const answer = (call: Call, document: StoredDocument | undefined): Result => {
  const { collection, id } = call.params as { collection: string; id: string };
  if (document === undefined) throw noDocument(collection, id);
  const etag = entityTag(document);
  const { ifNoneMatch } = call.preconditions;
  if (ifNoneMatch !== undefined && namesTag(ifNoneMatch, etag)) return { status: 304, headers: { etag } };
  return { status: 200, data: new JsonText(documentText(document)), headers: { etag } };
};
