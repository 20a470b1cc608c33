// A page of a list as it crosses from its reader: the documents, each behind a 1, then a 0, the position behind the last one or its absence, and
// as JSON what the page lies behind or its absence.
import type { ListBehind, ListPage, StoredDocument } from '../../ports/storage.ts';
import type { Packer, Unpacker } from './packing.ts';
import { unpackDocument } from './units.ts';

export const packEmptyPage = (packer: Packer): void => {
  packer.number(0);
  packer.optionalText(null);
  packer.optionalText(null);
};

export const unpackListPage = (page: Unpacker): ListPage => {
  const documents: StoredDocument[] = [];
  while (page.number() === 1) documents.push(unpackDocument(page));
  const next = page.optionalText();
  const behind = page.optionalText();
  return { documents, next, ...(behind === null ? {} : { behind: JSON.parse(behind) as ListBehind }) };
};
