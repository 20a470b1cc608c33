// A page of a list as it crosses from its reader: the documents, each behind a 1, then a 0 and the position behind the last
// one or its absence.
import type { ListPage, StoredDocument } from '../../ports/storage.ts';
import type { Packer, Unpacker } from './packing.ts';
import { unpackDocument } from './units.ts';

export const packEmptyPage = (packer: Packer): void => {
  packer.number(0);
  packer.optionalText(null);
};

export const unpackListPage = (page: Unpacker): ListPage => {
  const documents: StoredDocument[] = [];
  while (page.number() === 1) documents.push(unpackDocument(page));
  return { documents, next: page.optionalText() };
};
