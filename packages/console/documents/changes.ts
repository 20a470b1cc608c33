// What happens to a collection elsewhere: counted by document, so that what is shown of it is read again. Followed from the moment on that the page is shown.
import { useEffect, useState } from 'preact/hooks';
import { client, may, session } from '../frame/session.ts';

export interface Changes {
  /** Grows with every change. */
  readonly total: number;
  /** How often a document changed. */
  of(id: string): number;
  /** Whether changes are followed at all: that takes the right to subscribe. */
  readonly followed: boolean;
}

/** Documents that are counted by themselves; others only in all. */
const MOST = 10_000;

export const useChanges = (collection: string | undefined): Changes => {
  const [counts, setCounts] = useState({ total: 0, byId: new Map<string, number>() });
  const followed = collection !== undefined && may(`subscribe:${collection}.**`) && may(`read:${collection}`);
  useEffect(() => {
    setCounts({ total: 0, byId: new Map() });
    if (!followed || collection === undefined) return;
    const ending = new AbortController();
    const subscription = client().subscribe(
      `${collection}.**`,
      ({ data }) => {
        const { id } = data as { readonly id: string };
        setCounts(({ total, byId }) => {
          if (byId.size < MOST || byId.has(id)) byId.set(id, (byId.get(id) ?? 0) + 1);
          return { total: total + 1, byId };
        });
      },
      { signal: ending.signal },
    );
    subscription.ready.catch(() => {});
    subscription.closed.catch(() => {});
    return () => {
      void subscription.close().catch(() => {});
      ending.abort();
    };
  }, [collection, followed, session.value]);
  return { total: counts.total, of: (id) => counts.byId.get(id) ?? 0, followed };
};
