// PUT, PATCH and DELETE of /v1/{collection}/{id}: what they share is reading the document and judging the preconditions first (3.2.1, 3.2.3).
import type { Call, Handler, Result } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { type Body, documentText, entityTag, withoutKept } from '../core/document.ts';
import { checkPreconditions } from '../core/etag.ts';
import { JsonText } from '../core/json.ts';
import { noDocument } from '../core/transaction.ts';
import type { StoredDocument } from '../ports/storage.ts';

const change =
  (core: Core, apply: (call: Call, collection: string, current: StoredDocument) => Result): Handler =>
  (call) => {
    const { collection, id } = call.params as { collection: string; id: string };
    core.collections.get(collection);
    const changed = (current: StoredDocument | undefined): Result => {
      if (current === undefined) throw noDocument(collection, id);
      checkPreconditions(call.preconditions, entityTag(current));
      return apply(call, collection, current);
    };
    const found = call.tx.document(collection, id);
    return found instanceof Promise ? found.then(changed) : changed(found);
  };

const shown = (document: StoredDocument): Result => ({ status: 200, data: new JsonText(documentText(document)), headers: { etag: entityTag(document) } });

export const replaceDocument = (core: Core): Handler =>
  change(core, (call, collection, current) => shown(call.tx.replace(collection, current.id, withoutKept(call.data as Body))));

export const patchDocument = (core: Core): Handler =>
  change(core, (call, collection, current) => shown(call.tx.patch(collection, current.id, withoutKept(call.data as Body))));

export const removeDocument = (core: Core): Handler =>
  change(core, (call, collection, current) => {
    call.tx.remove(collection, current.id);
    return { status: 204 };
  });
