// A page of a list as a transaction sees it (9.2.3): the store's documents but those that the transaction has changed, and its own versions of
// these in their places. Its place to go on is sound after the commit, when the store holds all of them.
import type { ListBehind, ListPage, ListQuery, Storage, StoredDocument } from '../ports/storage.ts';
import { compareKeys, compareWithPlace, creationSign, meets, type OrderKeys, orderKeys } from './list-order.ts';

/** A document that a transaction has touched; null where it is not there, before or after. */
export interface OwnDocument {
  readonly id: string;
  readonly from: StoredDocument | null;
  readonly to: StoredDocument | null;
}

/** Where a list goes on: behind a place of the store's, without documents that lie behind it and were shown already. */
export interface ListPlace {
  /** undefined: the beginning. */
  readonly position: string | undefined;
  /** Incarnations. */
  readonly shown: readonly string[];
}

export interface OverlaidPage {
  readonly documents: readonly StoredDocument[];
  readonly next: ListPlace | null;
}

interface Entry extends OrderKeys {
  readonly document: StoredDocument;
  /** Its tie-break among those created in the same millisecond. */
  readonly rank: number;
  /** How many of the store's page end with it; 0 for an own one. */
  readonly count: number;
}

/** Behind every document that the store holds: what others have under way, then what the transaction creates. */
const UNCONFIRMED_RANK = 1e9;
const CREATED_RANK = 2e9;

type Ranks = ReadonlyMap<string, number>;

/** The order of creation of documents that the store holds. What else is listed by it is read in small pages: only the order matters. */
const creationRanks = async (storage: Storage, query: ListQuery, ids: readonly string[]): Promise<Ranks> => {
  const ranks = new Map<string, number>();
  const { after: _after, ...rest } = query;
  for (let after: string | null | undefined; after !== null; ) {
    const asked: ListQuery = { ...rest, conditions: [{ path: ['id'], comparison: 'in', values: ids }], sort: [], limit: ids.length };
    const page: ListPage = await storage.listDocuments(after === undefined ? asked : { ...asked, after });
    for (const { id } of page.documents) ranks.set(id, ranks.size);
    after = page.next;
  }
  return ranks;
};

/** Asks for the order of creation only where an own document may share its millisecond with another. */
const tieBreaks = async (
  storage: Storage,
  query: ListQuery,
  own: readonly OwnDocument[],
  others: readonly Pick<ListBehind, 'id' | 'createdAt'>[],
): Promise<Ranks> => {
  const existing = own.flatMap(({ from, to }) => (from === null || to === null ? [] : [to]));
  const times = new Set(existing.map(({ createdAt }) => createdAt));
  const tied = others.filter(({ createdAt }) => createdAt !== undefined && times.has(createdAt));
  if (existing.length === 0 || (tied.length === 0 && times.size === existing.length)) return new Map();
  return creationRanks(storage, query, [...new Set([...existing, ...tied].flatMap(({ id }) => id ?? []))]);
};

const sameState = (one: StoredDocument, other: StoredDocument | undefined): boolean =>
  one.id === other?.id && one.version === other.version && one.tag === other.tag;

/** Two lists in order as one; where they tie, those of the first come first. */
const merged = (first: readonly Entry[], second: readonly Entry[], order: (one: Entry, other: Entry) => number): Entry[] => {
  const all: Entry[] = [];
  let taken = 0;
  for (const entry of first) {
    for (let next = second[taken]; next !== undefined && order(next, entry) < 0; next = second[taken]) {
      all.push(next);
      taken++;
    }
    all.push(entry);
  }
  return [...all, ...second.slice(taken)];
};

/** A page of `query` from a place on, as it is with the `own` documents, which are in the order in which the store will get them. */
export const overlaidList = async (
  storage: Storage,
  query: Omit<ListQuery, 'after'>,
  place: ListPlace | undefined,
  own: readonly OwnDocument[],
): Promise<OverlaidPage> => {
  const { sort, limit, maxBytes } = query;
  const pageFrom = (position: string | undefined, wanted: number): Promise<ListPage> =>
    storage.listDocuments({ ...query, limit: wanted, ...(position === undefined ? {} : { after: position }) });

  if (own.length === 0 && (place === undefined || place.shown.length === 0)) {
    const { documents, next } = await pageFrom(place?.position, limit);
    return { documents, next: next === null ? null : { position: next, shown: [] } };
  }

  const hidden = new Set(own.map(({ id }) => id));
  const fitting = own.filter(({ to }) => to !== null && meets(to, query.conditions));
  const shown = new Set(place?.shown);
  const sign = creationSign(sort);
  const order = (one: OrderKeys & { rank: number }, other: OrderKeys & { rank: number }): number =>
    compareKeys(one, other, sort) || sign * (one.rank - other.rank);

  for (let position = place?.position; ; ) {
    const page = await pageFrom(position, limit + hidden.size + shown.size);
    const { behind } = page;
    const ranks = await tieBreaks(storage, query, fitting, behind === undefined ? page.documents : [...page.documents, behind]);
    const stored = page.documents.map(
      (document, index): Entry => ({ document, ...orderKeys(document, sort), rank: ranks.get(document.id) ?? -1, count: index + 1 }),
    );
    // Where it is gone, nobody knows which of the others in the store were created after it: rather show one twice than never.
    const behindRank = ranks.get(behind?.id ?? '') ?? (sign > 0 ? -1 : UNCONFIRMED_RANK - 1);
    const isBehind = (entry: Entry): boolean => behind === undefined || (compareWithPlace(entry, behind, sort) || sign * (entry.rank - behindRank)) > 0;
    const end = page.next === null ? undefined : stored.at(-1);
    const placed = fitting
      .map(({ from, to }, index): Entry => {
        const document = to as StoredDocument;
        const rank = from === null ? CREATED_RANK + index : (ranks.get(document.id) ?? UNCONFIRMED_RANK + index);
        return { document, ...orderKeys(document, sort), rank, count: 0 };
      })
      // What lies behind the end of the store's page may lie behind its next one too; what stands at the end is its last document, changed here.
      .filter((entry) => isBehind(entry) && (end === undefined || order(entry, end) <= 0))
      .sort(order);
    const all = merged(
      stored.filter(({ document }) => !hidden.has(document.id)),
      placed,
      order,
    ).filter(({ document }) => !shown.has(document.incarnation));

    let fits = 0;
    for (let bytes = 0; fits < Math.min(all.length, limit); fits++) {
      bytes += Buffer.byteLength((all[fits] as Entry).document.body);
      if (fits > 0 && bytes > maxBytes) break;
    }
    const taken = all.slice(0, fits);
    const documents = taken.map(({ document }) => document);
    const isCut = fits < all.length;
    if (!isCut && page.next === null) return { documents, next: null };
    const passed = isCut ? Math.max(0, ...taken.map(({ count }) => count)) : stored.length;
    const left = new Set(shown);
    for (const { document } of stored.slice(0, passed)) left.delete(document.incarnation);
    if (documents.length === 0) {
      // A page of nothing but what is left out.
      position = page.next ?? undefined;
      for (const incarnation of shown) if (!left.has(incarnation)) shown.delete(incarnation);
      continue;
    }
    if (!isCut) return { documents, next: { position: page.next ?? undefined, shown: [...left] } };

    // The page ends within the store's: its place is that behind the last of the store's documents in it, unless somebody changed that one just now.
    const trailing = taken.slice(taken.findLastIndex(({ count }) => count > 0) + 1).map(({ document }) => document.incarnation);
    if (passed === 0) return { documents, next: { position, shown: [...left, ...trailing] } };
    const exact = passed === stored.length && page.next !== null ? page : await pageFrom(position, passed);
    if (exact.next !== null && sameState((stored[passed - 1] as Entry).document, exact.documents.at(-1)))
      return { documents, next: { position: exact.next, shown: [...left, ...trailing] } };
    return { documents, next: { position, shown: [...new Set([...shown, ...documents.map(({ incarnation }) => incarnation)])] } };
  }
};
