// POST /v1/{collection}: make a document (3.2.3).
import { invalidField } from '@godwit/protocol';
import type { Handler, Result } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { type Body, documentText, entityTag, withoutKept } from '../core/document.ts';
import { JsonText } from '../core/json.ts';
import type { StoredDocument } from '../ports/storage.ts';

export const createDocument =
  (core: Core): Handler =>
  ({ params, data, tx }) => {
    const collection = params['collection'] as string;
    core.collections.get(collection);
    const sent = data as Body;
    const id = sent['id'];
    if (id !== undefined && typeof id !== 'string') throw invalidField('/data/id', 'must be a string');
    const created = (document: StoredDocument): Result => ({
      status: 201,
      data: new JsonText(documentText(document)),
      headers: { location: `/v1/${collection}/${document.id}`, etag: entityTag(document) },
    });
    const document = tx.create(collection, id, withoutKept(sent));
    return document instanceof Promise ? document.then(created) : created(document);
  };
